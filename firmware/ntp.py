"""Sets the clock by NTP [RFC 4330], to the millisecond, and tells how far it was off. Loaded for the question, and
dropped. The ports have an ntptime of their own; it takes what is no answer for one, and whole seconds, by which no
drift can be measured.
"""

import os
import socket
import sys
import time
from machine import DEEPSLEEP_RESET, RTC, reset_cause
from micropython import const
from time import ticks_diff, ticks_ms

from .log import log, uptime

_BUILT = const(820000000)  # seconds since 2000: December 2025. No true time is before
_FROM_1900 = const(3155673600)  # seconds from there to 2000
_ERA = const(4294967296)  # after so many, in 2036, NTP's begin anew; what is less than a quarter of it is after that
_ESP8266 = sys.platform == "esp8266"
_RESYNC = 900 if _ESP8266 else 43200  # seconds: its clock is off by seconds to minutes a day
_NEXT = const(5)  # seconds until the next server is asked
_PATIENCE = const(1)  # seconds for an answer
_2000 = 0 if time.gmtime(0)[0] == 2000 else 946684800


def begin():
    """Any reset of an ESP8266 but the one after deep sleep sets its clock back to when the run before began
    (esp8266/machine_rtc.c). Such a time looks well and is wrong, so let it be none."""
    if _ESP8266 and reset_cause() != DEEPSLEEP_RESET:
        _set(0)


def set_clock(clock):
    """Asks the first of the Clock's servers, and sets what the Clock knows; where the clock is as it was, the log says
    why, and the next server is the first."""
    hosts = clock._hosts
    try:
        words = _correct(clock, _ask(hosts[0]))
    except Exception as e:  # noqa: BLE001 - a list of no addresses, one of None
        words = "no answer from %s (%s)" if isinstance(e, OSError) else "no time from %s (%s)"
        words %= hosts[0], e if isinstance(e, (OSError, ValueError)) else type(e).__name__
        hosts.append(hosts.pop(0))
        clock._failed += 1
        if clock._failed % len(hosts):
            clock._ask_at = uptime() + _NEXT
    else:
        clock._failed = 0
        clock._set_at = uptime()
        clock._ask_at = uptime() + _RESYNC
    log("clock", words)


def _correct(clock, now):
    """Sets the clock to so many ms since 2000; returns words for the log."""
    moment = "%04d-%02d-%02d %02d:%02d:%02d UTC" % tuple(time.gmtime(max(now // 1000, 0) + _2000)[:6])
    if now < _BUILT * 1000:
        raise ValueError("it says %s, which cannot be" % moment)
    early = time.time_ns() // 1000000 - _2000 * 1000 - now
    _set(now)
    if now + early <= _BUILT * 1000:  # it was never set
        clock._jump = (500 - early) // 1000
    elif clock._set_at is not None:
        passed = uptime() - clock._set_at
        moment += "; it was off by %+.2f s after %d s" % (early / 1000, passed)
        if abs(early) < passed * 50:  # or else somebody has set it
            moment += ": %+d ppm, + is fast" % round(early * 1000 / passed)
    return moment


def _set(now):
    moment = time.gmtime(now // 1000 + _2000)
    rest = now % 1000
    RTC().datetime(tuple(moment[:3]) + (moment[6],) + tuple(moment[3:6]) + (rest if _ESP8266 else rest * 1000,))


def _ask(host):
    """What time it is there, in ms since 2000; OSError where no answer comes, ValueError where it is none."""
    address = socket.getaddrinfo(host, 123)[0][-1]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.settimeout(_PATIENCE)
        mark = os.urandom(8)  # comes back with the answer
        asked = ticks_ms()
        sock.sendto(b"\x23" + bytes(39) + mark, address)  # version 4, client
        answer = sock.recv(48)
        took = ticks_diff(ticks_ms(), asked)
    finally:
        sock.close()
    if len(answer) < 48 or answer[0] & 7 != 4 or answer[24:32] != mark:
        raise ValueError("%d bytes that are no answer" % len(answer))
    seconds = answer[40] << 24 | answer[41] << 16 | answer[42] << 8 | answer[43]
    if answer[0] >> 6 == 3 or not 0 < answer[1] < 16 or not seconds:
        raise ValueError("it has none, or refuses: %r" % answer[12:16])
    if seconds < _ERA >> 2:
        seconds += _ERA
    fraction = answer[44] << 8 | answer[45]
    return (seconds - _FROM_1900) * 1000 + (fraction * 1000 + 32768 >> 16) + took // 2
