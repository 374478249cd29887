"""docs/platforms.md and its Chinese twin: in step, and with keys and commands that there are."""

import json
import re
from pathlib import Path

import pytest
from onenet_tools.cli import main
from onenet_tools.demo.run import STAGES
from onenet_tools.port.board_config import known_keys, problems

DOCS = Path(__file__).parents[2] / "docs"
ENGLISH, CHINESE = (DOCS / name for name in ("platforms.md", "platforms.zh-CN.md"))
WIFI = [{"ssid": "home", "password": "12345678"}]


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def rows(path: Path) -> list[list[str]]:
    """What is code in each row of its tables."""
    return [re.findall(r"`[^`]+`", line) for line in text(path).splitlines() if line.startswith("|")]


def test_both_languages_say_the_same_of_code() -> None:
    assert rows(ENGLISH) == rows(CHINESE) and len(rows(ENGLISH)) > 30
    for path in (ENGLISH, CHINESE):
        assert path.name in text(DOCS.parent / ("README.md" if path is ENGLISH else "README.zh-CN.md"))


def test_the_examples_are_right_configurations() -> None:
    """Side by side stand the first two; comments are in the Chinese file in Chinese."""
    columns = [re.split(r" {2,}", line) for line in text(ENGLISH).split("```")[1].splitlines()]
    legacy = [parts[0] for parts in columns[1:5]]
    studio = [parts[1] for parts in columns[1:5]]
    for lines in (legacy, studio):
        assert problems({"wifi": WIFI, **json.loads("{" + "".join(lines) + "}")}) == []


@pytest.mark.parametrize("platform", sorted(STAGES))
def test_each_platform_that_has_a_demo_is_told(platform: str) -> None:
    assert f'`"{platform}"`' in text(ENGLISH)


def test_keys_and_commands_that_are_named_exist(capsys: pytest.CaptureFixture[str]) -> None:
    keys = re.findall(r"^\| (?:\*\*.+\*\* |or )?`([a-z_]+)`", text(ENGLISH), re.MULTILINE)
    assert {"device_name", "device_key", "auth_info"} <= set(keys)
    assert [key for key in keys if key not in known_keys()] == []
    for command in ("config", "token make", "token check", "model", "device create", "status", "points", "send", "set"):
        assert f"onenet {command}" in text(ENGLISH) or f"`{command}`" in text(ENGLISH)
        assert main([*command.split(), "--help"]) == 0
    capsys.readouterr()
