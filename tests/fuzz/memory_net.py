"""A network in memory for a client under test: what it is sent lies in a bytearray, and time goes on when told to."""

import mqtt.connection
import mqtt.handshake
import mqtt.sender
import mqtt.upgrade
import mqtt.websocket
from mqtt import connection
from support import replaced

_POLLIN = connection.POLLIN
_POLLOUT = connection.POLLOUT


class Net:
    """It is the socket and the poller of the client at once. A context.

    `opened` counts connections. `coming`: bytes on their way to the client; `ended`: after them the server has closed,
    and with `error`, an OSError comes. `gone`: what the client has written; `room`: bytes that its next writes take,
    None for any number.
    """

    def __init__(self):
        self.now = 5000
        self.opened = 0  # connections
        self.open()
        self._replaced = [
            replaced(module, "ticks_ms", self.ticks_ms) for module in (mqtt.connection, mqtt.sender, mqtt.handshake)
        ]
        self._replaced += [
            replaced(mqtt.handshake, "socket", self._socket),
            replaced(mqtt.handshake, "getaddrinfo", lambda host, port, *_: [(2, 1, 6, "", (host, port))]),
            replaced(mqtt.connection, "poll", lambda: self),
            replaced(mqtt.websocket, "getrandbits", lambda n: 0),  # so that what is sent can be read
            replaced(mqtt.upgrade, "getrandbits", lambda n: 0),
        ]

    def __enter__(self):
        for one in self._replaced:
            one.swap()
        return self

    def __exit__(self, *args):
        for one in self._replaced:
            one.swap()

    def ticks_ms(self):
        return self.now & 0x3FFFFFFF

    def open(self):
        """A new connection: nothing is on its way."""
        self.opened += 1
        self.coming = bytearray()
        self.gone = bytearray()
        self.ended = self.closed = False
        self.error = self.room = None

    def _socket(self, *args):
        self.open()
        return self

    # Socket

    def setblocking(self, on):
        pass

    def setsockopt(self, *args):
        pass

    def connect(self, address):
        pass

    def fileno(self):
        return 3

    def close(self):
        self.closed = True

    def readinto(self, buf, n):
        n = min(n, len(self.coming))
        if n:
            buf[:n] = self.coming[:n]
            self.coming = self.coming[n:]
            return n
        if self.error:
            raise self.error
        return 0 if self.ended else None

    def write(self, buf, start, n=None):
        start, n = (0, start) if n is None else (start, n)
        if self.error and not self.coming:
            raise self.error
        if self.room is not None:
            n = min(n, self.room)
            self.room -= n
        self.gone += bytes(buf[start : start + n])
        return n or None

    # Poller

    def register(self, sock, events):
        self._events = events

    modify = register

    def unregister(self, sock):
        pass

    def ipoll(self, ms):
        events = _POLLIN if self.coming or self.ended or self.error else 0
        if self.room != 0:
            events |= _POLLOUT
        events &= self._events
        return [(self, events)] if events else []
