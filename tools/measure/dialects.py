"""What each of OneNET's dialects leaves of a board's heap: of an ESP8266's, whose program is in a ROMFS, online, its
first data points taken; with main.py as it is, and with a property that can be set.

Of some boots the best counts: MicroPython's collector takes whatever looks like an address for one, and what a token
looks like is chance.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..board import BoardError, VirtualBoard, Wifi
from ..board.small_heap import FREE, NotHereError, fetch_and_say
from ..console.console import RunningConsole, running_console
from ..console.studio.products import Protocol
from ..files import board_directory
from ..port.program import XTENSA, sources
from ..port.romfs import installed

PLATFORMS = ("legacy", "studio", "dp")
PROGRAMS = ("main.py", "and a property")
MOST = 3_072
"""Bytes that a dialect of the current platform may cost more than the older one, with each program."""

BOOTS = 4
_PATIENCE = 60.0  # seconds
_SSID, _PASSWORD = "home", "password"
_PROPERTY = """
@device.property("light", every=None)
def light():
    return True


@light.setter
def set_light(on):
    pass


"""


def measure() -> dict[tuple[str, str], int]:
    """The bytes free, by program and platform. Raises BoardError, also where there is no MicroPython for 32 bits."""
    fetch_and_say()
    main = (board_directory() / "main.py").read_text("utf-8")
    programs = dict(zip(PROGRAMS, (main, main.replace("\ndevice.run()", f"{_PROPERTY}device.run()")), strict=True))
    found = {}
    with running_console() as console:
        for name, program in programs.items():
            files, rom = _files(program)
            for platform in PLATFORMS:
                found[name, platform] = max(_free(console, platform, files, rom) for _ in range(BOOTS))
    return found


def _files(program: str) -> tuple[dict[str, bytes], bytes]:
    with tempfile.TemporaryDirectory(prefix="dialects-") as folder:
        path = Path(folder, "main.py")
        path.write_text(program, "utf-8")
        return installed(sources({"main.py": path}), XTENSA)


def _free(console: RunningConsole, platform: str, files: dict[str, bytes], rom: bytes) -> int:
    device_id, config, host = new_device(console, platform)
    config |= {"wifi": [{"ssid": _SSID, "password": _PASSWORD}], "led_pin": 2, "platform": platform}
    on_flash: dict[str, Any] = files | {"config.json": json.dumps(config)}
    with VirtualBoard(
        chip="esp8266",
        files=on_flash,
        rom=rom,
        small_heap=FREE,
        wifi=Wifi({_SSID: _PASSWORD}),
        routes={host: ("127.0.0.1", console.mqtt_port)},
    ) as board:
        board.wait_for("online as", _PATIENCE)
        end = time.monotonic() + _PATIENCE
        while not console.call(console.platform.streams, device_id):
            if time.monotonic() > end:
                raise BoardError(f"no data points of a board came; it says:\n{board.log[-1500:]}")
            time.sleep(0.05)
        return max(board.heap(30).free for _ in range(2))


def new_device(console: RunningConsole, platform: str) -> tuple[str, dict[str, Any], tuple[str, int]]:
    """A new one: its id, what is in its configuration of it, and where it will connect to."""
    if platform == "legacy":
        device = console.call(console.platform.add_device, "heap")
        config = {"device_id": device.id, "product_id": device.product_id, "auth_info": device.auth_info}
        return device.id, config, ("183.230.40.39", 6002)
    studio = console.platform.studio
    kind = (Protocol.STREAM,) if platform == "dp" else ()
    product = console.call(studio.add_product, "", "", *kind)
    device = console.call(studio.add_device, product.id, "heap")
    config = {"device_name": "heap", "product_id": product.id, "device_key": device.auth_info}
    return device.id, config, (f"{product.id}.mqtts.acc.cmcconenet.cn", 1883)


def run_dialects(console: Console) -> list[str]:
    """Measures and prints; returns a line for each that costs more than it may. Says so where it can't be measured."""
    try:
        found = measure()
    except NotHereError as error:
        console.print(f"The heap of the dialects was not measured: {error}", soft_wrap=True)
        return []
    console.print(table(found))
    return problems(found)


def costs(found: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """The bytes that each dialect of the current platform costs more than the older one."""
    return {(name, kind): found[name, "legacy"] - free for (name, kind), free in found.items() if kind != "legacy"}


def table(found: dict[tuple[str, str], int]) -> Table:
    shown = Table(title="What OneNET's dialects leave of an ESP8266's heap, from ROMFS, online", title_justify="left")
    shown.add_column("program")
    for heading in ("platform", "free", "less than legacy", "may be"):
        shown.add_column(heading, justify="right")
    cost = costs(found)
    for (name, kind), free in found.items():
        beside = (f"{cost[name, kind]:,}", f"{MOST:,}") if (name, kind) in cost else ("", "")
        shown.add_row(name, kind, f"{free:,}", *beside)
    return shown


def problems(found: dict[tuple[str, str], int]) -> list[str]:
    return [
        f'"platform": "{kind}", {name}: costs {cost:,} bytes of heap more than the older one; {MOST:,} it may'
        for (name, kind), cost in costs(found).items()
        if cost > MOST
    ]


if __name__ == "__main__":
    for line in run_dialects(Console(width=100, highlight=False)):
        print(line)
