"""_thread: the interpreter's own, with larger stacks than are asked for: its words are of 64 bits, twice a board's, and
sockets are in Python here, where a board has them in C.

ESP32: ports/esp32/mpthreadport.c, mp_thread_create(). An ESP8266 has no threads.
"""

from _thread import *
from _thread import stack_size as _stack_size

_TIMES = 4


def stack_size(size=0):
    return _stack_size(size * _TIMES) // _TIMES
