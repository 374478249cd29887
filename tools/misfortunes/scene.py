"""One board at the console, and what of it arrives there: where a misfortune plays.

The program counts. Each number it has measured and the outbox has accepted is said on the serial port; what the console
has stored is compared with that, so nothing is lost unnoticed. In the end the board is told by a command to measure no
more, and its reply is the final count.
"""

import contextlib
import functools
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ..board import VirtualBoard, Wifi
from ..board.chips import CHIPS
from ..compile.mpy import compile_board
from ..compile.romfs import romfs_image
from ..console.console import RunningConsole, running_console
from ..console.model import Event, Point, PointsStored
from ..files import board_directory, board_modules

SSID, PASSWORD = "home", "password"
ADDRESS = ("183.230.40.39", 6002)

PROGRAM = """
import os
from firmware import Device

device = Device("config.json")
boot = int.from_bytes(os.urandom(3), "little")
n = more = refused = 0
quiet = False


def put(stream, number):
    global refused
    dropped = device.outbox.dropped
    if device.put(stream, "%d:%d" % (boot, number)):
        return True
    refused += device.outbox.dropped - dropped
    return False


@device.stream("n", every=1)
def count():
    global n
    if not quiet:
        n += 1
        if put("n", n):
            print("measured %d:%d" % (boot, n))


@device.command
def obey(payload):
    global quiet
    quiet = True
    return "%d:%d:%d:%d" % (boot, n, more, device.outbox.dropped - refused)
"""
"""Counts, a number a second; `boot` is another one after each start. To be followed by what a row adds, and RUN."""
FLOOD = """
def flood(_=None):
    global more
    if not quiet and put("more", more + 1):
        more += 1
"""
"""Counts in another stream, once for each call. What was accepted of it is known in the end only."""
RUN = "\ndevice.run()\n"

_MEASURED = re.compile(r"measured (\d+:\d+)$", re.M)
_POLL = 0.2  # seconds
_ANSWER = 3.0  # seconds for a command's reply, after which it is sent again


class Missed(Exception):
    """What had to happen did not; says what."""


class Stopped(Exception):
    """Somebody has pressed Ctrl-C."""


