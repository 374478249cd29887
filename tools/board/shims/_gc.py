"""gc of an ESP32: the interpreter's own, but mem_free() counts the piece by which the heap may still grow, too. That is
the largest one free in the ESP-IDF's: py/modgc.c, gc_mem_free(); ports/esp32/gccollect.c, gc_get_max_new_split(). This
heap does not grow."""

from gc import *
from gc import mem_free as _own

import _esp32


def mem_free():
    return _own() + _esp32.largest_free()
