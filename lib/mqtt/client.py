"""The client: what a program calls, and what it does about each packet. Runs on MicroPython and CPython.

loop() does a bounded piece of work and returns: at most one read, the packets in it, and what is due to be sent. Each
wait has a deadline. A failure closes the connection, is told to on_disconnect and raised; the session keeps what was
not acknowledged and sends it again on the next connection.
"""

from micropython import const

from . import borrowed
from .connection import (
    CONNECTING,
    OFFLINE,
    ONLINE,
    OPENING,
    POLLIN,
    POLLOUT,
    Connection,
    ticks_ms,
)  # fmt: skip
from .errors import ConnectionClosed, MQTTError, ProtocolError, Timeout
from .parser import Parser
from .session import Session
from .wire import copy, four_bytes, header, publish, publish_header

_BYTES = (bytes, bytearray, memoryview)
_WAITS = (None, "TCP connect", "no CONNACK", "send stalled")  # by state

_TICKS = const(0x3FFFFFFF)

# In a slot of the session
_FIRST = const(1)
_ID = const(2)
_TOPIC = const(3)
_PAYLOAD = const(4)


class Client(Connection):
    """A client of one MQTT 3.1.1 server.

    Set the callbacks you want before connect(); topic, payload and codes are memoryviews, valid during the call:
    on_connect(session_present), on_disconnect(reason: an exception, or None after disconnect()),
    on_publish(packet_id) when a QoS 1 or 2 message is acknowledged, on_message(topic, payload, qos, retain),
    on_oversize(topic, size) for a message longer than the receive buffer, on_unsubscribe(packet_id),
    on_subscribe(packet_id, codes), codes being the QoS granted, 0x80 for a refusal, for each filter.
    """

    def __init__(
        self, client_id, host, port=1883, username=None, password=None, keepalive=60, clean_session=True, will=None,
        ssl=None, server_hostname=None, timeout=10000, tx_size=512, rx_size=512, window=4,
    ):  # fmt: skip
        """
        keepalive: seconds, 0 for none. will: (topic, payload, qos, retain). ssl: an ssl.SSLContext for TLS;
        server_hostname: the name its certificate must bear, host if not given. timeout: ms that connecting, CONNACK,
        sending, the rest of a packet or an acknowledgement may each take. tx_size, rx_size: bytes of the buffers:
        a longer payload is sent from where it is, a longer message is drained and told to on_oversize.
        window: packets sent and not yet acknowledged at once. ValueError for what CONNECT can't carry.
        """
        if tx_size < 16:
            raise ValueError("buffer: tx_size must be 16 or more")
        super().__init__(tx_size, min(rx_size, 256), Session(keepalive * 1000, window, timeout))
        self._parser = Parser(rx_size)
        self.host = host
        self.port = port
        self.timeout = timeout
        self.oversized = 0  # messages too long for the receive buffer
        self.online_since = None
        self.stopped = False  # disconnect() was called
        self.on_connect = self.on_disconnect = self.on_publish = self.on_subscribe = self.on_unsubscribe = None
        self.on_message = self.on_oversize = None
        self._ssl = ssl
        self._server_hostname = server_hostname or host
        self._good = None  # host, port, and the address that led to CONNACK
        self._handshake = None  # the module, while it is needed
        self._inside = False  # in loop(), so perhaps in a callback
        self.reason = None  # why the last connection was lost
        self._failure = None  # the same, until it is raised
        self._longest = min(1000, keepalive * 125) or 1000  # ms the loop may sleep and still be in time to ping
        self._subscriptions = None  # until there is one
        self._clean_session = clean_session
        self._fields = (client_id, keepalive, will or (None,))  # of CONNECT, which are not to change
        self.credentials(username, password)

    def credentials(self, username, password):
        """Sets user name and password for the next connection, str or bytes, None for none."""
        client_id, keepalive, will = self._fields
        fields = (client_id, username, password, keepalive, self._clean_session) + tuple(will)
        packet = borrowed("mqtt.packet")
        self._connect = bytearray(packet.connect(None, *fields))
        packet.connect(self._connect, *fields)

    # Connecting

    def connect(self):
        """Connects and waits for CONNACK; returns session_present. Raises ConnectionRefused and what loop() does."""
        self.start()
        while self.state != ONLINE:
            self.loop(1000)
        return self._parser.session_present

    def reconnect(self):
        """Drops the connection, if there is one, without DISCONNECT and connects anew."""
        self.close()
        return self.connect()

    def start(self):
        """Starts to connect and returns; loop() does the rest, `state` and on_connect tell.

        The name is looked up, which is the one thing here that may block, unless the address is known that was good
        last; only if that one fails is the name looked up, in loop(). Raises what loop() does.
        """
        if self._sock:
            raise MQTTError("already connected")
        self._handshake = borrowed("mqtt.handshake")
        self._handshake.start(self)
        self._raise()

    def connected(self):
        """True from start() on until the connection is closed; `state` is ONLINE once the server has accepted it."""
        return self._sock is not None

    def close(self):
        """Closes the connection without a word to the server, which will then publish the will."""
        if self._sock:
            self._shut()
            self.state = OFFLINE
            self.session.lost()

    def _fail(self, reason):
        """Closes the connection, for whoever is on the way to see that it is gone; _raise() says why."""
        state = self.state
        self.close()
        (self._handshake or borrowed("mqtt.handshake")).failed(self, state, reason)

    def _ended(self):
        self._fail(ConnectionClosed("by the server" if self.state == ONLINE else "by the server, before CONNACK"))

    def _lost(self, reason):
        """There is no connection, and nothing more to try."""
        self._handshake = None
        self.reason = self._failure = reason
        if self.on_disconnect:
            self.on_disconnect(reason)

    def _raise(self):
        reason = self._failure
        if reason:
            self._failure = None
            raise reason

    def disconnect(self):
        """Says DISCONNECT, so that the server drops the will [MQTT-3.14.4-3], and closes. Waits until it is sent, and
        before it the acknowledgement of the message in whose callback this is called."""
        self.stopped = True
        if self.state == ONLINE:
            self._drain()
            if self.session.owed:
                self._acknowledge(self.session.owed)
                self._drain()
        if self.state == ONLINE:
            self._send(self._tx, header(self._tx, 0xE0, 0))
            self._drain()
        self._failure = None
        if self._sock:
            self.close()
            if self.on_disconnect:
                self.on_disconnect(None)

    # Publishing and subscribing

    def publish(self, topic, payload=b"", qos=0, retain=False):
        """Publishes; returns the packet identifier, 0 for QoS 0.

        topic and payload: str or bytes-like; or payload is an object with len() and write(buf, at), which writes that
        many bytes into the transmit buffer. For QoS 1 and 2 both are kept, not copied: leave them as they are until
        on_publish. They may be given while offline, if can_publish(1); QoS 0 needs a connection. Where the window is
        full or the last packet not gone, this waits, timeout ms at most; a callback must look at can_publish() first.
        Raises ValueError, TypeError, and what loop() does.
        """
        if type(topic) is not bytes:
            topic = _as_topic(topic)
        if qos:
            return self._keep(qos << 1 | (0x31 if retain else 0x30), topic, payload)
        if self.state != ONLINE:
            raise ConnectionClosed("not connected")
        if self._out is not None:
            self._drain()
        if not self._gathering:
            self._gather(True)
        self._publish(0x31 if retain else 0x30, topic, payload)
        if self._failure:
            self._raise()
        return 0

    def can_publish(self, qos=0):
        """True where publish() would not wait."""
        if qos:
            return not self.session.full()
        return self.state == ONLINE and self._out is None

    def subscribe(self, filters, qos=0):
        """Subscribes to one topic filter, or to a list of (topic filter, QoS); returns the packet identifier.

        on_subscribe tells what was granted; without it, a refusal is a SubscribeError from loop(). What was granted is
        subscribed to again on every connection to a server that has no session of ours. Waits like publish().
        """
        return self._subscribing().subscribe(filters, qos)

    def unsubscribe(self, filters):
        """Unsubscribes from one topic filter or a list of them; returns the packet identifier. Waits like publish()."""
        return self._subscribing().unsubscribe(filters)

    def _subscribing(self):
        if not self._subscriptions:
            from .subscriptions import Subscriptions

            self._subscriptions = Subscriptions(self)
        return self._subscriptions

    def request(self, first, filters, build):
        """Sends what build(buf, packet_id, filters) makes of the filters: for Subscriptions."""
        self._check_size(build(None, 1, filters))
        return self._take(first, filters, build)

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

    def _keep(self, first, topic, payload):
        """Takes a slot for a PUBLISH with QoS 1 or 2, and sends it if it can."""
        if type(payload) is str:
            payload = payload.encode()
        if type(payload) is bytes and self._out is None and self.session.ready():
            n = publish(self._tx, self.session.next_id() << 8 | first, topic, payload)
            if n > 0:
                return self._take_built(first, topic, payload, n)
        self._check(first, topic, payload)
        return self._take(first, topic, payload)

    def _take_built(self, first, topic, payload, n):
        """The packet is in the transmit buffer already."""
        first = self.session.take(first, topic, payload)
        if self.state == ONLINE:
            if self._gathering:
                self._gather(False)
            self.session.went(first, ticks_ms())
            self._send(self._tx, n)
        return first[_ID]

    def _take(self, first, topic, payload):
        while self.session.full():
            if self._inside or not self._sock:
                raise MQTTError("window full")
            self.loop(1000)
        packet_id = self.session.take(first, topic, payload)[_ID]
        self._pump()  # the next loop() raises the reason if this fails: it is safe in its slot
        return packet_id

    # The loop

    def loop(self, timeout_ms=0):
        """Waits for the network, timeout_ms or a second at most, and does what is due; returns True while connected.

        Call it often, several times within the keep alive. Raises the reason when the connection is lost or refused:
        an MQTTError or OSError. An exception of a callback passes through and does no harm.
        """
        if self._inside:
            raise MQTTError("loop() called in a callback")
        if not self._sock:
            self._raise()
            self.reason = ConnectionClosed("not connected")
            raise self.reason
        self._inside = True
        try:
            self._round(timeout_ms)
        finally:
            self._inside = False
        if self._failure:
            self._raise()
        return self._sock is not None

    def loop_forever(self):
        """Stays connected: loops, and connects again after a pause that grows, until disconnect() is called.

        on_disconnect tells what happened. Refused credentials are tried again too, slowly.
        """
        from .forever import stay_connected

        self.stopped = False
        stay_connected(self)

    def _round(self, timeout_ms):
        if timeout_ms > self._longest:
            timeout_ms = self._longest
        if timeout_ms < 0 or self._at < self._end and not self._held():
            timeout_ms = 0
        events = self._wait(timeout_ms)
        if self.state == OPENING:
            if events:
                self._handshake.opened(self)
        elif self._out is not None:
            self._flush()
        idle = True
        if events & ~POLLOUT and self._at == self._end and self._sock and self.state != OPENING:
            idle = not self._read()
        self._take_in()
        if self._sock:
            self._check_deadlines(idle)

    def _held(self):
        """True while an acknowledgement is owed and what is being sent keeps it from going: then nothing is taken in,
        and the loop is not to be woken by what it can't take in."""
        if self._out is None or not self.session.owed:
            return False
        self._poll_for(POLLOUT)
        return True

    def _take_in(self):
        """Takes in what was read, packet by packet; what a packet asks us to send goes out before the next."""
        try:
            self._parse()
        except ProtocolError:
            self._fail(self._parser.error)

    def _parse(self):
        session = self.session
        while self._sock:
            if session.owed or session.unsent:
                self._pump()
                if session.owed:
                    return
            if self._at == self._end:
                return
            self._at = self._parser.feed(self._rx, self._at, self._end)
            if self._parser.type:
                self._handle(self._parser.type)

    def _handle(self, kind):
        parsed = self._parser
        session = self.session
        if (kind == 2) != (self.state == CONNECTING):  # [MQTT-3.2.0-1]
            self._fail(ProtocolError("packet type %d: before CONNACK, or CONNACK again" % kind, 0))
        elif kind == 3:
            if session.message(parsed.qos, parsed.packet_id):
                if parsed.oversize:
                    self.oversized += 1
                    if self.on_oversize:
                        self.on_oversize(parsed.topic, parsed.size)
                elif self.on_message:
                    self.on_message(parsed.topic, parsed.payload, parsed.qos, parsed.retain)
        elif kind == 2:
            self._handshake.accepted(self)
        elif kind == 6:
            session.release(parsed.packet_id)
        elif kind == 13:
            session.pinging = False
        elif kind > 8:
            self._subscribing().acknowledged(kind, parsed.packet_id, parsed.codes if kind == 9 else None)
        elif session.acknowledged(kind, parsed.packet_id):
            if self._subscriptions:
                self._subscriptions.make_again()
            if self.on_publish:
                self.on_publish(parsed.packet_id)

    # Sending

    def _pump(self):
        """Sends what is due, as long as each packet leaves at once."""
        session = self.session
        while self._out is None and self._sock:
            if session.owed:
                self._acknowledge(session.owed)
            elif session.unsent and self.state == ONLINE:
                self._send_slot(session.next())
            else:
                return

    def _acknowledge(self, owed):
        self.session.owed = 0
        self._send_four(owed >> 16, owed & 0xFFFF)

    def _send_four(self, first, packet_id):
        if self._gathering:
            self._gather(False)
        self._send(self._tx, four_bytes(self._tx, first, packet_id))

    def _send_slot(self, slot):
        release = self.session.releasing(slot)
        self.session.went(slot, ticks_ms())  # before the write: half a packet sent is sent, the next time a duplicate
        if release:
            return self._send_four(0x62, slot[_ID])
        if self._gathering:
            self._gather(False)
        if slot[_FIRST] & 0x80:
            return self._send(self._tx, slot[_PAYLOAD](self._tx, slot[_ID], slot[_TOPIC]))
        self._publish(slot[_ID] << 8 | slot[_FIRST], slot[_TOPIC], slot[_PAYLOAD])

    def _publish(self, head, topic, payload):
        n = publish(self._tx, head, topic, payload) if type(payload) is bytes else -1
        if n < 0:
            n = self._build(head, topic, payload)
        self._send(self._tx, n)

    def _build(self, head, topic, payload):
        """Puts a PUBLISH into the transmit buffer, of a payload that is no bytes or too long for it; returns where it
        ends there."""
        if isinstance(payload, str):
            payload = payload.encode()
        if head < 0x100:  # QoS 0: not checked yet
            self._check(head, topic, payload)
        at = publish_header(self._tx, head, topic, len(payload))
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
                self.loop(1000)
                continue
            self._poll_for(POLLOUT if self._at < self._end else POLLIN | POLLOUT)
            if self._wait(self._longest) & ~POLLOUT and self._at == self._end:
                self._read()
            self._flush()
            if self._sock:
                self._check_deadlines(False)

    # Deadlines

    def _check_deadlines(self, idle):
        """idle: nothing is left to be read, so what has not come is late."""
        now = ticks_ms()
        if self.state != ONLINE or self._out is not None:
            if (now - self._since) & _TICKS >= self.timeout:  # type: ignore[operator]
                self._fail(Timeout(_WAITS[self.state]))
            return
        if idle:
            self._check_waits(now)
        if self._sock and self.session.ping_due(now):
            self.session.pinged(now)
            self._send(self._tx, header(self._tx, 0xC0, 0))

    def _check_waits(self, now):
        if self._parser.first:
            if (now - self.session.heard) & _TICKS >= self.timeout:
                self._fail(Timeout("rest of a packet"))
            return
        words = self.session.late(now)
        if words:
            self._fail(Timeout(words))


def _as_topic(topic):
    if isinstance(topic, str):
        return topic.encode()
    if not isinstance(topic, _BYTES):
        raise TypeError("topic: must be str or bytes")
    return bytes(topic)


def _refuse(qos, topic, n):
    borrowed("mqtt.packet").check_publish(None, topic, n, qos, 1)


def _check_view(payload, parsed):
    if getattr(payload, "itemsize", 1) != 1:
        raise ValueError("payload: a memoryview's items must be bytes")
    if payload is parsed.topic or payload is parsed.payload:
        raise ValueError("payload: what was received will be overwritten; publish bytes(payload)")
