"""The LED of led_pin. Loaded only for that."""

import sys
from machine import Pin, Signal

from .log import keep

# At these the chip's flash is, and to change one is the end until the next reset (ESP32: not in every module).
_FLASH = (("ESP32C3", range(12, 18)), ("ESP32S3", range(26, 33)), ("ESP32S2", range(26, 33)), ("ESP32", range(6, 12)))


def make(pin, active_low):
    """A machine.Signal, off; None, and the reason in the log, where the pin is none, for input only, or the flash's."""
    try:
        if pin in _flash_pins(sys.implementation._machine.replace("-", "")):
            raise ValueError("the flash is at this pin")
        led = Signal(Pin(pin, Pin.OUT), invert=active_low)
        led.off()
        return led
    except (ValueError, TypeError, OSError) as e:
        keep("led_pin %d" % pin, e)


def _flash_pins(machine):
    for chip, pins in _FLASH:
        if machine.endswith(chip) or chip != "ESP32" and chip in machine:
            return pins
    return range(6, 12) if "ESP8266" in machine else ()
