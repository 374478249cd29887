"""What a board that sleeps has to know at its next wake. It lies in RTC memory, see across_resets.py, and none of it is
needed: without it a wake is like the first start. Loaded with what sleeps alone.
"""

import struct
import sys

from .log import rare

_LAYOUT = ">HBBIIihHBBBI16s"
_DOUBT = 5000 if sys.platform == "esp8266" else 1000  # before the drift was measured: see drift.py


class Notes:
    """wakes: how many there have been. failed: attempts in a row that did not come online; skip: wakes without one
    until the next. rest: seconds still to be slept. slept: seconds since the clock was set, in which it was moved by
    `moved` ms; drift: what it loses, doubt: by how much that may be wrong, both in seconds of 100,000. untimed: time
    servers in a row that did not answer; unasked: visits until the next is asked. which: which of "wifi" was joined
    last; address: the four that ifconfig() has, of 4 bytes each, which DHCP gave at `leased`.
    """

    def __init__(self, data):
        """data: what keep() has kept, or anything else for nothing."""
        if len(data) != struct.calcsize(_LAYOUT):
            data = struct.pack(_LAYOUT, 0, 0, 0, 0, 0, 0, 0, _DOUBT, 0, 0, 0, 0, b"")
        (
            self.wakes, self.failed, self.skip, self.rest, self.slept, self.moved, self.drift, self.doubt, self.untimed,
            self.unasked, self.which, self.leased, self.address,
        ) = struct.unpack(_LAYOUT, data)  # fmt: skip

    def packed(self):
        return struct.pack(
            _LAYOUT, self.wakes, self.failed, self.skip, self.rest, self.slept, self.moved, self.drift, self.doubt,
            self.untimed, self.unasked, self.which, self.leased, self.address,
        )  # fmt: skip


def load():
    """The Notes of the run before; fresh ones where there are none."""
    return Notes(rare("across_resets").state())
