"""One board at the console, and what of it arrives there: where a misfortune plays.

The program counts. Each number it has measured and the outbox has accepted is said on the serial port; what the console
has stored is compared with that. So nothing is lost that is not noticed.
"""

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..board import BoardError, VirtualBoard, Wifi
from ..board.link import Tap
from ..console.console import RunningConsole
from ..files import board_directory, board_modules

SSID, PASSWORD = "home", "password"
ADDRESS = ("183.230.40.39", 6002)

PROGRAM = """
import os
from firmware import Device

device = Device("config.json")
boot = int.from_bytes(os.urandom(3), "little")
n = 0


@device.stream("n", every=1)
def count():
    global n
    n += 1
    if device.put("n", "%d:%d" % (boot, n)):
        print("measured %d:%d, dropped %d" % (boot, n, device.outbox.dropped))
"""
"""Counts, a number a second; `boot` is another one after each start. To be followed by what a row adds, and RUN."""
RUN = "\ndevice.run()\n"

_MEASURED = re.compile(r"measured (\d+:\d+), dropped (\d+)")
_POLL = 0.1  # seconds


class Missed(Exception):
    """What had to happen did not; says what."""


class Scene:
    """A board, switched on by start(), and its device at the console."""

    board: VirtualBoard

    def __init__(self, console: RunningConsole, chip: str, stack: contextlib.ExitStack) -> None:
        self.console = console
        self.chip = chip
        self.wifi = Wifi({SSID: PASSWORD}, association_time=1.5, dhcp_time=1.0)
        device = console.call(console.platform.add_device, "misfortune")
        self.device_id: str = device.id
        self.config: dict[str, Any] = json.loads((board_directory() / "config.json.example").read_text())
        self.config.update(wifi=[{"ssid": SSID, "password": PASSWORD}], device_id=device.id)
        self.config.update(auth_info=device.auth_info, outbox_size=8192)
        self.files: dict[str, bytes | str | Path] = {}
        self.program = PROGRAM + RUN
        self.port = console.mqtt_port
        self._stack = stack
        self._output = bytearray()
        self._lock = threading.Lock()

    # The board

    def start(self, tap: Tap | None = None) -> None:
        """Makes the board, with what has been said of it until now, and switches it on."""
        files: dict[str, bytes | str | Path] = {name: board_directory() / name for name in board_modules()}
        files.update({"boot.py": board_directory() / "boot.py", "main.py": self.program})
        files["config.json"] = json.dumps(self.config)
        self.board = VirtualBoard(
            files=files | self.files,
            chip=self.chip,
            wifi=self.wifi,
            routes={ADDRESS: ("127.0.0.1", self.port)},
            on_output=self._took,
        )
        self.board.link.tap = tap
        self._stack.enter_context(self.board)

    def _took(self, data: bytes) -> None:
        with self._lock:
            self._output += data

    @property
    def output(self) -> str:
        """Everything the board has said, since it was made."""
        with self._lock:
            return self._output.decode(errors="replace").replace("\r\n", "\n")

    def says(self, pattern: str, within: float = 60, since: int = 0) -> None:
        """Waits for words of the board. Raises Missed."""
        self.until(lambda: re.search(pattern, self.output[since:], re.M), f"the board did not say {pattern!r}", within)

    def online(self, within: float = 60) -> None:
        """Waits until a number has arrived."""
        self.until(self.arrived, "nothing arrived", within)

    def until(self, reached: Callable[[], Any], failure: str, within: float) -> None:
        """Asks again and again. Raises Missed."""
        deadline = time.monotonic() + within
        while not reached():
            if time.monotonic() > deadline:
                raise Missed(f"{failure} within {within:g} s")
            time.sleep(_POLL)

    def mend(self, program: str) -> None:
        """What a person with a cable does: another main.py by mpremote, then a reset. Raises Missed."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "main.py")
            path.write_text(program)
            command = [sys.executable, "-m", "mpremote", "connect", self.board.port]
            command += ["cp", str(path), ":main.py", "+", "reset"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise Missed(f"mpremote: {(done.stderr or done.stdout).strip()}")

    # What came of it

    def measured(self, since: int = 0) -> list[str]:
        """The numbers that the outbox accepted, oldest first, from a place in the output on."""
        return [match[1] for match in _MEASURED.finditer(self.output, since)]

    def arrived(self) -> set[str]:
        """The numbers that the console has."""
        platform = self.console.platform
        return {point.value for point in self.console.call(lambda: list(platform.all_points(self.device_id, "n")))}

    def dropped(self) -> int:
        """How many numbers the outbox let go because it was full, as configured."""
        most: dict[str, int] = {}
        for match in _MEASURED.finditer(self.output):
            boot = match[1].partition(":")[0]
            most[boot] = max(most.get(boot, 0), int(match[2]))
        return sum(most.values())


@contextlib.contextmanager
def scene(console: RunningConsole, chip: str) -> Iterator[Scene]:
    with contextlib.ExitStack() as stack:
        yield Scene(console, chip, stack)


__all__ = ["ADDRESS", "PASSWORD", "PROGRAM", "RUN", "SSID", "BoardError", "Missed", "Scene", "scene"]
