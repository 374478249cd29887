"""MQTT inside a WebSocket (RFC 6455), where a network lets nothing but HTTP through. Loaded by who wants it:

    from mqtt.websocket import WebSocket

    client = Client("client id", "broker.example", 8083, transport=WebSocket("/mqtt"))

A WebSocket stands between the client and its socket, be it TCP or TLS, and has the two calls of a socket that the
client needs. What is read goes straight to where the client wants it: only the headers of frames are taken out. What is
written goes through a buffer, for it has to be masked, and the caller's bytes are not ours to change. So frames and
packets have nothing to do with each other [MQTT-6.0.0-2], and a frame of any length takes no memory.
"""

from micropython import const

from .errors import MICROPYTHON, ConnectionClosed, ProtocolError, borrowed
from .mask import mask

if MICROPYTHON:
    from random import getrandbits
else:
    from random import SystemRandom

    getrandbits = SystemRandom().getrandbits

# The first byte of a frame, in what must be our form: the last fragment, no extension's bit, opcode [RFC 6455, 5.2].
_FIN = const(0x80)
_CONTINUATION = const(0)
_TEXT_FRAME = const(1)
_BINARY = const(2)
_CLOSE = const(8)
_PING = const(9)
_PONG = const(10)

_HEADER = const(8)  # bytes before the payload in a buffer for frames: two, two for a longer length, four of the key
_CONTROL = const(125)  # bytes a control frame has at most [5.5]
_NOTHING_WRONG = const(1000)  # closing codes [7.4.1]
_AGAINST_THE_PROTOCOL = const(1002)
_NOT_TAKEN = const(1003)


