# mypy: ignore-errors
"""The socket module with a socket that counts its writes; imported before any client is."""

import io
import select
import socket as _real
import sys

writes = 0
sent = 0

_POLL = 3  # the request that poll() makes of a stream


class socket(io.IOBase):
    def __init__(self, *arguments):
        self._socket = _real.socket(*arguments)
        self._poller = select.poll()
        self._poller.register(self._socket)
        for name in ("read", "readinto", "readline", "recv", "setblocking", "settimeout", "setsockopt", "connect"):
            setattr(self, name, getattr(self._socket, name))

    def write(self, *arguments):
        global writes, sent
        n = self._socket.write(*arguments)
        if n:
            writes += 1
            sent += n
        return n

    def send(self, data):
        return self.write(data)

    def close(self):
        self._poller.unregister(self._socket)
        self._socket.close()

    def ioctl(self, request, argument):
        if request != _POLL:
            return 0
        for _, events in self._poller.poll(0):
            return events & (argument | select.POLLERR | select.POLLHUP)
        return 0


class _Module:
    pass


for _name in dir(_real):
    if _name[:2] != "__":
        setattr(_Module, _name, getattr(_real, _name))
_Module.socket = socket
sys.modules["socket"] = sys.modules["usocket"] = _Module
