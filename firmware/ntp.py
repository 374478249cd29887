"""Sets the clock by NTP, with the ports' ntptime. Loaded for the question, and dropped."""

import sys
import time
from machine import DEEPSLEEP_RESET, RTC, reset_cause
from micropython import const

from .log import log, uptime

_BUILT = const(820000000)  # seconds since 2000: December 2025. No true time is before
_ERA = const(1139293696)  # 2036-02-07 06:28:16, where NTP's seconds begin anew: a "kiss of death" has no time, so 0
_DAY = const(86400)
_2000 = 0 if time.gmtime(0)[0] == 2000 else 946684800


def set_clock(clock, host, before):
    """Asks, and returns by how many seconds the clock was moved; None where it is as it was, which is logged.
    before: clock.now()."""
    start = uptime()
    loaded = "ntptime" in sys.modules
    try:
        import ntptime

        ntptime.host = host
        ntptime.settime()
    except OSError as e:
        log("clock", "no answer from %s (%s)" % (host, e))
        return None
    except Exception as e:  # noqa: BLE001 - ntptime checks nothing: a short answer, a list of no addresses, one of None
        log("clock", "no time from %s (%s: %s)" % (host, type(e).__name__, e))
        return None
    finally:
        if not loaded:
            sys.modules.pop("ntptime", None)
    should = before + uptime() - start
    now = clock.now()
    words = "%04d-%02d-%02d %02d:%02d:%02d UTC" % tuple(time.gmtime()[:6])
    if now < _BUILT or _ERA <= now < _ERA + _DAY:
        _put_back(time.gmtime(int(time.time()) - now + should))
        log("clock", "%s says %s, which cannot be" % (host, words))
        return None
    log("clock", words)
    return now - should


def forget_time():
    """For an ESP8266 that starts: any reset but the one after deep sleep sets its clock back to when the run before
    began (esp8266/machine_rtc.c). Such a time looks well and is wrong, so let it be none."""
    if reset_cause() != DEEPSLEEP_RESET:
        _put_back(time.gmtime(_2000))


def _put_back(moment):
    RTC().datetime(tuple(moment[:3]) + (moment[6],) + tuple(moment[3:6]) + (0,))
