"""The virtual board behind a port server (RFC 2217): unlike a pseudo-terminal, such a port has DTR and RTS, and they
lead to the board's reset as on most boards."""

import contextlib
import os
import select
import socket
import threading
from collections.abc import Iterator

from onenet_tools.board import VirtualBoard
from rom.lines import Lines
from serial.rfc2217 import PortManager


class _Peer:
    """One connection; what PortManager has to say goes through write()."""

    def __init__(self, connection: socket.socket, board: VirtualBoard) -> None:
        self._connection = connection
        self._port = os.open(board.port, os.O_RDWR | os.O_NOCTTY)
        self._telnet = PortManager(Lines(lambda boot_held: board.reset_button()), self)

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)

    def serve(self) -> None:
        with contextlib.suppress(OSError), self._connection:
            while True:
                ready, _, _ = select.select([self._connection, self._port], [], [])
                if self._port in ready:
                    self.write(b"".join(self._telnet.escape(os.read(self._port, 4096))))
                if self._connection in ready:
                    data = self._connection.recv(4096)
                    if not data:
                        break
                    os.write(self._port, b"".join(self._telnet.filter(data)))
        os.close(self._port)


@contextlib.contextmanager
def with_reset_lines(board: VirtualBoard) -> Iterator[str]:
    """The URL of a port through which the board can be reset."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=_Peer(listener.accept()[0], board).serve, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield "rfc2217://{}:{}".format(*listener.getsockname())
