"""The demo of a broker of one's own, as make demo PLATFORM=mqtt runs it."""

import json
import queue
import re
from pathlib import Path

import platformdirs
import pytest
from onenet_tools.board.small_heap import find_micropython32
from onenet_tools.broker import find_mosquitto
from onenet_tools.demo.any_broker import PASSWORD, BrokerStory
from onenet_tools.demo.show import Show
from onenet_tools.demo.story import Delivered
from test_demo import running


@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
def test_any_broker(tmp_path: Path, chip: str) -> None:
    if not find_mosquitto():
        pytest.skip("mosquitto is not installed")
    if chip == "esp8266":
        find_micropython32()
    here = {"XDG_CACHE_HOME": str(platformdirs.user_cache_path())}
    with running("--platform", "mqtt", "--chip", chip, "--seconds", "5", directory=tmp_path, **here) as process:
        out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, ""), out
    told = iter(out.splitlines())
    for pattern in (  # in this order; what comes another way may come a moment later
        r"broker +127\.0\.0\.1:\d+ stands for broker\.local:1883",
        r"mosquitto_sub -p \d+ -u you -P demo -t '#' -v",
        r"will topic: board1/status",
        r"CONNACK +20 02 00 00 +accepted",
        r"power +off: the board is gone",
        r"power +on again",
        r"LED +is on, as was set while the board had no power",
        r"demo: online after .*, 4 entities for Home Assistant, \d of \d requests answered, a set obeyed after",
    ):
        assert any(re.search(pattern, line) for line in told), f"no {pattern} in\n{out}"
    for pattern in (
        r"status +online$",
        r"HA +Home Assistant is told of switch/board1/led, \d+ bytes$",
        r"data +free_heap = \d+$",
        r"answer +led\? to board1/command/0: led=off$",
        r"answer +true to board1/set/led: ok$",
        r"data +led = true$",
    ):
        assert re.search(pattern, out, re.M), f"no {pattern} in\n{out}"
    assert PASSWORD not in out


def test_without_mosquitto_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from onenet_tools import broker
    from onenet_tools.cli import main

    monkeypatch.setattr(broker, "find_mosquitto", lambda program="mosquitto": None)
    assert main(["demo", "--platform", "mqtt", "--seconds", "1"]) == 2


def test_what_counts_as_success() -> None:
    it = BrokerStory(queue.SimpleQueue(), None)  # type: ignore[arg-type]
    it.show = Show(())
    it.online_at = 1.0

    def delivered(topic: str, said: object) -> None:
        payload = said if isinstance(said, str) else json.dumps(said)
        it.event(Delivered(topic, payload.encode(), False))

    for stream in ("free_heap", "rssi", "chip_temperature"):
        delivered(f"board1/data/{stream}", {"value": 1})
    assert it.shortcoming() == "the status is not online"
    delivered("board1/status", "online")
    assert it.shortcoming() == "Home Assistant was not told of the LED"
    delivered("homeassistant/switch/board1/led/config", "{}")
    assert it.shortcoming() == "no property was set"
    for value in (True, False):
        it._led = value
        delivered("board1/data/led", {"value": value})
    it.answered = 2
    assert it.shortcoming() == "what was set while the board had no power was not obeyed"
    it._restarted = True
    delivered("board1/data/led", {"value": True})
    assert it.shortcoming() is None
    delivered("board1/status", "offline")
    assert it.shortcoming() == "the status is not online"
