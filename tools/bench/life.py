"""How long a board takes to come online, and to come back when its broker does."""

import contextlib
import json
import subprocess
import threading
import time
from pathlib import Path

from ..board import BoardError, VirtualBoard, Wifi
from ..broker import Mosquitto
from ..compile.mpy import compile_board
from ..demo.legacy import demo_config
from ..demo.stage import PASSWORD, SSID
from ..files import board_directory
from .peers import OURS, Peer
from .run import PRODUCT, USER, Absent, Figure, Runner, real_broker

_JOINING = 0.5  # seconds in which the virtual Wi-Fi lets the board in
_PATIENCE = 20.0
_LONGEST = 12
_OUTAGE = 3.0  # seconds without the broker

_STARTS = "main.py starts"

# What a user of each client would write. Ours is the firmware, whose own main.py does all this and more.
_PROGRAM = """print({starts!r})
import network, time
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect({ssid!r}, {password!r})
while not wlan.isconnected():
    time.sleep_ms(10)
import {adapter}
peer = {adapter}.Peer({module!r}, {port}, False)
peer.connect()
print("online as", {module!r})
time.sleep(60)
"""


def boot(runner: Runner, peer: Peer, seconds: float) -> Figure:
    """Seconds from the first line of main.py on the virtual board to CONNACK, a Wi-Fi of half a second in between."""
    times: dict[bytes, float] = {}
    text = bytearray()
    done = threading.Event()

    def output(data: bytes) -> None:
        text.extend(data)
        for words in (_STARTS.encode(), b"online as"):
            if words in text:
                times.setdefault(words, time.monotonic())
        if len(times) == 2 or b"Traceback" in text:
            done.set()

    config = demo_config(board_directory())
    board = VirtualBoard(
        files=_firmware_files(runner, config) if peer is OURS else _peer_files(runner, peer),
        wifi=Wifi({SSID: PASSWORD}, association_time=_JOINING),
        routes={(config["host"], config["port"]): ("127.0.0.1", runner.port)},
        on_output=output,
    )
    try:
        with board:
            if not done.wait(_PATIENCE):
                return Absent("hang")
    except BoardError:
        return Absent("failed")
    if len(times) < 2:
        return Absent(bytes(text).strip().splitlines()[-1].decode("utf-8", "replace").split(":")[0])
    return times[b"online as"] - times[_STARTS.encode()]


def _firmware_files(runner: Runner, config: dict[str, object]) -> dict[str, Path | str | bytes]:
    """The clone's own files, compiled as `onenet mpy` does, with the bench's user in the configuration."""
    config = {**config, "product_id": PRODUCT, "device_id": "1", "auth_info": USER, "subscribe_commands": False}
    modules = compile_board("x64", runner.build / "mpy" / "firmware")
    files: dict[str, Path | str | bytes] = {
        str(Path(module.name).with_suffix(".mpy")): module.path.read_bytes() for module in modules
    }
    main = (board_directory() / "main.py").read_text("utf-8")
    files["boot.py"] = board_directory() / "boot.py"
    files["main.py"] = f"print({_STARTS!r})\n{main}"
    files["config.json"] = json.dumps(config)
    return files


def _peer_files(runner: Runner, peer: Peer) -> dict[str, Path | str | bytes]:
    files: dict[str, Path | str | bytes] = {}
    for folder in (runner.board, runner.library(peer)):
        files.update({f"lib/{path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*.mpy")})
    files["main.py"] = _PROGRAM.format(
        starts=_STARTS, ssid=SSID, password=PASSWORD, adapter=peer.adapter, module=peer.module, port=runner.port
    )
    return files


class BackOnline:
    """Seconds from the broker's return to the client's: all clients at one broker, which is away for three seconds."""

    def __init__(self, peers: list[Peer]) -> None:
        self._peers = peers
        self._measured: dict[str, Figure] = {}

    def __call__(self, runner: Runner, peer: Peer, seconds: float) -> Figure:
        if peer.name not in self._measured:
            self._measured = self._measure(runner)
        return self._measured.pop(peer.name)

    def _measure(self, runner: Runner) -> dict[str, Figure]:
        with contextlib.ExitStack() as undo:
            server = undo.enter_context(real_broker())
            running: Running = {}
            for peer in self._peers:
                command = runner.command("stay", peer, peer.adapter, peer.module, server.port)
                running[peer] = process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                undo.callback(process.wait)
                undo.callback(process.kill)
            _arrivals(server, 0, running, 5)
            server.stop()
            time.sleep(_OUTAGE)
            told = len(server.log)
            server.start()
            arrived = _arrivals(server, told, running, _LONGEST)
            ends = {None: f"over {_LONGEST} s", 0: "no"}
            return {
                peer.name: arrived.get(peer.name, Absent(ends.get(process.poll(), "ends")))
                for peer, process in running.items()
            }


Running = dict[Peer, "subprocess.Popen[bytes]"]


def _arrivals(server: Mosquitto, told: int, running: Running, patience: float) -> dict[str, float]:
    """When, in seconds from now, each client was let in, by the broker's own log from character `told` on."""
    start = time.monotonic()
    found: dict[str, float] = {}
    waiting = dict(running)
    while waiting and time.monotonic() < start + patience:
        log = server.log[told:]
        for peer, process in running.items():
            if peer in waiting and f" as {peer.module} (" in log:
                found[peer.name] = time.monotonic() - start
                del waiting[peer]
            elif peer in waiting and process.poll() is not None:
                del waiting[peer]
        time.sleep(0.005)
    return found
