"""What time it is, as far as the board knows."""

import time
from micropython import const

from . import watchdog
from .log import rare, uptime

_OFFSET = 0 if time.gmtime(0)[0] == 2000 else 946684800  # ESP ports count from 2000, others from 1970
_SET = const(820000000)  # December 2025: a clock that shows less was never set
_RETRY = const(300)  # seconds


class Clock:
    """Time is in seconds since 2000, which fit a small int until 2034. Until the clock is set it counts from some other
    moment; once it is, true() corrects what was measured before."""

    def __init__(self, ntp_host):
        """ntp_host: a time server or a list of them; "" for a clock that nobody sets."""
        self._hosts = [ntp_host] if ntp_host and isinstance(ntp_host, str) else ntp_host
        self._jump = 0  # by how much setting the clock moved it
        self._ask_at = 0  # uptime
        self._set_at = None  # uptime when a server has set it last
        self._failed = 0  # servers that did not, since then
        if ntp_host:
            rare("ntp").begin()

    def now(self):
        """The clock's seconds, set or not."""
        return int(time.time()) - _OFFSET

    def true_time(self, seconds):
        """What now() once returned, in seconds since 2000; 0 where nobody knows, as of 0xFFFFFFFF."""
        if seconds > _SET:
            return 0 if seconds >> 31 else seconds
        return seconds + self._jump if self._jump else 0

    def sync(self):
        """Asks an NTP server, if it is time to: at first, then every twelve hours, on an ESP8266 every 15 minutes.
        Returns True if it did, for that blocks: for the lookup of one name, which is the port's and may take half a
        minute where no name server answers, and one second at most for the answer.

        Failing is logged; the next server is asked five seconds later, and after the last of them the first in five
        minutes. A date that cannot be is not believed.
        """
        if not self._hosts or uptime() < self._ask_at:
            return False
        self._ask_at = uptime() + _RETRY
        watchdog.patient(True)
        try:
            rare("ntp").set_clock(self)
        except MemoryError:
            pass
        watchdog.patient(False)
        return True
