"""deploy to a board in deep sleep, which is at its serial port for a few seconds in ten minutes."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from onenet_tools.board import VirtualBoard
from onenet_tools.broker import Mosquitto, find_mosquitto
from onenet_tools.port import way_in
from onenet_tools.port.deploy import deploy
from onenet_tools.port.errors import PortError
from onenet_tools.port.program import XTENSA, Form, in_form
from port_server import with_reset_lines
from serial_board import PATIENCE, Report, board, config, deployment, installed

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto")

SLEEPER = {"config.json": json.dumps(config(sleep=600))}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way_in, "SOMEBODY", 1.0)


def woken_after(it: VirtualBoard, seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, it.wake_up)
    timer.start()
    return timer


def test_it_is_caught_as_it_wakes(broker: Mosquitto) -> None:
    with board(broker, {**installed(), **SLEEPER}) as it:
        it.wait_until_asleep()
        report = Report()
        timer = woken_after(it, 20)
        told = deploy(it.port, replace(deployment(), wake=PATIENCE), report)
        timer.join()
        assert "online as device" in told and "or wait 60 s for it to wake" in report.text
        it.wait_until_asleep()


def test_without_waiting_somebody_has_to_press_reset(broker: Mosquitto) -> None:
    with board(broker, {**installed(), **SLEEPER}) as it:
        it.wait_until_asleep()
        with pytest.raises(PortError, match="no MicroPython answers"):
            deploy(it.port, deployment(), Report())


@pytest.mark.long
def test_reset_is_pulled_where_the_port_has_a_line_for_it(broker: Mosquitto) -> None:
    with board(broker, {**installed(), **SLEEPER}) as it, with_reset_lines(it) as port:
        it.wait_until_asleep()
        report = Report()
        assert "online as device" in deploy(port, deployment(), report)
        assert "resetting the board" in report.text


def test_a_port_that_is_there_only_while_the_board_is_awake(broker: Mosquitto, tmp_path: Path) -> None:
    """As that of a chip with USB of its own."""
    with board(broker, {**installed(), **SLEEPER}) as it:
        it.wait_until_asleep()
        port = tmp_path / "ttyACM0"

        def wake() -> None:
            it.wake_up()
            port.symlink_to(it.port)

        timer = threading.Timer(3, wake)
        timer.start()
        report = Report()
        assert "online as device" in deploy(str(port), replace(deployment(), wake=PATIENCE), report)
        timer.join()
        assert "waiting 60 s for the board to wake" in report.text
        with pytest.raises(PortError):
            deploy(str(tmp_path / "ttyACM1"), deployment(), Report())


@pytest.mark.parametrize("chip", ["esp8266", pytest.param("esp32", marks=pytest.mark.long)])
def test_one_whose_program_fails_sleeps_and_is_caught_as_it_wakes(broker: Mosquitto, chip: str) -> None:
    """Awake for ten seconds, and then for five at each wake: a battery would not last for pauses awake."""
    ours: dict[str, Any] = installed()
    if chip == "esp8266":  # which has no room to compile them
        ours = in_form(Form.MPY, ours, XTENSA)
    broken = {**ours, **SLEEPER, "main.py": b"raise OSError(19)\n"}
    with board(broker, broken, chip=chip) as it:
        it.wake_wire = True
        it.wait_for("has failed, 1 in a row; the board sleeps in 10 s", PATIENCE)
        it.wait_until_asleep(PATIENCE)
        it.wake_up()
        it.wait_for("has failed, 2 in a row; the board sleeps in 5 s", PATIENCE)
        it.wait_until_asleep(PATIENCE)
        if chip == "esp8266":  # main.py alone: the modules of this one are in no ROMFS
            return
        timer = woken_after(it, 5)
        assert "online as device" in deploy(it.port, replace(deployment(), wake=PATIENCE), Report())
        timer.join()
        it.wait_until_asleep(PATIENCE)
