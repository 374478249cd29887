"""Sets the clock by NTP, with the ports' ntptime. Loaded for the question, and dropped."""

import sys
import time
from machine import DEEPSLEEP_RESET, RTC, reset_cause
from micropython import const

from .log import log, uptime

_BUILT = const(820000000)  # seconds since 2000: December 2025. No true time is before
_ERA = const(1139293696)  # 2036-02-07 06:28:16, where NTP's seconds begin anew: a "kiss of death" has no time, so 0
_DAY = const(86400)
_ESP8266 = sys.platform == "esp8266"
_RESYNC = 900 if _ESP8266 else 43200  # seconds: its clock is off by seconds to minutes a day
_2000 = 0 if time.gmtime(0)[0] == 2000 else 946684800


def begin():
    """Any reset of an ESP8266 but the one after deep sleep sets its clock back to when the run before began
    (esp8266/machine_rtc.c). Such a time looks well and is wrong, so let it be none."""
    if _ESP8266 and reset_cause() != DEEPSLEEP_RESET:
        _put_back(time.gmtime(_2000))


def set_clock(clock):
    """Asks, and sets what the Clock knows of it; where the clock is as it was, the log says why."""
    before = clock.now() - uptime()
    words = _ask(clock._host)
    should = before + uptime()
    now = clock.now()
    if not words:
        moment = "%04d-%02d-%02d %02d:%02d:%02d UTC" % tuple(time.gmtime()[:6])
        if _BUILT <= now < _ERA or now >= _ERA + _DAY:
            log("clock", moment)
            clock._ask_at = uptime() + _RESYNC
            if should <= _BUILT:
                clock._jump = now - should
            return
        words = "%s says %s, which cannot be" % (clock._host, moment)
        _put_back(time.gmtime(int(time.time()) - now + should))
    log("clock", words)


def _ask(host):
    """Sets the clock; in words, why not."""
    loaded = "ntptime" in sys.modules
    try:
        import ntptime

        ntptime.host = host
        ntptime.settime()
    except OSError as e:
        return "no answer from %s (%s)" % (host, e)
    except Exception as e:  # noqa: BLE001 - ntptime checks nothing: a short answer, a list of no addresses, one of None
        return "no time from %s (%s: %s)" % (host, type(e).__name__, e)
    finally:
        if not loaded:
            sys.modules.pop("ntptime", None)
    return None


def _put_back(moment):
    RTC().datetime(tuple(moment[:3]) + (moment[6],) + tuple(moment[3:6]) + (0,))
