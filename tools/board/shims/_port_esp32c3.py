"""What a program sees of an ESP32-C3 and its port of MicroPython: an ESP32 but for the following."""

from _port_esp32 import *

MACHINE = "ESP32C3 module with ESP32-C3"  # boards/ESP32_GENERIC_C3/mpconfigboard.h

FREQUENCIES = (20000000, 40000000, 80000000, 160000000)
FREQUENCY_WORDS = "frequency must be 20MHz, 40MHz, 80Mhz or 160MHz"

PINS = tuple(range(14)) + (20, 21)  # 18 and 19 are its USB
INPUT_ONLY = ()
FLASH_PINS = (12, 13)
