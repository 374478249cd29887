"""The LED of led_pin. Loaded only for that."""

import sys
from machine import Pin, Signal

from .log import keep

# At these the chip's flash is, and to change one is the end until the next reset: chip, first, last.
_FLASH = "ESP32C3 12 17 ESP32S3 26 32 ESP32S2 26 32 ESP32 6 11 ESP8266 6 11"


def make(pin, active_low):
    """A machine.Signal, off; None, and the reason in the log, where the pin is none, for input only, or the flash's."""
    try:
        if _is_flash(pin, sys.implementation._machine.replace("-", "")):
            raise ValueError("the flash is at this pin")
        led = Signal(Pin(pin, Pin.OUT), invert=active_low)
        led.off()
        return led
    except (ValueError, TypeError, OSError) as e:
        keep("led_pin %d" % pin, e)


def _is_flash(pin, machine):
    words = _FLASH.split()
    for i in range(0, len(words), 3):
        if words[i] in machine:
            return int(words[i + 1]) <= pin <= int(words[i + 2])
    return False
