"""The heap in 32-bit words: the cases over a stand-in broker, in MicroPython's webassembly build."""

import json
import re
from functools import cached_property
from pathlib import Path

from ..compile.mpy import module_name, shipped_sources
from ..compile.romfs import romfs_image
from ..files import board_directory, board_modules
from .peers import BOARD, OURS, Peer, library_sources
from .webassembly import ROMFS_SETUP, WebAssembly, WebAssemblyError, plain_mpy, plain_mpy_of

_PATHS = """
import sys
sys.path[:] = ["", ".frozen", "/board", "/library", "/rom"]
import gc, micropython, binascii, collections, errno, json, os, random, struct, time, asyncio
import standin
before = 0
"""
# The image lies in the heap here, where on a board there is flash, and the collector takes some of its bytes for
# addresses: of things that are no more. Elsewhere they are others, and the least that is kept is what there is.
_SHIFTS = (16, 50032, 70064)
_BEFORE = "before = gc.mem_alloc()"
_KEPT = "print('RESULT', gc.mem_alloc() - before)"

# Comes online as a user's program would, and stops it when CONNACK has been there for a while.
_FIRMWARE = """
from firmware import Device
device = Device("/config.json")
left = 20
class Enough(BaseException):
    pass
@device.stream("probe", every=0.1)
def probe():
    global left
    if standin.connacks:
        left -= 1
        if not left:
            standin.stop = Enough  # what a stream raises is caught
try:
    device.run()
except Enough:
    pass
"""


class Heap32:
    """Raises WebAssemblyError where it cannot be had."""

    def __init__(self, build: Path) -> None:
        self._build = build
        self._webassembly = WebAssembly(build)
        self._libraries: dict[str, dict[str, bytes]] = {}

    @property
    def version(self) -> str:
        return self._webassembly.version

    def case(self, case: str, peer: Peer, *arguments: object) -> float | str:
        """A case of measure.py, or why there is no figure."""
        if peer.with_tasks:
            return "no asyncio streams"
        values = ", ".join(repr(value) for value in (case, peer.adapter, peer.module, 1883, *arguments))
        return self._result(peer, [f"import measure32; measure32.main({values})"])

    def imported(self, peer: Peer, romfs: bool = False) -> float | str:
        """What the client's modules keep, loaded from files or run from where they are in a ROMFS."""
        imports = "; ".join(f"__import__({name!r})" for name in peer.imports)
        return self._placed(self._library(peer), {}, romfs, imports)

    def online(self, peer: Peer) -> float | str:
        """What a client keeps once it is online, its modules loaded before."""
        if peer.with_tasks:
            return "no asyncio streams"
        loaded = (
            f"import measure32; import measure; __import__({peer.adapter!r}); __import__({peer.module!r}); peer = 0"
        )
        start = f"peer = measure.online({peer.adapter!r}, {peer.module!r}, 1883)"
        return self._result(peer, [loaded, _BEFORE, start, _KEPT])

    def firmware(self, romfs: bool = False) -> float | str:
        """What lib/ and firmware/ keep, imported and online, with a program of one stream."""
        config = json.loads((board_directory() / "config.json.example").read_text("utf-8"))
        config.update(wifi=[{"ssid": "home", "password": "password"}], watchdog=0, ntp_host="")
        return self._placed(self._firmware, {"/config.json": json.dumps(config).encode()}, romfs, _FIRMWARE)

    def _placed(self, library: dict[str, bytes], files: dict[str, bytes], romfs: bool, step: str) -> float | str:
        """What the step keeps, with the library in files or in a ROMFS."""
        if romfs:
            image = romfs_image({name.removeprefix("/library/"): content for name, content in library.items()})
            found = [
                self._read(
                    {**self._board, **files, "/romfs.img": image},
                    [f"shift = bytearray({shift})", ROMFS_SETUP + _PATHS, _BEFORE, step, _KEPT],
                )
                for shift in _SHIFTS
            ]
            return min((kept for kept in found if isinstance(kept, float)), default=found[0])
        return self._read({**self._board, **files, **library}, [_PATHS, _BEFORE, step, _KEPT])

    @cached_property
    def _firmware(self) -> dict[str, bytes]:
        """lib/ and firmware/ as `onenet deploy` sends them, where the case expects them."""
        return {
            Path("/library", name.removeprefix("lib/")).with_suffix(".mpy").as_posix(): plain_mpy_of(
                text, module_name(name)
            )
            for name, text in shipped_sources().items()
        }

    @cached_property
    def _board(self) -> dict[str, bytes]:
        return {f"/board/{path.stem}.mpy": plain_mpy(path, path.name) for path in BOARD.glob("*.py")}

    def _library(self, peer: Peer) -> dict[str, bytes]:
        if peer is OURS:
            return self._firmware
        if peer.name not in self._libraries:
            sources = library_sources(peer, self._build)
            self._libraries[peer.name] = {
                Path("/library", name).with_suffix(".mpy").as_posix(): plain_mpy(source, name)
                for name, source in sources.items()
            }
        return self._libraries[peer.name]

    def _result(self, peer: Peer, steps: list[str]) -> float | str:
        return self._read({**self._board, **self._library(peer)}, [_PATHS, *steps])

    def _read(self, files: dict[str, bytes], steps: list[str]) -> float | str:
        try:
            output = self._webassembly.run(files, steps, 30)
        except WebAssemblyError as error:
            return str(error).split(":")[0][:40]
        found = re.findall(r"^RESULT (\S+)", output, re.MULTILINE)
        return "no figure" if not found else "no" if found[-1] == "no" else float(found[-1])


def flash(peer: Peer, build: Path) -> float:
    """Bytes of the library's .mpy files, ours with its machine code for the ESP32."""
    if peer is OURS:
        return board_flash("lib/mqtt/")
    sources = library_sources(peer, build)
    return sum(len(plain_mpy(source, name)) for name, source in sources.items())


def board_flash(beginning: str = "") -> float:
    """Bytes of the .mpy files for the ESP32 whose names begin so; of all that a board needs, by default."""
    import tempfile

    from ..compile.mpy import compile_board

    with tempfile.TemporaryDirectory() as folder:
        names = [name for name in board_modules() if name.startswith(beginning)]
        return sum(module.size for module in compile_board("xtensawin", Path(folder, "mpy"), names))
