# mypy: ignore-errors
"""A network, Wi-Fi and broker inside the interpreter, for the webassembly build, which has none.

Install it before any client is imported. What the stand-ins allocate themselves is counted in `spent`, so that it can
be taken off: growth of the heap less growth of `spent` is the client's.
"""

import asyncio
import gc
import sys
from time import sleep_ms

POLLIN = 1
POLLOUT = 4

spent = 0
writes = 0
connacks = 0
stop = None  # what the next wait for the network raises
_sockets = []


class socket:
    """A connection to a broker that answers at once, and delivers what deliver() is told to."""

    def __init__(self, *arguments):
        self._came = bytearray()  # from the client, not yet a packet
        self._inbox = bytearray()
        self._blocking = True
        _sockets.append(self)

    def connect(self, address):
        pass

    def close(self):
        pass

    def setblocking(self, on):
        self._blocking = on

    def settimeout(self, seconds):
        self._blocking = seconds != 0

    def setsockopt(self, level, option, value):
        pass

    def ready(self):
        return len(self._inbox) > 0

    def write(self, data, at=None, size=None):
        global spent, writes
        before = gc.mem_alloc()
        writes += 1
        if size is None:
            size = len(data) if at is None or at < 0 else min(at, len(data))
            at = 0
        self._came += memoryview(data)[at : at + size]
        self._answer()
        spent += gc.mem_alloc() - before
        return size

    def send(self, data):
        return self.write(data)

    def read(self, size=-1):
        global spent
        if not self._inbox:
            return None
        if size < 0 or size > len(self._inbox):
            size = len(self._inbox)
        before = gc.mem_alloc()
        view = memoryview(self._inbox)[:size]
        spent += gc.mem_alloc() - before
        data = bytes(view)  # the client's
        self._take(size)
        return data

    recv = read

    def readinto(self, buf, size=None):
        n = self._fill(buf, size)
        return n if n else None

    def recv_into(self, buf, size=None):
        n = self._fill(buf, size)
        if not n:
            raise OSError(11)
        return n

    def _fill(self, buf, size):
        global spent
        before = gc.mem_alloc()
        n = min(len(self._inbox), len(buf) if size is None else size)
        memoryview(buf)[:n] = memoryview(self._inbox)[:n]
        spent += gc.mem_alloc() - before
        self._take(n)
        return n

    def _take(self, size):
        global spent
        before = gc.mem_alloc()
        self._inbox = self._inbox[size:]
        spent += gc.mem_alloc() - before

    def deliver(self, packet):
        """Puts bytes into what is to be read."""
        global spent
        before = gc.mem_alloc()
        self._inbox += packet
        spent += gc.mem_alloc() - before

    def _answer(self):
        global connacks
        while True:
            came = self._came
            length = shift = 0
            for i in range(1, len(came)):
                length |= (came[i] & 127) << shift
                shift += 7
                if not came[i] & 128:
                    break
            else:
                return
            end = i + 1 + length
            if len(came) < end:
                return
            body = came[i + 1 : end]
            kind = came[0] >> 4
            if kind == 1:
                connacks += 1
                self._inbox += b"\x20\2\0\0"
            elif kind == 3 and came[0] & 6:
                topic = body[0] << 8 | body[1]
                self._inbox += bytes((0x40 if came[0] & 2 else 0x50, 2, body[topic + 2], body[topic + 3]))
            elif kind == 6:
                self._inbox += bytes((0x70, 2, body[0], body[1]))
            elif kind == 8:
                self._inbox += bytes((0x90, 3, body[0], body[1], body[-1]))
            elif kind == 12:
                self._inbox += b"\xd0\0"
            self._came = came[end:]


def getaddrinfo(host, port, *arguments):
    return [(2, 1, 0, "", (host, port))]


class poll:
    """Of one socket. Nothing here allocates once it is registered."""

    def __init__(self):
        self._socket = None

    def register(self, sock, events=POLLIN | POLLOUT):
        self._socket = sock
        self._answers = {}
        for answer in (POLLIN, POLLOUT, POLLIN | POLLOUT):
            self._answers[answer] = [(sock, answer)]
        self._nothing = []
        self.modify(sock, events)

    def modify(self, sock, events):
        self._events = events

    def unregister(self, sock):
        self._socket = None

    def ipoll(self, timeout=-1, flags=0):
        if stop:
            raise stop
        sock = self._socket
        ready = sock is not sys.stdin and sock.ready()  # nobody types anything
        events = self._events & (POLLIN | POLLOUT if ready else POLLOUT)
        if events:
            return self._answers[events]
        if timeout > 0:
            sleep_ms(timeout)
        return self._nothing

    def poll(self, timeout=-1):
        return list(self.ipoll(timeout))


class WLAN:
    def __init__(self, interface=0):
        pass

    def isconnected(self):
        return True

    def active(self, on=None):
        return True

    def config(self, name):
        return "home"

    def ifconfig(self):
        return ("192.0.2.1", "255.255.255.0", "192.0.2.254", "192.0.2.254")

    def status(self, what=None):
        return -50

    def connect(self, *arguments):
        pass

    def disconnect(self):
        pass


class _Socket:
    AF_INET = 2
    SOCK_STREAM = 1
    SOCK_DGRAM = 2
    SOL_SOCKET = 1
    socket = socket
    getaddrinfo = getaddrinfo


class _Select:
    POLLIN = POLLIN
    POLLOUT = POLLOUT
    POLLERR = 8
    POLLHUP = 16
    poll = poll


class _Network:
    STA_IF = 0
    AP_IF = 1
    WLAN = WLAN


class RTC:
    def memory(self, content=None):
        return b""


class Pin:
    IN = OUT = PULL_UP = 0


class _Machine:
    RTC = RTC
    Pin = Signal = Timer = WDT = Pin
    PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = range(1, 6)

    @staticmethod
    def reset_cause():
        return 1

    @staticmethod
    def unique_id():
        return b"bench1"


class _Thread:
    @staticmethod
    def allocate_lock():
        return None


sys.modules["socket"] = sys.modules["usocket"] = _Socket
sys.modules["select"] = sys.modules["uselect"] = _Select
sys.modules["network"] = _Network
sys.modules["machine"] = _Machine
sys.modules["_thread"] = _Thread
sys.modules["uasyncio"] = asyncio


def deliver(packet):
    """To the connection that was made last."""
    _sockets[-1].deliver(packet)
