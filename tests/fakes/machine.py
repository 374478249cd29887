"""machine: pins whose levels a test can see, a watchdog that counts, a cause of the reset."""

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

cause = PWRON_RESET
woken_by = 4  # wake_reason(): ESP_SLEEP_WAKEUP_TIMER
resets = 0  # by reset()
levels = {}  # by pin number
rtc_memory = b""
clock = []  # what it was set to
rtc_size = 2048  # esp32/mpconfigport.h, MICROPY_HW_RTC_USER_MEM_MAX; an ESP8266's is 492 (machine_rtc.c)
timeouts = []  # of all WDT() in their order: each sets the time of the only one there is
pulled = []  # numbers of the pins made with a pull-up


def reset_cause():
    return cause


def reset():
    """Comes back, as none does: what follows in the program must not matter."""
    global resets
    resets += 1


def wake_reason():
    return woken_by


class Asleep(BaseException):
    """What deepsleep() ends with here, for it never returns; with the milliseconds."""


def deepsleep(ms):
    raise Asleep(ms)


class RTC:
    def datetime(self, moment):
        clock.append(moment)

    def memory(self, data=None):
        global rtc_memory
        if data is None:
            return rtc_memory
        if len(data) > rtc_size:
            raise ValueError("buffer too long")
        rtc_memory = bytes(data)
        return None


class Pin:
    IN = 1
    OUT = 3
    PULL_UP = 2

    def __init__(self, number, mode, pull=None):
        if not 0 <= number <= 48:
            raise ValueError("invalid pin")
        self.number = number
        if pull == self.PULL_UP:
            pulled.append(number)
        if mode == self.OUT:
            levels[number] = 0

    def value(self):
        return levels.get(self.number, 1)


class Signal:
    def __init__(self, pin, invert=False):
        self._pin = pin
        self._invert = invert

    def value(self, on=None):
        if on is None:
            return levels[self._pin.number] ^ self._invert
        levels[self._pin.number] = int(bool(on) ^ self._invert)
        return None

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


class WDT:
    """The last one made is in `made`; an ESP8266's refuses all times but one: ports/esp8266/machine_wdt.c."""

    made = None
    esp8266 = False

    def __init__(self, timeout):
        if WDT.esp8266 and timeout != 5000:
            raise ValueError
        self.timeout = timeout
        self.fed = 0
        WDT.made = self
        timeouts.append(timeout)

    def feed(self):
        self.fed += 1


class Timer:
    """fire() is one period's end. As an ESP8266's, the constructor takes a number and starts nothing."""

    ONE_SHOT = 0
    PERIODIC = 1
    made = None

    def __init__(self, number):
        self.callback = self.period = None
        Timer.made = self

    def init(self, period, callback, mode=PERIODIC):
        self.period = period
        self.callback = callback

    def deinit(self):
        self.callback = None

    def fire(self, times=1):
        for _ in range(times):
            if self.callback:
                self.callback(self)
