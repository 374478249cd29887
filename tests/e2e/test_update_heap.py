"""What an update over the air takes of a board's memory, with the example's program: while its package is fetched, and
while the new program proves itself. docs/updates.md has the figures."""

import time
from pathlib import Path

import over_the_air
import pytest
from onenet_tools.board import VirtualBoard
from onenet_tools.console.console import running_console
from onenet_tools.files import board_directory
from onenet_tools.measure.heap_update import least
from onenet_tools.port.program import Dialect
from over_the_air import PATIENCE, Server, board, program

MAIN = (board_directory() / "main.py").read_text("utf-8")
GROWN = 112_000
"""An ESP32's heap, which begins with 56,000 bytes (ports/esp32/main.c), once it has been doubled for the update."""
FREE, LARGEST = 3_584, 768
"""Of an ESP8266 at the least, while a package is fetched: of some 4.4 KB and 1.1 to 1.6 KB. A reply's head, which is
copied, has 512 bytes at the most."""
IDLE = 12_288
"""The same before: as without "update", see tools/measure/heap.py."""
PROVING = 8_704
"""Bytes free while the new program proves itself."""
MOST = 22_528
"""That an update takes of an ESP32."""


@pytest.mark.parametrize("chip", ["esp8266", "esp32"])
def test_what_an_update_takes(chip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if chip == "esp32":  # machine code is the interpreter's own, and outside its heap, as on the chip
        monkeypatch.setitem(over_the_air.DIALECTS, chip, Dialect(6 | 3 << 8 | 1 << 10))
        monkeypatch.setattr(
            over_the_air, "VirtualBoard", lambda *args, **more: VirtualBoard(*args, small_heap=GROWN, **more)
        )
    old, new = program("1.0", chip, tmp_path, text=MAIN), program("2.0", chip, tmp_path, text=MAIN + "# 2.0\n")
    with running_console(pages=False) as console, Server() as server:
        server.packages["new"] = new.package(stays=8, patience=120).data
        device = console.call(console.platform.add_device, "roof")
        config = {
            "device_id": device.id,
            "product_id": device.product_id,
            "auth_info": device.auth_info,
            "watchdog": 60,
        }
        with board(old, None, console.mqtt_port, config) as it:
            it.wait_for("online as device", PATIENCE)
            time.sleep(2)
            online = it.heap()
            since = len(it.log)
            console.call(console.platform.send_command, device.id, f"update {server.url('new')}".encode())
            during = least(it, "update: (all is here|refused)", since)
            assert "refused" not in it.log
            it.wait_for("has to stay online", PATIENCE, since)
            proving = least(it, "update: (upgraded|rolled)", it.log.rindex("has to stay online"))
            assert "upgraded to 2.0" in it.log
            print(f"{chip}: {online}, while it is fetched {during}, while it is proved {proving}")
            if chip == "esp32":
                assert online.free - during.free < MOST
            else:
                assert online.free >= IDLE
                assert during.free >= FREE and during.largest >= LARGEST
                assert proving.free >= PROVING
