"""socket: the interpreter's own behind the habits of the port's lwIP; names and addresses lead to the board's network.

An address is (dotted quad, port), as on a board, and means something on the board's network only: connect() asks the
host side, which has tried the other end by then and answers with the address of a forwarder, of a port that refuses, or
of one that never answers. Errors carry the port's numbers. Where a program does not wait for a socket, reading goes
straight to the interpreter's own methods, which allocate nothing.

ESP32: ports/esp32/modsocket.c. ESP8266: extmod/modlwip.c. Not there: SO_LINGER, and addresses of IPv6.
"""

import errno
import io
import select
from errno import EAGAIN, ECONNRESET, EINPROGRESS, ETIMEDOUT
from socket import AF_INET, SOCK_DGRAM, SOCK_STREAM
from socket import getaddrinfo as _own_getaddrinfo
from socket import sockaddr as _sockaddr
from socket import socket as _own_socket
from socket import SO_BROADCAST as _OWN_BROADCAST
from socket import SO_REUSEADDR as _OWN_REUSEADDR
from socket import SOL_SOCKET as _OWN_SOL_SOCKET
from time import sleep_ms

import _host
import _port

AF_INET6 = 10
SOCK_RAW = 3
IPPROTO_IP = 0
IPPROTO_TCP = 6
SOL_SOCKET = _port.SOL_SOCKET
SO_REUSEADDR = 4
SO_BROADCAST = 0x20
TCP_NODELAY = _port.TCP_NODELAY
if _port.PLATFORM == "esp32":
    IPPROTO_UDP = 17
    IP_ADD_MEMBERSHIP = 3
else:
    IP_ADD_MEMBERSHIP = 0x400
    IP_DROP_MEMBERSHIP = 0x401
MSG_PEEK = 1
MSG_DONTWAIT = 8

_GET_FILENO = 10  # requests of streams, py/stream.h
_POLL = 3
_CLOSE = 4
_BROKEN = select.POLLERR | select.POLLHUP


def getaddrinfo(host, port, af=0, type=0, proto=0, flags=0):
    """Blocks for as long as looking up the name takes. Raises OSError(-202) on an ESP32, -2 on an ESP8266."""
    if _port.PLATFORM == "esp8266":
        if type not in (0, SOCK_STREAM) or proto or flags:
            print("Warning: unsupported getaddrinfo constraints")
        type = 0
    quads = ["0.0.0.0"] if host in ("", "0.0.0.0") else _host.ask("lookup", host=host, port=port)
    # A name that has addresses of IPv6 only gives None on an ESP32: esp_socket_getaddrinfo()
    return [
        (
            AF_INET if quad else AF_INET6,
            type or SOCK_STREAM,
            proto,
            host if _port.CANONICAL else "",
            (quad, port) if quad else None,
        )
        for quad in quads
    ]


_trouble = bytearray(2)  # the number of an error, and tenths of a second


