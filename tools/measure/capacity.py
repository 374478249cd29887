"""What a board bears: how exactly a tenth of a second is kept, how many streams there may be, what becomes of 500
points put at once, and how many go in one message. `make capacity` prints it, of virtual boards at a local OneNET: at a
product with a thing model, where two values of the same second are two.

The heap is that of MicroPython for 32 bits with as much as the chips have. The pace is the computer's: a chip takes
longer for a turn of the main loop, and how long was not measured on any.
"""

import importlib.util
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..board import BoardError, VirtualBoard, Wifi
from ..board.small_heap import FREE, NotHereError, fetch_and_say
from ..console.console import RunningConsole, running_console
from ..files import board_directory, use_board_libraries
from ..port.program import XTENSA, Dialect, Form, in_form, sources
from ..port.romfs import installed

ESP8266 = "esp8266"
ESP32 = "esp32"
STREAMS = (
    ("ESP8266", ESP8266, FREE, (1, 10, 20, 30, 40, 50)),
    ("ESP32, first heap", ESP32, 56_000, (1, 10, 20)),
    ("ESP32, grown heap", ESP32, 112_000, (50,)),
)
"""Name, chip, bytes before boot.py, how many streams to try. An ESP32 doubles its heap, for good, when that does not do
(py/gc.c, gc_try_add_heap())."""
BURST = 500
TX_SIZES = 512, 1024, 2048, 4096, 16384

_XTENSAWIN = Dialect(6 | 3 << 8 | 1 << 10)
_PATIENCE = 60.0  # seconds
_SSID, _PASSWORD = "home", "password"
_BOOTS = 3  # of which the best counts: MicroPython's collector takes whatever looks like an address for one

_BEGIN = 'from firmware import Device\ndevice = Device("config.json")\n'
_RUN = "device.run()\n"
_PACE = """
from time import ticks_diff, ticks_ms
steps = []
last = ticks_ms()

@device.stream("pace", every=0.1)
def pace():
    global last
    now = ticks_ms()
    steps.append(ticks_diff(now, last))
    last = now
    if len(steps) == {0}:
        print("STEPS", steps[1:])
        steps.clear()
"""
_STREAM = """@device.stream("s{0}", every=60{1})
def s{0}():
    return {0}
"""
_BURST = """
calls = 0

@device.stream("burst", every=1)
def measure():
    global calls
    calls += 1
    if calls == 4:
        for n in range({0}):
            device.put("n", n)
        print("PUT", device.outbox.dropped)
"""


@contextmanager
def board(
    chip: str, program: str, console: RunningConsole, heap: int | None = None, **config: Any
) -> Iterator[tuple[VirtualBoard, str]]:
    """A virtual board with this main.py, and its device id at the console. heap: its bytes, of MicroPython for 32 bits;
    by default that is so on an ESP8266 alone. Raises BoardError, NotHereError."""
    with tempfile.TemporaryDirectory(prefix="capacity-") as folder:
        path = Path(folder, "main.py")
        path.write_text(program, "utf-8")
        program_files = sources({"main.py": path})
        if chip == ESP8266:
            files, rom = installed(program_files, XTENSA)
        else:
            files, rom = in_form(Form.MPY if heap else Form.SOURCE, program_files, _XTENSAWIN), b""
    product = console.call(console.platform.studio.add_product, "", "")
    device = console.call(console.platform.studio.add_device, product.id, "board")
    every = {"wifi": [{"ssid": _SSID, "password": _PASSWORD}], "platform": "studio"}
    every |= {"device_name": "board", "product_id": product.id, "device_key": device.auth_info} | config
    on_flash: dict[str, Any] = files | {"config.json": json.dumps(every)}
    host = (f"{product.id}.mqtts.acc.cmcconenet.cn", 1883)
    with VirtualBoard(
        chip=chip,
        files=on_flash,
        rom=rom,
        small_heap=heap,
        wifi=Wifi({_SSID: _PASSWORD}),
        routes={host: ("127.0.0.1", console.mqtt_port)},
    ) as it:
        it.wait_for("online as", _PATIENCE)
        yield it, device.id


def steps(chip: str, console: RunningConsole, count: int = 200) -> list[int]:
    """The ms between so many measurements of a stream with every=0.1, while the board is online."""
    with board(chip, _BEGIN + _PACE.format(count) + _RUN, console) as (it, _):
        it.wait_for("STEPS", _PATIENCE + count)  # the first ones are from before it was online
        found = it.wait_for(r"STEPS(.|\n)*STEPS (\[[\d, ]*\])", _PATIENCE + count)
    result: list[int] = json.loads(found[2])
    return result


def with_streams(
    chip: str, heap: int, console: RunningConsole, count: int, options: str = ""
) -> tuple[int, int] | None:
    """Bytes free and in the largest block with so many streams, all of which have arrived; None where they have not.
    options: what else is said of each, as Python: ", delta=1"."""
    program = _BEGIN + "".join(_STREAM.format(n, options) for n in range(count)) + _RUN
    best: tuple[int, int] | None = None
    for _ in range(_BOOTS):
        try:
            with board(chip, program, console, heap) as (it, device_id):
                end = time.monotonic() + _PATIENCE
                while len(console.call(console.platform.streams, device_id)) < count:
                    if time.monotonic() > end:
                        return best
                    time.sleep(0.1)
                found = it.heap(30)
        except BoardError:
            return best
        best = max(best or (0, 0), (found.free, found.largest))
    return best


