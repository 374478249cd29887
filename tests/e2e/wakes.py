"""Boards that sleep between two measurements: python tests/e2e/wakes.py [WAKES] [--seed N] [--chip NAME] [--lively]

Each runs examples/battery, and besides measures a number that nobody else has. Sleep takes no time: the world's goes on
by as much. Meanwhile Wi-Fi is off, the server does not listen, nothing flows, time servers are silent, or the router
gives addresses of another network, for up to some fifty wakes. In the end all is well again, and what mosquitto got is
compared with what was measured: each number, its time, and how many came twice.
"""

import argparse
import json
import random
import re
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from counted import Counted
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.board.wifi import LIVELY
from onenet_tools.files import board_directory, board_modules
from onenet_tools.port.program import XTENSA
from onenet_tools.port.romfs import installed
from shared_out import ADDRESS, AUTH_INFO, PASSWORD, PATIENCE, PRODUCT_ID, SSID, Tally, Watcher, on_boards

EXAMPLE = Path(__file__).parents[2] / "examples/battery"
OFF_BY = 7  # seconds that a time may be wrong: five of the clock, a second of each side
LONGEST = 50  # wakes of one outage
SLEEP = 600  # seconds
AWAKE = 10  # seconds for an attempt, which are those of the host

_NUMBER = """
import os
from binascii import hexlify


@device.stream("n", every=600)
def n():
    number = hexlify(os.urandom(4)).decode()
    print("measured", number)
    return number


device.run()
"""


@dataclass
class Wakes(Tally):
    """What is counted besides."""

    wakes: int = 0
    measured: int = 0
    asked: int = 0
    """Answers of time servers."""
    attempts: int = 0
    """Wakes in outages on which the board looked for the network all the same."""
    offline: int = 0
    """Wakes in outages."""
    awake: list[float] = field(default_factory=list)
    """Milliseconds of each wake that came online."""
    spared: list[float] = field(default_factory=list)
    """Those of a wake that did not try."""


