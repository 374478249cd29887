"""OneNET's current dialect for products with a thing model (OneJSON): properties, events, services, desired values.

Device name, product id and a token are client id, user name and password of CONNECT. All topics lie below
$sys/{product id}/{device name}/thing/, which one subscription covers. What a device posts bears an id, and a reply with
that id and code 200 says that the platform has taken it; PUBACK only says that it has come.
"""

import json
from micropython import const

from mqtt.client import Client
from mqtt.connection import ticks_ms
from mqtt.errors import SubscribeError
from mqtt.wire import append, copy, header

HOSTS = "%s.mqtts.acc.cmcconenet.cn", "mqtts.heclouds.com"  # the product's own, and the one for all
PORT = 1883
KEEP_ALIVE = 120  # seconds, of 10 to 1800

PROPERTIES, EVENTS, HISTORY = 0, 1, 2  # what a Points holds
_POSTS = b"property/post", b"event/post", b"history/post"
_EVENT = const(1)  # first byte of the id of an event in the outbox

_FRESH = const(5)  # seconds
_MOST = const(100)  # points in one history/post
_PATIENCE = const(10000)  # ms for the reply to a post
_TICKS = const(0x3FFFFFFF)

# Bytes around ids and values, as write() puts them
_ENVELOPE = const(7 + 5 + 27 + 1)
_POSTED = const(14)  # a comma too many with the first one
_SECTION = const(14)  # of properties in a history/post; that of events is 4 shorter
_GROUP = const(5)
_TIMED = const(32)


class Points:
    """The oldest data points and events of an outbox as one message, which it writes into the transmit buffer itself.

    Outbox and clock: as for legacy.Points; an event is a record whose id begins with the byte 1. `kind` tells what the
    message is: properties or events of now, each at most once, or history: those that have waited, with their times.
    `id` is the message's. What gather() took stays the payload until the next gather(): the same packet can be sent
    again.
    """

    def __init__(self, outbox, clock, room):
        """room: bytes a payload may have."""
        self._outbox = outbox
        self._clock = clock
        self._room = room
        self._size = 0
        self._count = 0
        self._second = self._ms = 0  # of the last point of a history; ms that the first one of this gets
        self.kind = PROPERTIES
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
        self._count = 0
        sections = 0
        size = _ENVELOPE
        while outbox.next():
            kind = self._kind()
            if not self._count:
                self.kind = kind
                size += 4 if kind == HISTORY else 1  # no comma before the first
                if outbox.time != self._second:
                    self._ms = 0
            known = self._known(self._count)
            if kind != self.kind or known and kind != HISTORY:
                break
            self._second = outbox.time
            event = outbox.buf[outbox.id_at] == _EVENT
            size += outbox.value_len
            if not known:
                size += outbox.id_len - event
            if kind != HISTORY:
                size += _POSTED
            else:
                size += _TIMED
                if not known:
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
        return self._count

    def _kind(self):
        """Of the message that the outbox's record belongs into: what is fresh goes with what has waited before it."""
        when = self._clock.true(self._outbox.time)
        if when and (self._count and self.kind == HISTORY or self._clock.now() - when > _FRESH):
            return HISTORY
        return EVENTS if self._outbox.buf[self._outbox.id_at] == _EVENT else PROPERTIES

    def _known(self, n):
        """Whether one of the first n records has the id of the record that comes after them, where the outbox is
        afterwards, as before."""
        outbox = self._outbox
        at = outbox.id_at
        size = outbox.id_len
        known = False
        outbox.rewind()
        for _ in range(n):
            outbox.next()
            known = known or self._is(at, size)
        outbox.next()
        return known

    def _is(self, at, size):
        """Whether the outbox's record has the id that lies at `at`."""
        outbox = self._outbox
        if outbox.id_len != size:
            return False
        buf = outbox.buf
        mine = outbox.id_at
        for i in range(size):
            if buf[at + i] != buf[mine + i]:
                return False
        return True

    def __len__(self):
        return self._size

    def write(self, buf, at):
        at = append(buf, at, b'{"id":"')
        at = _digits(buf, at, self.id, 5)
        at = append(buf, at, b'","version":"1.0","params":')
        if self.kind == HISTORY:
            at = append(buf, at, b"[{")
            begin = at
            at = self._section(buf, at, 0, b'"properties":{')
            at = self._section(buf, at, 1, b',"events":{' if at > begin else b'"events":{')
            return append(buf, at, b"}]}")
        outbox = self._outbox
        outbox.rewind()
        for i in range(self._count):
            outbox.next()
            at = append(buf, at, b',"' if i else b'{"')
            at = self._id(buf, at)
            at = append(buf, at, b'":{"value":')
            at = copy(buf, at, outbox.buf, outbox.value_at, outbox.value_len)
            at = append(buf, at, b"}")
        return append(buf, at, b"}}")

    def _id(self, buf, at):
        """Writes the id of the outbox's record."""
        outbox = self._outbox
        mark = 1 if outbox.buf[outbox.id_at] == _EVENT else 0
        return copy(buf, at, outbox.buf, outbox.id_at + mark, outbox.id_len - mark)

    def _section(self, buf, at, event, head):
        """Writes the values of all properties, or events, of a history, by their ids; nothing where there are none."""
        outbox = self._outbox
        begin = at
        for i in range(self._count):
            outbox.rewind()
            for _ in range(i + 1):
                outbox.next()
            if (outbox.buf[outbox.id_at] == _EVENT) != event or self._known(i):
                continue
            at = append(buf, at, b"," if at > begin else head)
            at = append(buf, at, b'"')
            at = self._id(buf, at)
            at = self._values(buf, append(buf, at, b'":['))
        return append(buf, at, b"}") if at > begin else at

    def _values(self, buf, at):
        """Writes all values of the id that the outbox's record has."""
        outbox = self._outbox
        id_at = outbox.id_at
        size = outbox.id_len
        outbox.rewind()
        begin = at
        for i in range(self._count):
            outbox.next()
            if self._is(id_at, size):
                at = append(buf, at, b',{"value":' if at > begin else b'{"value":')
                at = copy(buf, at, outbox.buf, outbox.value_at, outbox.value_len)
                at = append(buf, at, b',"time":')
                at = append(buf, _time(buf, at, self._clock.true(outbox.time), self._ms + i), b"}")
        return append(buf, at, b"]")


