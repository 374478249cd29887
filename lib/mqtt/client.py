"""The client: what a program calls, and what it does about each packet. Runs on MicroPython and CPython.

loop() does a bounded piece of work and returns: at most one read, the packets in it, and what is due to be sent. Each
wait has a deadline. A failure closes the connection, is told to on_disconnect and raised; the session keeps what was
not acknowledged and sends it again on the next connection.
"""

from micropython import const

from .connection import POLLOUT, ticks_ms
from .errors import ConnectionClosed, MQTTError, ProtocolError, borrowed
from .sender import Sender
from .wire import header, publish

OFFLINE = 0
_OPENING = const(1)
_CONNECTING = const(2)
ONLINE = 3
_TICKS = const(0x3FFFFFFF)

_bytes = bytes  # the hot path's own name: a builtin is found only after all of a module's names have been searched


class Client(Sender):
    """A client of one MQTT 3.1.1 server.

    Set the callbacks you want before connect(); topic, payload and codes are memoryviews, valid during the call:
    on_connect(session_present), on_disconnect(reason: an exception, or None after disconnect()),
    on_publish(packet_id) when a QoS 1 or 2 message is acknowledged, on_message(topic, payload, qos, retain),
    on_oversize(topic, size) for a message longer than the receive buffer, on_unsubscribe(packet_id),
    on_subscribe(packet_id, codes), codes being the QoS granted, 0x80 for a refusal, for each filter.
    """

    def __init__(
        self, client_id, host, port=1883, username=None, password=None, keepalive=60, clean_session=True, will=None,
        ssl=None, server_hostname=None, timeout=10000, tx_size=512, rx_size=512, window=4, unverified=False,
        transport=None,
    ):  # fmt: skip
        """
        keepalive: seconds, 0 for none. will: (topic, payload, qos, retain). ssl: an ssl.SSLContext for TLS, whose
        verify_mode is ssl.CERT_REQUIRED, which MicroPython's is not by itself; or unverified is True, and the server
        may be anybody. server_hostname: the name its certificate must bear, host if not given. timeout: ms that
        connecting, CONNACK, sending, the rest of a packet or an acknowledgement may each take. tx_size, rx_size: bytes
        of the buffers: a longer payload is sent from where it is, a longer message is drained and told to on_oversize.
        window: packets sent and not yet acknowledged at once. transport: a mqtt.websocket.WebSocket, None for none.
        ValueError for what CONNECT can't carry.
        """
        if tx_size < 16:
            raise ValueError("buffer: tx_size must be 16 or more")
        if ssl:
            borrowed("mqtt.over_tls").check(ssl, unverified)
        super().__init__(tx_size, rx_size, keepalive, window, timeout)
        self.host = host
        self.port = port
        self.stopped = False  # disconnect() was called
        self.on_publish = self.on_message = None
        self._subscriptions = None  # until there is one
        # For the handshake: of TLS, of the transport, the packet CONNECT, and what that is made from [MQTT-3.1.3-2].
        self._settings = (ssl, server_hostname, transport, None, client_id, keepalive, clean_session) + tuple(
            will or (None,)
        )
        self.credentials(username, password)

    on_connect: object = None
    on_subscribe: object = None
    on_unsubscribe: object = None
    on_oversize: object = None

    def credentials(self, username, password):
        """Sets user name and password for the next connection, str or bytes, None for none."""
        settings = self._settings
        fields = (settings[4], username, password) + settings[5:]
        packet = borrowed("mqtt.connect")
        buf = bytearray(packet.connect(None, *fields))
        packet.connect(buf, *fields)
        self._settings = settings[:3] + (buf,) + settings[4:]

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

    def disconnect(self):
        """Says DISCONNECT, so that the server drops the will [MQTT-3.14.4-3], and closes [MQTT-3.14.4-1, -2]. Waits
        until it is sent, and before it the acknowledgement of the message in whose callback this is called."""
        self.stopped = True
        if self.state == ONLINE:
            self._drain()
            self._pump()
            self._drain()
        if self.state == ONLINE:
            self._send(header(self._tx, 0xE0, 0))
            self._drain()
        self._failure = None
        if self._sock:
            self.close()
            if self.on_disconnect:
                self.on_disconnect(None)  # type: ignore[operator]

    # Publishing and subscribing

    def publish(self, topic, payload=b"", qos=0, retain=False):
        """Publishes; returns the packet identifier, 0 for QoS 0 [MQTT-4.3.1-1].

        topic and payload: str or bytes-like; or payload is an object with len() and write(buf, at), which writes that
        many bytes into the transmit buffer. For QoS 1 and 2 both are kept, not copied: leave them as they are until
        on_publish. They may be given while offline, if can_publish(1); QoS 0 needs a connection. Where the window is
        full or the last packet not gone, this waits, timeout ms at most; a callback must look at can_publish() first.
        Raises ValueError, TypeError, and what loop() does.
        """
        # One variable more, and the state of this function would come from the heap: they are used again.
        if qos:
            retain = qos << 1 | (0x31 if retain else 0x30)
            if topic.__class__ is _bytes is payload.__class__ and self._clear:
                qos = self.session.take_now(retain, topic, payload, ticks_ms())
                if qos:  # it has a slot
                    retain = publish(self._tx, qos, topic, payload)
                    if retain > 0:
                        if self._gathering:
                            self._gather(False)
                        self._send(retain)
                        return qos >> 8
                    self.session.give_back()
                    retain = qos & 0xFF
            return self._keep(retain, topic, payload)
        if topic.__class__ is _bytes is payload.__class__ and self._clear and self._gathering:
            qos = publish(self._tx, 0x31 if retain else 0x30, topic, payload)
            if qos > 0:
                self.session.sent = ticks_ms()  # type: ignore[assignment]
                self._send(qos)
                if self._failure:
                    self._raise()
                return 0
        return self._publish_carefully(0x31 if retain else 0x30, topic, payload)

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
        except ProtocolError:
            self._fail(self._parser.error)
        except BaseException:  # not `finally`: together they would take more than the stack has for a function
            self._inside = self._clear = False
            raise
        self._inside = False
        if self._failure:
            self._raise()
        return self._sock is not None

    def loop_forever(self):
        """Stays connected: loops, and connects again after a pause that grows, until disconnect() is called.

        on_disconnect tells what happened. Refused credentials are tried again too, slowly.
        """
        from .forever import _stay_connected

        self.stopped = False
        _stay_connected(self)

    def _round(self, timeout_ms):
        """One turn: waits, reads once, and takes in what was read, packet by packet; what a packet asks us to send goes
        out before the next [MQTT-4.6.0-2 to -4].

        All that is done for each message is here in one function, for calls are what takes most time; what is done
        seldom is elsewhere.
        """
        session = self.session
        if timeout_ms > session._longest:
            timeout_ms = session._longest
        came = None
        if self._clear:
            for came in self._poller.ipoll(timeout_ms if timeout_ms > 0 else 0):  # noqa: B007 - of one socket
                pass
            came = came and self._read()
        else:
            came = self._make_way(timeout_ms)
        parsed = self._parser
        while self._at < self._end and not session.owed:
            self._at = parsed.feed(self._rx, self._at, self._end)
            if parsed.type == 3 and not parsed.oversize:
                # Acknowledged, whoever listens [MQTT-4.5.0-2].
                if not parsed.qos or session.message(parsed.qos, parsed.packet_id):
                    if self.on_message:
                        self.on_message(parsed.topic, parsed.payload, parsed.qos, parsed.retain)
            elif parsed.type == 4:
                if session.acknowledged(4, parsed.packet_id):
                    if self._subscriptions:
                        self._subscriptions._make_again()
                    if self.on_publish:
                        self.on_publish(parsed.packet_id)
                else:
                    borrowed("mqtt.malformed").check_puback(session, parsed)
            elif parsed.type:
                self._handle(parsed.type)
            if session.owed or session.unsent:
                self._pump()
        # Where something came and we have sent in time for the keep alive, nothing is due.
        if not came or (session.heard - session.sent) & _TICKS >= session.keepalive >> 1:
            self._check_deadlines(not came)

    def _make_way(self, timeout_ms):
        """The beginning of a turn while connecting, while a packet is on its way out, or where the last turn left
        something to take in; returns True if something was read."""
        self._clear = self.state == ONLINE and self._out is None and self._at == self._end
        if timeout_ms < 0 or self._at < self._end and not self._held():
            timeout_ms = 0
        events = self._wait(timeout_ms)
        if self.state == _OPENING:
            if events:
                packet = self._handshake._opened(self)
                if packet:  # what goes wrong with it needs the room that the module takes
                    self._begin(packet, len(packet))
            return False
        if self._out is not None:
            self._flush()
        came = events & ~POLLOUT and self._at == self._end and self._sock and self._read()
        if self.state == _CONNECTING:
            self._take_in_connack()
        self._pump()
        return came

    def _held(self):
        """True while an acknowledgement is owed and what is being sent keeps it from going: then nothing is taken in,
        and the loop is not to be woken by what it can't take in."""
        if self._out is None or not self.session.owed:
            return False
        self._poll_for(POLLOUT)
        return True

    def _handle(self, kind):
        """A packet of those that come seldom."""
        parsed = self._parser
        session = self.session
        if kind == 3:
            if session.message(parsed.qos, parsed.packet_id):
                if self.on_oversize:
                    self.on_oversize(parsed.topic, parsed.size)  # type: ignore[operator]
        elif kind == 2:  # [MQTT-3.2.0-1]
            self._fail(ProtocolError("packet type 2: CONNACK again"))
        elif kind == 6:
            session.release(parsed.packet_id)
        elif kind == 13:
            session.pinging = False
        elif kind > 8:
            self._subscribing().acknowledged(kind, parsed.packet_id, parsed.codes if kind == 9 else None)
        elif session.acknowledged(kind, parsed.packet_id):
            if self._subscriptions:
                self._subscriptions._make_again()
            if self.on_publish:
                self.on_publish(parsed.packet_id)

    def _take_in_connack(self):
        """Takes in the first packet [MQTT-3.2.0-1]."""
        parsed = self._parser
        self._at = parsed.feed(self._rx, self._at, self._end)
        if parsed.type == 2:
            self._clear = self._at == self._end  # from here on, if it says yes
            self._handshake._accepted(self)
        elif parsed.type:
            self._fail(ProtocolError("packet type %d: before CONNACK" % parsed.type))
