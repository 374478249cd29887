"""How much heap the program leaves on a board that is online, and still leaves when it has done days of work.

Two boards of MicroPython for 32 bits: an ESP8266, whose program is in a ROMFS, and an ESP32 whose heap has not grown,
with .mpy files. On each boot.py, main.py and the modules run as `onenet deploy` puts them there. The board's time jumps
a minute as soon as something is sent, and the outside asks for the heap: the program itself has nothing added to it.
Only for the moments of the start another run has lines in boot.py and main.py that print it, at some 100 bytes each.
"""

import json
import queue
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..board import BoardError, VirtualBoard, Wifi
from ..board.heap import MARK, Heap, heaps
from ..board.link import Connection, Direction
from ..board.small_heap import FREE, NotHereError, fetch_and_say
from ..console.console import RunningConsole, running_console
from ..files import board_directory
from ..port.program import XTENSA, Dialect, Form, in_form, sources
from ..port.romfs import installed

RECORD = Path(__file__).with_suffix(".json")
"""What was free in the end, and the largest block, by board: as last recorded."""
SLACK = {"free": 256, "largest": 768}
"""Bytes by which the figures move from run to run."""

_PERIOD = 60  # seconds the time jumps, main.py's interval
_PATIENCE = 60.0  # seconds for a board to come online
_STILL = 2.0  # seconds without a packet after which the time jumps all the same
_STILL_MOST = 30  # of these in a row, and it is taken to be stuck
_LED = 2
_WIFI_EVERY = 5
_SSID, _PASSWORD = "home", "password"


@dataclass(frozen=True)
class Bar:
    """A board to measure, and what it has to have free."""

    name: str
    chip: str
    before_boot: int
    """Bytes free before boot.py."""
    form: Form
    dialect: Dialect
    work: "Work"
    free: int
    largest: int
    grows: bool = False
    """Whether the chip doubles a heap that does not do, for good."""


@dataclass(frozen=True)
class Work:
    """What a board does before it is measured for the last time; spread evenly."""

    uploads: int
    """Batches of data points that the platform has acknowledged."""
    commands: int
    """Each answered before the next one."""
    reconnects: int
    """After the connection was reset, and every fifth after Wi-Fi was gone, the first one too."""


DAYS = Work(10_000, 1_000, 50)
SOME = Work(1_000, 100, 5)
HOUR = Work(60, 60, 1)
BARS = (
    Bar("ESP8266, from ROMFS", "esp8266", FREE, Form.ROMFS, XTENSA, DAYS, 12_288, 7_168),
    # Machine code is the interpreter's own here, and outside its heap, as on the chip.
    Bar(
        "ESP32, first heap, from .mpy",
        "esp32",
        56_000,
        Form.MPY,
        Dialect(6 | 3 << 8 | 1 << 10),
        HOUR,
        14_336,
        4_096,
        True,
    ),
)
"""An ESP32's heap begins with 56,000 bytes (ports/esp32/main.c) and is doubled when it does not do."""


def measure(bar: Bar, say: Callable[[str], None] = lambda text: None) -> list[Heap]:
    """The heap at the start of boot.py and of main.py, when the device is made, when it is online, and at last when
    the work is done. `names` are those that the program has added.

    Where a heap that grows has done so, what was added is taken off again: the figures may be negative then.
    Raises BoardError, also where there is no MicroPython for 32 bits, CompileError and PortError.
    """
    fetch_and_say()
    try:
        return _measure(bar, say)
    except BoardError as error:
        if not bar.grows or "MemoryError" not in str(error):
            raise
    say(f"{bar.name}: {bar.before_boot:,} bytes do not do: twice as many")
    found = _measure(replace(bar, before_boot=2 * bar.before_boot), say)
    return [replace(heap, free=heap.free - bar.before_boot, largest=_less(heap, bar.before_boot)) for heap in found]


def _less(heap: Heap, added: int) -> int:
    """The largest block there can be at most without what was added."""
    return min(heap.largest, max(heap.free - added, 0))


def _measure(bar: Bar, say: Callable[[str], None]) -> list[Heap]:
    work = bar.work
    with running_console() as console:
        start = _start_of(bar, console)
        with _board(bar, console, _files(bar)) as board:
            _wait_online(board)
            worker = _Worker(board, console, work, say)
            worker.wait_for_upload()
            online = board.heap(30)
            worker.work()
            done = board.heap(30)
    words = f"after {work.uploads:,} uploads, {work.commands:,} commands, {work.reconnects} reconnects"
    found = [*start, replace(online, where="online"), replace(done, where=words)]
    return [replace(heap, names=heap.names - start[0].names) for heap in found]


def _wait_online(board: VirtualBoard) -> None:
    """Raises BoardError, also where the program ends."""
    if board.wait_for("online as|the next try is in", _PATIENCE)[0] != "online as":
        raise BoardError(f"the program has ended:\n{board.log[-1500:]}")


