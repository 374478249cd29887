"""machine.ADC and machine.PWM: a test sets the level of an input, and sees what an output does."""

import _host
from _peripherals import pin_id

_ESP32_INPUTS = (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 37, 38, 39)
_C3_INPUTS = (0, 1, 2, 3, 4, 5)
_FULL_SCALE = (950000, 1250000, 1750000, 3300000)  # microvolts of an ESP32's attenuations, as its data sheet has them
_PINS_8266 = (0, 2, 4, 5, 12, 13, 14, 15)
_FREQ_MAX_8266 = 1000  # Hz


_short = bytearray(2)


def _level(number):
    _host.peek(_host.ADC_LEVEL + 2 * number, _short)
    return _short[0] | _short[1] << 8


class _AdcEsp32:
    """ports/esp32/machine_adc.c: pins with a converter only, 11 dB and 12 bits at first."""

    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_9BIT = 9
    WIDTH_10BIT = 10
    WIDTH_11BIT = 11
    WIDTH_12BIT = 12

    _bits = 12  # of the converter, whichever pin

    def __init__(self, pin, *, atten=-1):
        self._id = pin_id(pin)
        if self._id not in (_C3_INPUTS if _host.chip == "esp32c3" else _ESP32_INPUTS):
            raise ValueError("invalid pin")
        self.init(atten=atten)

    def init(self, *, atten=-1):
        _AdcEsp32._bits = 12
        self.atten(3 if atten == -1 else atten)

    def deinit(self):
        pass

    def atten(self, attenuation):
        if not 0 <= attenuation <= 3:
            raise ValueError("invalid attenuation")
        self._atten = attenuation

    def width(self, bits):
        if not (bits == 12 or (_host.chip == "esp32" and 9 <= bits <= 12)):
            raise ValueError("invalid bit-width")
        _AdcEsp32._bits = bits

    def read_uv(self):
        return min(_level(self._id) * 3300000 // 65535, _FULL_SCALE[self._atten])

    def read(self):
        scale = _FULL_SCALE[self._atten]
        raw = min(_level(self._id) * 3300000 // scale, 65535)
        return raw >> (16 - self._bits)

    def read_u16(self):
        raw, bits = self.read(), self._bits
        return raw << (16 - bits) | raw >> (2 * bits - 16)

    def __repr__(self):
        return f"ADC(Pin({self._id}), atten={self._atten})"


class _AdcEsp8266:
    """ports/esp8266/machine_adc.c: input 0, 0 to 1 V in 1024 steps, and 1, which is the supply."""

    def __init__(self, channel):
        if not isinstance(channel, int):
            raise TypeError("can't convert Pin to int")
        if channel not in (0, 1):
            raise ValueError(f"ADC({channel}) doesn't exist")
        self._channel = channel

    def read(self):
        if self._channel == 1:
            return 65535  # what system_get_vdd33() gives unless an initial byte of the flash has been changed
        return (_level(0) + 32) * 1024 // 65535

    def read_u16(self):
        return self.read() * 65535 // 1024

    def __repr__(self):
        return f"ADC({self._channel})"


class _Pwm:
    """What both ports share, extmod/machine_pwm.c."""

    def __init__(self, pin, *arguments, **settings):
        self._id = pin_id(pin)
        self._active = False
        self._start()
        self.init(*arguments, **settings)

    def duty_u16(self, duty=None):
        if duty is None:
            return self._get_u16()
        self._set_u16(duty)
        self._tell()

    def duty_ns(self, duty=None):
        period = 1000000000 // self.freq()
        if duty is None:
            return self._get_u16() * period // 65536
        if not 0 <= duty <= period and _host.chip != "esp8266":
            raise ValueError(f"duty_ns must be from 0 to {period} ns")
        self._set_u16(min(65535, duty * 65536 // period))
        self._tell()

    def init(self, freq=-1, duty=-1, duty_u16=-1, duty_ns=-1):
        self._active = True
        if freq != -1:
            self._set_freq(freq)
        for value, function in ((duty, self.duty), (duty_u16, self.duty_u16), (duty_ns, self.duty_ns)):
            if value != -1:
                function(value)
        self._tell()

    def freq(self, hertz=None):
        if hertz is None:
            return self._get_freq()
        self._set_freq(hertz)
        self._tell()

    def deinit(self):
        self._active = False
        _host.ask("output", name=f"pwm:{self._id}", value=None)

    def _tell(self):
        _host.ask("output", name=f"pwm:{self._id}", value=[self._get_freq(), self._get_u16()])


_channels = []  # pins that have one


class _PwmEsp32(_Pwm):
    """ports/esp32/machine_pwm.c: a frequency a pin, 16 channels (6 on a C3), nothing while inactive."""

    def _start(self):
        if self._id in range(34, 40) and _host.chip == "esp32":
            raise ValueError("invalid pin")
        self._hertz = 5000
        self._u16 = 32768
        there_are = 16 if _host.chip == "esp32" else 6
        if self._id not in _channels:
            if len(_channels) == there_are:
                raise RuntimeError(f"out of PWM channels:{there_are}")
            _channels.append(self._id)

    def init(self, freq=-1, *, duty=-1, duty_u16=-1, duty_ns=-1, invert=False, lightsleep=False):
        super().init(freq, duty, duty_u16, duty_ns)

    def deinit(self):
        if self._id in _channels:
            _channels.remove(self._id)
        super().deinit()

    def duty(self, duty=None):
        if duty is None:
            return self._get_u16() >> 6
        if not 0 <= duty <= 1023:
            raise ValueError("duty must be from 0 to 1023")
        self._set_u16(65535 if duty == 1023 else duty << 6)
        self._tell()

    def _get_u16(self):
        self._check()
        return self._u16

    def _set_u16(self, duty):
        self._check()
        if not 0 <= duty <= 65535:
            raise ValueError("duty_u16 must be from 0 to 65536")
        self._u16 = duty

    def _get_freq(self):
        self._check()
        return self._hertz

    def _set_freq(self, hertz):
        self._check()
        if not 1 <= hertz <= 40000000:
            raise ValueError("frequency must be from 1Hz to 40MHz")
        self._hertz = hertz

    def _check(self):
        if not self._active:
            raise RuntimeError("PWM is inactive")

    def __repr__(self):
        return f"PWM(Pin({self._id}), freq={self._hertz}, duty_u16={self._u16})"


class _PwmEsp8266(_Pwm):
    """ports/esp8266/machine_pwm.c and esppwm.c: one frequency for all pins, 1 to 1000 Hz, duties of 1023 steps."""

    _hertz = 500

    def _start(self):
        self._duty = 0
        if self._id not in _PINS_8266:
            raise ValueError(f"PWM not supported on pin {self._id}")

    def duty(self, duty=None):
        if duty is None:
            return self._duty
        self._duty = min(max(duty, 0), 1023)
        self._tell()

    def _get_u16(self):
        return self._duty * 65535 // 1024

    def _set_u16(self, duty):
        self._duty = min(max(duty * 1024 // 65535, 0), 1023)

    def _get_freq(self):
        return _PwmEsp8266._hertz

    def _set_freq(self, hertz):
        _PwmEsp8266._hertz = min(max(hertz, 1), _FREQ_MAX_8266)

    def __repr__(self):
        return f"PWM({self._id}, freq={self._hertz}, duty={self._duty})" if self._active else f"PWM({self._id})"


ADC = _AdcEsp8266 if _host.chip == "esp8266" else _AdcEsp32
PWM = _PwmEsp8266 if _host.chip == "esp8266" else _PwmEsp32
