"""An outbox with records, and a clock, for the tests of each dialect's Points."""

from firmware.outbox import Outbox

T0 = 840000000  # a moment in 2026, in seconds since 2000
SINCE_1970 = T0 + 946684800  # the same moment


class Clock:
    """A clock that is set or not: jump is how much setting it moved it, None before."""

    def __init__(self, now=T0, jump=0):
        self.seconds = now
        self.jump = jump

    def now(self):
        return self.seconds + (self.jump or 0)

    def true_time(self, seconds):
        if seconds > 820000000:
            return seconds
        return seconds + self.jump if self.jump else 0


def filled(kind, records, clock=None, room=447, size=8192):
    """(a dialect's Points, its outbox, its clock) with these records (id, JSON, age in seconds)."""
    clock = clock or Clock()
    outbox = Outbox(size)
    for name, value, age in records:
        assert outbox.put(name.encode(), value.encode(), clock.seconds - age)
    return kind(outbox, clock, room), outbox, clock


def written_by(points):
    """The payload as it is written now, as long as it says, and nothing around it."""
    buf = bytearray(b"\xee" * (len(points) + 20))
    assert points.write(buf, 10) == 10 + len(points)
    assert buf[:10] == buf[-10:] == b"\xee" * 10
    return bytes(buf[10:-10])
