"""OneNET's own updates over the air: what a board of the current platform says and asks, and in which order."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.studio.products import Protocol
from over_the_air import PATIENCE, board, program

OLD, NEW = "1.0", "2.0"

CONVERSATION = """
POST /fuse-ota/P/D/version {"s_version": "1.0", "f_version": "1.0"} -> code 0
GET /fuse-ota/P/D/check?type=2&version=1.0 -> code 0
GET /fuse-ota/P/D/T/download bytes= -> bytes
POST /fuse-ota/P/D/T/status {"step": } -> code 0
POST /fuse-ota/P/D/T/status {"step": 101} -> code 0
"""
"""Until all is there: the version, whether there is a task, the pieces, with how far it is in between, and that all is
there; each line stands for one or more."""

UPGRADED = """
POST /fuse-ota/P/D/T/status {"step": 201} -> code 0
POST /fuse-ota/P/D/version {"s_version": "2.0", "f_version": "2.0"} -> code 0
"""
"""The new program has proved itself; only then it is told."""

ROLLED_BACK = """
POST /fuse-ota/P/D/T/status {"step": 206} -> code 0
POST /fuse-ota/P/D/version {"s_version": "1.0", "f_version": "1.0"} -> code 0
"""


@pytest.fixture(scope="module")
def console() -> Iterator[RunningConsole]:
    with running_console() as it:
        rules = it.platform.studio.rules
        rules.uplink_pause = 0.0
        yield it


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def recorded(said: list[str]) -> list[str]:
    """Without ids; what repeats itself once."""
    lines = []
    for line in said:
        line = re.sub(r"^(\w+ /fuse-ota/)[^/]+/[^/]+", r"\1P/D", line)
        line = re.sub(r"P/D/\d+/", "P/D/T/", line)
        line = re.sub(r"bytes[= ][\d/-]+", lambda found: "bytes" + ("=" if "=" in found[0] else ""), line)
        line = re.sub(r'"step": (?:\d|\d\d|100)}', '"step": }', line)
        if ("download" not in line and 'step": }' not in line) or line not in lines:
            lines.append(line)
    return lines


@pytest.mark.parametrize(
    ("more", "said"), [("", UPGRADED), ("device.healthy = lambda: False", ROLLED_BACK)], ids=["good", "bad"]
)
@pytest.mark.parametrize("protocol", [Protocol.STREAM, Protocol.ONEJSON])
def test_the_steps(console: RunningConsole, tmp_path: Path, more: str, said: str, protocol: Protocol) -> None:
    product = console.call(console.platform.studio.add_product, protocol=protocol)
    device = console.call(console.platform.studio.add_device, product.id, "roof")
    lines: list[str] = []
    console.platform.packages.listener = lines.append
    old, new = program(OLD, "esp32", tmp_path), program(NEW, "esp32", tmp_path, more)
    config = {
        "platform": protocol.platform,
        "product_id": product.id,
        "device_name": "roof",
        "device_key": device.auth_info,
        "device_id": None,
        "auth_info": None,
        "subscribe_commands": None,
        "host": None,
        "port": None,
    }
    with board(old, None, console.mqtt_port, config, http=console.http_port) as it:
        it.wait_for("online as device", PATIENCE)
        assert console.platform.packages.state(device.id) == ("", "")
        until(lambda: any("/check" in line for line in lines))  # at the start there is nothing
        assert lines[-1].endswith("code 1178")
        lines.clear()
        console.call(console.platform.packages.push, device.id, new.package().data)
        wanted = [line for line in (CONVERSATION + said).split("\n") if line]
        until(lambda: len(recorded(lines)) >= len(wanted))
        assert recorded(lines) == wanted
    words = console.platform.packages.state(device.id)[0]
    if not more:
        assert words == "upgraded to 2.0"
    elif protocol is Protocol.STREAM:  # it has told why
        assert words == "rolled back to 1.0: healthy() says no"
    else:
        assert words == "rolled back to the version before: the new program did not prove itself (step 206)"
    until(lambda: bool(console.call(console.platform.packages.is_over, device.id)))
    steps = [int(step) for line in lines for step in re.findall(r'"step": (\d+)', line)]
    assert steps == sorted(set(steps)) and steps[-2:] == [101, 206 if more else 201]
