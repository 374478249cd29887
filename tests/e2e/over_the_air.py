"""Packages, a server of them that can fail, and boards that update themselves from it: for test_over_the_air.py and
update_cuts.py."""

import functools
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.board.chips import CHIPS
from onenet_tools.files import board_directory
from onenet_tools.package.package import Package, make_package
from onenet_tools.port.inventory import MANIFEST
from onenet_tools.port.plan import Rom
from onenet_tools.port.program import XTENSA, Dialect, Form, in_form, sources
from onenet_tools.port.romfs import file_for, image

ADDRESS = ("183.230.40.39", 6002)
SSID, PASSWORD = "home", "12345678"
PATIENCE = 120.0  # seconds, of somebody who waits for a busy computer
KEY = "a key for tests only"
STAYS, LIMIT = 3, 25  # seconds: a test has no minute to wait
_HERE = Dialect(6 | 3 << 8 | 2 << 10)
"""What a virtual ESP32 loads: .mpy files for the computer."""
DIALECTS = {"esp32": _HERE, "esp8266": XTENSA}
FORMS = {"esp32": Form.MPY, "esp8266": Form.ROMFS}

MAIN = """
from firmware import Device

BUILD = {build!r}
print("BUILD", BUILD)
device = Device("config.json")
if device.config:
    device.config["upload_interval"] = 0.05
{more}

@device.stream("build", every=1)
def build():
    return BUILD

device.run()
"""

# On a computer that has stood still meanwhile, the program might have been online long enough before its fault comes,
# and be trusted, rightly: so it is well only once the fault should have come.
_LATER = """
times = 0
device.healthy = lambda: times > 3


@device.stream("trouble", every=0.3)
def trouble():
    global times
    times += 1
    if times > 3:
        {}
"""
_CRASHES_LATER = """
times = 0
device.healthy = lambda: times > 3
connected = device.wifi.connected


def fails():
    global times
    times += device._online_at is not None
    return 1 / 0 if times > 3 else connected()


device.wifi.connected = fails
"""
"""In the main loop itself: what a stream or a command raises is caught."""
BAD = {
    "crashes at once": "1 / 0",
    "is no Python": "this is no Python",
    "ends at once": "raise SystemExit",
    "crashes later": _CRASHES_LATER,
    "resets later": _LATER.format("__import__('machine').reset()"),
    "never online": "device.wifi.connected = lambda: False",
    "hangs at once": "while True: pass",
    "hangs online": _LATER.format("while True: pass"),
    "is not healthy": "device.healthy = lambda: False",
    "healthy() crashes": "device.healthy = lambda: 1 / 0",
}
"""What a program may do wrong, and the lines that do it."""


@dataclass
class Program:
    """What is on a board of a chip: files, and the ROMFS image, which is empty on others than an ESP8266."""

    build: str
    chip: str
    files: dict[str, bytes]
    rom: Rom | None

    def package(self, key: str = "", base: Package | None = None, **changes: Any) -> Package:
        made = make_package(
            self.build, self.chip, FORMS[self.chip], DIALECTS[self.chip], self.files, self.rom, base, STAYS, LIMIT
        )
        made.head.update(changes)
        return made.signed(key) if key else made

    def on_board(self) -> dict[str, bytes]:
        """The files of a board with this program, as a package brings them, but for those that say where a ROMFS is."""
        return self.files | {MANIFEST: self.package().content(MANIFEST)}


def program(build: str, chip: str, folder: Path, more: str = "", text: str = "") -> Program:
    """One whose own files say which build it is of; there is a module that others have not, and some of ours stay."""
    own = {f"parts/part_{n}.py": f"BUILD = {build!r}\n" + "# " + "x" * 500 * n for n in range(6)}
    own |= {"main.py": text or MAIN.format(build=build, more=more)}
    own |= {f"only_{build[0]}.py": f"BUILD = {build!r}\n", f"firmware/only_{build[0]}.py": f"BUILD = {build!r}\n"}
    own["boot.py"] = (board_directory() / "boot.py").read_text() + f"# {build}\n"
    own["data.bin"] = f"{build}\n" * 2000
    written = {name: _written(folder / build / name, content) for name, content in own.items()}
    files = _ours(DIALECTS[chip]) | in_form(Form.MPY, written, DIALECTS[chip])
    if FORMS[chip] is not Form.ROMFS:
        return Program(build, chip, files, None)
    modules = {name: data for name, data in files.items() if name.endswith(".mpy")}
    return Program(
        build, chip, {n: d for n, d in files.items() if n not in modules}, Rom(image(modules), tuple(modules))
    )


