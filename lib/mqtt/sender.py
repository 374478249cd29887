"""Sending: makes packets and gives them to the connection, each in one visit to the transmit buffer where it fits.

A PUBLISH whose topic and payload are bytes is Client.publish()'s own: one function of wire builds it. What is anything
else, too long for the buffer, or has to wait takes the way round, which is here. What is to be acknowledged goes
through a slot of the session.
"""

from micropython import const

from .connection import POLLIN, POLLOUT, Connection, ticks_ms
from .errors import ConnectionClosed, MQTTError, Timeout, borrowed
from .wire import copy, four_bytes, header, publish_header

_BYTES = (bytes, bytearray, memoryview)

_WAITS = (None, "TCP connect", "no CONNACK", "send stalled")  # by state
_ONLINE = const(3)
_TICKS = const(0x3FFFFFFF)

# In a slot of the session
_WORD = const(0)  # stage << 24 | packet identifier << 8 | first byte
_RELEASED = const(4)
_TOPIC = const(1)
_PAYLOAD = const(2)


class Sender(Connection):
    """Whoever builds on this has loop(), which runs the connection."""

    def _check(self, first, topic, payload):
        """Refuses, before it takes a slot, what could never be sent."""
        n = len(payload)
        if publish_header(b"", first | 0x100, topic, n) < 0:
            _refuse(first >> 1 & ~0x18, topic, n)
        if isinstance(payload, _BYTES):
            n = 0  # can be sent from where it is
            if type(payload) is memoryview:
                _check_view(payload, self._parser)
        elif not hasattr(payload, "write"):
            raise TypeError("payload: must be str or bytes")
        self._check_size(len(topic) + n + 9)

    def _check_size(self, size):
        if size > len(self._tx):
            raise ValueError("buffer: needs %d bytes, tx_size is %d" % (size, len(self._tx)))

    def _request(self, first, filters, build):
        """Sends what build(buf, packet_id, filters) makes of the filters: for Subscriptions."""
        self._check_size(build(None, 1, filters))
        return self._take(first, filters, build)

    def _keep(self, first, topic, payload):
        """Takes a slot for a PUBLISH with QoS 1 or 2, whatever its topic and payload are made of, and sends it as soon
        as it can."""
        if isinstance(payload, str):
            payload = payload.encode()
        if isinstance(topic, str):
            topic = topic.encode()
        self._check(first, topic, payload)
        return self._take(first, bytes(topic), payload)  # which, of bytes, is no copy

    def _take(self, first, topic, payload):
        while self.session.full():
            if self._inside or not self._sock:
                raise MQTTError("window full")
            self.loop(1000)  # type: ignore[attr-defined]
        packet_id = self.session.take(first, topic, payload)
        self._pump()  # the next loop() raises the reason if this fails: it is safe in its slot
        return packet_id

    def _pump(self):
        """Sends what is due, as long as each packet leaves at once."""
        session = self.session
        while self._out is None and self._sock:
            owed = session.owed
            if owed:
                session.owed = 0
                self._acknowledge(owed)
            elif session.unsent and self.state == _ONLINE:
                self._send_slot(session.next())
            else:
                return

    def _acknowledge(self, word):
        """word: first byte << 16 | packet identifier."""
        if self._gathering:
            self._gather(False)
        self.session.sent = ticks_ms()  # type: ignore[assignment]
        self._send(four_bytes(self._tx, word >> 16, word & 0xFFFF))

    def _send_slot(self, slot):
        self.session.went(slot, ticks_ms())  # before the write: half a packet sent is sent, the next time a duplicate
        word = slot[_WORD]
        if word >> 24 == _RELEASED:
            return self._acknowledge(0x620000 | word >> 8 & 0xFFFF)
        if self._gathering:
            self._gather(False)
        if word & 0x80:
            return self._send(slot[_PAYLOAD](self._tx, word >> 8 & 0xFFFF, slot[_TOPIC]))
        self._publish(word & 0xFFFFFF, slot[_TOPIC], slot[_PAYLOAD])

    def _publish_carefully(self, first, topic, payload):
        """A PUBLISH with QoS 0, whatever its topic and payload are made of and whatever is in the way."""
        if self._out is not None:
            self._drain()  # which may find the connection gone
        if self.state != _ONLINE:
            raise ConnectionClosed("not connected")
        if not self._gathering:
            self._gather(True)
        if isinstance(topic, str):
            topic = topic.encode()
        self._publish(first, topic, payload)
        if self._failure:
            self._raise()
        return 0

    def _publish(self, head, topic, payload):
        n = self._build(head, topic, payload)
        self.session.sent = ticks_ms()  # type: ignore[assignment]
        self._send(n)

    def _build(self, head, topic, payload):
        """Puts a PUBLISH into the transmit buffer, of a payload that is no bytes or too long for it; returns where it
        ends there."""
        if isinstance(payload, str):
            payload = payload.encode()
        at = publish_header(self._tx, head, topic, len(payload))
        if head < 0x100 or at < 0:  # QoS 0: not checked yet
            self._check(head & 0xFF, topic, payload)
        if not isinstance(payload, _BYTES):
            self._check_size(at + len(payload))
            payload.write(self._tx, at)
            return at + len(payload)
        self._body_at = min(len(payload), len(self._tx) - at)
        if self._body_at < len(payload):
            self._body = payload
            if self._gathering:
                self._gather(False)
        return copy(self._tx, at, payload, 0, self._body_at)

    def _drain(self):
        """Waits until what is being sent has gone; timeout ms without progress are too long. In a callback what comes
        meanwhile is only kept, as far as there is room for it: a server may read no further until we have read."""
        while self._out is not None:
            if not self._inside:
                self.loop(1000)  # type: ignore[attr-defined]
                continue
            self._poll_for(POLLOUT if self._at < self._end else POLLIN | POLLOUT)
            if self._wait(self.session._longest) & ~POLLOUT and self._at == self._end:
                self._read()
            self._flush()
            if self._sock:
                self._check_deadlines(False)

    # Deadlines

    def _check_deadlines(self, idle):
        """idle: nothing is left to be read, so what has not come is late."""
        now = ticks_ms()
        if not self._sock:
            return
        if self.state != _ONLINE or self._out is not None:
            if (now - self._since) & _TICKS >= self.session.timeout:  # type: ignore[operator]
                self._fail(Timeout(_WAITS[self.state]))
            return
        if idle:
            self._check_waits(now)
        if self._sock and self.session.ping_due(now):
            self.session.pinged(now)
            self._send(header(self._tx, 0xC0, 0))

    def _check_waits(self, now):
        if self._parser.first:
            if (now - self.session.heard) & _TICKS >= self.session.timeout:
                self._fail(Timeout("rest of a packet"))
            return
        words = self.session.late(now)
        if words:
            self._fail(Timeout(words))


def _refuse(qos, topic, n):
    borrowed("mqtt.connect").check_publish(None, topic, n, qos, 1)


def _check_view(payload, parsed):
    if len(bytes(payload[:1])) > 1:  # MicroPython has no itemsize
        raise ValueError("payload: a memoryview's items must be bytes")
    if payload is parsed.topic or payload is parsed.payload:
        raise ValueError("payload: what was received will be overwritten; publish bytes(payload)")
