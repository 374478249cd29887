"""A JSON document of all data points that belong together, on one topic: {"temp": 21.5, "humidity": 40}, and "time" for
those that have waited: what was measured in the same second is one document, unless a stream comes twice."""

from micropython import const

from mqtt.wire import append, copy

from .mqtt import Batch, stamp

_TIME = const(8 + 22)  # bytes, with the comma


class Points(Batch):
    """The oldest data points of an outbox, some to a payload: see Batch."""

    def __init__(self, outbox, clock, room, topic):
        """topic: of all documents, bytes."""
        super().__init__(outbox, clock, room - len(topic))
        self.topic = topic
        self._first = 0  # number of the first record in the payload

    def fits(self, id_len, value_len):
        """True if a data point of these sizes can be sent at all."""
        return 2 + _TIME + 3 + id_len + value_len <= self._room

    def go_on(self):
        n = self._next
        if n == self._count:
            return False
        outbox = self._outbox
        self._first = n
        self._go_to(n)
        self._when = when = self._waited()
        size = 1 + (_TIME if when else 0)  # no comma before the first
        while True:
            size += 4 + outbox.id_len + outbox.value_len
            if n > self._first and size > self._room:
                break
            self._size = size
            n += 1
            if n == self._count or not outbox.next() or self._waited() != when or self._known(n):
                break
        self._next = n
        return True

    def write(self, buf, at):
        outbox = self._outbox
        self._go_to(self._first)
        at = append(buf, at, b"{")
        if self._when:
            at = append(buf, at, b'"time":')
            at = append(buf, at, stamp(self._when))
            at = append(buf, at, b",")
        n = self._next - self._first
        while n:
            n -= 1
            at = append(buf, _member(buf, at, outbox), b"," if n else b"}")
            outbox.next()
        return at

    def _known(self, n):
        """Whether a record from the payload's first to this one, exclusively, has the id of this one, which the outbox
        shows, and shows afterwards."""
        outbox = self._outbox
        at = outbox.id_at
        size = outbox.id_len
        known = False
        self._go_to(self._first)
        n -= self._first
        while n:
            n -= 1
            if _has_id(outbox, at, size):
                known = True
            outbox.next()
        return known


def _member(buf, at, outbox):
    """Writes "id":value of the outbox's record; returns where it ends."""
    at = append(buf, at, b'"')
    at = copy(buf, at, outbox.buf, outbox.id_at, outbox.id_len)
    at = append(buf, at, b'":')
    return copy(buf, at, outbox.buf, outbox.value_at, outbox.value_len)


def _has_id(outbox, at, size):
    """Whether the outbox's record has the id that lies at `at`."""
    buf = outbox.buf
    mine = outbox.id_at
    if outbox.id_len != size:
        return False
    while size:
        size -= 1
        if buf[at + size] != buf[mine + size]:
            return False
    return True
