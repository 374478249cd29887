"""The outbox: data points that wait until the platform has acknowledged them, in RAM, bounded.

One buffer, made once, holds the records end to end, oldest first. The first ones may be on their way to the platform:
they stay as they are until done() or until the connection is lost and they are sent again.
"""

from micropython import const

from mqtt.wire import append, bad_utf8, copy

# A record: size of the whole in two bytes, time in four, size of the stream's id in one; the id; the value's JSON.
_HEAD = const(7)
_OUTSIDE = const(16)  # records that may wait outside
_DEPTH = const(6)  # dicts in dicts


class Outbox:
    """A cursor over its records, as onenet.legacy.Points wants it; `dropped` counts those that had to go unsent.

    put() may interrupt anything, being called from a timer's or pin's callback. So whoever goes through the records
    sets `locked` before, and calls unlock() afterwards; what put() brings meanwhile waits outside, if it is not much.
    """

    def __init__(self, size, drop_oldest=True, buf=None):
        """size: bytes. When full: drop_oldest makes room for what is new, or else the new is dropped. buf: a bytearray
        in place of a new one."""
        self.buf = bytearray(size) if buf is None else buf
        self.dropped = 0
        self.locked = False
        self._outside = []
        self.time = self.id_at = self.id_len = self.value_at = self.value_len = 0
        self._drop_oldest = drop_oldest
        self._start = 0  # where the oldest record begins
        self._end = 0
        self._busy = 0  # where the records end that are on their way; _start where none are
        self._at = 0  # the cursor

    def __len__(self):
        """Bytes in use."""
        return self._end - self._start

    def put(self, stream_id, value, seconds):
        """Adds a data point; returns False where it is dropped. ValueError(its size, the buffer's) where it could never
        fit.

        stream_id, value: bytes, the value being JSON; seconds: when it was measured, any number of 32 bits.
        """
        size = _HEAD + len(stream_id) + len(value)
        buf = self.buf
        if len(stream_id) > 255 or size > len(buf):
            raise ValueError(size, len(buf))
        if self.locked:
            if len(self._outside) < _OUTSIDE:
                self._outside.append((stream_id, value, seconds))
                return True
            self.dropped += 1
            return False
        self.locked = True
        kept = self._store(stream_id, value, seconds)
        self.unlock()
        return kept

    def unlock(self):
        """What put() has brought while it was locked takes its place."""
        while True:
            self.locked = True  # whoever interrupts takes nothing out, nor stores before those outside
            while self._outside:
                self._store(*self._outside.pop(0))
            self.locked = False
            if not self._outside:  # for one may have come in the moment before
                return

    def _store(self, stream_id, value, seconds):
        size = _HEAD + len(stream_id) + len(value)
        kept = self._make_room(size)
        if kept:
            buf = self.buf
            at = self._end
            buf[at] = size >> 8
            buf[at + 1] = size & 0xFF
            for i in range(4):
                buf[at + 2 + i] = seconds >> 24 - 8 * i & 0xFF
            buf[at + 6] = len(stream_id)
            append(buf, append(buf, at + _HEAD, stream_id), value)
            self._end = at + size
        return kept

    def _make_room(self, size):
        """At the end, for a record of this size; returns False where there is none."""
        buf = self.buf
        while self._end - self._start + size > len(buf):
            if not self._drop_oldest or self._busy == self._end:
                self.dropped += 1
                return False
            self._remove(self._busy)
            self.dropped += 1
        if self._end + size > len(buf):
            self._move(self._start, 0)
        return True

    def rewind(self, id_at=0):
        """The cursor goes before the oldest record, or back before the one whose id begins there."""
        self._at = id_at - _HEAD if id_at else self._start

    def next(self):
        """Goes to the next record and shows it; False at the end."""
        at = self._at
        if at == self._end:
            return False
        buf = self.buf
        self._at = at + self._size(at)
        self.time = buf[at + 2] << 24 | buf[at + 3] << 16 | buf[at + 4] << 8 | buf[at + 5]
        self.id_at = at + _HEAD
        self.id_len = buf[at + 6]
        self.value_at = self.id_at + self.id_len
        self.value_len = self._at - self.value_at
        return True

    def send(self, count):
        """The oldest `count` records are on their way now."""
        at = self._start
        for _ in range(count):
            at += self._size(at)
        self._busy = at

    def done(self):
        """Those on their way have arrived: they go."""
        self._start = self._busy

    def _size(self, at):
        return self.buf[at] << 8 | self.buf[at + 1]

    def _remove(self, at):
        """Takes out the record at `at`, the oldest that may go."""
        size = self._size(at)
        if at == self._start:
            self._start = self._busy = at + size
        else:
            self._move(at + size, at)

    def _move(self, at, to):
        """Moves everything from at on, and what marks a place in it, down to `to`."""
        end = copy(self.buf, to, self.buf, at, self._end - at)
        shift = at - to
        if self._start >= at:
            self._start -= shift
            self._busy -= shift
        self._end = end


def stream_id_of(stream_id):
    """stream_id, str or bytes, as the bytes that go into JSON; None for one that must not."""
    encoded = stream_id if isinstance(stream_id, bytes) else stream_id.encode()
    if (
        0 < len(encoded) <= 64
        and b'"' not in encoded
        and b"\\" not in encoded
        and min(encoded) >= 32
        and bad_utf8(encoded, 0, len(encoded), 0) < 0
    ):
        return encoded


def is_value(value, null=False, depth=_DEPTH):
    """True for what json.dumps() makes JSON from, and the platform takes: MicroPython's makes something of anything.
    null: None may be in it, and tuples, as in a reply, which is only text to the platform."""
    if isinstance(value, (dict, list)) or null and isinstance(value, tuple):
        if isinstance(value, dict):
            for key in value:
                if not key or not isinstance(key, str):
                    return False
            value = value.values()
        if not depth:
            return False
        for inner in value:
            if not is_value(inner, null, depth - 1):
                return False
        return True
    if isinstance(value, float):
        return value - value == 0  # neither infinite nor NaN
    if isinstance(value, int):
        return value >> 63 in (0, -1)
    return isinstance(value, (str, bool)) or null and value is None  # a bool is no int on a board
