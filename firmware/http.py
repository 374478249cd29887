"""One HTTP/1.1 request after another to the same server, over a socket that never blocks. Loaded for an update.

What that wants of HTTP and no more: GET with Range and POST, replies with Content-Length, the connection kept where the
server keeps it. No redirections, no chunks: they are refused in words. TLS is in https.py, for an ESP32.
"""

import sys
from errno import EINPROGRESS, ETIMEDOUT
from micropython import const
from select import POLLIN, POLLOUT, poll
from socket import SOCK_STREAM, getaddrinfo, socket
from time import ticks_diff, ticks_ms

from . import watchdog
from .log import rare

_PATIENCE = const(15000)  # ms for each step
_HEADER = const(512)  # bytes of a reply's at most
_WAIT = const(100)  # ms that one turn waits for the network


def parts_of(url):
    """(host, port, path, whether it is https) of http://host:port/path; ValueError, which says what would be right."""
    tls = url[:8] == "https://"
    if tls and sys.platform == "esp8266":
        raise ValueError(
            "https:// is not for an ESP8266, which cannot check certificates: give an http:// address; the "
            "package has its own signature"
        )
    if not tls and url[:7] != "http://":
        raise ValueError("the address must begin with http://")
    host, slash, path = url[7 + tls :].partition("/")
    host, _, port = host.partition(":")
    if not host or port and not port.isdigit() or any(c <= 32 or c >= 127 for c in url.encode()):
        raise ValueError("the address must be like http://host:port/path, without spaces")
    return host, int(port or (443 if tls else 80)), "/" + path, tls


class Http:
    """buf: bytearray for the replies: a header, which has 512 bytes at most, and the body behind it.

    After ask(): `status`; `body`, a view of its n bytes; `total`, bytes of the whole file (-1: not told); `errno`, of
    OneNET's Ota-Errno."""

    def __init__(self, host, port, buf, more="", tls=False):
        self.host = host
        self._port = port
        self._tls = tls
        self._view = memoryview(buf)
        self._more = more  # lines of each GET's header
        self._poller = poll()
        self._sock = self._address = self.body = None
        self.status = self.n = self.errno = 0
        self.total = -1

    def close(self):
        if self._sock:
            self._poller.unregister(self._sock)
            self._sock.close()
            self._sock = None

    def get(self, path, first, last):
        """Asks for these bytes of a file, both included. A generator: each next() is a turn; done, it just ends.
        Raises OSError, to try again, and ValueError."""
        yield from self.ask("GET", path, "Range: bytes=%d-%d\r\n%s" % (first, last, self._more))
        if self.errno:
            raise ValueError("the file is gone (Ota-Errno %d)" % self.errno)
        if self.status == 416:
            raise ValueError("it ends before byte %d" % first)
        if self.status >= 500 or self.status in (408, 429):
            raise OSError("the server's status is %d" % self.status)
        if self.status != 206 and not (self.status == 200 and self.n == self.total and not first):
            raise ValueError("the server's status is %d, not 206" % self.status)
        if self._first not in (-1, first):
            raise ValueError("the server has sent bytes from %d on, not from %d" % (self._first, first))

    def ask(self, method, path, more="", body=b""):
        """The same for any request; more: lines of the header."""
        try:
            if not self._sock:
                yield from self._connect()
            lines = "%s %s HTTP/1.1\r\nHost: %s:%d\r\n%s" % (method, path, self.host, self._port, more)
            if body:
                lines += "Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
            yield from self._send((lines + "\r\n").encode() + body)
            yield from self._receive()
        except OSError:
            self.close()
            self._address = None  # the name has another one, perhaps, next time
            raise
        except ValueError as e:
            self.close()
            raise ValueError(str(e).strip())  # mbedTLS's words of a certificate end with a newline

    def _connect(self):
        if not self._address:
            watchdog.patient(True)
            try:
                found = getaddrinfo(self.host, self._port, 0, SOCK_STREAM)
                self._address = [info[-1] for info in found if info[-1] is not None][0]
            except (TypeError, IndexError):  # no addresses, in MicroPython's own words
                raise OSError("no address for " + self.host)
            finally:
                watchdog.patient(False)
        self._sock = sock = socket()
        self._poller.register(sock, POLLOUT)
        sock.setblocking(False)
        try:
            sock.connect(self._address)
        except OSError as e:
            if e.errno != EINPROGRESS:
                raise
        yield from self._ready(POLLOUT)
        if self._tls:
            wrapped = rare("https").wrap(sock, self.host)
            self._poller.unregister(sock)
            self._sock = wrapped
            self._poller.register(wrapped, POLLOUT)

    def _ready(self, events):
        """Until the socket is."""
        self._poller.modify(self._sock, events)
        start = ticks_ms()
        while not self._poller.poll(_WAIT):
            if ticks_diff(ticks_ms(), start) > _PATIENCE:
                raise OSError(ETIMEDOUT)
            yield

    def _send(self, data):
        at = 0
        while at < len(data):
            yield from self._ready(POLLOUT)
            n = self._sock.write(data[at:])
            if n is None:  # the handshake is under way
                yield
            at += n or 0

    def _receive(self):
        view = self._view
        n = 0  # bytes in buf
        end = -1
        while end < 0:
            if n >= _HEADER:
                raise ValueError("the header of the reply is longer than %d bytes" % _HEADER)
            n += yield from self._read(n)
            end = self._end_of_header(min(n, _HEADER))
        length = self._header(bytes(view[:end]))
        begin = end + 4
        end = begin + length
        if end > len(view) or n > end:
            raise ValueError("the reply has %d bytes, too many: does the server know Range?" % length)
        while n < end:
            n += yield from self._read(n, end)
        self.n = length
        self.body = view[begin:end]
        if self._close:
            self.close()

    def _end_of_header(self, n):
        """Where the empty line begins; -1 where it is not among the first n bytes. A copy of them would be large."""
        view = self._view
        for at in range(n - 3):
            if view[at] == 13 and view[at + 2] == 13 and view[at + 1] == view[at + 3] == 10:
                return at
        return -1

    def _read(self, at, end=None):
        """Reads into buf from there; returns how many bytes."""
        n = None
        while n is None:
            yield from self._ready(POLLIN)
            n = self._sock.readinto(self._view[at : end or len(self._view)])
        if not n:
            raise OSError("the server has closed the connection")
        return n

    def _header(self, text):
        """Takes in what matters of it; returns the length of the body."""
        first, _, rest = text.partition(b"\r\n")
        words = first.split(None, 2)
        if len(words) < 2 or words[0][:5] != b"HTTP/" or not words[1].isdigit():
            raise ValueError("this is no HTTP server")
        self.status = int(words[1])
        self.errno = 0
        self.total = self._first = -1
        self._close = words[0] == b"HTTP/1.0"
        length = -1
        for line in rest.split(b"\r\n"):
            name, _, value = line.partition(b":")
            name = name.lower()
            value = value.strip()
            if name == b"content-length" and value.isdigit():
                length = int(value)
            elif name == b"content-range":
                first, _, value = value.partition(b"/")
                self.total = int(value) if value.isdigit() else -1
                first = first[6:].partition(b"-")[0]  # behind "bytes "
                self._first = int(first) if first.isdigit() else -1
            elif name == b"connection":
                self._close = value.lower() == b"close"
            elif name == b"ota-errno":
                self.errno = int(value) if value.isdigit() else -1
        if length < 0:
            raise ValueError("the reply has no Content-Length")
        if self.status == 200:
            self.total = length
        return length
