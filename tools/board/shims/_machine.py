"""machine: reset and its causes, watchdog, clock and RTC memory of a board.

Timer, ADC, PWM, I2C, SPI, UART, bitstream and dht_readinto are imported by `_peripherals` when first used: on a board
they are part of the chip's program and take no heap. Left out because they could only pretend: TouchPad, DAC, I2S.
"""

import struct
import time
from machine import *

import _host
import _port
from _pin import Pin

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = _port.RESETS

DEEPSLEEP = 4  # MACHINE_WAKE_DEEPSLEEP
if _port.PLATFORM == "esp32":
    SLEEP = 2
    PIN_WAKE = EXT0_WAKE = 2  # esp_sleep_source_t of ESP-IDF's esp_sleep.h
    EXT1_WAKE = 3
    TIMER_WAKE = 4
    TOUCHPAD_WAKE = 5
    ULP_WAKE = 6

    def wake_reason():
        """0 where it was no sleep that ended; a soft reset does not change it. The ESP8266's port has none of this."""
        reason = bytearray(1)
        _host.peek(_host.WAKE_REASON, reason)
        return reason[0]


_frequency = _port.FREQUENCIES[-1] if _port.PLATFORM == "esp8266" else 160000000


def __getattr__(name):
    return _host.load("_peripherals").find(name)


def reset():
    _host.vanish("reset")


def soft_reset():
    raise SystemExit


def reset_cause():
    cause = bytearray(1)
    _host.peek(_host.RESET_CAUSE, cause)
    return cause[0]


def deepsleep(time_ms=None):
    """Sleep and start anew after `time_ms`, or, without it, when the reset button is pressed.

    mp_machine_deepsleep() in ports/esp8266/modmachine.c has the time in microseconds, of 32 bits: more than 4,294 s
    begin anew at 0. ports/esp32/modmachine.c: machine_sleep_helper() has 64.
    """
    us = None if time_ms is None else int(time_ms) * 1000
    if us is not None and _port.PLATFORM == "esp8266":
        us = max(us, 1000) & 0xFFFFFFFF
    _host.vanish("deepsleep", us=us)


def lightsleep(time_ms=0):
    time.sleep_ms(time_ms)


def unique_id():
    uid = bytearray(6)
    _host.peek(_host.UNIQUE_ID, uid)
    if _port.PLATFORM == "esp8266":  # system_get_chip_id(): the end of the MAC as a number, lowest byte first
        return bytes((uid[5], uid[4], uid[3], 0))
    return bytes(uid)


def freq(hertz=None):
    global _frequency
    if hertz is None:
        return _frequency
    if hertz not in _port.FREQUENCIES:
        raise ValueError(_port.FREQUENCY_WORDS)
    _frequency = hertz


def disable_irq():
    """Nothing interrupts the program here, so there is nothing to hold back."""
    return 0


def enable_irq(state):
    pass


class WDT:
    """Watchdog, run by the host side: it kills the process whatever the program does, and cannot be stopped.

    ports/esp32/machine_wdt.c takes any period. ports/esp8266/machine_wdt.c refuses all but the default, 5000, which is
    not what one gets either: it is the SDK's software watchdog, which bites after 1.6 to 3.2 s. Here it is 1.6.
    """

    _feeds = 0

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError
        if _port.PLATFORM == "esp8266":
            if timeout != 5000:
                raise ValueError
            timeout = 1600
        elif timeout <= 0:
            raise ValueError("WDT timeout too short")
        self._buffer = bytearray(4)
        self.feed()
        _host.ask("watchdog", ms=timeout)

    def feed(self):
        WDT._feeds = (WDT._feeds + 1) & 0x3FFFFFFF
        struct.pack_into("<I", self._buffer, 0, WDT._feeds)
        _host.poke(_host.FEEDS, self._buffer)


class RTC:
    """The clock, and 2048 bytes of memory that live until power goes; 492 on an ESP8266, machine_rtc.c."""

    def datetime(self, moment=None):
        """Tell, or set, the time: (year, month, day, weekday, hours, minutes, seconds, microseconds)."""
        if moment is None:
            now = time._now_us()
            year, month, day, hour, minute, second, weekday, _ = time.gmtime(now // 1000000)
            return year, month, day, weekday, hour, minute, second, now % 1000000 // _port.RTC_UNIT
        year, month, day, _, hour, minute, second, part = moment
        now = time.mktime((year, month, day, hour, minute, second, 0, 0)) * 1000000 + part * _port.RTC_UNIT
        now -= time._jumped() * 1000000
        time._start(now)
        _host.ask("clock", us=now)

    if _port.PLATFORM == "esp32":

        def init(self, moment):
            year, month, day, hour, minute, second, _, micro = moment
            self.datetime((year, month, day, 0, hour, minute, second, micro))

    def memory(self, data=None):
        length = bytearray(2)
        if data is None:
            _host.peek(_host.RTC_LENGTH, length)
            content = bytearray(length[0] | length[1] << 8)
            _host.peek(_host.RTC_MEMORY, content)
            return bytes(content)
        if len(data) > _port.RTC_SIZE:
            raise ValueError("buffer too long")
        struct.pack_into("<H", length, 0, len(data))
        _host.poke(_host.RTC_MEMORY, data)
        _host.poke(_host.RTC_LENGTH, length)