def _start_of(bar: Bar, console: RunningConsole) -> list[Heap]:
    files = _files(bar)
    for name, place, where in (
        ("boot.py", "import os\n", "boot.py starts"),
        ("main.py", "from firmware", "main.py starts"),
        ("main.py", "\n@device", "has its device"),
    ):
        text = files[name].decode()
        if place not in text:
            raise BoardError(f"no {place.strip()!r} in {name}, before which to measure")
        at = text.index(place) + (place[0] == "\n")
        files[name] = (text[:at] + MARK.format(where) + text[at:]).encode()
    with _board(bar, console, files) as board:
        board.wait_for(r"(n_total_bytes=\d+\n(.|\n)*){3}|the next try is in", _PATIENCE)
        found = heaps(board.log)
    if len(found) < 3:
        raise BoardError(f"the program has ended:\n{board.log[-1500:]}")
    return found


def _files(bar: Bar) -> dict[str, bytes]:
    """What is on the board's file system, and under the name "" in its ROMFS."""
    program = sources({"main.py": board_directory() / "main.py"})
    if bar.form is not Form.ROMFS:
        return in_form(bar.form, program, bar.dialect)
    files, rom = installed(program, bar.dialect)
    return files | {"": rom}


def _board(bar: Bar, console: RunningConsole, files: dict[str, bytes]) -> VirtualBoard:
    device = console.call(console.platform.add_device, "heap")
    config = json.loads((board_directory() / "config.json.example").read_text())
    config.update(wifi=[{"ssid": _SSID, "password": _PASSWORD}], led_pin=_LED)
    config.update(device_id=device.id, auth_info=device.auth_info)
    on_flash: dict[str, Any] = {name: data for name, data in files.items() if name}
    return VirtualBoard(
        chip=bar.chip,
        files=on_flash | {"config.json": json.dumps(config)},
        rom=files.get("", b""),
        small_heap=bar.before_boot,
        wifi=Wifi({_SSID: _PASSWORD}),
        routes={(config["host"], config["port"]): ("127.0.0.1", console.mqtt_port)},
    )


class _Worker:
    """Has a board work. It hears on the board's wire what comes and goes.

    A batch is acknowledged before the next one is sent, and a command answered before the next one. In between the
    board waits for the network; if its time jumps then, what is due next goes out as soon as the answer is there.
    """

    def __init__(self, board: VirtualBoard, console: RunningConsole, work: Work, say: Callable[[str], None]) -> None:
        self._board = board
        self._console = console
        self._work = work
        self._say = say
        self._device_id = re.findall(r"online as device (\d+)", board.log)[-1]
        self._packets: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self._rest = {"up": bytearray(), "down": bytearray()}
        self._batch = b""  # packet identifier of the one under way
        self._uploads = self._replies = self._reconnects = 0
        board.link.tap = self._tap

    def wait_for_upload(self) -> None:
        """Waits until the next batch is acknowledged."""
        before = self._uploads
        while self._uploads == before:
            self._turn()

    def work(self) -> None:
        """Raises BoardError where it does not get on."""
        work = self._work
        self._uploads = 0
        uuids: list[str] = []
        while self._uploads < work.uploads:
            self.wait_for_upload()
            while len(uuids) * work.uploads < work.commands * self._uploads:
                uuids.append(self._command(b"led=off" if len(uuids) % 2 else b"led=on"))
            if (2 * self._reconnects + 1) * work.uploads <= 2 * work.reconnects * self._uploads:
                self._reconnect()
        self.wait_for_upload()  # and so the last reply has long been taken, and nothing is under way
        silent = [uuid for uuid in uuids if self._console.call(self._console.platform.command, uuid).reply is None]
        if silent:
            raise BoardError(f"{len(silent)} of {len(uuids)} commands were not answered")

    def _command(self, payload: bytes) -> str:
        """Sends it and waits for the reply."""
        before = self._replies
        send = self._console.platform.send_command
        uuid: str = self._console.call(send, self._device_id, payload, 600, 1).uuid
        while self._replies == before:
            self._turn()
        return uuid

    def _reconnect(self) -> None:
        board = self._board
        since = len(board.log)
        if self._reconnects % _WIFI_EVERY:
            board.link.cut()
            board.wait_for("next attempt in", _PATIENCE, since)
        else:  # brings other modules, and their names stay
            board.wifi.up = False
            board.wait_for("wifi: lost", _PATIENCE, since)
            board.wifi.up = True
            board.wait_for("wifi: joined", _PATIENCE, since)
        board.skip(2 * _PERIOD)
        board.wait_for("online as", _PATIENCE, since)
        board.send(b"\r")  # it says what it is
        board.wait_for("device: version", _PATIENCE, since)
        self._reconnects += 1
        self._say(f"{self._uploads:,} uploads, {self._replies:,} replies, {self._reconnects} reconnects")

    def _turn(self) -> None:
        """What is next on the wire."""
        for _ in range(_STILL_MOST):
            try:
                kind, packet_id = self._packets.get(timeout=_STILL)
                break
            except queue.Empty:
                self._board.skip(_PERIOD)
        else:
            raise BoardError(f"nothing came for long; the console says:\n{self._board.log[-1500:]}")
        if kind == "acknowledged":
            if packet_id == self._batch:
                self._batch = b""
                self._uploads += 1
            return
        if kind == "batch":
            self._batch = packet_id
        else:
            self._replies += 1
        self._board.skip(_PERIOD)

    def _tap(self, direction: Direction, data: bytes, connection: Connection) -> None:
        rest = self._rest[direction]
        if direction == "up" and data[:1] == b"\x10":  # CONNECT: what came before went down with its connection
            rest.clear()
            self._rest["down"].clear()
        rest += data
        while packet := _first_packet(rest):
            del rest[: len(packet)]
            kind, variable = packet[0] & 0xF6, packet[2 if len(packet) < 130 else 3 :]
            topic = variable[2 : 2 + int.from_bytes(variable[:2], "big")]
            packet_id = variable[2 + len(topic) :][:2]
            if direction == "down" and kind == 0x40:
                self._packets.put(("acknowledged", variable[:2]))
            elif direction == "up" and kind == 0x32 and topic == b"$dp":
                self._packets.put(("batch", packet_id))
            elif direction == "up" and kind == 0x32 and topic.startswith(b"$crsp/"):
                self._packets.put(("reply", packet_id))