class Board:
    """One that sleeps and wakes, and what is around it."""

    def __init__(
        self, number: int, wakes: int, chip: str, seed: int, watcher: Watcher, port: int, lively: bool
    ) -> None:
        self.device_id = str(1001 + number)
        self._wakes = wakes
        self._chip = chip
        self._chance = random.Random(seed * 1000 + number)
        self._watcher = watcher
        self._port = port
        self._wifi = Wifi({SSID: PASSWORD}, **(LIVELY if lively else {}))  # type: ignore[arg-type]
        self._board: VirtualBoard | None = None
        self._at: dict[str, float] = {}  # by number, the world's time when it was measured
        self._text = ""
        self._tried = self._came = False  # on this wake
        self._kinds: list[tuple[bool, bool]] = []  # of each wake: whether it tried, and came online

    def _output(self, data: bytes) -> None:
        self._text += data.decode("utf-8", "replace")
        *lines, self._text = self._text.split("\n")
        for line in lines:
            if found := re.match(r"measured (\w+)", line):
                assert self._board
                self._at[found[1]] = self._board.time()
            elif re.match(r"\d+ (wifi|mqtt): ", line):
                self._tried = True
                self._came = self._came or "online as device" in line
            elif re.match(r"\d+ sleep: \d+ s", line):
                self._kinds.append((self._tried, self._came))
                self._tried = self._came = False

    def _around(self, board: VirtualBoard) -> Iterator[bool]:
        """What happens around the board; yields before each wake whether it can come online on that."""
        chance, wifi = self._chance, self._wifi
        there = board.link.routes[ADDRESS]
        nobody = ("127.0.0.1", _closed_port())
        while True:
            for _ in range(chance.randrange(1, 12)):
                yield True
            kind = chance.choice(("wifi", "server", "mute", "time", "address"))
            board.ntp.up = kind != "time"
            wifi.up = kind != "wifi"
            wifi.mute = kind == "mute"
            board.link.routes[ADDRESS] = nobody if kind == "server" else there
            if kind == "address":
                wifi.subnet = f"192.168.{chance.randrange(5, 250)}"
            for _ in range(min(int(chance.expovariate(1 / 8)) + 1, LONGEST)):
                yield kind in ("time", "address")
            board.ntp.up = wifi.up = True
            wifi.mute = False
            board.link.routes[ADDRESS] = there

    def run(self, note: Counted | None = None) -> Wakes:
        tally = Wakes()
        content, rom = self._files()
        with tempfile.TemporaryDirectory() as folder:
            board = self._board = VirtualBoard(
                Path(folder, "flash.img"),
                content,  # type: ignore[arg-type]
                wifi=self._wifi,
                routes={ADDRESS: ("127.0.0.1", self._port)},
                chip=self._chip,
                rom=rom,
                on_output=self._output,
            )
            board.wake_wire = True
            board.sensors["dht:4"].set(21.5, 60)
            board.sensors["adc:34"].set(1.9)
            can = [True]
            with board:
                around = self._around(board)
                for _ in range(self._wakes):
                    board.wait_until_asleep(PATIENCE)
                    can.append(next(around))
                    board.wake_up()
                    if note:
                        note.advance()
                self._wifi.up, self._wifi.mute, board.ntp.up = True, False, True
                board.link.routes[ADDRESS] = ("127.0.0.1", self._port)
                self._wait_until_all_is_out(board)
                tally.asked = board.ntp.queries
                tally.wakes = len(board.awake)
                times = list(board.awake)
        self._count(tally, can, times)
        self._judge(tally)
        return tally

    def _files(self) -> tuple[dict[str, object], bytes]:
        directory = board_directory()
        every: dict[str, object] = {name: directory / name for name in ["boot.py", *board_modules()]}
        rom = b""
        if self._chip == "esp8266":
            every, rom = installed(every, XTENSA)  # type: ignore[arg-type,assignment]
        config = json.loads((EXAMPLE / "config.json.example").read_text())
        config.update(
            wifi=[{"ssid": SSID, "password": PASSWORD}],
            device_id=self.device_id,
            product_id=PRODUCT_ID,
            auth_info=AUTH_INFO,
            sleep={"seconds": SLEEP, "awake": AWAKE},
        )
        main = (EXAMPLE / "main.py").read_text()
        if self._chip == "esp8266":
            main = main.replace("ADC(Pin(34))", "ADC(0)")
        main = re.sub(r"^device\.run\(\).*$", _NUMBER, main, flags=re.M)
        return {**every, "main.py": main, "config.json": json.dumps(config)}, rom

    def _wait_until_all_is_out(self, board: VirtualBoard) -> None:
        """However far apart attempts have grown."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            board.wait_until_asleep(PATIENCE)
            got = self._watcher.so_far()
            if self._kinds[-1][1] and all(number in got for number in self._at):
                return
            board.wake_up()

    def _count(self, tally: Wakes, can: list[bool], times: list[float]) -> None:
        for (tried, came), could, ms in zip(self._kinds, can, times, strict=False):
            if came:
                tally.awake.append(ms)
            elif not tried:
                tally.spared.append(ms)
            if not could:
                tally.offline += 1
                tally.attempts += tried

    def _judge(self, tally: Wakes) -> None:
        got = self._watcher.so_far()
        tally.measured = len(self._at)
        lost = [number for number in self._at if number not in got]
        tally.lost = len(lost)
        if lost:
            tally.problems.append(f"device {self.device_id}: lost {lost[:9]} of {len(self._at)}")
        tally.count(got, self._at, OFF_BY, OFF_BY)


def _closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wake_up(wakes: int, chip: str, seed: int, show: bool = False, lively: bool = False) -> Wakes:
    """So many wakes, shared by some boards."""
    return on_boards(
        f"wakes, {chip}", wakes, show, lambda i, share, *there: Board(i, share, chip, seed, *there, lively)
    )


def _milliseconds(times: list[float]) -> str:
    return f"{statistics.median(times):.0f} ms, {max(times):.0f} at most" if times else "none"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("wakes", nargs="?", type=int, default=1000)
    parser.add_argument("--chip", choices=("esp32", "esp8266"), action="append")
    parser.add_argument("--seed", type=int, default=0, help="default: one that is told")
    parser.add_argument("--lively", action="store_true", help="joining Wi-Fi takes as long as in life")
    wanted = parser.parse_args(arguments)
    seed = wanted.seed or random.randrange(1, 1000000)
    status = 0
    for chip in wanted.chip or ("esp32", "esp8266"):
        tally = wake_up(wanted.wakes, chip, seed, show=True, lively=wanted.lively)
        print(
            f"{chip}: {tally.wakes} wakes, {tally.measured} numbers measured: {tally.lost} lost, {tally.twice} came "
            f"twice, {tally.wrong} of {tally.times} times wrong; seed {seed}\n"
            f"  awake for {_milliseconds(tally.awake)}, where it came online; for {_milliseconds(tally.spared)}, where "
            f"it did not try\n"
            f"  {tally.attempts} attempts on {tally.offline} wakes in outages; time servers asked {tally.asked} times"
        )
        for problem in tally.problems[:20]:
            print(f"  {problem}")
        status |= bool(tally.lost or tally.problems)
    return status


if __name__ == "__main__":
    sys.exit(main())