class WebSocket:
    """A way to a server, for Client(transport=), and for one client at a time.

    It asks for the subprotocol "mqtt" [MQTT-6.0.0-3], sends binary frames and takes no others [MQTT-6.0.0-1], answers
    a ping, and ends the connection where the server breaks a rule, with a ProtocolError that says which.
    """

    def __init__(self, path="/mqtt", size=512):
        """path: what is asked for, from its / on, in ASCII; size: bytes of payload that go in one frame at most; best
        as many as the client's tx_size. ValueError for a path that cannot be asked for."""
        if path[:1] != "/" or any(not 32 < ord(c) < 127 or c == "#" for c in path):
            raise ValueError("path: must begin with / and have neither spaces nor # nor other than ASCII")
        if not 0 < size <= 65535:
            raise ValueError("size: must be 1..65535")
        self.path = path
        self._frame = bytearray(_HEADER + size)
        self._control = bytearray(_HEADER + _CONTROL)
        self._piece = bytearray(_HEADER)  # of a header that is coming in
        self._client = self._sock = None
        self._upgrade = None  # until the server has agreed

    def _begin(self, client):
        """TCP is up, and TLS where it is wanted: asks for the upgrade, after which CONNECT goes out."""
        self._client = client
        self._sock = client._sock
        self._at = self._end = 0  # what of _frame has still to go
        self._pong_at = self._pong_end = 0  # the same of _control
        self._missing = 2  # bytes of the header
        self._word = 0  # what has come of it, without the first two bytes once they are known
        self._first = 0  # its first byte, 0 while that is not known
        self._left = 0  # bytes of the payload still to come
        self._fragmented = False  # a message has begun and not ended
        self._code = _NOTHING_WRONG
        client._stream = self._upgrade = borrowed("mqtt.upgrade").Upgrade(self, client)
        self._upgrade._ask()

    def _told(self, reason):
        """What to say of a connection that has ended for this reason."""
        upgrade, self._upgrade = self._upgrade, None
        return upgrade._told(reason) if upgrade else reason

    def close(self):
        """Tells the server, where it can be told at once [7.1.2]. The socket itself is the client's to close."""
        sock, self._sock = self._sock, None
        if sock and self._at == self._end and self._pong_at == self._pong_end:
            self._piece[0] = self._code >> 8
            self._piece[1] = self._code & 255
            _make(self._control, _CLOSE, self._piece, 0, 2)
            sock.write(self._control, _HEADER - 6, 8)

    # Sending

    def write(self, buf, start, n=None):
        """write(buf, n) or write(buf, start, n): sends of these bytes what the network takes; returns how many have
        gone, None for none. What has not is to be offered again, as it was, for it may be in a frame already."""
        if n is None:
            n = start
            start = 0
        if self._at == self._end:
            if self._pong_at != self._pong_end:
                self._send_pong()
                if self._pong_at != self._pong_end:
                    return None
            n = min(n, len(self._frame) - _HEADER)
            self._at = _make(self._frame, _BINARY, buf, start, n)
            self._end = _HEADER + n
        start = self._at if self._at > _HEADER else _HEADER
        n = self._sock.write(self._frame, self._at, self._end - self._at)
        if n:
            self._at += n
            if self._at > start:
                return self._at - start
        return None

    def _send_pong(self):
        """Sends of an answer to a ping what the network takes, between two frames."""
        if self._at == self._end:
            self._pong_at += self._sock.write(self._control, self._pong_at, self._pong_end - self._pong_at) or 0

    # Receiving

    def readinto(self, buf, n):
        """Puts the next bytes that came for MQTT into buf, n at most, and perhaps fewer than have come; returns how
        many, None for none, 0 at the end. What is not for MQTT is dealt with, at most one frame of it at a time."""
        if self._pong_at != self._pong_end:
            self._send_pong()
        if self._missing:
            end = self._take_header()
            if self._missing or self._sock is None:
                return end
        if self._left < n:
            n = self._left
        if n:
            n = self._sock.readinto(buf, n)
            if not n:
                return n
            self._left -= n
        if self._first & 0x0F >= _CLOSE:
            self._take_control(buf, n)
            n = None
        if not self._left:
            self._missing = 2
            self._word = self._first = 0
        return n or None

    def _take_header(self):
        """Reads of a frame's header what has come; returns 0 at the end of the connection."""
        while self._missing:
            n = self._sock.readinto(self._piece, self._missing)
            if not n:
                return n
            for i in range(n):
                if self._word >> 22:
                    return self._refuse("a frame of more than a gibibyte")
                self._word = self._word << 8 | self._piece[i]
            self._missing -= n
            if not self._missing:
                if self._first:
                    self._left = self._word
                    if self._left < 126:  # two bytes of length, or eight, where one would do
                        return self._refuse("a length longer than it need be")
                else:
                    self._take_first()
                if self._sock is None:
                    return None

    def _take_first(self):
        """The first two bytes of a header are there."""
        first = self._first = self._word >> 8
        n = self._word & 0xFF
        self._word = 0
        opcode = first & 0x0F
        if first & 0x70:
            return self._refuse("a frame of an extension")
        if n & 0x80:
            return self._refuse("a masked frame")
        if opcode == _TEXT_FRAME:
            return self._refuse("a text frame", _NOT_TAKEN)
        if opcode >= _CLOSE:
            if opcode > _PONG or n > _CONTROL or not first & _FIN:
                return self._refuse("a control frame that is none, %d" % opcode)
            # Where the answer to the ping before is still on its way out, this one gets none [5.5.3].
            self._taken = 0 if self._pong_at == self._pong_end else -1
        else:
            if opcode != (_CONTINUATION if self._fragmented else _BINARY):
                return self._refuse("a frame of another kind than is due, %d" % opcode)
            self._fragmented = not first & _FIN
        self._first |= _FIN  # so that it is not 0
        if n < 126:
            self._left = n
        else:
            self._missing = 2 if n == 126 else 8

    def _take_control(self, buf, n):
        """n bytes of a control frame's payload are in buf; acts when it is complete."""
        opcode = self._first & 0x0F
        if self._taken >= 0:
            for i in range(n):
                self._control[_HEADER + self._taken] = buf[i]
                self._taken += 1
            if opcode == _PING and not self._left:
                self._pong_at = _make(self._control, _PONG, self._control, _HEADER, self._taken)
                self._pong_end = _HEADER + self._taken
                self._send_pong()
        if opcode == _CLOSE and not self._left:
            self._closed()

    def _closed(self):
        """The server has said close, and perhaps why [7.1.5, 7.1.6]."""
        said = self._control[_HEADER : _HEADER + max(0, self._taken)]
        words = "by the server"
        if len(said) > 1:
            text = "".join([chr(c) if 31 < c < 127 else "?" for c in said[2:]])
            words += ", WebSocket code %d %s" % (said[0] << 8 | said[1], text)
        self._client._fail(ConnectionClosed(words.strip()))

    def _refuse(self, words, code=_AGAINST_THE_PROTOCOL):
        self._code = code
        self._client._fail(ProtocolError("WebSocket: " + words))


def _make(frame, opcode, buf, start, n):
    """Lays out a frame of n bytes, whole and masked [5.1], [5.3]; returns where it begins. On a board the key comes
    from the port's generator, which its hardware seeds: what a board sends is of its own making, and nobody has it send
    what would look like a request to a proxy that cannot read."""
    frame[4] = getrandbits(8)
    frame[5] = getrandbits(8)
    frame[6] = getrandbits(8)
    frame[7] = getrandbits(8)
    mask(frame, buf, start, n)
    if n < 126:
        frame[2] = _FIN | opcode
        frame[3] = 0x80 | n
        return 2
    frame[0] = _FIN | opcode
    frame[1] = 0x80 | 126
    frame[2] = n >> 8
    frame[3] = n & 255
    return 0
