"""One request over HTTP and its answer, without ever waiting: whoever sends too much, too slowly, or something else, is
sent away. What is kept of a request is its first line, what four headers say, and its body."""

from micropython import const
from time import ticks_diff, ticks_ms

_PATIENCE = const(10000)  # ms for a request to be there, and then for its answer to be taken
_LINGERS = const(1000)  # ms after that for the client to close; if we did, what it still sends would cost it the answer
_LINE = const(200)  # bytes of a line that are kept: the rest of a longer one, as a phone's User-Agent, is of no use
_HEAD = const(6144)  # bytes of all lines
_BODY = const(2560)  # of the longest form, with an auth_info of 512 bytes in %XX
_PIECE = const(512)  # bytes that are read, or written, at once

_READS = const(0)
_WRITES = const(1)
_LINGERING = const(2)


class Request:
    """method, path, host, origin: bytes as they came; body: of a POST; chinese: whether the reader prefers that."""

    method = path = host = origin = b""
    chinese = False
    body: bytearray | None = None

    def take(self, name, value):
        """A header; False for one that can't be."""
        if name == b"host":
            self.host = value
        elif name == b"origin":
            self.origin = value
        elif name == b"accept-language":  # the first of the two; browsers sort them
            chinese, english = value.find(b"zh"), value.find(b"en")
            self.chinese = chinese >= 0 and (english < 0 or chinese < english)
        elif name == b"content-length":
            if not 0 < len(value) < 6 or not all(48 <= byte < 58 for byte in value):
                return False
            self.body = bytearray(min(int(value), _BODY + 1))
        return name != b"transfer-encoding"


class Visitor:
    """A client, from accept() on. on_request(request) returns status, headers and body of the answer: "200 OK", bytes
    with an end of line after each, bytes."""

    def __init__(self, sock, on_request):
        sock.setblocking(False)
        self.began = ticks_ms()  # when what it does now did
        self.quiet = True  # nothing has come
        self._client_socket = sock
        self._on_whole_request = on_request
        self._what_is_asked = Request()
        self._phase = _READS
        self._head_line = b""
        self._head_seen = 0  # bytes of the head
        self._body_filled = -1  # bytes of the body, -1 before that begins
        self._outgoing: list = []  # what is still to be written, bytes
        self._outgoing_at = 0  # in the first of them

    def turn(self):
        """Does what there is to do now. False when it is over, and closed."""
        try:
            if ticks_diff(ticks_ms(), self.began) <= (_LINGERS if self._phase == _LINGERING else _PATIENCE):
                if self._write_on() if self._phase == _WRITES else self._read_on():
                    return True
        except OSError:
            pass
        self.close()
        return False

    def close(self):
        self._client_socket.close()

    def _read_on(self):
        data = self._client_socket.read(_PIECE)
        if data is None:
            return True
        if data and self._phase == _READS:
            self.quiet = False
            self._take_request(data)
        return data != b""

    def _write_on(self):
        at = self._outgoing_at
        n = self._client_socket.write(self._outgoing[0][at : at + _PIECE])  # in RAM, which a body in flash is not
        if n:
            self._outgoing_at += n
            if self._outgoing_at >= len(self._outgoing[0]):
                self._outgoing_at = 0
                del self._outgoing[0]
                if not self._outgoing:
                    self._go_over(_LINGERING)
        return True

    def _go_over(self, state):
        self._phase = state
        self.began = ticks_ms()

    def _take_request(self, data):
        """The next bytes of the request."""
        at = 0
        while self._phase == _READS and self._body_filled < 0 and at < len(data):
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end
            self._head_line += data[at : min(stop, at + _LINE - len(self._head_line))]
            self._head_seen += stop + 1 - at
            at = stop + 1
            if self._head_seen > _HEAD:
                self._turn_away("431 Request Header Fields Too Large")
            elif end >= 0:
                line = self._head_line.strip()
                self._head_line = b""
                self._take_head(line)
        if self._phase == _READS and self._body_filled >= 0:
            self._take_body(data[at:])

    def _take_head(self, line):
        request = self._what_is_asked
        if not request.method:
            words = line.split(b" ")
            if len(words) != 3 or words[2][:7] != b"HTTP/1." or words[1][:1] not in (b"/", b"h"):
                self._turn_away("400 Bad Request")
            request.method, request.path = words[0], words[1] if len(words) > 1 else b""
        elif line:
            name, colon, value = line.partition(b":")
            if not colon or not request.take(name.lower(), value.strip()):
                self._turn_away("400 Bad Request")
        elif request.method == b"POST" and request.body is None:
            self._turn_away("411 Length Required")
        elif request.body is not None and len(request.body) > _BODY:
            self._turn_away("413 Content Too Large")
        else:
            self._body_filled = 0

    def _take_body(self, data):
        request = self._what_is_asked
        body = request.body or bytearray()
        n = min(len(data), len(body) - self._body_filled)
        if n:
            body[self._body_filled : self._body_filled + n] = data[:n]
            self._body_filled += n
        if self._body_filled == len(body):
            self._answer_with(*self._on_whole_request(request))

    def _turn_away(self, status):
        if self._phase == _READS:
            self._answer_with(status, b"", b"")

    def _answer_with(self, status, headers, body):
        head = "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n" % (status, len(body))
        self._outgoing = [head.encode() + headers + b"\r\n"]
        if body:
            self._outgoing.append(body)
        self._go_over(_WRITES)
