"""machine.Pin: what a test sets is read here, what is written here a test reads.

Which pins there are, which are inputs only, and what is on the flash's, is the chip's: ports/esp32/machine_pin.c and
machine_pin.h, ports/esp8266/machine_pin.c.
"""

from machine import PinBase as _PinBase

import _host
import _port


class Pin(_PinBase):
    IN = _port.PIN_MODES[0]
    OUT = _port.PIN_MODES[1]
    OPEN_DRAIN = _port.PIN_MODES[2]
    PULL_UP = _port.PULL_UP
    if _port.PULL_DOWN is not None:
        PULL_DOWN = _port.PULL_DOWN
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, id, *arguments, **settings):
        if isinstance(id, Pin):
            id = id._id
        if not isinstance(id, int) or id not in _port.PINS:
            raise ValueError("invalid pin")
        self._id = id
        self._level = bytearray(1)
        self._mode = bytearray(1)
        if arguments or settings:
            self.init(*arguments, **settings)

    def init(self, mode=None, pull=-1, *, value=None, drive=None, hold=None):
        if self._id in _port.FLASH_PINS:  # the processor finds no instructions any more
            _host.vanish("crash", cause="WDT", words="rst:0x8 (TG1WDT_SYS_RESET)")
        if mode is None and _port.PLATFORM == "esp8266":
            raise TypeError("'mode' argument required")
        if mode == -1:
            mode = None
        if mode is not None and mode != self.IN and self._id in _port.INPUT_ONLY:
            raise ValueError("pin can only be input")
        if pull == -1 or pull is None:
            pull = 0
        if pull and self._id == _port.NO_PULL:
            raise ValueError("Pin(16) doesn't support pull")
        if mode is not None:
            _host.poke(_host.PIN_MODE + self._id, bytes((_host.MODES[_port.PIN_MODES.index(mode)],)))
        if value is not None:
            self.value(value)
        elif pull & (_port.PULL_UP | (_port.PULL_DOWN or 0)):
            driven = bytearray(1)
            _host.peek(_host.PIN_DRIVEN + self._id, driven)
            if not driven[0]:
                self._put(pull == self.PULL_UP)

    def value(self, level=None):
        if level is None:
            _host.peek(_host.PIN_LEVEL + self._id, self._level)
            return self._level[0]
        _host.peek(_host.PIN_MODE + self._id, self._mode)
        if self._mode[0] > 1:  # nothing comes out of an input
            self._put(level)

    def _put(self, level):
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
