"""What happens on the serial line: a wrong configuration, safe mode, Ctrl-C, and mpremote, which is the real one."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import (
    AUTH_INFO,
    MAIN,
    PATIENCE,
    WIFI_PASSWORD,
    Watcher,
    board,
    config_of,
    wait_online,
)
from onenet_tools.board import ResetCause
from onenet_tools.broker import Mosquitto
from real_mpremote import mpremote


def mended(tmp_path: Path) -> str:
    """The path of a config.json that is right."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config_of()))
    return str(path)


WRONG = {
    "wifi": [{"ssid": "", "password": "short"}],
    "port": "6002",
    "device_id": 789546805,
    "auth_info": AUTH_INFO,
    "colour": "red",
    "led_pin": 99,
}
PROBLEMS = r"""config: config\.json has 7 problem\(s\):
- colour: unknown key.*
- device_id: must be .*digits.*
- led_pin: must be .*0 to 48.*
- port: must be .*1 to 65535.*
- product_id: is missing.*
- wifi\[0\]\.password: must be .*8.*
- wifi\[0\]\.ssid: must be .*1 to 32.*
"""


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (json.dumps(WRONG), PROBLEMS),
        (None, r"config\.json.*\n.*is missing; copy config\.json\.example"),
        ('{"auth_info": "136928831",\n "wifi": [{"ssid": "home", "password": "12345678"}', "is not JSON"),
        ("[]", "must be a JSON object"),
    ],
    ids=["wrong", "missing", "not-json", "not-an-object"],
)
def test_a_bad_config_is_explained_and_mpremote_can_mend_it(
    broker: Mosquitto, watcher: Watcher, tmp_path: Path, config: str | None, said: str
) -> None:
    with board(broker, config=config) as it:
        it.wait_for(said, PATIENCE)
        assert WIFI_PASSWORD not in it.log and AUTH_INFO not in it.log
        mpremote(it, "fs", "cp", mended(tmp_path), ":config.json", "+", "reset")
        wait_online(it)
        watcher.wait_for_point("free_heap")


def test_a_config_that_is_cut_off_behind_an_inner_bracket(broker: Mosquitto, kind: dict[str, Any]) -> None:
    """Which MicroPython 1.25 takes for whole."""
    config = config_of()
    config["intervals"] = config.pop("intervals") | {"rssi": 60}  # it comes last now
    with board(broker, config=json.dumps(config)[:-1], **kind) as it:
        it.wait_for("is not JSON; look for a missing bracket: it is cut off", PATIENCE)


def test_a_bad_config_is_said_again_for_who_comes_later(broker: Mosquitto) -> None:
    with board(broker, config="{}") as it:
        first = it.wait_for(r"config\.json has (.|\n)*?wifi: is missing", PATIENCE)
        it.wait_for(r"config\.json has (.|\n)*?wifi: is missing", PATIENCE, first.end())
        assert it.resets == [ResetCause.PWRON]


def test_deploying_another_program(broker: Mosquitto, watcher: Watcher, tmp_path: Path, kind: dict[str, Any]) -> None:
    with board(broker, **kind) as it:
        wait_online(it)
        watcher.wait_for_point("free_heap")
        program = tmp_path / "main.py"
        program.write_text(MAIN.replace('"free_heap"', '"heap_left"'))
        seen = len(it.log)
        mpremote(it, "fs", "cp", str(program), ":main.py", "+", "reset")
        wait_online(it, seen)
        watcher.wait_for_point("heap_left")


def test_safe_mode(broker: Mosquitto, watcher: Watcher) -> None:
    with board(broker, files={"safe_mode": ""}) as it:
        it.wait_for(r"safe mode: main\.py is not run(.|\n)*^>>> ", PATIENCE)
        assert mpremote(it, "exec", "print(6 * 7)").endswith("42\n")
        assert "wifi" not in it.log
        mpremote(it, "fs", "rm", ":safe_mode", "+", "reset")
        wait_online(it)
        seen = len(it.log)
        mpremote(it, "fs", "touch", ":safe_mode", "+", "reset")
        it.wait_for(r"safe mode: main\.py is not run(.|\n)*^>>> ", PATIENCE, seen)


def test_ctrl_c_gives_a_prompt_and_ctrl_d_brings_the_board_back(
    broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]
) -> None:
    with board(broker, **kind) as it:
        wait_online(it)
        for _ in range(2):
            seen = len(it.log)
            it.send(b"\x03\r")  # the second key says that somebody is there
            it.wait_for(r"device: stopped(.|\n)*^>>> ", PATIENCE, seen)
            it.send(b"print('heap', device.config['upload_interval'], device.outbox.dropped)\r")
            it.wait_for("^heap 1 0", PATIENCE, seen)
            batches = len(watcher.batches)
            it.send(b"\x04")
            wait_online(it, seen)
            assert it.resets[-1] is ResetCause.SOFT
            it.wait_for("joined home", PATIENCE, seen)
            watcher.until(lambda batches=batches: len(watcher.batches) > batches, "the first batch after Ctrl-D")


def test_the_console_says_little_while_all_is_well(broker: Mosquitto, watcher: Watcher) -> None:
    with board(broker, upload_interval=1, intervals={"free_heap": 1}) as it:
        wait_online(it)
        watcher.wait_for_more(2)
        lines = it.log.strip().splitlines()
        assert len(lines) <= 5, lines
        assert [line.split()[1] for line in lines] == ["wifi:", "clock:", "mqtt:", "mqtt:"]
