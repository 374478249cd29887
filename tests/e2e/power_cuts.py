"""Boards that lose their power at random: python tests/e2e/power_cuts.py [CUTS] [--seed N] [--chip NAME]

Each counts, and puts the numbers into an outbox with a part of the flash. The network comes and goes, and at random
moments, also in the middle of what is written to littlefs, the power is cut: the process ends by SIGKILL, and RTC
memory and clock are lost. Whenever nothing waits in RAM the board says how far it has counted: up to there each number
is in flash or has arrived. In the end the network stays, and what mosquitto got is compared with what was said: each
number, its time, and how many came twice.
"""

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from counted import Counted
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.files import board_directory, board_modules
from onenet_tools.port.program import XTENSA
from onenet_tools.port.romfs import installed
from shared_out import ADDRESS, AUTH_INFO, PASSWORD, PATIENCE, PRODUCT_ID, SSID, Tally, Watcher, on_boards

CHUNK = 1024 // 16  # records that one chunk of a segment may have, and a reset may so repeat
OFF_BY = 3  # seconds by which a time may be later than when the board's line came: two of its own
LATE = 30  # seconds by which it may be earlier: the line comes when a busy computer lets it

_MAIN = """
import os
from firmware import Device

device = Device("config.json")
device.config["upload_interval"] = 0.05
boot = int.from_bytes(os.urandom(3), "little")
n = calls = 0


@device.stream("n", every=0.3)
def count():
    global n, calls
    calls += 1
    if not len(device.outbox):
        print("safe %d:%d" % (boot, n), "flash" if any(name != "state" for name in os.listdir("outbox")) else "none")
    for _ in range(0 if n >= 100 or calls % 5 else 25):
        n += 1
        if device.put("n", "%d:%d" % (boot, n)):
            print("put %d:%d" % (boot, n))


device.run()
"""


@dataclass
class Cuts(Tally):
    """What is counted besides."""

    cuts: int = 0
    safe: int = 0
    """Numbers that were said to be in flash, or to have arrived."""


def files(chip: str, device_id: str) -> tuple[dict[str, object], bytes]:
    """What is on the board: (files, ROMFS image)."""
    directory = board_directory()
    every: dict[str, object] = {name: directory / name for name in ["boot.py", *board_modules()]}
    rom = b""
    if chip == "esp8266":
        every, rom = installed(every, XTENSA)  # type: ignore[arg-type,assignment]
    config = json.loads((directory / "config.json.example").read_text())
    config.update(
        wifi=[{"ssid": SSID, "password": PASSWORD}],
        device_id=device_id,
        product_id=PRODUCT_ID,
        auth_info=AUTH_INFO,
        tx_size=1024,
        outbox_size=512,
        outbox_flash={"kb": 256, "after": 1},
    )
    return {**every, "main.py": _MAIN, "config.json": json.dumps(config)}, rom


class Board:
    """One that is cut off again and again."""

    def __init__(self, number: int, cuts: int, chip: str, seed: int, watcher: Watcher, port: int) -> None:
        self.device_id = str(1001 + number)
        self._cuts = cuts
        self._chip = chip
        self._chance = random.Random(seed * 1000 + number)
        self._watcher = watcher
        self._port = port
        self._at: dict[str, float] = {}  # by number, when the board put it
        self._safe: dict[str, int] = {}  # by start, how many it had safe last
        self._text = ""

    def _output(self, data: bytes) -> None:
        self._text += data.decode("utf-8", "replace")
        *lines, self._text = self._text.split("\n")
        for line in lines:
            if found := re.match(r"put (\d+:\d+)", line):
                self._at[found[1]] = time.time()
            elif found := re.match(r"safe (\d+):(\d+) (?:flash|none)\r?$", line):
                self._safe[found[1]] = int(found[2])

    def run(self, note: Counted | None = None) -> Cuts:
        tally = Cuts()
        content, rom = files(self._chip, self.device_id)
        wifi = Wifi({SSID: PASSWORD})
        with tempfile.TemporaryDirectory() as folder:
            board = VirtualBoard(
                Path(folder, "flash.img"),
                content,  # type: ignore[arg-type]
                wifi=wifi,
                routes={ADDRESS: ("127.0.0.1", self._port)},
                chip=self._chip,
                rom=rom,
                on_output=self._output,
            )
            with board:
                for _ in range(self._cuts):
                    for _ in range(self._chance.randrange(1, 4)):
                        wifi.up = self._chance.random() < 0.5
                        time.sleep(self._chance.uniform(0.5, 4))
                    board.power_cut()
                    board.power_on()
                    tally.cuts += 1
                    if note:
                        note.advance()
                wifi.up = True
                since = len(board.log)
                board.wait_for(r"^safe \d+:100 none", PATIENCE, since)
        self._judge(tally)
        return tally

    def _judge(self, tally: Cuts) -> None:
        got = self._watcher.so_far()
        for boot, most in self._safe.items():
            tally.safe += most
            lost = [n for n in range(1, most + 1) if f"{boot}:{n}" not in got]
            tally.lost += len(lost)
            if lost:
                tally.problems.append(f"device {self.device_id}, boot {boot}: lost {lost[:9]} of {most}")
        tally.count(got, self._at, LATE, OFF_BY)
        if tally.twice > tally.cuts * CHUNK:
            tally.problems.append(f"device {self.device_id}: {tally.twice} came twice in {tally.cuts} cuts")


def cut_power(cuts: int, chip: str, seed: int, show: bool = False) -> Cuts:
    """So many cuts, shared by some boards."""
    return on_boards(f"power cuts, {chip}", cuts, show, lambda i, share, *there: Board(i, share, chip, seed, *there))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cuts", nargs="?", type=int, default=300)
    parser.add_argument("--chip", choices=("esp32", "esp8266"), action="append")
    parser.add_argument("--seed", type=int, default=0, help="default: one that is told")
    wanted = parser.parse_args(arguments)
    seed = wanted.seed or random.randrange(1, 1000000)
    status = 0
    for chip in wanted.chip or ("esp32", "esp8266"):
        tally = cut_power(wanted.cuts, chip, seed, show=True)
        print(
            f"{chip}: {tally.cuts} power cuts, {tally.safe} data points in flash or delivered before one: "
            f"{tally.lost} lost, {tally.twice} came twice, {tally.wrong} of {tally.times} times wrong; seed {seed}"
        )
        for problem in tally.problems[:20]:
            print(f"  {problem}")
        status |= bool(tally.lost or tally.problems)
    return status


if __name__ == "__main__":
    sys.exit(main())
