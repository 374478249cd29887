"""The other end of web_serial.js: a chip in download mode, or a board that runs, at a browser's serial port."""

import contextlib
import json
import os
import select
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from onenet_tools.board import VirtualBoard
from rom import Loader
from rom.lines import Lines
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

SCRIPT = Path(__file__).with_name("web_serial.js").read_text("utf-8")


class Target(Protocol):
    """What is at the cable."""

    lines: Lines

    def attach(self, send: Callable[[bytes], None]) -> None:
        """Somebody has opened the port, and is to get what comes."""

    def feed(self, data: bytes) -> None:
        """Somebody has sent this."""

    def set_baud(self, baud: int) -> None:
        """At which speed."""


class Chip:
    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._baud = 0
        self.lines = Lines(loader.reset)
        loader.line_speed = lambda: self._baud

    def attach(self, send: Callable[[bytes], None]) -> None:
        self._loader.send = send

    def feed(self, data: bytes) -> None:
        self._loader.feed(data)

    def set_baud(self, baud: int) -> None:
        self._baud = baud


class Board:
    def __init__(self, board: VirtualBoard) -> None:
        self._port = os.open(board.port, os.O_RDWR | os.O_NOCTTY)
        self._send: Callable[[bytes], None] = lambda data: None
        self.lines = Lines(lambda boot_held: board.reset_button())
        threading.Thread(target=self._read, daemon=True).start()

    def attach(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def feed(self, data: bytes) -> None:
        os.write(self._port, data)

    def set_baud(self, baud: int) -> None:
        pass

    def _read(self) -> None:
        with contextlib.suppress(OSError, ConnectionClosed):
            while True:
                if select.select([self._port], [], [], 1)[0]:
                    data = os.read(self._port, 4096)
                    with contextlib.suppress(ConnectionClosed):
                        self._send(data)


class Cable:
    """What `target` is goes with the next time that the port is opened."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.failures: list[BaseException] = []
        """What went wrong in a target."""
        self.url = ""

    def handle(self, connection: ServerConnection) -> None:
        target = self.target
        target.attach(connection.send)
        try:
            for message in connection:
                if isinstance(message, str):
                    self._signal(target, json.loads(message))
                else:
                    target.feed(message)
        except ConnectionClosed:
            pass
        except BaseException as error:
            self.failures.append(error)
            raise

    @staticmethod
    def _signal(target: Target, asked: dict[str, Any]) -> None:
        if "baud" in asked:
            target.set_baud(asked["baud"])
        for name in ("dtr", "rts"):  # both at once, on a real one
            if asked.get(name) is not None and name == "dtr" and asked[name]:
                target.lines.dtr = True
        if asked.get("rts") is not None:
            target.lines.rts = asked["rts"]
        if asked.get("dtr") is not None:
            target.lines.dtr = asked["dtr"]


@contextlib.contextmanager
def cable(target: Target) -> Iterator[Cable]:
    made = Cable(target)
    with serve(made.handle, "127.0.0.1", 0, compression=None, max_size=None) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        made.url = f"ws://localhost:{server.socket.getsockname()[1]}"
        yield made
        server.shutdown()
        thread.join()
    assert made.failures == []


@contextlib.contextmanager
def page_with_board(program: Any, made: Cable, address: str, language: str = "en-US") -> Iterator[Any]:
    """A page in a Chromium that has Web Serial. Its policy is not asked, for the cable is of another origin."""
    context = program.new_context(locale=language, bypass_csp=True)
    context.set_default_timeout(60_000)
    context.add_init_script(f"const WEB_SERIAL = {json.dumps(made.url)};\n{SCRIPT}")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: message.type == "error" and faults.append(message.text))
    page.goto(address)
    page.wait_for_function("window.did_handshake")
    yield page
    context.close()
    assert faults == []
