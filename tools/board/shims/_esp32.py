"""esp32: the chip's thermometer. NVS, Partition, RMT, ULP and wake-up sources are not there."""

import _host

_TEMPERATURE = 5


def mcu_temperature():
    """Degrees Celsius, whole, as a test has set them."""
    value = bytearray(1)
    _host.peek(_TEMPERATURE, value)
    return value[0] - 256 if value[0] > 127 else value[0]


def raw_temperature():
    """Degrees Fahrenheit."""
    return mcu_temperature() * 9 // 5 + 32