class socket(io.IOBase):
    """What a connection needs is in few words of the heap: on a board a socket takes not much more."""

    _type = SOCK_STREAM
    _asked = _where = None  # of the last datagram
    _started = _bound = False
    _patient = False

    def __init__(self, af=AF_INET, type=SOCK_STREAM, proto=0, *, own=None):
        self._own = own or _own_socket(AF_INET, type)
        if type != SOCK_STREAM:
            self._type = type
        if own:
            self._started = True

    # What is waited for

    def setblocking(self, on):
        self.settimeout(None if on else 0)

    def settimeout(self, seconds):
        self._own.settimeout(seconds)
        if self._patient or seconds:
            self._patient = bool(seconds)

    def _timely(self, function, *arguments):
        """Call one of the interpreter's own functions. Raises OSError with the port's numbers."""
        try:
            result = function(*arguments)
        except OSError as error:
            if self._patient and error.errno in (EAGAIN, 115):  # Linux's EINPROGRESS
                raise OSError(ETIMEDOUT)
            raise OSError(_port.ERRNOS.get(error.errno, error.errno))
        if result is None and self._patient:
            raise OSError(ETIMEDOUT)
        return result

    # Connecting

    def connect(self, address):
        host, port = _checked(address)
        if not _is_quad(host):
            if _port.PLATFORM == "esp8266":
                raise ValueError("invalid arguments")
            host = _host.ask("lookup", host=host, port=port)[0]
        if self._type == SOCK_DGRAM:
            self._asked = address
            return
        where = _host.ask("connect", host=host, port=port)
        self._started = True
        try:
            self._timely(self._connect, _own(where))
        except OSError as error:
            # lwIP knows no refusal, only a reset: ERR_RST of tcp_process()
            raise OSError(ECONNRESET if error.errno == errno.ECONNREFUSED else error.errno)

    def _connect(self, address):
        self._own.connect(address)
        return True

    def bind(self, address):
        """A port that is named is the board's, on the board's network: whoever joins its access point finds it there.
        Where it is on this machine only the host side knows. One of 127.0.0.1 is for the board alone
        (CONFIG_LWIP_NETIF_LOOPBACK of the ESP-IDF, which is on)."""
        host, port = _checked(address)
        kind = "udp" if self._type == SOCK_DGRAM else "tcp"
        for others in range(4, -1, -1):
            try:
                if port and host != "127.0.0.1":
                    # The interpreter cannot tell what it has got, so this has to ask for it by number, and for another
                    # one where a program of this machine was faster
                    self._own.bind(_own(("127.0.0.1", _host.ask("listens", kind=kind, port=port))))
                else:
                    others = 0
                    self._own.bind(_own(address))
                break
            except OSError as error:
                if not others or error.errno != errno.EADDRINUSE:
                    raise OSError(_port.ERRNOS.get(error.errno, error.errno))
        self._bound = True

    def listen(self, backlog=2):
        self._own.listen(backlog)

    def accept(self):
        own, peer = self._timely(self._own.accept)
        _, quad, port = _sockaddr(peer)[:3]
        return socket(own=own), (_quads(quad), port)

    def setsockopt(self, level, option, value):
        """The level is not looked at."""
        if option in (SO_REUSEADDR, SO_BROADCAST):
            own = _OWN_REUSEADDR if option == SO_REUSEADDR else _OWN_BROADCAST
            self._own.setsockopt(_OWN_SOL_SOCKET, own, value)
        elif option == TCP_NODELAY:
            if _port.PLATFORM == "esp8266" and self._started and self._is_broken():
                # lwip_socket_setsockopt() does not look whether there still is a connection
                _host.vanish("crash", cause="PANIC", words="Fatal exception 29(StoreProhibitedCause):")
            if self._type == SOCK_STREAM:
                self._own.setsockopt(IPPROTO_TCP, 1, value)
        elif option not in (20, IP_ADD_MEMBERSHIP, _port.IP_DROP_MEMBERSHIP):
            print(_port.NO_SUCH_OPTION)

    def _is_broken(self):
        poll = select.poll()
        poll.register(self._own, 0)
        return any(event & _BROKEN for _, event in poll.poll(0))

    def close(self):
        self._own.close()

    # Data. What a main loop calls is short, so that its frame takes nothing from the heap.

    def write(self, data, first=None, second=None):
        _host.peek(_host.WRITE_ERROR, _trouble)
        if _trouble[0] or _trouble[1] or self._patient:
            return self._write_with_care(data, first, second)
        if first is None:
            return self._own.write(data)
        if second is None:
            return self._own.write(data, first)
        return self._own.write(data, first, second)

    def _write_with_care(self, data, first, second):
        self._fault()
        if first is None:
            return self._timely(self._own.write, data)
        if second is None:
            return self._timely(self._own.write, data, first)
        return self._timely(self._own.write, data, first, second)

    def send(self, data):
        self._fault()
        return self._timely(self._own.send, data)

    def sendall(self, data):
        self._fault()
        return self._timely(self._own.sendall, data)

    def sendto(self, data, address):
        self._fault()
        host, port = _checked(address)
        if self._asked != address or self._where is None:
            self._where = _own(_host.ask("datagram", host=host, port=port))
            self._asked = address
        return self._timely(self._own.sendto, data, self._where)

    def recvfrom(self, size):
        data, peer = self._timely(self._own.recvfrom, size)
        if self._bound:  # from whom, and so where an answer goes
            _, quad, port = _sockaddr(peer)[:3]
            self._asked, self._where = (_quads(quad), port), peer
        return data, self._asked

    def recv(self, size):
        if self._patient:
            return self._timely(self._own.recv, size)
        return self._own.recv(size)

    def read(self, size=-1):
        if self._patient:
            return self._timely(self._own.read, size)
        return self._own.read(size)

    def readinto(self, buffer, size=None):
        if size is None:
            size = len(buffer)
        if self._patient:
            return self._timely(self._own.readinto, buffer, size)
        return self._own.readinto(buffer, size)

    def readline(self, size=-1):
        if self._patient:
            return self._timely(self._own.readline, size)
        return self._own.readline(size)

    def makefile(self, mode="rb", buffering=0):
        return self

    def _fault(self):
        """What a test has brought about."""
        _host.peek(_host.WRITE_ERROR, _trouble)
        if _trouble[1]:
            sleep_ms(_trouble[1] * 100)
        if _trouble[0]:
            raise OSError(_trouble[0])

    def ioctl(self, request, argument):
        """What poll and ssl ask a stream."""
        if request == _GET_FILENO:
            return self._own.fileno()
        if request == _CLOSE:
            self._own.close()
            return 0
        if request == _POLL:
            poll = select.poll()
            poll.register(self._own, argument)
            return sum(event for _, event in poll.poll(0))
        return -22


def _checked(address):
    if not isinstance(address, (tuple, list)):
        raise TypeError("object '%s' isn't a tuple or list" % type(address).__name__)
    host, port = address
    return host, port


def _own(address):
    host, port = address
    return _own_getaddrinfo(host or "0.0.0.0", port)[0][-1]


def _quads(address):
    return ".".join(str(byte) for byte in address)


def _is_quad(host):
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)
