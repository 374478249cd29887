"""OneNET's own updates over the air: what a board of the current platform says and asks, and in which order."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.studio import ota_calls
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


def config_of_roof(product_id: str, key: str, platform: str, **more: Any) -> dict[str, Any]:
    """What differs for a device called roof from the configuration of over_the_air."""
    login = {"platform": platform, "product_id": product_id, "device_name": "roof", "device_key": key}
    return login | dict.fromkeys(("device_id", "auth_info", "subscribe_commands", "host", "port")) | more


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


UNHEALTHY = "device.healthy = lambda: False"


@pytest.mark.parametrize(
    ("more", "said", "step", "log"),
    [
        pytest.param("", UPGRADED, 201, 0, id="good"),
        pytest.param(UNHEALTHY, ROLLED_BACK, 206, 0, id="bad", marks=pytest.mark.long),
        pytest.param(UNHEALTHY, ROLLED_BACK, 206, 512, id="bad, and tells"),
        pytest.param(
            "__import__('machine').reset()", ROLLED_BACK.replace("206", "207"), 207, 512, id="resets, and tells"
        ),
    ],
)
@pytest.mark.parametrize("protocol", [Protocol.STREAM, Protocol.ONEJSON])
def test_the_steps(
    console: RunningConsole, tmp_path: Path, more: str, said: str, step: int, log: int, protocol: Protocol
) -> None:
    product = console.call(console.platform.studio.add_product, protocol=protocol)
    device = console.call(console.platform.studio.add_device, product.id, "roof")
    lines: list[str] = []
    console.platform.packages.listener = lines.append
    old, new = program(OLD, "esp32", tmp_path), program(NEW, "esp32", tmp_path, more)
    config = config_of_roof(product.id, device.auth_info, protocol.platform, log=log)
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
        assert "nothing was ever sent" not in it.log, "what asks is no stream of the program's"
        until(lambda: bool(console.call(console.platform.packages.is_over, device.id)))
    words = console.platform.packages.state(device.id)[0]
    if not more:
        assert words == "upgraded to 2.0"
    elif protocol is Protocol.ONEJSON and not log:  # there is no place for words, and the board is not to be asked
        assert words == "rolled back to the version before: the new program did not prove itself (step 206)"
    elif step == 207:
        assert words == "rolled back to 1.0: it has started 3 times, and did not stay online"
    else:  # it has told why, by its data stream or when it was asked
        assert words == "rolled back to 1.0: healthy() says no"
    steps = [int(found) for line in lines for found in re.findall(r'"step": (\d+)', line)]
    assert steps == sorted(set(steps)) and steps[-2:] == [101, step]


@pytest.mark.parametrize(
    ("key", "log", "step", "why"),
    [
        ("a key of the board's own", 0, 107, "the reason is in the board's log (step 107)"),
        ("a key of the board's own", 512, 107, "it is not signed, and this board has an update_key"),
        ("", 0, 205, "wrong MD5 (step 205)"),
        ("", 512, 205, "its MD5 is not the platform's"),
    ],
    ids=["unsigned", "unsigned, and tells", "MD5", "MD5, and tells"],
)
def test_why_a_package_is_refused_by_a_board_with_a_thing_model(
    console: RunningConsole, tmp_path: Path, key: str, log: int, step: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task has a number for it; where the board is to be asked, its own words are shown."""
    monkeypatch.setattr(ota_calls, "md5_of", lambda data: "0" * 32)
    product = console.call(console.platform.studio.add_product)
    device = console.call(console.platform.studio.add_device, product.id, "roof")
    lines: list[str] = []
    console.platform.packages.listener = lines.append
    packages = console.platform.packages
    config = config_of_roof(product.id, device.auth_info, "studio", log=log, update_key=key)
    with board(program(OLD, "esp32", tmp_path), None, console.mqtt_port, config, http=console.http_port) as it:
        it.wait_for("online as device", PATIENCE)
        until(lambda: any("/check" in line for line in lines))
        package = program(NEW, "esp32", tmp_path).package()
        console.call(packages.push, device.id, package.data)
        until(lambda: bool(console.call(packages.is_over, device.id)))
    assert packages.state(device.id)[0] == f"refused: {why}"
    assert f'"step": {step}}}' in lines[-1]