def burst(chip: str, console: RunningConsole, **config: Any) -> tuple[int, int]:
    """What arrives of so many points put at once, and how many the board counts as dropped."""
    with board(chip, _BEGIN + _BURST.format(BURST) + _RUN, console, **config) as (it, device_id):
        dropped = int(it.wait_for(r"PUT (\d+)", _PATIENCE)[1])
        arrived = 0
        end = time.monotonic() + _PATIENCE
        while arrived < BURST - dropped and time.monotonic() < end:
            time.sleep(0.1)
            before, arrived = arrived, len(console.call(console.platform.points, device_id, "n", BURST))
            if arrived > before:
                end = time.monotonic() + _PATIENCE
    return arrived, dropped


# What goes in a message


class _Clock:
    """For which all was measured a while ago."""

    def __init__(self, ago: int) -> None:
        self._ago = ago

    def now(self) -> int:
        return 850_000_000

    def true_time(self, seconds: int) -> int:
        return 850_000_000 - self._ago + seconds


def batch(kind: str, tx_size: int, waited: bool) -> int:
    """How many points of 21.5 go in a message: of one stream where they have waited, else each of a stream of its own,
    as "temp00"; by the very code that runs on boards."""
    use_board_libraries()
    from onenet import documents, dp, legacy, studio

    outbox = _outbox_class()(65536)
    for n in range(900):
        outbox.put(b"temp00" if waited else b"temp%02d" % n, b"21.5", n if waited else 0)
    clock = _Clock(1000 if waited else 0)
    points: Any
    if kind == "mqtt":
        points = documents.Points(outbox, clock, tx_size - 9, b"board1/telemetry")
        points.gather()
        points.go_on()
        return int(points._next)
    made: dict[str, tuple[Any, Any]] = {
        "legacy": (legacy.Legacy, legacy.Points),
        "studio": (studio.Studio, studio.Points),
        "dp": (dp.Streams, dp.Points),
    }
    platform, of = made[kind]
    room = platform("board1", "aBcDeF1234", "x", tx_size=tx_size).points_room(tx_size)
    points = of(outbox, clock, room)
    return int(points.gather())


def _outbox_class() -> Any:
    """Of firmware/outbox.py, without the rest of the package, which needs a board."""
    spec = importlib.util.spec_from_file_location("outbox_of_a_board", board_directory() / "firmware" / "outbox.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Outbox


# The report


def pace_table(console: RunningConsole) -> Table:
    shown = Table(title="ms between measurements with every=0.1, online, on this computer", title_justify="left")
    for heading in ("chip", "least", "median", "most", "within 80 to 120"):
        shown.add_column(heading, justify="left" if heading == "chip" else "right")
    for chip in (ESP32, ESP8266):
        found = steps(chip, console)
        near = sum(80 <= step <= 120 for step in found)
        figures = (min(found), statistics.median(found), max(found))
        shown.add_row(chip, *(f"{figure:g}" for figure in figures), f"{near} of {len(found)}")
    return shown


def streams_table(console: RunningConsole) -> Table:
    shown = Table(title="Heap with so many streams, each written out in main.py, all arrived", title_justify="left")
    for heading in ("board", "streams", "free", "largest block", "free with a delta", "largest block"):
        shown.add_column(heading, justify="left" if heading == "board" else "right")
    for name, chip, heap, counts in STREAMS:
        for count in counts:
            cells = []
            for options in ("", ", delta=1"):
                found = with_streams(chip, heap, console, count, options)
                cells += [f"{figure:,}" for figure in found] if found else ["no room", ""]
            shown.add_row(name, str(count), *cells)
    return shown


def burst_table(console: RunningConsole) -> Table:
    shown = Table(title=f"{BURST} points put at once", title_justify="left")
    for heading in ("chip", "outbox", "arrived", "dropped"):
        shown.add_column(heading, justify="right" if heading in ("arrived", "dropped") else "left")
    rows: list[tuple[str, str, dict[str, Any]]] = [
        (ESP32, "2,048 bytes", {}),
        (ESP32, "16,384 bytes", {"outbox_size": 16384, "tx_size": 4096}),
        (ESP32, "2,048 bytes and 64 KB of flash", {"outbox_flash": 64, "tx_size": 2048}),
        (ESP8266, "2,048 bytes", {}),
        (ESP8266, "2,048 bytes and 64 KB of flash", {"outbox_flash": 64}),
    ]
    for chip, words, config in rows:
        arrived, dropped = burst(chip, console, **config)
        shown.add_row(chip, words, str(arrived), str(dropped))
    return shown


def batch_table() -> Table:
    shown = Table(
        title='Points of "temp00": 21.5 in a message; those that waited are of one stream', title_justify="left"
    )
    shown.add_column("platform / tx_size")
    for tx_size in TX_SIZES:
        shown.add_column(f"{tx_size}", justify="right")
    for kind in ("legacy", "studio", "dp", "mqtt"):
        for waited in (False, True):
            words = f"{kind}, {'waited' if waited else 'of now'}"
            shown.add_row(words, *(str(batch(kind, tx_size, waited)) for tx_size in TX_SIZES))
    return shown


def main() -> None:
    show = Console(highlight=False)
    show.print(batch_table())
    try:
        fetch_and_say()
    except NotHereError as error:
        show.print(f"The boards were not measured: {error}", soft_wrap=True)
        return
    with running_console() as console:
        for table in (pace_table, burst_table, streams_table):
            show.print(table(console))


if __name__ == "__main__":
    main()
