"""OneNET's current dialect for products with data streams: data points, and commands as text.

All topics lie below $sys/{product id}/{device name}/. Points go to dp/post/json, and come back as accepted or rejected;
a command comes on cmd/request/{id} and is answered on cmd/response/{id}.
"""

import json
from micropython import const

from mqtt.wire import append

from .current import Current, is_known, number_in, put, put_digits, put_groups, put_seconds, put_value

_FRESH = const(5)  # seconds
_MOST = const(100)  # points in one message: putting those of a stream together takes time that grows with the square
_END = const(0x7D)
_MOST_REPLY = const(1023)  # bytes: "under 1 KB"

# Bytes around ids and values, as write() puts them
_ENVELOPE = const(6 + 5 + 7 + 2)  # and a comma too many with the first group
_GROUP = const(6)  # and a comma too many with its first value
_VALUE = const(7)
_TIME = const(15)


class Points:
    """The oldest data points of an outbox as one message, which it writes into the transmit buffer itself; points of
    the same stream go together.

    Outbox and clock: as for legacy.Points. `id` is the message's. What gather() took stays the payload until the next
    gather(): the same packet can be sent again.
    """

    def __init__(self, outbox, clock, room):
        """room: bytes a payload may have."""
        self._outbox = outbox
        self._clock = clock
        self._room = room
        self._size = 0
        self._count = 0
        self._timed = False
        self.id = 10000  # five digits, so that all messages have the same frame

    def fits(self, id_len, value_len):
        """True if a data point of these sizes can be sent at all."""
        return _ENVELOPE - 1 + _GROUP - 1 + _VALUE + _TIME + id_len + value_len <= self._room

    def gather(self, most=0):
        """Takes as many records as fit and belong together, but not more than 100, nor than `most` unless that is 0;
        returns their count.

        Those that have waited go with their times, and what is fresh after them. For fresh ones alone the platform's
        clock is better: its times are of whole seconds, and two values of a stream with the same time are one to it. So
        each stream is there at most once then, and where nobody knows the time.
        """
        outbox = self._outbox
        clock = self._clock
        outbox.rewind()
        self.id = self.id + 1 if self.id < 99999 else 10000
        self._count = 0
        size = _ENVELOPE - 1
        while outbox.next():
            again = is_known(outbox, self._count)
            when = clock.true_time(outbox.time)
            waited = when and clock.now() - when > _FRESH
            if not self._count:
                self._timed = waited
            if (again or waited) and not self._timed:
                break
            size += _VALUE + outbox.value_len
            if not again:
                size += _GROUP - 1 + outbox.id_len
            if when and self._timed:
                size += _TIME
            if size > self._room:
                break
            self._size = size
            self._count += 1
            if self._count == most or self._count == _MOST:
                break
        return self._count

    def __len__(self):
        return self._size

    def write(self, buf, at):
        at = append(buf, at, b'{"id":')
        at = append(buf, put_digits(buf, at, self.id, 5), b',"dp":{')
        return put(buf, put(buf, put_groups(self, buf, at, False), _END), _END)

    def _put(self, buf, at, i):
        """Writes the value of the outbox's record."""
        outbox = self._outbox
        at = put_value(outbox, buf, at, b'{"v":')
        when = self._timed and self._clock.true_time(outbox.time)
        if when:
            at = put_seconds(buf, append(buf, at, b',"t":'), when)
        return put(buf, at, _END)


class Streams(Current):
    """A device of a product with data streams. on_command is called with the command's id in place of a topic, and each
    wants one reply()."""

    _BELOW = b""
    _POST = b"dp/post/json"
    _FILTERS = b"dp/post/json/+", b"cmd/request/+"

    def reply(self, command_id, payload):
        """Answers a command, with QoS 1; returns the packet identifier."""
        payload = payload.encode() if isinstance(payload, str) else payload
        if len(payload) > _MOST_REPLY:
            payload = b"error: the reply has %d bytes; up to %d are possible" % (len(payload), _MOST_REPLY)
        return self.post(b"cmd/response/" + command_id, payload)

    def _message(self, topic, payload, qos, retain):
        points = self._points
        if points and len(topic) == len(self._topic) + 9 and topic[-8] == 0x61:  # .../accepted
            if number_in(payload, b'"id"') == points.id:
                return self._decided(200, None)
        n = len(self._base)
        what = bytes(topic[n:])
        if bytes(topic[:n]) != self._base:
            self.ignored += 1
        elif what == b"dp/post/json/rejected":
            self._refused(payload)
        elif self.on_command and what[:12] == b"cmd/request/":
            self.on_command(what[12:], bytes(payload))
        else:
            self.ignored += 1

    def _refused(self, payload):
        """The post under way is refused, where it is that: -1 stands for an id that the platform could not read."""
        try:
            reply = json.loads(bytes(payload))
            if self._points and reply["id"] in (self._points.id, -1):
                return self._decided(int(reply["err_code"]), reply.get("err_msg"))
        except (ValueError, TypeError, KeyError, OverflowError, AttributeError):
            pass
        self.ignored += 1
