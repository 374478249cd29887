"""Who talks to the virtual board in its tests: mpremote at its serial port, a server on its network."""

import socket
import threading
from collections.abc import Callable

Mpremote = Callable[..., str]


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
                    self._note(data.decode(errors="replace"))
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
