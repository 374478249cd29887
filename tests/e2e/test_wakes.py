"""A few of the wakes that make test-sleep does by the thousand, and what the example is."""

import json
from pathlib import Path

import pytest
from onenet_tools.broker import find_mosquitto
from wakes import EXAMPLE, wake_up


@pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto")
@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
@pytest.mark.parametrize("wakes", [12, pytest.param(32, marks=pytest.mark.long)])
def test_what_is_measured_between_sleeps_arrives_once_with_its_time(chip: str, wakes: int) -> None:
    tally = wake_up(wakes, chip, seed=11)
    assert tally.problems == [] and tally.lost == 0 and tally.wrong == 0
    assert tally.measured >= wakes and tally.wakes >= wakes
    assert tally.twice == 0  # nothing here resets a board between PUBACK and its sleep
    assert tally.asked < tally.wakes and len(tally.awake) > wakes // 4


def test_the_example_is_short_and_its_configuration_whole() -> None:
    assert len((EXAMPLE / "main.py").read_text().splitlines()) <= 40
    from onenet_tools.port.board_module import board_module

    config = json.loads((EXAMPLE / "config.json.example").read_text())
    checked = board_module("config").check(config)
    assert checked["sleep"] == 600 and checked["outbox_flash"] == 64
    assert Path(EXAMPLE, "README.md").exists() and Path(EXAMPLE, "README.zh-CN.md").exists()
