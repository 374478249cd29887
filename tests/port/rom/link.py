"""The line between esptool and the emulated chip: a pseudo-terminal, or a TCP port for pyserial's socket://."""

import contextlib
import os
import select
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

from .loader import CableOut, Loader


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

    with _served(loader, lambda: os.read(master, 65536), send, master, unplug):
        yield str(port)


@contextlib.contextmanager
def on_tcp(loader: Loader) -> Iterator[str]:
    """The chip behind a TCP port, for one connection; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connected: list[socket.socket] = []

        def receive() -> bytes:
            if not connected:
                connected.append(listener.accept()[0])
            return connected[0].recv(65536)

        def unplug() -> None:
            for peer in connected:
                peer.close()

        class Either:  # what to wait for: a connection, then its data
            def fileno(self) -> int:
                return (connected or [listener])[0].fileno()

        with _served(loader, receive, lambda data: connected[0].sendall(data), Either(), unplug):
            yield "socket://{}:{}".format(*listener.getsockname())


@contextlib.contextmanager
def _served(
    loader: Loader, receive: Callable[[], bytes], send: Callable[[bytes], None], source: object, unplug: Callable
) -> Iterator[None]:
    """Runs the loader in a thread until the end, or until the cable is out; its mistakes fail the test."""
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
                if not data:
                    return
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
