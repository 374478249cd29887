"""The connection: a socket, TCP or TLS [MQTT-7.1.2-1], that never blocks, the packet on its way out, what came in.

It does not know what packets mean. What goes wrong is given to _fail().

In steady state nothing in this library allocates memory. MicroPython keeps a function's state on the C stack up to 11
words (locals, deepest expression, three words a `try`), and beyond that on the heap for as long as it runs. `except X
as e` takes six, so what runs for every packet has none: where something goes wrong it is tried again, to learn what.
"""

from errno import ECONNRESET
from micropython import const

from .errors import MICROPYTHON, ConnectionClosed, MQTTError, borrowed
from .parser import Parser
from .session import Session

if MICROPYTHON:
    import socket
    from select import POLLIN, POLLOUT, poll
    from time import ticks_ms

    _NODELAY = getattr(socket, "TCP_NODELAY", 1)
else:
    from .host import POLLIN, POLLOUT, poll, ticks_ms

    _NODELAY = 1

# States
_OFFLINE = const(0)
_ONLINE = const(3)  # the others are handshake's

_EPIPE = const(32)
_BROKEN = (OSError, ValueError)  # the second is MicroPython's word for a certificate that does not hold


class Connection:
    """One packet at a time goes out: `_out` is the buffer it is sent from, and where that is the transmit buffer, the
    rest of a long payload may follow from where it is. The session is told of progress. A failure closes the
    connection; whoever is on the way sees that it is gone, and raises the reason."""

    on_disconnect: object = None

    def __init__(self, tx_size, rx_size, keepalive, window, timeout):
        # The buffers first: they need most room in one piece.
        self._parser = Parser(rx_size)
        self._tx = bytearray(tx_size)
        self._rx = bytearray(self._parser.portion)
        self._send = self._send  # type: ignore[method-assign]  # found at the first look, not class by class
        self.session = Session(keepalive * 1000, window, timeout)
        self._inside = False  # in loop(), so perhaps in a callback
        self.state = _OFFLINE
        self.reason = None  # why the last connection was lost
        self._failure = None  # the reason, until it is raised
        self._at = self._end = 0  # what of _rx is not taken yet
        # The socket; what is below TLS; what MQTT is written to and read from. The same, where nothing is between.
        self._sock = self._inner = self._stream = None
        self._clear = False  # the way: online, nothing on its way out, and nothing left to be taken in
        self._out = None  # what is being sent; None when nothing is
        self._out_at = self._out_left = 0
        self._body = None  # payload whose rest is to be sent from where it is, after _tx
        self._body_at = 0
        self._since = ticks_ms()  # when the wait under way began: for the connection, or for room to send
        self._poller = poll()
        self._polled = 0  # the events it waits for
        self._gathering = True
        self._good = None  # host, port, and the address that led to CONNACK
        self._handshake = None  # the module, while it is needed

    def start(self):
        """Starts to connect and returns; loop() does the rest, `state` and on_connect tell.

        The name is looked up, which is the one thing here that may block, unless the address is known that was good
        last; only if that one fails is the name looked up, in loop(). Raises what loop() does.
        """
        if self._sock:
            raise MQTTError("already connected")
        self._raise()  # what nobody has been told yet, of the connection before
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
            self.state = _OFFLINE
            self.session.lost()

    def _poll_for(self, events):
        if self._polled != events:
            self._polled = events
            self._poller.modify(self._sock, events)

    def _wait(self, ms):
        """Waits for the network, ms at most; returns its events."""
        events = 0
        for _, events in self._poller.ipoll(ms):  # noqa: B007 - of one socket
            pass
        return events

    def _gather(self, on):
        """Has TCP gather small packets, as Nagle's algorithm does, for the sake of fewer frames; or send each at once:
        what is acknowledged would wait for the peer's delayed acknowledgement of the packet before, 40 ms and more."""
        self._gathering = on
        if on and self._sock is not self._inner or self._wait(0) & ~(POLLIN | POLLOUT):
            return  # TLS is sent at once; a socket that was reset must not be asked on an ESP8266 (modlwip.c)
        try:
            self._inner.setsockopt(6, _NODELAY, 0 if on else 1)  # 6: IPPROTO_TCP
        except OSError:
            pass  # a port without it

    def _send(self, n):
        """Sends the n bytes that are in the transmit buffer: in one write, where the network takes them all, as it
        nearly always does."""
        self._out_left = n
        try:
            n -= self._stream.write(self._tx, n) or 0
        except OSError:
            pass
        if n or self._body is not None:
            self._begin(self._tx, self._out_left, self._out_left - n)

    def _begin(self, buf, n, done=0):
        """Sends n bytes of buf, of which so many have gone, and the rest of a long payload: now and as the network
        takes them."""
        self._clear = False
        self._out = buf
        self._out_at = 0
        self._out_left = n
        self._since = ticks_ms()
        if done:
            self._wrote(done)
        self._flush()

    def _flush(self):
        """Writes what the network takes of what is being sent; asks to be told when it takes more."""
        while self._out is not None:
            n = self._write()
            if not n:
                if self._out is not None:
                    self._poll_for(POLLIN | POLLOUT)
                return
            self._wrote(n)
        self._poll_for(POLLIN)

    def _wrote(self, n):
        """n bytes have gone; more are to follow, where it is not the end."""
        self._out_left -= n
        if not self._out_left and self._body is None:
            self._out = None
            self._clear = self.state == _ONLINE and self._at == self._end
            return
        self._out_at += n
        self._since = now = ticks_ms()
        self.session.progress(now)
        if not self._out_left:
            self._out = self._body
            self._out_at = self._body_at
            self._out_left = len(self._body) - self._body_at
            self._body = None

    def _write(self):
        if self.state == _ONLINE:
            try:
                return self._put()
            except OSError:
                pass
        return self._try_to(self._put, _EPIPE)

    def _put(self):
        return self._stream.write(self._out, self._out_at, self._out_left)

    def _read(self):
        """Takes in what has come, a portion at most; True if something has."""
        if self.state == _ONLINE:
            try:
                n = self._stream.readinto(self._rx, self._parser.portion)
            except OSError:
                n = self._receive()
        else:
            n = self._receive()
        if n:
            self._at = 0
            self._end = n
            self.session.heard = ticks_ms()  # type: ignore[assignment]
            return True
        if n == 0:
            self._fail(ConnectionClosed("by the server" if self.state == _ONLINE else "by the server, before CONNACK"))

    def _receive(self):
        """What readinto() gives; an error is given to _fail()."""
        n = self._try_to(self._get, 0)
        if n == 0 and self.state == _ONLINE:  # after an error the system says it is the end
            self._fail(OSError(ECONNRESET, "ECONNRESET"))
            n = None
        return n

    def _get(self):
        return self._stream.readinto(self._rx, self._parser.portion)

    def _try_to(self, act, after_reset):
        """What act() returns, or None and the reason it does not work is given to _fail(). Of a reset, the system
        tells only the first who asks; later it says after_reset."""
        try:
            return act()
        except _BROKEN as e:
            if self.state == _ONLINE and after_reset and e.args[0] == after_reset:
                e = OSError(ECONNRESET, "ECONNRESET")
            self._fail(e)

    def _fail(self, reason):
        """Closes the connection [MQTT-4.8.0-1, -2], for whoever is on the way to see that it is gone; _raise() says
        why."""
        state = self.state
        self.close()
        borrowed("mqtt.losing").failed(self, state, reason)

    def _raise(self):
        reason = self._failure
        if reason:
            self._failure = None
            raise reason

    def _shut(self):
        """Closes it, whatever state it is in."""
        try:
            self._poller.unregister(self._sock)
        except (KeyError, OSError):  # not registered yet
            pass
        for sock in (self._stream, self._sock, self._inner):  # a TLS that failed forgets the socket below it
            try:
                sock.close()
            except OSError:
                pass
        self._sock = self._inner = self._stream = self._out = self._body = None
        self._at = self._end
        self._clear = False
