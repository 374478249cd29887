"""The client: a non-blocking socket, TCP or TLS, that follows a session. Runs on MicroPython and CPython.

loop() does a bounded piece of work and returns: at most one read, the packets in it, and what is due to be sent. Each
wait has a deadline. A failure closes the connection, is told to on_disconnect and raised; the session keeps what was
not acknowledged and sends it again on the next connection. In steady state nothing here allocates memory.

MicroPython keeps a function's state on the C stack up to 11 words (locals and deepest expression, three words a `try`),
beyond that on the heap for as long as it runs. So what runs for every message is cut into functions that small.
"""

import sys
from errno import EINPROGRESS
from micropython import const
from socket import SOCK_STREAM, getaddrinfo

from .errors import ConnectionClosed, ConnectionRefused, MQTTError, ProtocolError, Timeout
from .parser import Parser
from .session import Session
from .wire import append, bad_utf8, copy, four_bytes, header, publish_header

MICROPYTHON = sys.implementation.name == "micropython"

if MICROPYTHON:
    from select import POLLIN, POLLOUT, poll
    from socket import socket
    from time import ticks_diff, ticks_ms

    def wrap(context, sock, server_hostname):
        return context.wrap_socket(sock, server_hostname=server_hostname, do_handshake_on_connect=False)

else:
    from .host import POLLIN, POLLOUT, poll, socket, ticks_diff, ticks_ms, wrap

OFFLINE = 0
_OPENING = const(1)  # TCP connect under way
_CONNECTING = const(2)  # TLS handshake, CONNECT, CONNACK
ONLINE = 3

_BYTES = (bytes, bytearray, memoryview)