class Scene:
    """A board, switched on by start(), and its device at the console."""

    console: RunningConsole
    board: VirtualBoard
    wifi: Wifi
    config: dict[str, Any]
    """What goes into config.json; to be changed before start(), as are `files`, more of them, and `program`."""
    stack: contextlib.ExitStack
    """What is to be done when it is over."""

    def __init__(
        self, console: RunningConsole, chip: str, stack: contextlib.ExitStack, stopped: threading.Event
    ) -> None:
        self.chip = chip
        self.wifi = Wifi({SSID: PASSWORD}, association_time=1.5, dhcp_time=1.0)
        self.config = json.loads((board_directory() / "config.json.example").read_text())
        self.config["wifi"] = [{"ssid": SSID, "password": PASSWORD}]
        self.files: dict[str, bytes | str | Path] = {}
        self.program = PROGRAM + RUN
        self.stack = stack
        self._stopped = stopped
        self._output = bytearray()
        self._points: list[tuple[str, Point]] = []
        self._lock = threading.Lock()
        self._made = False
        self.other_drops = 0
        """Data points besides the numbers that the outbox lets go."""
        self.over_at: tuple[float, int] | None = None
        """When the misfortune was over: on the monotonic clock, and where in the output."""
        self._began = _now()
        self._skipped = 0
        self.move_to(console)

    def move_to(self, console: RunningConsole) -> None:
        """Makes the board's device a new one, at this console."""
        self.console = console
        device = console.call(console.platform.add_device, "misfortune")
        self.device_id: str = device.id
        self.config.update(device_id=device.id, product_id=device.product_id, auth_info=device.auth_info)
        self.listen()

    # The board

    def make(self) -> VirtualBoard:
        """Makes the board, with what has been said of it until now, but does not switch it on."""
        files: dict[str, bytes | str | Path] = {"boot.py": board_directory() / "boot.py", "main.py": self.program}
        files["config.json"] = json.dumps(self.config)
        rom = b""
        if CHIPS[self.chip].rom_size:
            rom = rom_image()
        else:
            files.update({name: board_directory() / name for name in board_modules()})
        self.board = VirtualBoard(
            files=files | self.files,
            chip=self.chip,
            rom=rom,
            wifi=self.wifi,
            routes={(self.config["host"], self.config["port"]): ("127.0.0.1", self.console.mqtt_port)},
            on_output=self._took,
        )
        self.stack.callback(self.board.close)
        self._made = True
        return self.board

    def start(self) -> None:
        """Switches the board on, making it before where it is not."""
        if not self._made:
            self.make()
        self.board.power_on()

    def over(self) -> None:
        """From this moment on the board may recover; if nobody says so, from the row's end on."""
        self.over_at = time.monotonic(), len(self.output)

    def _took(self, data: bytes) -> None:
        with self._lock:
            self._output += data

    @property
    def output(self) -> str:
        """Everything the board has said, since it was made."""
        with self._lock:
            return self._output.decode(errors="replace").replace("\r\n", "\n")

    def remark(self, text: str) -> None:
        """Adds a line to the output."""
        self._took(f"\n{text}\n".encode())

    def skip(self, seconds: int) -> None:
        """The board's clock and ticks jump ahead; nothing else does."""
        self._skipped += seconds
        self.board.skip(seconds)

    def mend(self, program: str) -> None:
        """What a person with a cable does: another main.py by mpremote, then a reset. Raises Missed."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "main.py")
            path.write_text(program)
            command = [sys.executable, "-m", "mpremote", "connect", self.board.port]
            command += ["cp", str(path), ":main.py", "+", "reset"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        if done.returncode:
            raise Missed(f"mpremote: {(done.stderr or done.stdout).strip()}")

    # Waiting

    def until(self, reached: Callable[[], Any], failure: str, within: float) -> None:
        """Asks again and again. Raises Missed, and Stopped."""
        deadline = time.monotonic() + within
        while not reached():
            if time.monotonic() > deadline:
                raise Missed(f"{failure} within {within:g} s")
            self.sleep(_POLL)

    def sleep(self, seconds: float) -> None:
        """Raises Stopped."""
        if self._stopped.wait(seconds):
            raise Stopped

    def says(self, pattern: str, within: float = 60, since: int = 0) -> None:
        """Waits for words of the board. Raises Missed."""
        self.until(lambda: re.search(pattern, self.output[since:], re.M), f"it did not say {pattern!r}", within)

    def online(self, within: float = 60) -> None:
        """Waits until a number has arrived. Raises Missed."""
        self.until(self.arrived, "nothing arrived", within)

    def offline(self, seconds: float) -> None:
        """Waits. Raises Missed where numbers go on arriving, for then what happened to the board was nothing."""
        self.sleep(min(1, seconds / 2))  # for what was under way
        before = len(self.arrived())
        self.sleep(seconds - min(1, seconds / 2))
        if len(self.arrived()) > before:
            raise Missed("numbers went on arriving: this was no misfortune")

    def reset(self, within: float = 60, since: int = 1) -> None:
        """Waits until the board has been reset after so many starts. Raises Missed."""
        self.until(lambda: len(self.board.resets) > since, "it was not reset", within)

    # The console

    def obeys(self, payload: bytes, within: float = 30) -> bytes:
        """The device's reply to a command, which is sent again while there is none. Raises Missed."""
        platform = self.console.platform
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            uuid = self.console.call(platform.send_command, self.device_id, payload, int(within)).uuid
            with contextlib.suppress(Missed):
                self.until(functools.partial(self._reply, uuid), "", _ANSWER)
                return self._reply(uuid)
        raise Missed(f"no reply to a command within {within:g} s")

    def _reply(self, uuid: str) -> bytes:
        """Empty while there is none."""
        reply: bytes | None = self.console.call(self.console.platform.command, uuid).reply
        return reply or b""

    # What came of it

    def measured(self, since: int = 0) -> set[str]:
        """The numbers that the outbox accepted, from a place in the output on."""
        return set(_MEASURED.findall(self.output, since))

    def arrived(self, stream: str = "n") -> set[str]:
        """The numbers that the console has taken in. It keeps one of those that claim to be of the same second."""
        with self._lock:
            return {point.value for name, point in self._points if name == stream}

    def impossible_dates(self) -> list[datetime]:
        """When numbers at the console claim to be from, where that is before the board was there, or yet to come."""
        before = self._began - timedelta(seconds=120)
        after = _now() + timedelta(seconds=self._skipped + 120)
        with self._lock:
            dates = [point.at.astimezone(timezone.utc) for _, point in self._points]
        return [date for date in dates if not before <= date <= after]

    def listen(self) -> None:
        """From now on what the console takes in is noted."""
        self.console.call(self.console.platform.listen, self._happened)

    def _happened(self, event: Event) -> None:
        if isinstance(event, PointsStored) and event.device_id == self.device_id:
            with self._lock:
                self._points += event.points


class OwnConsole:
    """A console for this board alone, which may stop, and start again with its port and its data."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        folder = scene.stack.enter_context(tempfile.TemporaryDirectory(prefix="misfortune-"))
        self._data = Path(folder, "console.sqlite3")
        self._running = contextlib.ExitStack()
        self._port = 0
        scene.stack.callback(self.stop)
        self._run()
        scene.move_to(scene.console)

    def start(self) -> None:
        self._run()
        self._scene.listen()

    def _run(self) -> None:
        running = running_console(self._data, mqtt_port=self._port, pages=False)
        self._scene.console = self._running.enter_context(running)
        self._port = self._scene.console.mqtt_port

    def stop(self) -> None:
        self._running.close()


@contextlib.contextmanager
def scene(console: RunningConsole, chip: str, stopped: threading.Event) -> Iterator[Scene]:
    with contextlib.ExitStack() as stack:
        yield Scene(console, chip, stack, stopped)


@functools.cache
def rom_image() -> bytes:
    """The ROMFS that deploy makes of our modules for an ESP8266. Raises CompileError."""
    with tempfile.TemporaryDirectory(prefix="misfortunes-") as folder:
        modules = compile_board("xtensa", Path(folder))
        return romfs_image({module.name.removesuffix(".py") + ".mpy": module.path.read_bytes() for module in modules})


def _now() -> datetime:
    return datetime.now(timezone.utc)
