"""What a program sees of an ESP32-C3 and its port of MicroPython: an ESP32 but for the following."""

from _port_esp32 import *

MACHINE = "ESP32C3 module with ESP32-C3"  # boards/ESP32_GENERIC_C3/mpconfigboard.h
