"""OneNET's current dialect for products with a thing model (OneJSON): properties, events, services, desired values.

All topics lie below $sys/{product id}/{device name}/thing/, which one subscription covers. What the platform answers
has a code, 200 for yes.
"""

import json
from micropython import const

from mqtt.wire import append

from .current import Current, is_known, number_in, put, put_digits, put_groups, put_id, put_seconds, put_value

# What a Points holds
_PROPERTIES = const(0)
_EVENTS = const(1)
_HISTORY = const(2)
_POSTS = b"property/post", b"event/post", b"history/post"
_EVENT = const(1)  # first byte of the id of an event in the outbox
_REPLY = b"_reply"  # at the end of the topic that answers a request

_COMMA = const(0x2C)
_QUOTE = const(0x22)
_OBJECT = const(0x7B)
_END = const(0x7D)

_FRESH = const(5)  # seconds
_MOST = const(100)  # points in one history/post

# Bytes around ids and values, as write() puts them
_ENVELOPE = const(7 + 5 + 27 + 1)
_POSTED = const(14)  # a comma too many with the first one
_SECTION = const(14)  # of properties in a history/post; that of events is 4 shorter
_GROUP = const(5)
_TIMED = const(32)


class Points:
    """The oldest data points and events of an outbox as one message, which it writes into the transmit buffer itself.

    Outbox and clock: as for legacy.Points; an event is a record whose id begins with the byte 1. `kind` tells what the
    message is: 0 properties, or 1 events, of now, each at most once; 2 history: those that have waited, with their
    times. `id` is the message's. What gather() took stays the payload until the next gather(): the same packet can be
    sent again.
    """

    def __init__(self, outbox, clock, room):
        """room: bytes a payload may have."""
        self._outbox = outbox
        self._clock = clock
        self._room = room
        self._size = 0
        self._count = 0
        self._ms = 0  # that the message's first point gets in a history
        self._behind = False  # since the last history more has waited: it goes with its times, too, to stay in order
        self.kind = _PROPERTIES
        self.id = 10000  # five digits, so that all messages have the same frame

    def fits(self, id_len, value_len):
        """True if a data point of these sizes can be sent at all."""
        return _ENVELOPE + 4 + _SECTION + _GROUP + _TIMED + id_len + value_len <= self._room

    def gather(self, most=0):
        """Takes as many records as fit and belong together, but not more than `most` unless that is 0; returns their
        count. Those whose time nobody knows are taken for fresh."""
        outbox = self._outbox
        outbox.rewind()
        self.id = self.id + 1 if self.id < 99999 else 10000
        self._ms += self._count
        if self._ms > 999 - _MOST:
            self._ms = 0
        self._count = 0
        sections = 0
        size = _ENVELOPE
        while outbox.next():
            kind = self._kind()
            if not self._count:
                self.kind = kind
                self._behind = kind == _HISTORY
                size += 4 if kind == _HISTORY else 1  # no comma before the first
            again = is_known(outbox, self._count)
            if kind != self.kind or again and kind != _HISTORY:
                break
            event = outbox.buf[outbox.id_at] == _EVENT
            size += outbox.value_len
            if not again:
                size += outbox.id_len - event
            if kind != _HISTORY:
                size += _POSTED
            else:
                size += _TIMED
                if not again:
                    size += _GROUP
                if not sections & 1 << event:
                    size += _SECTION - 4 * event + (sections > 0)
                    sections |= 1 << event
            if size > self._room:
                break
            self._size = size
            self._count += 1
            if self._count == most or self._count == _MOST:
                break
        else:
            self._behind = False
        return self._count

    def _kind(self):
        """Of the message that the outbox's record belongs into: what is fresh goes with or after what has waited before
        it, with its time."""
        when = self._clock.true_time(self._outbox.time)
        if when and (self._behind or self._clock.now() - when > _FRESH):
            return _HISTORY
        return _EVENTS if self._outbox.buf[self._outbox.id_at] == _EVENT else _PROPERTIES

    def __len__(self):
        return self._size

    def write(self, buf, at):
        at = append(buf, at, b'{"id":"     ","version":"1.0","params":')
        put_digits(buf, at - 32, self.id, 5)
        if self.kind == _HISTORY:
            at = append(buf, at, b"[{")
            begin = at
            at = self._section(buf, at, begin, 0, b'"properties":{')
            at = self._section(buf, at, begin, 1, b'"events":{')
            return append(buf, at, b"}]}")
        outbox = self._outbox
        outbox.rewind()
        for i in range(self._count):
            outbox.next()
            at = put(buf, put(buf, at, _COMMA if i else _OBJECT), _QUOTE)
            at = put_value(outbox, buf, put_id(outbox, buf, at), b'":{"value":')
            at = put(buf, at, _END)
        return put(buf, put(buf, at, _END), _END)

    def _section(self, buf, at, begin, event, head):
        """Writes all properties, or events, of a history, which begins at `begin`; nothing where there are none."""
        start = at + (at > begin) + len(head)
        end = put_groups(self, buf, start, event)
        if end == start:
            return at
        if at > begin:
            at = put(buf, at, _COMMA)
        append(buf, at, head)
        return put(buf, end, _END)

    def _put(self, buf, at, i):
        """Writes one value of a history, the outbox's record, which is the message's i-th. ms are there for the
        platform to tell values of the same second apart, which may go in several messages, with others in between."""
        outbox = self._outbox
        at = append(buf, put_value(outbox, buf, at, b'{"value":'), b',"time":')
        at = put_seconds(buf, at, self._clock.true_time(outbox.time))
        return put(buf, put_digits(buf, at, self._ms + i, 3), _END)


class Studio(Current):
    """A device of a product with a thing model.

    The topics on_command is called with lack what all have in common: they are property/set, property/get and
    service/{id}/invoke, which want a reply(), and property/desired/get/reply.
    """

    _BELOW = b"thing/"
    _POST = _POSTS[_PROPERTIES]
    _FILTERS = (b"#",)

    def publish_points(self, points):
        kind = points.kind
        self._topic = self._usual if kind == _PROPERTIES else self._base + _POSTS[kind]
        return Current.publish_points(self, points)

    def reply(self, topic, text):
        """Answers what came to on_command with this topic; text: {"id": …, "code": 200, …} as JSON."""
        return self.post(topic + _REPLY, text)

    def _message(self, topic, payload, qos, retain):
        points = self._points
        if points and len(topic) == len(self._topic) + 6 and topic[-1] == 0x79:  # .../reply
            if number_in(payload, b'"id"') == points.id and number_in(payload, b'"code"') == 200:
                return self._decided(200, None)
        n = len(self._base)
        what = bytes(topic[n:])
        if bytes(topic[:n]) != self._base or what.endswith(_REPLY):
            self.ignored += 1
        elif what.endswith(b"post/reply"):
            self._refused(payload)
        elif self.on_command and (what[:9] == b"property/" or what[:8] == b"service/"):
            self.on_command(what, bytes(payload))
        else:
            self.ignored += 1

    def _refused(self, payload):
        """A reply to a post, and none that says yes to the one under way."""
        try:
            reply = json.loads(bytes(payload))
            code = int(reply["code"])
            if self._points and int(reply["id"]) == self._points.id:
                return self._decided(code, reply.get("msg") or reply.get("message"))
        except (ValueError, TypeError, KeyError, OverflowError):
            pass
        self.ignored += 1
