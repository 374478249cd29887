"""The LED of led_pin. Loaded only for that."""

import sys
from machine import Pin, Signal

from .log import keep, rare


def make(pin, active_low):
    """A machine.Signal, off; None, and the reason in the log, where the pin is none, for input only, or the flash's."""
    try:
        if rare("flash_pins").check(pin, sys.implementation._machine):
            raise ValueError("the flash is at this pin")
        led = Signal(Pin(pin, Pin.OUT), invert=active_low)
        led.off()
        return led
    except (ValueError, TypeError, OSError) as e:
        keep("led_pin %d" % pin, e)
