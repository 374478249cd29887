"""How much heap a board has left while it updates itself over the air: while the package is fetched, the least of many
looks, and while the new program proves itself. With the example's program, on OneNET's older and on its current
platform; on the latter the platform's own task is what is obeyed. docs/updates.md says for whom that does.

An ESP32's first heap does not do for that: it is doubled, out of the ESP-IDF's, until the restart at its end. Its
figures are what there would be without that; what is negative was missing.
"""

import json
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..board import BoardError, VirtualBoard, Wifi
from ..board.heap import Heap
from ..board.small_heap import NotHereError, fetch_and_say
from ..console.console import RunningConsole, running_console
from ..files import board_directory
from ..package.making import contents_of
from ..package.package import Package, make_package
from ..port.inventory import MANIFEST
from ..port.plan import Rom
from ..port.romfs import file_for
from .dialects import new_device
from .heap import BARS, Bar, load_record, record

PLATFORMS = {"esp8266": ("legacy",), "esp32": ("legacy", "studio")}
"""An ESP8266 of the current platform has not the memory to ask for updates."""
ONLINE, FETCHING, PROVING = "online", "update fetched", "update proved"
STARTS = "ESP32 with TLS and a thing model"
"""In the record, how many of its starts have grown the heap, of how many: tests/e2e/test_tls_heap.py starts some."""

_SSID, _PASSWORD = "home", "password"
_PATIENCE = 120.0  # seconds
_FEW = 3  # looks that show nothing
_STAYS, _WITHIN = 8, 120


def measure(bar: Bar, platform: str) -> list[Heap]:
    """`where` is ONLINE, FETCHING or PROVING. Raises BoardError, also where the update does not succeed."""
    fetch_and_say()
    with tempfile.TemporaryDirectory(prefix="heap-") as folder, running_console() as console:
        old, new = (_program(bar, Path(folder), version) for version in ("1.0", "2.0"))
        with _board(bar, console, platform, *old) as (board, device):
            board.wait_for("online as", _PATIENCE)
            time.sleep(2)
            online = board.heap(30)
            since = len(board.log)
            console.call(console.platform.packages.push, device, _package(bar, "2.0", *new).data)
            fetching = least(board, "update: (all is here|refused)", since)
            board.wait_for("has to stay online", _PATIENCE, since)
            proving = least(board, "update: (upgraded|rolled)", board.log.rindex("has to stay online"))
            if "upgraded to 2.0" not in board.log:
                raise BoardError(f"it was not updated:\n{board.log[-1500:]}")
    found = []
    for heap, where in ((online, ONLINE), (fetching, FETCHING), (proving, PROVING)):
        added = bar.before_boot if bar.grows else 0
        found.append(Heap(where, heap.free - added, min(heap.largest, max(heap.free - added, 0)), heap.names))
    return found


def least(board: VirtualBoard, until: str, since: int) -> Heap:
    """The worst of many looks, until the log has that. Raises BoardError where that does not come, or too soon."""
    found: list[Heap] = []
    deadline = time.monotonic() + 3 * _PATIENCE
    while not re.search(until, board.log[since:]):
        if time.monotonic() > deadline:
            told = re.findall(r"^.*(?:update|mqtt|boot):.*", board.log[since:], re.MULTILINE)
            raise BoardError("nothing came of it:\n" + "\n".join(told))
        try:
            found.append(board.heap(5))
        except BoardError:
            time.sleep(0.1)  # it has just been reset
    if len(found) <= _FEW:
        raise BoardError(f"it was over after {len(found)} looks")
    return Heap("", min(heap.free for heap in found), min(heap.largest for heap in found), 0)


def _program(bar: Bar, folder: Path, version: str) -> tuple[dict[str, bytes], Rom | None]:
    path = folder / f"{version}.py"
    path.write_text((board_directory() / "main.py").read_text("utf-8") + f"# {version}\n", "utf-8")
    return contents_of({"main.py": path}, bar.form, bar.dialect)


def _package(bar: Bar, version: str, files: dict[str, bytes], rom: Rom | None) -> Package:
    return make_package(version, bar.chip, bar.form, bar.dialect, files, rom, None, _STAYS, _WITHIN)


class _board:
    """A board with this program, and the device it is at the console; in a `with` statement."""

    def __init__(
        self, bar: Bar, console: RunningConsole, platform: str, files: dict[str, bytes], rom: Rom | None
    ) -> None:
        name, config, server = new_device(console, platform)
        config |= {"platform": platform, "wifi": [{"ssid": _SSID, "password": _PASSWORD}], "update": True}
        on_flash: dict[str, Any] = files | {"config.json": json.dumps(config)}
        on_flash[MANIFEST] = _package(bar, "1.0", files, rom).content(MANIFEST)
        self.device = name
        self.board = VirtualBoard(
            chip=bar.chip,
            files=on_flash | (file_for(0) if rom else {}),
            rom=rom.image if rom else b"",
            small_heap=bar.before_boot * (2 if bar.grows else 1),
            wifi=Wifi({_SSID: _PASSWORD}),
            routes={
                server: ("127.0.0.1", console.mqtt_port),
                ("iot-api.heclouds.com", 80): ("127.0.0.1", console.http_port),
            },
        )

    def __enter__(self) -> tuple[VirtualBoard, str]:
        return self.board.__enter__(), self.device

    def __exit__(self, *error: Any) -> None:
        self.board.__exit__(*error)


def run_updates(console: Console, recording: bool) -> None:
    """Measures and prints; says so where it can't be measured here. The bounds are for a test to keep."""
    shown = Table(title="Heap while an update over the air runs", title_justify="left")
    shown.add_column("board, platform")
    for heading in ("moment", "free at the least", "largest block"):
        shown.add_column(heading, justify="right")
    for bar in BARS:
        for platform in PLATFORMS[bar.chip]:
            try:
                found = measure(bar, platform)
            except NotHereError as error:
                console.print(f"The heap while an {bar.name} is updated was not measured: {error}", soft_wrap=True)
                continue
            for heap in found:
                first = f"{bar.name}, {platform}" if heap is found[0] else ""
                shown.add_row(first, heap.where, f"{heap.free:,}", f"{heap.largest:,}")
            if recording:
                record({f"{bar.name}, {platform}, {heap.where}": heap for heap in found[1:]})
    console.print(shown)
    if counted := load_record().get(STARTS):
        grown, starts = counted["grown"], counted["starts"]
        console.print(f"{grown} of {starts} starts of an {STARTS} doubled its first heap, as last counted")
