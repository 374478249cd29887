"""The opening handshake of a WebSocket: an HTTP request to go on as a WebSocket, and its answer [RFC 6455, 4.1]. Loaded
for each connection, dropped once the server has agreed."""

from binascii import b2a_base64
from errno import ECONNABORTED, ECONNRESET
from micropython import const

from .errors import ConnectionClosed, MQTTError, ProtocolError, Timeout
from .websocket import getrandbits

try:
    from hashlib import sha1
except ImportError:  # a port without: then any answer to the key will do
    sha1 = None  # type: ignore[misc]

_MOST = const(4096)  # bytes of an answer
_LINE = const(160)  # bytes of a line that are looked at; those that matter are shorter
_BLANK = const(4)  # bytes of the blank line, with the end of the line before it
_CLOSED = (ECONNRESET, ECONNABORTED, 32)  # EPIPE
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

# What an answer must say to have agreed
_UPGRADE = const(1)
_CONNECTION = const(2)
_ACCEPT = const(4)
_PROTOCOL = const(8)
_MISSES = (
    (_UPGRADE, "does not go on as a WebSocket"),
    (_CONNECTION, "does not upgrade the connection"),
    (_ACCEPT, "did not understand the key"),
    (_PROTOCOL, "does not speak the subprotocol mqtt"),  # [MQTT-6.0.0-4]
)


class Upgrade:
    """What is in a WebSocket's place until the server has agreed: the request goes out through it as a packet would,
    and the answer, of which it never reads a byte too many, is not for the client."""

    def __init__(self, websocket, client):
        self._websocket = websocket
        self._client = client
        self._sock = client._sock
        key = b2a_base64(bytes([getrandbits(8) for _ in range(16)]))[:-1]
        self._accept = sha1 and b2a_base64(sha1(key + _GUID).digest())[:-1]
        self._request = (
            "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
            % (websocket.path, _authority(client), key.decode())
        ).encode()
        self._unsent = len(self._request)
        self._line = bytearray()
        self._blank = 0  # bytes of the blank line that have come
        self._left = _MOST
        self._status = ""  # as "404 Not Found", once it has come
        self._agreed = 0

    def _ask(self):
        self._client._begin(self._request, len(self._request))

    def _told(self, reason):
        """The reason for the end of a connection that was never a WebSocket. Leaves word for mqtt.tls_words, which
        takes TLS to be through where something of CONNECT has gone."""
        client = self._client
        client._out_left = 0 if self._unsent < len(self._request) else len(client._settings[3])
        if not self._unsent:
            if isinstance(reason, Timeout):
                return Timeout("no answer to the WebSocket handshake")
            if isinstance(reason, ConnectionClosed) or isinstance(reason, OSError) and reason.args[0] in _CLOSED:
                return ConnectionClosed("by the server, asked for a WebSocket; is there one at this port?")
        return reason

    def write(self, buf, start, n):
        n = self._sock.write(buf, start, n)
        self._unsent -= n or 0
        return n

    def close(self):
        pass

    def readinto(self, buf, n):
        """Takes in of the answer what has come: None, or 0 at the end of the connection."""
        while True:
            # The blank line can't have come whole within fewer bytes.
            n = self._sock.readinto(buf, _BLANK - self._blank)
            if not n:
                return n
            self._left -= n
            error = self._left < 0 and ProtocolError("WebSocket: an answer without an end") or self._take(buf, n)
            if error:
                return self._client._fail(error)
            if self._blank == _BLANK:
                return self._go_on()

    def _take(self, buf, n):
        """n bytes of the answer are in buf; returns what is wrong, None if nothing."""
        for i in range(n):
            byte = buf[i]
            if byte == b"\r\n"[self._blank & 1]:
                self._blank += 1
            else:
                self._blank = 1 if byte == 13 else 0
            if len(self._line) < _LINE:
                self._line.append(byte)
            if self._blank == 2:
                line = bytes(self._line).strip()
                self._line = bytearray()
                error = self._header(line) if self._status else self._first(line)
                if error:
                    return error
        if not self._status and self._line[:5] != b"HTTP/"[: len(self._line)]:
            return ProtocolError("WebSocket: the server does not speak HTTP; is this its port for WebSocket?")

    def _first(self, line):
        version, _, status = line.partition(b" ")
        if version[:7] != b"HTTP/1." or not status[:3].isdigit() or status[3:4] not in b" ":
            return ProtocolError("WebSocket: the server does not speak HTTP/1.1")
        self._status = _plain(status)
        if status[:1] != b"3" and status[:3] != b"101":
            hint = "; is the path %s right?" % self._websocket.path if status[:3] in (b"400", b"404") else ""
            return MQTTError("WebSocket: the server answers %s%s" % (self._status, hint))

    def _header(self, line):
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        value = value.strip()
        if self._status[0] == "3":
            if name == b"location":
                return MQTTError("WebSocket: the server answers %s, to %s" % (self._status, _plain(value)))
        elif name == b"upgrade":
            self._agreed |= _UPGRADE if value.lower() == b"websocket" else 0
        elif name == b"connection":
            tokens = [token.strip() for token in value.lower().split(b",")]
            self._agreed |= _CONNECTION if b"upgrade" in tokens else 0
        elif name == b"sec-websocket-accept":
            self._agreed |= _ACCEPT if self._accept in (None, value) else 0
        elif name == b"sec-websocket-protocol":
            self._agreed |= _PROTOCOL if value == b"mqtt" else 0
        elif name == b"sec-websocket-extensions":
            return ProtocolError("WebSocket: the server chose an extension nobody offered")

    def _go_on(self):
        """The answer is complete: CONNECT goes out, in the first frame."""
        client = self._client
        if self._status[0] == "3":
            return client._fail(MQTTError("WebSocket: the server answers " + self._status))
        for bit, words in _MISSES:
            if not self._agreed & bit:
                return client._fail(ProtocolError("WebSocket: the server " + words))
        if self._unsent:
            return client._fail(ProtocolError("WebSocket: the server answered before it was asked"))
        client._stream = self._websocket
        self._websocket._upgrade = None
        packet = client._settings[3]  # CONNECT
        client._begin(packet, len(packet))


def _authority(client):
    """The name the request is for: that of the certificate where there is one; and the port, if it is not the usual."""
    ssl, name = client._settings[:2]
    if not ssl or not name:
        name = client.host
    if ":" in name:
        name = "[%s]" % name
    return name if client.port == (443 if ssl else 80) else "%s:%d" % (name, client.port)


def _plain(text):
    return "".join([chr(c) if 31 < c < 127 else "?" for c in text])
