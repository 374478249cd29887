"""esp32: a thermometer, and the ESP-IDF's heaps."""

HEAP_DATA = 4

heaps = [(100000, 60000, 40000, 50000), (20000, 10000, 9000, 9000)]  # size, free, largest free piece, least ever free


def idf_heap_info(capabilities):
    assert capabilities == HEAP_DATA
    return heaps


def mcu_temperature():
    return 42