def _digits(buf, at, n, width):
    """Writes n in so many digits; returns where they end."""
    end = at + width
    i = end
    while i > at:
        i -= 1
        buf[i] = 48 + n % 10
        n //= 10
    return end


def _time(buf, at, seconds, ms):
    """Writes ms since 1970 for seconds since 2000 and some ms: piecewise, for 31 bits do not hold them. The ms are for
    the platform to tell values of the same second apart."""
    low = seconds % 10000 + 4800
    high = seconds // 10000 + 94668  # 946684800 s between them
    at = _digits(buf, at, high + low // 10000, 6)
    at = _digits(buf, at, low % 10000, 4)
    return _digits(buf, at, min(ms, 999), 3)


def _number(text, name):
    """The whole number that a JSON text has by this name (with its quotes), in quotes or not; -1 for none."""
    found = 0  # bytes of the name
    value = -1
    for byte in text:
        if found < len(name):
            found = found + 1 if byte == name[found] else 1 if byte == name[0] else 0
        elif 48 <= byte <= 57:
            value = (0 if value < 0 else value * 10) + byte - 48
        elif value >= 0 or byte not in b' \t\r\n:"':
            break
    return value


class _Everything:
    """The subscription to all that concerns the device, asked for on each connection. It stands in the place of
    mqtt.subscriptions, which is for any number of them, and has 2.4 KB with what it needs."""

    def __init__(self, client, topic_filter):
        self._client = client
        self._filter = topic_filter
        self._asked = self._missing = False

    def lost(self):
        """The server has no session of ours."""
        self._missing = not self._asked

    def _make_again(self):
        session = self._client.session
        if self._missing and not session.full():
            self._missing = False
            self._asked = True
            session.take(0x82, self._filter, _subscribe)

    def acknowledged(self, kind, packet_id, codes):
        """SUBACK came, with its codes."""
        if self._client.session.acknowledged(kind, packet_id):
            self._asked = False
            if codes is None or bytes(codes) != b"\0":
                raise SubscribeError("subscription refused: %s" % self._filter.decode())


def _subscribe(buf, packet_id, topic_filter):
    """Writes SUBSCRIBE [3.8] of one topic filter with QoS 0; returns its size."""
    n = len(topic_filter)
    at = header(buf, 0x82, n + 5)
    buf[at] = packet_id >> 8
    buf[at + 1] = packet_id & 0xFF
    buf[at + 2] = n >> 8
    buf[at + 3] = n & 0xFF
    at = append(buf, at + 4, topic_filter)
    buf[at] = 0
    return at + 1


class Studio:
    """A device on the platform: an mqtt.Client and the dialect it speaks.

    on_sent(id): the platform has taken the post of this id. on_refused(id, code, words): it has not; words: what it
    says, or None. on_command(topic, payload): what comes besides, both bytes, the topic without what all have in
    common: property/set, property/get and service/{id}/invoke, which want a reply(), and property/desired/get/reply.
    ignored: count of messages that belong to nothing.
    """

    def __init__(self, name, product_id, token, host=None, port=PORT, keepalive=KEEP_ALIVE, **options):
        """token: by onenet.token, of the device or of its product. host: the product's own if not given; options: those
        of mqtt.Client. No will, no QoS 2: the platform has neither."""
        self.client = Client(name, host or HOSTS[0] % product_id, port, product_id, token, keepalive, **options)
        self.client.on_message = self._message
        self.client.on_publish = self._published
        self.client.on_connect = self._connected
        self.on_command = self.on_sent = self.on_refused = self.on_connect = None
        self.ignored = 0
        self._base = base = ("$sys/%s/%s/thing/" % (product_id, name)).encode()
        self._usual = self._topic = base + _POSTS[PROPERTIES]  # of most posts, and of the one under way
        self._points = None  # what it has, until the platform has said what it thinks of that
        self._packet = 0  # its packet identifier, until PUBACK
        self._since = None  # ticks of PUBACK; None: it came on another connection, so that the reply is lost
        self._tries = 0
        self._code = 0  # the reply's, where that came before PUBACK
        self._words = None
        self.client._subscriptions = _Everything(self.client, base + b"#")

    def publish_points(self, points):
        """Publishes what a Points has gathered, with QoS 1; returns its id. It is under way until on_sent or
        on_refused."""
        kind = points.kind
        self._topic = topic = self._usual if kind == PROPERTIES else self._base + _POSTS[kind]
        self._points = points
        self._code = self._tries = 0
        self._packet = self.client.publish(topic, points, 1)
        return points.id

    def points_room(self, tx_size):
        """Bytes a Points may have with a transmit buffer of this size, which holds topic and header too."""
        return tx_size - len(self._base) - 22

    def forget(self, points_id):
        """Gives up the post that is under way, while there is no connection."""
        if self._packet:
            self.client.session.forget(self._packet)
        self._points = None
        self._packet = 0

    def turn(self):
        """To be called now and then while online: sends the post again where PUBACK came but no reply, up to three
        times; then PUBACK has to do."""
        if not self._points or self._packet:
            return
        if self._since is not None and (ticks_ms() - self._since) & _TICKS < _PATIENCE:
            return
        if self._tries == 2:
            self._decided(200, None)
        elif self.client.can_publish(1):
            self._tries += 1
            self._packet = self.client.publish(self._topic, self._points, 1)

    def post(self, topic, text):
        """Publishes text to a topic below the device's, with QoS 1, and returns the packet identifier: for what is no
        data point."""
        return self.client.publish(self._base + topic, text, 1)

    def reply(self, topic, text):
        """Answers what came to on_command with this topic; text: {"id": …, "code": 200, …} as JSON."""
        return self.post(topic + b"_reply", text)

    def _connected(self, session_present):
        self._since = None
        if self.on_connect:
            self.on_connect(session_present)

    def _published(self, packet_id):
        if packet_id == self._packet:
            self._packet = 0
            self._since = ticks_ms()
            if self._code:
                self._decided(self._code, self._words)

    def _message(self, topic, payload, qos, retain):
        points = self._points
        if points and len(topic) == len(self._topic) + 6 and topic[-1] == 0x79:  # .../reply
            if _number(payload, b'"id"') == points.id and _number(payload, b'"code"') == 200:
                return self._decided(200, None)
        n = len(self._base)
        what = bytes(topic[n:])
        if bytes(topic[:n]) != self._base or what.endswith(b"_reply"):
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
        except (ValueError, TypeError, KeyError):
            pass
        self.ignored += 1

    def _decided(self, code, words):
        """The platform has said what it thinks of the post, which is under way until PUBACK all the same: it would be
        sent again."""
        self._code = code
        self._words = words
        if self._packet:
            return
        points_id = self._points.id
        self._points = None
        if code == 200:
            if self.on_sent:
                self.on_sent(points_id)
        elif self.on_refused:
            self.on_refused(points_id, code, words)
