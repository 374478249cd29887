"""A message for each data point, on its stream's topic: {"value": …}, and its "time" where it has waited."""

from micropython import const

from mqtt.wire import append, copy

from .mqtt import Batch, stamp

_FRAME = const(9 + 1)  # bytes around the value
_TIME = const(8 + 22)
_TOPICS = const(16)  # that are kept
_LEVELS = b"/+#"  # what an id's - in a topic may stand for: an id is one level


class Points(Batch):
    """The oldest data points of an outbox, each a payload: see Batch."""

    def __init__(self, outbox, clock, room, before, after, taken=()):
        """before, after: what a topic has around the stream's id, bytes. taken: topics that are none of a stream's; one
        whose topic would be one of them gets a - at its end."""
        super().__init__(outbox, clock, room - len(before) - len(after))
        self._before = before
        self._after = after
        self._taken = taken
        self._topics = []  # those used lately, for a topic that is made takes memory

    def fits(self, id_len, value_len):
        """True if a data point of these sizes can be sent at all."""
        return id_len + 1 + _FRAME + _TIME + value_len <= self._room

    def go_on(self):
        if self._next == self._count:
            return False
        self._go_to(self._next)
        self.topic = self._known() or self._new()
        self._when = when = self._waited()
        self._size = _FRAME + self._outbox.value_len + (_TIME if when else 0)
        self._next += 1
        return True

    def write(self, buf, at):
        outbox = self._outbox
        self._go_to(self._next - 1)
        at = append(buf, at, b'{"value":')
        at = copy(buf, at, outbox.buf, outbox.value_at, outbox.value_len)
        if self._when:
            at = append(buf, append(buf, at, b',"time":'), stamp(self._when))
        return append(buf, at, b"}")

    def _known(self):
        """The topic of the outbox's record, if it is one of those kept."""
        for topic in self._topics:
            if len(topic) - len(self._before) - len(self._after) == self._outbox.id_len and self._is(topic):
                return topic

    def _is(self, topic):
        """Whether a topic of the right length has the id of the outbox's record."""
        buf = self._outbox.buf
        at = self._outbox.id_at
        for i in range(len(self._before), len(topic) - len(self._after)):
            if topic[i] != buf[at] and (topic[i] != 45 or buf[at] not in _LEVELS):
                return False
            at += 1
        return True

    def _new(self):
        outbox = self._outbox
        name = bytearray(outbox.buf[outbox.id_at : outbox.id_at + outbox.id_len])
        for i in range(len(name)):
            if name[i] in _LEVELS:
                name[i] = 45
        topic = self._before + bytes(name) + self._after
        if topic in self._taken:
            return topic + b"-"
        if len(self._topics) == _TOPICS:
            self._topics.pop(0)
        self._topics.append(topic)
        return topic
