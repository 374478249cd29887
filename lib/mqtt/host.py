"""The few calls of MicroPython's that CPython lacks, for the client on a computer. Boards do not load this module."""

import select
import selectors
import socket as _socket
import ssl
import time
from errno import EINPROGRESS

POLLIN, POLLOUT = 1, 4  # the same wherever there is a poll()


def ticks_ms():
    return time.monotonic_ns() // 1000000 & 0x3FFFFFFF


def ticks_diff(a, b):
    return (a - b + 0x20000000 & 0x3FFFFFFF) - 0x20000000


def sleep_ms(ms):
    time.sleep(ms / 1000)


class _Select:
    """What select.poll() does, on a system that has none, as Windows."""

    def __init__(self):
        self._selector = selectors.SelectSelector()

    def register(self, sock, events):
        self._selector.register(sock, events & POLLIN | events >> 1 & selectors.EVENT_WRITE)

    def modify(self, sock, events):
        self._selector.modify(sock, events & POLLIN | events >> 1 & selectors.EVENT_WRITE)

    def unregister(self, sock):
        self._selector.unregister(sock)

    def poll(self, ms):
        ready = self._selector.select(ms / 1000)
        return [(key.fd, events & POLLIN | (events & selectors.EVENT_WRITE) << 1) for key, events in ready]


class poll:
    """select.poll() with MicroPython's ipoll(); a TLS socket with decrypted bytes left counts as readable."""

    def __init__(self):
        self._poll = select.poll() if hasattr(select, "poll") else _Select()
        self._sockets = {}

    def register(self, sock, events):
        self._poll.register(sock, events)
        self._sockets[sock.fileno()] = sock

    def modify(self, sock, events):
        self._poll.modify(sock, events)

    def unregister(self, sock):
        self._poll.unregister(sock)
        del self._sockets[sock.fileno()]

    def ipoll(self, ms):
        buffered = [(s, POLLIN) for s in self._sockets.values() if s.pending()]
        return buffered or [(self._sockets[fd], events) for fd, events in self._poll.poll(ms)]


class socket(_socket.socket):
    """A TCP socket with MicroPython's stream calls: they return None where they would block, 0 at the end."""

    def connect(self, address):
        try:
            super().connect(address)
        except BlockingIOError as error:  # by another number on Windows
            raise OSError(EINPROGRESS, error.strerror) from error

    def readinto(self, buf, n):
        try:
            return self.recv_into(buf, n)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def write(self, buf, start, n=None):
        start, n = (0, start) if n is None else (start, n)
        try:
            return self.send(memoryview(buf)[start : start + n])
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def pending(self):
        return 0


class _TLSSocket(ssl.SSLSocket):
    readinto = socket.readinto

    def write(self, buf, start, n=None):
        start, n = (0, start) if n is None else (start, n)
        try:
            self.do_handshake()  # nothing to do once it is done
            return self.send(memoryview(buf)[start : start + n])
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None


def wrap(context, sock, server_hostname):
    """TLS over a connected non-blocking socket; the handshake happens with the first write."""
    context.sslsocket_class = _TLSSocket
    return context.wrap_socket(sock, server_hostname=server_hostname, do_handshake_on_connect=False)
