"""What the tests of config, deploy and monitor share: a virtual board whose way to OneNET ends at a local broker."""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.board.flash import Content
from onenet_tools.broker import Mosquitto
from onenet_tools.files import board_directory
from onenet_tools.port.deploy import Deployment
from onenet_tools.port.program import Form, find_program, sources
from rich.text import Text

SSID, WIFI_PASSWORD = "home", "12345678"
DEVICE_ID, PRODUCT_ID, AUTH_INFO = "789546805", "458945", "136928831"
USERS = {PRODUCT_ID: AUTH_INFO}
ONLINE = rf"mqtt: online as device {DEVICE_ID}"
PATIENCE = 60.0  # seconds
ROM_SIZE = 320 * 1024  # of the image FLASH_2M_ROMFS for an ESP8266
ESP32_ROM_SIZE = 512 * 1024  # which gets TLS and threads too


def config(**changes: Any) -> dict[str, Any]:
    """What a board needs to come online here; a change to ... takes a key out."""
    given = {
        "wifi": [{"ssid": SSID, "password": WIFI_PASSWORD}],
        "device_id": DEVICE_ID,
        "product_id": PRODUCT_ID,
        "auth_info": AUTH_INFO,
        "subscribe_commands": True,
        "safe_mode_pin": -1,  # nobody presses anything, so nobody is waited for
    } | changes
    return {key: value for key, value in given.items() if value is not ...}


@contextlib.contextmanager
def board(
    broker: Mosquitto | None = None, files: Mapping[str, Content] | None = None, **options: Any
) -> Iterator[VirtualBoard]:
    """A board with these files, and a config.json unless `files` has one (None: without)."""
    every: dict[str, Any] = {"config.json": json.dumps(config())} | dict(files or {})
    every = {name: content for name, content in every.items() if content is not None}
    routes = {("183.230.40.39", 6002): ("127.0.0.1", broker.port)} if broker else {}
    with VirtualBoard(files=every, wifi=Wifi({SSID: WIFI_PASSWORD}), routes=routes, **options) as it:
        yield it
        assert AUTH_INFO not in it.log and WIFI_PASSWORD not in it.log


def installed() -> dict[str, Path]:
    """A board's files, put there by hand: all sources, as they are."""
    return sources({"main.py": board_directory() / "main.py"})


def deployment(form: Form | None = None, timeout: float = PATIENCE, *files: Path) -> Deployment:
    return Deployment(sources(find_program(files)), form, timeout)


class Report:
    """Takes down what a job tells."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.lines: list[str] = []
        self.done: list[tuple[int, int]] = []

    def stage(self, text: str) -> None:
        self.stages.append(text)

    def progress(self, done: int, total: int) -> None:
        assert 0 <= done <= total, (done, total)
        self.done.append((done, total))

    def line(self, text: str | Text) -> None:
        self.lines.append(str(text))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
