"""The programs of docs/ that are whole ones, on the virtual board: they do what the page says of them. In Chinese they
are the same, as tests/docs sees to."""

import re
from pathlib import Path
from typing import Any

from conftest import Watcher, board, wait_online
from onenet_tools.broker import Mosquitto

DOCS = Path(__file__).parents[2] / "docs"


def program(name: str) -> str:
    """The one of the page that ends with device.run()."""
    (found,) = re.findall(r"^```python\n([^`]*device\.run\(\).*\n)```", (DOCS / name).read_text("utf-8"), re.MULTILINE)
    return str(found)


def test_a_sensor_is_measured(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with board(broker, program("your-sensor.md"), intervals={"temperature": 1, "humidity": 1}, **kind) as it:
        it.sensors["dht:4"].set(21.5, 60)
        wait_online(it)
        watcher.until(lambda: watcher.points() == {"temperature": 21.5, "humidity": 60}, "both")


def test_a_relay_obeys(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with board(broker, program("commands-and-properties.md"), **kind) as it:
        wait_online(it)
        assert watcher.command(b"relay=on") == b"ok"
        assert it.pins[5] == 1
        assert watcher.command(b"relay=off") == b"ok"
        assert it.pins[5] == 0
        assert watcher.command(b"relay=half") == b"error: send relay=on or relay=off"
