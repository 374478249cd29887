"""time: the interpreter's own, but clock and ticks are the board's.

As on the ESP ports the epoch is 2000-01-01, seconds are whole, and the clock starts at the epoch when power comes on;
it goes on through resets until machine.RTC or ntptime set it. Ticks count from the last reset that was not a soft one
and start anew after 2**30 (MICROPY_PY_TIME_TICKS_PERIOD, py/mpconfig.h), for ticks_ms() after 12.4 days. A test can
let clock and ticks jump. Limit: the times littlefs notes for files are the host's.

What a main loop calls allocates nothing, and no number here is too large for a small int of 32 bits. Where the host
side wants to know how the heap is, it is told here, for there is no program that does not look at its ticks.
"""

import gc
import micropython

from array import array
from time import *
from time import gmtime as _gmtime
from time import mktime as _mktime
from time import sleep_ms as _sleep_ms
from time import ticks_add as _own_add
from time import ticks_diff as _own_diff
from time import ticks_ms as _own_ms
from time import ticks_us as _own_us

import _host

_EPOCH = 946684800  # 2000-01-01 in the interpreter's own count from 1970
_MASK = 0x3FFFFFFF
_HALF = 0x20000000
_LONG = 0x8000000  # ms, 37 hours: less than what can be told apart

# What to add to the host's ticks_ms and ticks_us, seconds the clock has jumped, and how often the heap was asked for.
_jump = array("i", (0, 0, 0, 0))
_told = 0  # so often
_seconds = 0  # since the epoch, without jumps, when the host's ticks were _since
_since = 0


def _start(now_us):
    """Set the clock to `now_us`, microseconds since 2000; jumps come on top."""
    global _seconds, _since, _told
    _host.peek(_host.JUMP, _jump)
    _told = _jump[3]
    _seconds = now_us // 1000000
    _since = _own_add(_own_ms(), -(now_us // 1000 % 1000))


def _elapsed():
    """Milliseconds since _since, which moves along."""
    global _seconds, _since
    elapsed = _own_diff(_own_ms(), _since)
    if elapsed > _LONG:
        _seconds += elapsed // 1000
        _since = _own_add(_since, elapsed // 1000 * 1000)
        elapsed %= 1000
    return elapsed


def _jumped():
    """Seconds."""
    _host.peek(_host.JUMP, _jump)
    return _jump[2]


def time():
    return _elapsed() // 1000 + _seconds + _jumped()


def _now_us():
    elapsed = _elapsed()
    return (_seconds + _jumped() + elapsed // 1000) * 1000000 + elapsed % 1000 * 1000


def sleep(seconds):
    """The interpreter's own would not let a timer's callback run before its end."""
    _sleep_ms(int(seconds * 1000))


def time_ns():
    return _now_us() * 1000


def ticks_ms():
    _host.peek(_host.JUMP, _jump)
    if _jump[3] != _told:
        _tell_heap()
    return _own_add(_own_ms(), _jump[0]) & _MASK


def ticks_us():
    _host.peek(_host.JUMP, _jump)
    return _own_add(_own_us(), _jump[1]) & _MASK


ticks_cpu = ticks_us


def _tell_heap():
    global _told
    _told = _jump[3]
    gc.collect()
    print("HEAP asked", _told)
    micropython.mem_info()
    micropython.qstr_info()
    print("HEAP told", _told)


if _own_diff(0, _MASK) != 1:  # the interpreter's own period is that of 64 bits

    def ticks_diff(end, start):
        return ((end - start + _HALF) & _MASK) - _HALF

    def ticks_add(ticks, delta):
        if not -_HALF < delta < _HALF:
            raise OverflowError("ticks interval overflow")
        return (ticks + delta) & _MASK


def gmtime(seconds=None):
    return _gmtime((time() if seconds is None else int(seconds)) + _EPOCH)[:8]


localtime = gmtime  # a board knows no time zone


def mktime(moment):
    return int(_mktime(tuple(moment[:8]) + (0,))) - _EPOCH