@functools.cache
def _ours(dialect: Dialect) -> dict[str, bytes]:
    return in_form(Form.MPY, sources({}), dialect)


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def board(
    old: Program,
    flash: Path | None,
    port: int,
    config: Mapping[str, Any],
    full: bool = False,
    http: int = 0,
    more: Mapping[tuple[str, int], tuple[str, int]] | None = None,
) -> VirtualBoard:
    """One with this program, and a configuration with these changes; `full`: with a file that takes nearly all of the
    flash. None takes a key out. http: the console's port, where OneNET's API is asked for; more: other routes."""
    wanted = json.loads((board_directory() / "config.json.example").read_text())
    wanted.update(
        wifi=[{"ssid": SSID, "password": PASSWORD}],
        safe_mode_pin=-1,
        update=True,
        watchdog=10,
    )
    wanted.update(config)
    wanted = {key: value for key, value in wanted.items() if value is not None}
    routes = {ADDRESS: ("127.0.0.1", port), ("iot-api.heclouds.com", 80): ("127.0.0.1", http)}
    routes |= more or {}
    if "platform" in config:
        routes[f"{wanted['product_id']}.mqtts.acc.cmcconenet.cn", 1883] = ("127.0.0.1", port)
    files: dict[str, Any] = {**old.on_board(), "config.json": json.dumps(wanted), "mine.txt": "the user's own"}
    if full:
        taken = sum(len(data) // 4096 + 1 for data in old.files.values()) * 4096
        files["filler"] = bytes(CHIPS[old.chip].flash_size - taken - (12 if old.rom else 34) * 4096)
    options: dict[str, Any] = {}
    if old.rom:
        files |= file_for(0)
        options["rom"] = old.rom.image
    return VirtualBoard(flash, files, wifi=Wifi({SSID: PASSWORD}), routes=routes, chip=old.chip, **options)


class Server:
    """An HTTP server of packages by their names, with Range; `spoil(name, data, first, last)` may change what goes out:
    bytes, or None to hang up. In a `with` statement."""

    def __init__(self) -> None:
        self.packages: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        """Each request's path and Range."""
        self.spoil: Callable[[str, bytes, int], bytes | None] = lambda name, data, first: data
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def do_GET(self) -> None:
                outer._answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # boards lose their power

        self._server = Quiet(("127.0.0.1", 0), Handler)

    def __enter__(self) -> "Server":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        name = handler.path[1:]
        wanted = handler.headers.get("Range", "")
        self.asked.append((name, wanted))
        data = self.packages.get(name)
        if data is None:
            handler.send_error(404)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        begin = int(first or 0)
        if begin >= len(data):
            handler.send_response(416)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        part = data[begin : int(last) + 1 if last else len(data)]
        sent = self.spoil(name, part, begin)
        if sent is None:
            handler.close_connection = True
            return
        handler.send_response(206)
        handler.send_header("Content-Length", str(len(sent)))
        handler.send_header("Content-Range", f"bytes {begin}-{begin + len(part) - 1}/{len(data)}")
        handler.end_headers()
        handler.wfile.write(sent)


def mixture(files: Mapping[str, bytes], rom: bytes, old: Program, new: Program) -> str:
    """What a board's files are: the build of one of the programs, or in words what is wrong with them."""
    there = {name[1:]: data for name, data in files.items()}
    for name in list(there):
        if name in ("crashes", "filler", "update.ended") or (
            name.startswith("deploy/") and "deploy/record" not in there
        ):
            del there[name]
    if there.pop("mine.txt", None) != b"the user's own" or not there.pop("config.json", None):
        return "the user's own files are not as they were"
    at = int(there.pop("romfs", b"0"))
    wrong = {}
    for it in (old, new):
        wanted = it.on_board()
        stay = {name for name in old.files if name not in new.files and not name.startswith("firmware/")}
        differ = {name for name in {*there, *wanted} if there.get(name) != wanted.get(name)}
        if it is new:
            differ -= stay  # of the user's own modules none is deleted
        if it.rom and rom[at : at + len(it.rom.image)] != it.rom.image:
            differ.add("romfs")
        if not differ:
            return it.build
        wrong[it.build] = differ
    return f"a mixture: {wrong}"