class Client:
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
        self.host = host
        self.port = port
        self._clean_session = clean_session
        self.timeout = timeout
        self.state = OFFLINE
        self.oversized = 0  # messages too long for the receive buffer
        self.on_connect = self.on_disconnect = self.on_publish = self.on_subscribe = self.on_unsubscribe = None
        self.on_message = self.on_oversize = None
        self._ssl = ssl
        self._server_hostname = server_hostname or host
        self._addresses = None
        self._sock = None
        self._poller = poll()
        self._tx = bytearray(tx_size)
        self._rx = bytearray(min(rx_size, 256))
        self._at = self._end = 0  # what of _rx is not parsed yet
        self._out = None  # what is being sent: _tx or a payload; None when nothing is
        self._out_at = self._out_left = 0
        self._body = None  # payload whose rest is to be sent from where it is, after _tx
        self._body_at = 0
        self._since = ticks_ms()  # when the wait under way began: for the connection, or for room to send
        self.online_since = None
        self._inside = False  # in loop(), so perhaps in a callback
        self._reason = None  # why the last connection was lost
        self.stopped = False  # disconnect() was called
        self._polling_out = 0
        self._gathering = True
        self._longest = min(1000, keepalive * 125) or 1000  # ms the loop may sleep and still be in time to ping
        self._subscriptions = None  # until there is one
        self._parser = Parser(rx_size)
        self.session = Session(keepalive * 1000, window, timeout=timeout)
        self._fields = (client_id, keepalive, will or (None,))  # of CONNECT, which are not to change
        self.credentials(username, password)

    def credentials(self, username, password):
        """Sets user name and password for the next connection, str or bytes, None for none."""
        loaded = "mqtt.packet" in sys.modules
        from . import packet

        client_id, keepalive, will = self._fields
        fields = (client_id, username, password, keepalive, self._clean_session) + tuple(will)
        self._connect = bytearray(packet.connect(None, *fields))
        packet.connect(self._connect, *fields)
        if MICROPYTHON and not loaded:
            # A board has better use for its 5 KB, and the packet is made.
            del sys.modules["mqtt.packet"], sys.modules["mqtt"].packet

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
        """Starts to connect and returns; loop() does the rest, `state` and on_connect tell. The name is looked up here,
        which is the one call that may block: a board without a resolver that answers is best given an address."""
        if self._sock:
            raise MQTTError("already connected")
        try:
            self._addresses = getaddrinfo(self.host, self.port, 0, SOCK_STREAM)
            if not self._addresses:
                raise OSError("no address for %s" % self.host)
        except OSError as e:
            return self._fail(e)
        self._open()

    def _open(self):
        """Starts on the next address."""
        family, kind, proto, _, address = self._addresses.pop(0)
        self._parser.reset()
        self._at = self._end = 0
        self._sock = sock = socket(family, kind, proto)
        self.state = _OPENING
        self._since = ticks_ms()
        try:
            sock.setblocking(False)
            self._gathering = True
            if self._ssl:
                self._stop_gathering()
            try:
                sock.connect(address)
            except OSError as e:
                if e.errno != EINPROGRESS:
                    raise
            self._register()
        except OSError as e:
            self._fail(e)

    def _opened(self):
        """TCP is up, or failed: then the first write raises the reason."""
        if self._ssl:
            self._poller.unregister(self._sock)
            try:
                self._sock = wrap(self._ssl, self._sock, self._server_hostname)
            except (OSError, ValueError, MemoryError) as e:
                return self._fail(e)
            self._register()
        sock = self._sock
        self._send(self._connect, len(self._connect))
        if self._sock is sock:  # and not that of the next address already
            self.state = _CONNECTING

    def _stop_gathering(self):
        """Has TCP send each packet at once. What is acknowledged would wait for the peer's delayed acknowledgement of
        the packet before, 40 ms and more; QoS 0 alone is left to Nagle's algorithm, for the sake of fewer frames."""
        self._gathering = False
        try:
            self._sock.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY
        except OSError:
            pass  # a port without it

    def _register(self):
        self._polling_out = POLLOUT
        self._poller.register(self._sock, POLLIN | POLLOUT)

    def connected(self):
        """True from start() on until the connection is closed; `state` is ONLINE once the server has accepted it."""
        return self._sock is not None

    def close(self):
        """Closes the connection without a word to the server, which will then publish the will."""
        if self._sock:
            try:
                self._poller.unregister(self._sock)
            except (KeyError, OSError):  # not registered yet
                pass
            self._sock.close()
            self._sock = self._out = self._body = None
            self.state = OFFLINE
            self.session.lost()

    def _fail(self, reason):
        opening = self.state == _OPENING
        self.close()
        if opening and self._addresses:
            return self._open()
        self._reason = reason
        if self.on_disconnect:
            self.on_disconnect(reason)
        raise reason

    def _fail_tls(self, error):
        self._fail(MQTTError("TLS: %s" % error))

    def disconnect(self):
        """Says DISCONNECT, so that the server drops the will [MQTT-3.14.4-3], and closes. Waits until it is sent."""
        self.stopped = True
        if self.state == ONLINE:
            self._drain()
            self._send(self._tx, header(self._tx, 0xE0, 0))
            self._drain()
        self._reason = None
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
        if isinstance(topic, str):
            topic = topic.encode()
        if isinstance(payload, str):
            payload = payload.encode()
        head = 0x31 | qos << 1 if retain else 0x30 | qos << 1
        if qos:
            self._check(topic, payload, qos)
            return self._take(head, topic, payload)
        if self.state != ONLINE:
            raise ConnectionClosed("not connected")
        if self._out is not None:
            self._drain()
        self._publish(head, topic, payload)
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

    def _check(self, topic, payload, qos):
        """Refuses, before it takes a slot, what could never be sent."""
        n = len(payload)
        if bad_utf8(topic, 0, len(topic), 1) >= 0 or not 0 <= qos <= 2 or n > 200000000 or not len(topic):
            from .packet import check_publish

            check_publish(None, topic, n, qos, 1)
        if isinstance(payload, _BYTES):
            n = 0  # can be sent from where it is
        elif not hasattr(payload, "write"):
            raise TypeError("payload: must be str or bytes")
        self._check_size(len(topic) + n + 9)

    def _check_size(self, size):
        if size > len(self._tx):
            raise ValueError("buffer: needs %d bytes, tx_size is %d" % (size, len(self._tx)))

    def _take(self, first, topic, payload):
        session = self.session
        while session.full():
            if self._inside or not self._sock:
                raise MQTTError("window full")
            self.loop(1000)
        packet_id = session.take(first, topic, payload)
        if self.state == ONLINE:
            self._pump_quietly()
        return packet_id

    def _pump_quietly(self):
        """For a packet that is safe in its slot; the next loop() raises the reason."""
        try:
            self._pump()
        except (MQTTError, OSError):
            pass

    # The loop

    def loop(self, timeout_ms=0):
        """Waits for the network, timeout_ms or a second at most, and does what is due; returns True while connected.

        Call it often, several times within the keep alive. Raises the reason when the connection is lost or refused:
        an MQTTError or OSError. An exception of a callback passes through and does no harm.
        """
        if self._inside:
            raise MQTTError("loop() called in a callback")
        if not self._sock:
            raise self._reason or ConnectionClosed("not connected")
        self._inside = True
        try:
            self._round(timeout_ms)
        finally:
            self._inside = False
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
        if timeout_ms < 0 or self._at < self._end and self._out is None:
            timeout_ms = 0
        events = 0
        for _, events in self._poller.ipoll(timeout_ms):  # noqa: B007 - of one socket
            pass
        if self.state == _OPENING:
            if events:
                self._opened()
        elif self._out is not None and events & ~POLLIN:
            self._flush()
        self._parse()
        idle = True
        if events & ~POLLOUT and self._at == self._end and self._out is None and self.state != _OPENING and self._sock:
            idle = not self._read()
            self._parse()
        if self._sock:
            self._check_deadlines(idle)

    def _read(self):
        try:
            n = self._sock.readinto(self._rx, len(self._rx))
        except OSError as e:
            return self._fail(e)
        if n:
            self._at = 0
            self._end = n
            self.session.heard = ticks_ms()
            return True
        if n == 0:
            self._fail(ConnectionClosed("by the server" if self.state == ONLINE else "by the server, before CONNACK"))

    def _parse(self):
        """Takes in what was read, packet by packet; what a packet asks us to send goes out before the next."""
        while self._sock:
            self._pump()
            if self._at == self._end or self._out is not None:
                return
            try:
                self._at = self._parser.feed(self._rx, self._at, self._end)
                if self._parser.type:
                    self._handle()
            except ProtocolError as e:
                return self._fail(e)

    def _handle(self):
        parsed = self._parser
        session = self.session
        kind = parsed.type
        if (kind == 2) != (self.state == _CONNECTING):
            raise ProtocolError("packet type %d: before CONNACK, or CONNACK again" % kind, 0)  # [MQTT-3.2.0-1]
        if kind == 3:
            if session.message(parsed.qos, parsed.packet_id):
                if parsed.oversize:
                    self.oversized += 1
                    if self.on_oversize:
                        self.on_oversize(parsed.topic, parsed.size)
                elif self.on_message:
                    self.on_message(parsed.topic, parsed.payload, parsed.qos, parsed.retain)
        elif kind == 2:
            if parsed.code:
                return self._fail(ConnectionRefused(parsed.code))
            if self._clean_session:
                parsed.session_present = 0  # whatever the server says [MQTT-3.2.2-1]
            self.state = ONLINE
            self.online_since = ticks_ms()
            session.connected(self.online_since, self._clean_session, parsed.session_present)
            if self._subscriptions and not parsed.session_present:
                self._subscriptions.lost()
            if self.on_connect:
                self.on_connect(parsed.session_present)
        elif kind == 6:
            session.release(parsed.packet_id)
        elif kind == 13:
            session.pinging = False
        elif kind > 8:
            if self._subscriptions:
                self._subscriptions.acknowledged(kind, parsed.packet_id, parsed.codes if kind == 9 else None)
            else:
                session.ignored += 1
        elif session.acknowledged(kind, parsed.packet_id) and self.on_publish:
            self.on_publish(parsed.packet_id)

    def _pump(self):
        """Sends what is due, as long as each packet leaves at once."""
        session = self.session
        while self._out is None:
            owed = session.owed
            if owed:
                session.owed = 0
                self._send_ack(owed >> 16, owed & 0xFFFF)
            elif self.state != ONLINE:
                return
            elif session.unsent:
                self._send_slot(session.next())
            elif self._subscriptions and self._subscriptions.missing and not session.full():
                self._subscriptions.make_again()
            elif session.ping_due(ticks_ms()):
                session.pinged(ticks_ms())
                self._send(self._tx, header(self._tx, 0xC0, 0))
            else:
                return

    def _send_slot(self, i):
        if self._gathering:
            self._stop_gathering()
        session = self.session
        head = session.ids[i] << 8 | session.firsts[i]
        release = session.releasing(i)
        session.went(i, ticks_ms())  # before the write: half a packet sent is sent, the next time it is a duplicate
        if release:
            self._send_ack(0x62, head >> 8)
        elif head & 0x80:
            self._send(self._tx, session.payloads[i](self._tx, head >> 8, session.topics[i]))
        else:
            self._publish(head, session.topics[i], session.payloads[i])

    def _send_ack(self, first, packet_id):
        if self._gathering:
            self._stop_gathering()
        self._send(self._tx, four_bytes(self._tx, first, packet_id))

    def _publish(self, head, topic, payload):
        at = publish_header(self._tx, head, topic, len(payload))
        if at < 0:
            self._check(topic, payload, head >> 1 & 3)
        if not isinstance(payload, _BYTES):
            if head < 0x100:  # QoS 0: not checked yet
                self._check(topic, payload, 0)
            payload.write(self._tx, at)
            at += len(payload)
        elif at + len(payload) <= len(self._tx):
            at = append(self._tx, at, payload)
        else:
            self._body = payload
            self._body_at = len(self._tx) - at
            at = self._fill(at)
        self._send(self._tx, at)

    def _fill(self, at):
        """The beginning of the payload goes out with the header, in the rest of the transmit buffer."""
        if self._gathering:
            self._stop_gathering()
        return copy(self._tx, at, self._body, 0, self._body_at)

    def _send(self, buf, n):
        """Sends n bytes of buf: in one write, where the network takes them."""
        self._out = buf
        self._out_at = 0
        self._out_left = n
        self._since = self.session.sent = ticks_ms()
        self._flush()

    def _flush(self):
        """Writes what the network takes of what is being sent; asks to be told when it takes more."""
        while self._out is not None:
            try:
                n = self._sock.write(self._out, self._out_at, self._out_left)
            except OSError as e:
                return self._fail(e)
            except ValueError as e:  # MicroPython's word for a certificate that does not hold
                return self._fail_tls(e)
            if not n:
                if not self._polling_out:
                    self._poll_for(POLLIN | POLLOUT)
                return
            self._since = ticks_ms()
            self._out_at += n
            self._out_left -= n
            if not self._out_left:
                self._out = self._body
                if self._out is not None:
                    self._body = None
                    self._out_at = self._body_at
                    self._out_left = len(self._out) - self._body_at
        if self._polling_out:
            self._poll_for(POLLIN)

    def _poll_for(self, events):
        self._polling_out = events & POLLOUT
        self._poller.modify(self._sock, events)

    def _drain(self):
        """Waits until what is being sent has gone; timeout ms without progress are too long."""
        if self._out is not None:
            self._poll_for(POLLOUT)  # input waiting must not wake us
        while self._out is not None:
            for _ in self._poller.ipoll(self._longest):
                pass
            self._flush()
            self._check_deadlines(False)

    def _check_deadlines(self, idle):
        """idle: nothing is left to be read, so what has not come is late."""
        now = ticks_ms()
        late = ticks_diff(now, self._since) >= self.timeout
        if self.state != ONLINE:
            if late and self._sock:
                self._fail(Timeout("TCP connect" if self.state == _OPENING else "no CONNACK"))
        elif self._out is not None:
            if late:
                self._fail(Timeout("send stalled"))
        elif idle:
            if self._parser.first and ticks_diff(now, self.session.heard) >= self.timeout:
                self._fail(Timeout("rest of a packet"))
            self._check_session(now)

    def _check_session(self, now):
        try:
            self.session.check(now, self._parser.first)
        except Timeout as e:
            self._fail(e)
