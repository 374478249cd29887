"""What the tests of the virtual board share."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from onenet_tools.board import VirtualBoard

Mpremote = Callable[..., str]


@pytest.fixture
def mpremote() -> Mpremote:
    """Run the real mpremote against a board: mpremote(board, "fs", "ls") returns what it prints; failing fails."""

    def run(board: VirtualBoard, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mpremote", "connect", board.port, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=30,
            check=False,
        )
        text = done.stdout.decode().replace("\r\n", "\n")
        assert done.returncode == 0, text
        return text

    return run


class EchoServer:
    """Sends back what it gets, and says so when the peer half-closes, closes or resets."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.address = self.listener.getsockname()[:2]
        self.events: list[str] = []
        self.changed = threading.Condition()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:  # the test is over
                return
            self._note("open")
            threading.Thread(target=self._echo, args=(peer,), daemon=True).start()

    def _echo(self, peer: socket.socket) -> None:
        with peer:
            try:
                while data := peer.recv(4096):
                    self._note(data.decode())
                    peer.sendall(data)
                self._note("end")
                peer.sendall(b"bye")
            except OSError:
                self._note("reset")

    def _note(self, event: str) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def wait_for(self, event: str, count: int = 1, timeout: float = 10) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.events.count(event) >= count, timeout), self.events


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    server = EchoServer()
    yield server
    server.listener.close()


@pytest.fixture
def echo6() -> Iterator[EchoServer]:
    try:
        server = EchoServer("::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    yield server
    server.listener.close()
