"""esp32: the chip's thermometer and the ESP-IDF's heaps. NVS, Partition, RMT, ULP and wake-up sources are not there."""

import _host
import _network

_TEMPERATURE = 5

# MALLOC_CAP_8BIT and MALLOC_CAP_EXEC: ports/esp32/modesp32.c
HEAP_DATA = 4
HEAP_EXEC = 1

# Bytes: size, free before there is Wi-Fi, taken for its driver, free but not in the largest piece. Together 144 KiB are
# free, 104 with Wi-Fi, as with the official image 1.26.1 on an emulated ESP32. Connections take none here without TLS.
_HEAPS = ((113840, 98304, 40960, 4096), (61440, 49152, 0, 1024))

taken = 0  # of the second one, for TLS


def mcu_temperature():
    """Degrees Celsius, whole, as a test has set them."""
    value = bytearray(1)
    _host.peek(_TEMPERATURE, value)
    return value[0] - 256 if value[0] > 127 else value[0]


def raw_temperature():
    """Degrees Fahrenheit."""
    return mcu_temperature() * 9 // 5 + 32


def idf_heap_info(capabilities):
    """[(size, free, largest free piece, least that was ever free)], of each heap: ports/esp32/modesp32.c,
    esp32_idf_heap_info(). Of those for code, none is told here."""
    if not isinstance(capabilities, int):
        raise TypeError("can't convert %s to int" % type(capabilities).__name__)
    if capabilities != HEAP_DATA:
        return []
    heaps = []
    for size, free, driver, pieces in _HEAPS:
        if _network.driver:
            free -= driver
        if not driver:
            free -= taken
        heaps.append((size, free, free - pieces, free))
    return heaps


def largest_free():
    """Bytes of the largest free piece; takes no memory."""
    _, free, driver, pieces = _HEAPS[0]
    return free - pieces - (driver if _network.driver else 0)
