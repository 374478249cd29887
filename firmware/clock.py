"""What time it is, as far as the board knows."""

import time
from micropython import const

from .log import log

_OFFSET = 0 if time.gmtime(0)[0] == 2000 else 946684800  # ESP ports count from 2000, others from 1970
_SET = const(820000000)  # December 2025: a clock that shows less was never set
_RESYNC = const(43200)  # seconds
_RETRY = const(300)


class Clock:
    """Time is in seconds since 2000, which fit a small int until 2034. Until the clock is set it counts from some other
    moment; once it is, true() corrects what was measured before."""

    def __init__(self, ntp_host):
        """ntp_host: "" for a clock that nobody sets."""
        self._host = ntp_host
        self._jump = 0  # by how much setting the clock moved it
        self._ask = None  # when to ask next

    def now(self):
        """The clock's seconds, set or not."""
        return int(time.time()) - _OFFSET

    def true(self, seconds):
        """What now() once returned, in seconds since 2000; 0 where nobody knows."""
        if seconds > _SET:
            return seconds
        return seconds + self._jump if self._jump else 0

    def sync(self):
        """Asks the NTP server, if it is time to: at first and every twelve hours.

        Takes a second at most, besides what looking up the name takes. Failing is logged, and tried again in five
        minutes.
        """
        before = self.now()
        if not self._host or self._ask is not None and before < self._ask:
            return
        import ntptime

        self._ask = before + _RETRY
        ntptime.host = self._host
        try:
            ntptime.settime()
        except (OSError, OverflowError) as e:
            log("clock", "no answer from %s (%s)" % (self._host, e))
            return
        self._ask = self.now() + _RESYNC
        if before <= _SET:
            self._jump = self.now() - before
        log("clock", "%04d-%02d-%02d %02d:%02d:%02d UTC" % tuple(time.gmtime()[:6]))
