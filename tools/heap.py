"""How much heap a program leaves on an ESP8266 that is online: the real firmware on the virtual one, at a console.

Work that takes a board a day is done in a minute: uploads follow one another as fast as they are acknowledged.
"""

import contextlib
import json
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .board import VirtualBoard, Wifi
from .board.chips import CHIPS
from .board.small_heap import ready_for
from .console.console import RunningConsole, running_console
from .files import board_directory, board_modules, source_for
from .mpy import compile_files
from .romfs import romfs_image
from .shorten import shorten

UPLOADS, COMMANDS, RECONNECTS = 10_000, 1_000, 50
ARCH = "xtensa"

_REPORT = """
import gc, micropython
def report(where):
    gc.collect()
    print("HEAP", where)
    micropython.mem_info()
    micropython.qstr_info()
report("main.py starts")
"""
_HASTE = """
from mqtt.backoff import Backoff
report("has its device")
device._backoff = Backoff(20, 100)
device.config["upload_interval"] = 0
n = 0
@device.stream("load", every=1)
def load():
    global n
    n += 1
    if n == 5 or n % 500 == 0:
        report("measured %d" % n)
    return n
device._streams[-1][1] = 5  # ms
loop = device._client.loop
device._client.loop = lambda ms: loop(min(ms, 5))
"""
_SAYS = re.compile(
    r"^HEAP (.*)$\n(?:.*\n)*?GC: total: (\d+), used: (\d+), free: (\d+)\n.*max free sz: (\d+)\n"
    r"(?:.*\n)*?qstr pool: n_pool=(\d+), n_qstr=(\d+)",
    re.M,
)


@dataclass(frozen=True)
class Heap:
    """How it is at one moment: bytes free, the largest free piece, and the names that the program has added."""

    where: str
    free: int
    largest: int
    names: int


def heaps(text: str) -> list[Heap]:
    """What a board has said of its heap."""
    found = [(m[1], int(m[4]), int(m[5]) * 16, int(m[7])) for m in _SAYS.finditer(text.replace("\r", ""))]
    return [Heap(where, free, largest, names - found[0][3]) for where, free, largest, names in found]


def measure(
    uploads: int = UPLOADS,
    commands: int = COMMANDS,
    reconnects: int = RECONNECTS,
    *,
    say: Callable[[str], None] = print,
) -> list[Heap]:
    """The heap of a virtual ESP8266 that has its program in a ROMFS, from the start of main.py until so much is done.

    Raises BoardError, also where there is no MicroPython for 32 bits.
    """
    ready_for(CHIPS["esp8266"])
    with tempfile.TemporaryDirectory(prefix="heap-") as folder, running_console() as console:
        rom, main = _program(Path(folder))
        device = console.call(console.platform.add_device, "heap")
        config = json.loads((board_directory() / "config.json.example").read_text())
        config.update(wifi=[{"ssid": "home", "password": "password"}], led_pin=2)
        config.update(device_id=device.id, auth_info=device.auth_info)
        board = VirtualBoard(
            chip="esp8266",
            files={"boot.py": board_directory() / "boot.py", "main.py": main, "config.json": json.dumps(config)},
            rom=rom,
            wifi=Wifi({"home": "password"}),
            routes={(config["host"], config["port"]): ("127.0.0.1", console.mqtt_port)},
        )
        with board:
            board.wait_for("online as", 60)
            done = sent = cut = 0
            with _obeying(console, device.id, commands):
                while done < uploads:
                    time.sleep(0.2)
                    done = len(re.findall(r"^HEAP measured \d+", board.log, re.M)) * 500 - 500
                    if cut < reconnects and done >= cut * uploads // (reconnects + 1):
                        board.link.cut()
                        cut += 1
                        board.wait_for("online as", 30, since=len(board.log))
                        say(f"{done} measured, {cut} reconnects")
            del sent
            board.wait_for(r"qstr pool.*\n.*\Z", 30, since=len(board.log) - 2000)
            return heaps(board.log)


@contextlib.contextmanager
def _obeying(console: RunningConsole, device_id: str, commands: int) -> Iterator[None]:
    """Meanwhile so many commands are sent, each after the reply to the one before."""
    end = threading.Event()

    def send() -> None:
        for i in range(commands):
            if end.is_set():
                return
            with contextlib.suppress(Exception):
                command = console.call(console.platform.send_command, device_id, b"led=on" if i % 2 else b"led=off", 5)
                deadline = time.monotonic() + 3
                while console.call(console.platform.command, command.uuid).reply is None:
                    if time.monotonic() > deadline or end.is_set():
                        break
                    time.sleep(0.002)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)
        end.set()
        thread.join()


def _program(folder: Path) -> tuple[bytes, str]:
    """A ROMFS with the modules as deploy compiles them, and main.py with what measures, whose names are theirs."""
    directory = board_directory()
    sources = {name: source_for(ARCH, name, directory / name).read_text("utf-8") for name in board_modules()}
    main = (directory / "main.py").read_text("utf-8")
    sources["main.py"] = _REPORT + main.replace("\ndevice.run()", _HASTE + "\ndevice.run()")
    short = shorten(sources)
    for name, text in short.items():
        path = folder / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    modules = {name: folder / "source" / name for name in sources if name != "main.py"}
    compiled = compile_files(modules, ARCH, folder / "mpy")
    return romfs_image({one.name[:-2] + "mpy": one.path.read_bytes() for one in compiled}), short["main.py"]


if __name__ == "__main__":
    figures = measure(*(int(number) for number in sys.argv[1:4]))
    for one in figures:
        print(f"{one.where:24} free {one.free:6}  largest block {one.largest:6}  names {one.names:4}")
