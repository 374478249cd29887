"""machine: reset and its causes, watchdog, pins, clock and RTC memory of a board.

Timer, ADC, PWM, I2C, SPI, UART, bitstream and dht_readinto are imported by `_peripherals` when first used: on a board
they are part of the chip's program and take no heap. Left out because they could only pretend: TouchPad, DAC, I2S.
"""

import struct
import time
from machine import *
from machine import PinBase as _PinBase

import _host

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

_frequency = 160000000


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
    """Sleep and start anew after `time_ms`, or, without it, when the reset button is pressed."""
    _host.vanish("deepsleep", ms=time_ms)


def lightsleep(time_ms=0):
    time.sleep_ms(time_ms)


def unique_id():
    uid = bytearray(6)
    _host.peek(_host.UNIQUE_ID, uid)
    return bytes(uid)


def freq(hertz=None):
    global _frequency
    if hertz is None:
        return _frequency
    if hertz not in (20000000, 40000000, 80000000, 160000000, 240000000):
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _frequency = hertz


def disable_irq():
    """Nothing interrupts the program here, so there is nothing to hold back."""
    return 0


def enable_irq(state):
    pass


class WDT:
    """Watchdog, run by the host side: it kills the process whatever the program does, and cannot be stopped."""

    _feeds = 0

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError(f"WDT({id}) doesn't exist")
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self._buffer = bytearray(4)
        self.feed()
        _host.ask("watchdog", ms=timeout)

    def feed(self):
        WDT._feeds = (WDT._feeds + 1) & 0x3FFFFFFF
        struct.pack_into("<I", self._buffer, 0, WDT._feeds)
        _host.poke(_host.FEEDS, self._buffer)


class Pin(_PinBase):
    """One of the pins 0 to 63. What a test sets is read here, what is written here a test reads."""

    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        if not 0 <= id < _host.PINS:
            raise ValueError("invalid pin")
        self._id = id
        self._level = bytearray(1)
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        if value is not None:
            self.value(value)
        if mode is not None and mode >= 0:
            _host.poke(_host.PIN_MODE + self._id, bytes((mode,)))
        if pull in (self.PULL_UP, self.PULL_DOWN) and value is None:
            driven = bytearray(1)
            _host.peek(_host.PIN_DRIVEN + self._id, driven)
            if not driven[0]:
                self.value(pull == self.PULL_UP)

    def value(self, level=None):
        if level is None:
            _host.peek(_host.PIN_LEVEL + self._id, self._level)
            return self._level[0]
        self._level[0] = 1 if level else 0
        _host.poke(_host.PIN_LEVEL + self._id, self._level)

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(not self.value())

    def irq(self, *arguments, **named):
        """Have `handler` called, between two byte codes of the program, when the level changes from outside."""
        return _host.load("_interrupts").pin_irq(self, *arguments, **named)

    def __repr__(self):
        return f"Pin({self._id})"


class RTC:
    """The clock, and 2048 bytes of memory that live until power goes."""

    def datetime(self, moment=None):
        """Tell, or set, the time: (year, month, day, weekday, hours, minutes, seconds, microseconds)."""
        if moment is None:
            now = time._now_us()
            year, month, day, hour, minute, second, weekday, _ = time.gmtime(now // 1000000)
            return year, month, day, weekday, hour, minute, second, now % 1000000
        year, month, day, _, hour, minute, second, micro = moment
        now = time.mktime((year, month, day, hour, minute, second, 0, 0)) * 1000000 + micro
        time._start(now)
        _host.ask("clock", us=now)

    def init(self, moment):
        year, month, day, hour, minute, second, micro, _ = moment
        self.datetime((year, month, day, 0, hour, minute, second, micro))

    def memory(self, data=None):
        length = bytearray(2)
        if data is None:
            _host.peek(_host.RTC_LENGTH, length)
            content = bytearray(length[0] | length[1] << 8)
            _host.peek(_host.RTC_MEMORY, content)
            return bytes(content)
        if len(data) > _host.RTC_SIZE:
            raise ValueError("buffer too long")
        struct.pack_into("<H", length, 0, len(data))
        _host.poke(_host.RTC_MEMORY, data)
        _host.poke(_host.RTC_LENGTH, length)
