"""time: the interpreter's own, but the clock is the board's.

As on the ESP ports the epoch is 2000-01-01, seconds are whole, and the clock starts at the epoch when power comes on;
it goes on through resets until machine.RTC or ntptime set it. Limit: the times littlefs notes for files are the host's.
"""

from time import *
from time import gmtime as _gmtime
from time import mktime as _mktime
from time import sleep_ms as _sleep_ms
from time import ticks_us as _ticks_us

_EPOCH = 946684800  # 2000-01-01 in the interpreter's own count from 1970
_skew = 0  # microseconds of board time less ticks_us(), which is monotonic and, unlike time_ns(), no heap object


def _start(now_us):
    """Set the clock to `now_us`, microseconds since 2000."""
    global _skew
    _skew = now_us - _ticks_us()


def _now_us():
    return _ticks_us() + _skew


def time():
    return (_ticks_us() + _skew) // 1000000


def sleep(seconds):
    """The interpreter's own would not let a timer's callback run before its end."""
    _sleep_ms(int(seconds * 1000))


def time_ns():
    return (_ticks_us() + _skew) * 1000


def gmtime(seconds=None):
    return _gmtime((time() if seconds is None else int(seconds)) + _EPOCH)[:8]


localtime = gmtime  # a board knows no time zone


def mktime(moment):
    return int(_mktime(tuple(moment[:8]) + (0,))) - _EPOCH