def _first_packet(data: bytearray) -> bytes:
    """The first whole MQTT packet, empty while there is none. None here has 16,384 bytes."""
    if len(data) < 2 or (data[1] & 0x80 and len(data) < 3):
        return b""
    end = 2 + data[1] if data[1] < 0x80 else 3 + (data[1] & 0x7F) + data[2] * 128
    return bytes(data[:end]) if len(data) >= end else b""


# Tables and the record


def run_heap(console: Console, recording: bool, checking: bool) -> list[str]:
    """Measures and prints; returns a line for each problem. Says so where it can't be measured here."""
    found = []
    figures = {}
    for bar in BARS:
        if checking and bar.work == DAYS:  # what grows shows in less
            bar = replace(bar, work=SOME)
        try:
            measured = measure(bar, Console(stderr=True, highlight=False, style="dim").print)
        except NotHereError as error:
            console.print(f"The heap of an {bar.name} was not measured: {error}", soft_wrap=True)
            continue
        console.print(table(bar, measured))
        figures[bar.name] = measured[-1]
    if recording and figures:
        record(figures)
    if checking:
        for name, heap in figures.items():
            found += problems(name, heap)
    return found


def table(bar: Bar, found: list[Heap]) -> Table:
    """Of one board."""
    title = f"Heap of an {bar.name}: {bar.before_boot:,} bytes before boot.py; at the end {bar.free:,} are to be free"
    shown = Table(title=f"{title}, and {bar.largest:,} in one piece", title_justify="left")
    shown.add_column("moment")
    for heading in ("free", "largest block", "names"):
        shown.add_column(heading, justify="right")
    for heap in found:
        last = heap is found[-1]
        figures = ((heap.free, bar.free), (heap.largest, bar.largest))
        cells = [f"[red]{n:,}[/red]" if last and n < least else f"{n:,}" for n, least in figures]
        shown.add_row(heap.where, *cells, f"{heap.names:,}")
    return shown


def load_record() -> dict[str, dict[str, int]]:
    """Empty where none was recorded."""
    try:
        found: dict[str, dict[str, int]] = json.loads(RECORD.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return found


def record(figures: dict[str, Heap]) -> None:
    """Writes what is free at the end into the repository, by the names of the bars; of others what stands there."""
    kept = {name: {"free": heap.free, "largest": heap.largest} for name, heap in figures.items()}
    kept = load_record() | kept
    RECORD.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")


def problems(name: str, heap: Heap) -> list[str]:
    """A line for each figure that is less than it has to be: the bar's where that was met when it was recorded, else
    what was recorded."""
    recorded = load_record().get(name)
    if recorded is None:
        return [f"{name}: not recorded; run: onenet size --record"]
    bar = {bar.name: {"free": bar.free, "largest": bar.largest} for bar in BARS}.get(name, recorded)
    found = []
    for key, words, now in (("free", "free are", heap.free), ("largest", "the largest block has", heap.largest)):
        least = bar[key] if recorded[key] >= bar[key] else recorded[key] - SLACK[key]
        if now < least:
            found.append(f"{name}: {words} {now:,} bytes at the end, which is less than {least:,}")
    return found


if __name__ == "__main__":
    show = Console(width=100, highlight=False)
    for one in BARS:
        work = Work(*map(int, sys.argv[1:4])) if sys.argv[3:] and one.work == DAYS else one.work
        show.print(table(one, measure(replace(one, work=work), show.print)))
