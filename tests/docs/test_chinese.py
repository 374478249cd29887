"""README's session in Chinese is what a Chinese user sees: on a virtual board in place of the one it names."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.console.console import RunningConsole, running_console
from reading import pages

PATIENCE = 300  # seconds
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


def session() -> Iterator[tuple[str, list[str]]]:
    """The commands, and what the page says that each prints."""
    (text,) = (text for _, text in pages()["README.md"].fences if "LANG=zh_CN" in text)
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *printed = part.splitlines()
        yield command, printed


def without_numbers(text: str) -> list[str]:
    """Its lines; a number stands for any."""
    return [" ".join(re.sub(r"[\d.]*\d", "0", line).split()) for line in text.splitlines()]


def test_what_the_page_shows_is_what_is_printed(port: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_bytes(Path(__file__).parents[2].joinpath("main.py").read_bytes())
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "80"}
    shown = 0
    for command, printed in session():
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            environment[name] = value
            continue
        words = [port if word == "/dev/ttyUSB0" else word for word in shlex.split(command)[1:]]
        run = subprocess.run(
            [sys.executable, "-m", "onenet_tools", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        lines = iter(without_numbers((run.stdout + run.stderr).replace("python -m onenet_tools", "onenet")))
        for line in printed:
            if line != "…":
                (wanted,) = without_numbers(line)
                assert any(wanted == got for got in lines), f"{command}: {line}\n{run.stdout}{run.stderr}"
                shown += 1
    assert shown > 25


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_one_reads_first_is_short(name: str) -> None:
    assert len(pages()[name].path.read_text("utf-8").splitlines()) <= 200
