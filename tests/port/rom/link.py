"""The line between esptool and the emulated chip.

That is a pseudo-terminal or a TCP port for pyserial's socket://, which both have no lines to reset a board by; or a
port server for its rfc2217://, which has.
"""

import contextlib
import os
import select
import socket
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

from serial.rfc2217 import PortManager

from .lines import Lines
from .loader import CableOut, Loader

_SPEEDS = {
    getattr(termios, f"B{baud}"): baud
    for baud in (9600, 115200, 230400, 460800, 921600)
    if hasattr(termios, f"B{baud}")
}


@contextlib.contextmanager
def on_pty(loader: Loader, directory: Path, name: str = "ttyUSB0") -> Iterator[str]:
    """The chip behind a serial port; gives the port's path, which is gone once the cable is out."""
    master, slave = os.openpty()
    tty.setraw(slave)
    port = directory / name
    port.symlink_to(os.ttyname(slave))

    def send(data: bytes) -> None:
        while data:
            data = data[os.write(master, data) :]

    def unplug() -> None:
        port.unlink()
        os.close(slave)
        os.close(master)

    loader.line_speed = lambda: _SPEEDS.get(termios.tcgetattr(slave)[5])
    with _served(loader, lambda: os.read(master, 65536), send, master, unplug):
        yield str(port)


@contextlib.contextmanager
def on_tcp(loader: Loader, resets: bool = False) -> Iterator[str]:
    """The chip behind a TCP port, for one connection; gives its URL. resets: with DTR and RTS (RFC 2217)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = _PortServer(listener, loader) if resets else _Peer(listener)
        with _served(loader, peer.receive, peer.send, peer, peer.close):
            yield "{}://{}:{}".format("rfc2217" if resets else "socket", *listener.getsockname())


class _Peer:
    """Waits for a connection, and then is it."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._socket: socket.socket | None = None

    def fileno(self) -> int:
        return (self._socket or self._listener).fileno()

    def receive(self) -> bytes | None:
        if self._socket:
            return self._socket.recv(65536)
        self._socket = self._listener.accept()[0]
        return None

    def send(self, data: bytes) -> None:
        assert self._socket
        self._socket.sendall(data)

    def close(self) -> None:
        for end in (self._socket, self._listener):
            if end:
                end.close()


class _PortServer(_Peer):
    """The same with Telnet's escapes and the port server's commands, which do not go to the chip."""

    def __init__(self, listener: socket.socket, loader: Loader) -> None:
        super().__init__(listener)
        self._lines = Lines(loader.reset)
        self._telnet: PortManager | None = None

    def receive(self) -> bytes | None:
        data = super().receive()
        if not self._telnet:
            self._telnet = PortManager(self._lines, self)
        if not data:
            return data
        return b"".join(self._telnet.filter(data)) or None

    def send(self, data: bytes) -> None:
        assert self._telnet
        super().send(b"".join(self._telnet.escape(data)))

    def write(self, data: bytes) -> None:
        """What the port server itself has to say."""
        super().send(data)


@contextlib.contextmanager
def _served(
    loader: Loader, receive: Callable[[], bytes | None], send: Callable[[bytes], None], source: object, unplug: Callable
) -> Iterator[None]:
    """Runs the loader in a thread until the end, or until the cable is out; its mistakes fail the test.

    receive() gives what comes from `source`: b"" if that is closed, None if there is nothing for the chip.
    """
    wake, woken = os.pipe()
    failure: list[BaseException] = []
    loader.send = send

    def serve() -> None:
        try:
            while True:
                ready, _, _ = select.select([source, wake], [], [])
                if wake in ready:
                    return
                data = receive()
                if data == b"":
                    return
                if data:
                    loader.feed(data)
        except (CableOut, OSError):
            pass
        except BaseException as error:  # noqa: BLE001, it belongs to the test
            failure.append(error)
        finally:
            unplug()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.write(woken, b"x")
        thread.join(10)
        os.close(wake)
        os.close(woken)
    if failure:
        raise failure[0]
