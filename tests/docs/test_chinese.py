"""README's session in Chinese is what a Chinese user sees: on a virtual board in place of the one it names."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.console.console import RunningConsole, running_console
from reading import ROOT, pages
from sessions import compare, onenet, session

PAGES = ("README.md", "README.zh-CN.md")
CONFIG = """{"wifi": [{"ssid": "home", "password": "12345678"}], "device_id": "789546805", "product_id": "458945",
"auth_info": "136928831", "subscribe_commands": true, "safe_mode_pin": -1}"""


@pytest.fixture(scope="module")
def console() -> Iterator[RunningConsole]:
    with running_console(pages=False) as running:
        yield running


@pytest.fixture(scope="module")
def port(console: RunningConsole) -> Iterator[str]:
    """Of a board with its configuration, and nothing else."""
    routes = {("183.230.40.39", 6002): ("127.0.0.1", console.mqtt_port)}
    with VirtualBoard(files={"config.json": CONFIG}, wifi=Wifi({"home": "12345678"}), routes=routes) as board:
        yield board.port


def test_what_the_page_shows_is_what_is_printed(port: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_bytes((ROOT / "main.py").read_bytes())
    (exported, _nothing), *commands = session("README.md", "LANG=zh_CN")
    lines = 0
    for command, shown in commands:
        words = [port if word == "/dev/ttyUSB0" else word for word in shlex.split(command)[1:]]
        printed = onenet(words, tmp_path, exported.partition("=")[2])
        lines += compare(shown, printed.replace(str(tmp_path.resolve()), "/home/you/onenet-esp"))
    assert lines > 30


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_one_reads_first_is_short(name: str) -> None:
    assert len(pages()[name].path.read_text("utf-8").splitlines()) <= 200
