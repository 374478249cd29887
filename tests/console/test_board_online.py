"""The firmware on the virtual board with the console in OneNET's place: what the README promises, end to end."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from console_client import AUTH_INFO, DEVICE, until
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.model import CommandStatus
from onenet_tools.files import board_directory, board_modules

SSID, PASSWORD = "home", "12345678"
LED_PIN = 2
PATIENCE = 30.0  # seconds


@contextlib.contextmanager
def board(port: int, **changes: Any) -> Iterator[VirtualBoard]:
    """The board with the files people get; its config.json is the example, but for Wi-Fi and what is said here.

    It asks for 183.230.40.39:6002, and is led to the console.
    """
    directory = board_directory()
    config = json.loads((directory / "config.json.example").read_text())
    config.update(wifi=[{"ssid": SSID, "password": PASSWORD}], led_pin=LED_PIN, intervals={"free_heap": 1}, **changes)
    files: dict[str, Path | str] = {name: directory / name for name in ["boot.py", "main.py", *board_modules()]}
    files["config.json"] = json.dumps(config)
    with VirtualBoard(
        files=files, wifi=Wifi({SSID: PASSWORD}), routes={(config["host"], config["port"]): ("127.0.0.1", port)}
    ) as it:
        yield it


def reply(console: RunningConsole, payload: bytes) -> bytes | None:
    """What the board answers to a command."""
    sent = console.call(console.platform.send_command, DEVICE, payload)
    until(lambda: console.call(console.platform.command, sent.uuid).status == CommandStatus.REPLIED)
    answer: bytes | None = console.call(console.platform.command, sent.uuid).reply
    return answer


def test_a_board_comes_online_sends_data_and_obeys(console: RunningConsole) -> None:
    with board(console.mqtt_port) as it:
        it.wait_for(f"mqtt: online as device {DEVICE}", PATIENCE)
        assert console.call(console.platform.device, DEVICE).online
        until(lambda: len(console.call(console.platform.points, DEVICE, "free_heap")) >= 2)
        assert all(point.value > 1000 for point in console.call(console.platform.points, DEVICE, "free_heap"))
        assert reply(console, b"led=on") == b"led=on"
        assert reply(console, b"led?") == b"led=on"
        assert reply(console, b"nonsense") == b"error: send led=on, led=off or led?"
        assert AUTH_INFO not in it.log
        types = [packet.explained.type for packet in console.call(console.platform.packets, DEVICE)]
        assert types[:2] == ["CONNECT", "CONNACK"]
        assert "SUBSCRIBE" not in types  # commands come without
    until(lambda: not console.call(console.platform.device, DEVICE).online)


def test_a_board_with_a_wrong_key_says_so(console: RunningConsole) -> None:
    with board(console.mqtt_port, auth_info="wrong") as it:
        it.wait_for("device id, product id or auth-info refused", PATIENCE)
    assert not console.call(console.platform.device, DEVICE).online


def test_a_board_comes_back_when_the_console_does(tmp_path: Path) -> None:
    data = tmp_path / "console.sqlite3"
    with contextlib.ExitStack() as stack:
        with running_console(data, pages=False) as console:
            port = console.mqtt_port
            it = stack.enter_context(board(port))
            it.wait_for("mqtt: online", PATIENCE)
            until(lambda: console.call(console.platform.points, DEVICE, "free_heap"))
        since = len(it.log)
        with running_console(data, mqtt_port=port, pages=False) as console:
            sent = console.call(console.platform.send_command, DEVICE, b"led=on", 60)
            it.wait_for("mqtt: online", PATIENCE, since)
            until(lambda: console.call(console.platform.command, sent.uuid).reply == b"led=on")
