"""What is in examples/, on the virtual board, with what its wiring says at pins and buses. examples/battery is in
wakes.py, and examples/umqtt in tests/port."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import paho.mqtt.publish as publishing
import pytest
from conftest import (
    AUTH_INFO,
    PATIENCE,
    PRODUCT_ID,
    SSID,
    WATCHER,
    WATCHER_PASSWORD,
    WIFI_PASSWORD,
    Watcher,
    board,
    wait_online,
    watching,
)
from onenet_tools.board.sensors import Ssd1306
from onenet_tools.broker import Mosquitto
from onenet_tools.datapoints import decode

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/main.py"))


def program(name: str) -> str:
    return (EXAMPLES / name / "main.py").read_text("utf-8")


def wait(reached: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_small_and_told_in_both_languages(name: str) -> None:
    assert len(program(name).splitlines()) <= 40
    for readme in ("README.md", "README.zh-CN.md"):
        text = (EXAMPLES / name / readme).read_text("utf-8")
        assert ("## Wiring" in text or "## 接线" in text) == (name not in ("computer",)), readme


def test_dht22(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with board(broker, program("dht22"), intervals={"temperature": 1, "humidity": 1}, **kind) as it:
        it.sensors["dht:4"].set(-3.5, 81)
        wait_online(it)
        watcher.until(lambda: watcher.points() == {"temperature": -3.5, "humidity": 81}, "both")
        it.sensors["dht:4"].fail("timeout")
        it.wait_for(r"stream temperature", PATIENCE)
        it.sensors["dht:4"].set(4, 80)
        watcher.until(lambda: watcher.points()["temperature"] == 4, "the sensor that is back")


def test_ds18b20(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with board(broker, program("ds18b20").replace("every=30", "every=1"), **kind) as it:
        it.sensors["ds18b20:5"].put("19.25,-4.5")
        wait_online(it)
        watcher.until(lambda: sorted(watcher.points().values()) == [-4.5, 19.25], "both temperatures")
        assert all(name.startswith("t_") for name in watcher.points())
        assert 85 not in [point.value for batch in watcher.batches for point in decode(batch)]


def test_relay(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with board(broker, program("relay").replace("600_000", "3000"), **kind) as it:
        wait_online(it)
        assert it.pins[5] == 0
        assert watcher.command(b"relay=half") == b"error: send relay=on, relay=off or relay?"
        assert watcher.command(b"relay=on") == b"relay=on"
        assert it.pins[5] == 1
        watcher.until(lambda: watcher.points().get("relay") is True, "the state")
        watcher.until(lambda: watcher.points().get("relay") is False, "its end")
        assert it.pins[5] == 0
        assert watcher.command(b"relay?") == b"relay=off"


def test_button(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with board(broker, program("button"), **kind) as it:
        it.sensors["pin:5"].set(1)
        wait_online(it)
        for presses in (1, 2):
            for level in (0, 1, 0, 1, 0, 1):  # it bounces
                it.sensors["pin:5"].set(level)
            watcher.until(lambda n=presses: watcher.points().get("presses", 0) >= n, "a press")
            time.sleep(0.3)  # longer than it bounces
        assert watcher.points()["presses"] >= 2


def test_adc(broker: Mosquitto, watcher: Watcher) -> None:
    with board(broker, program("adc").replace("every=60", "every=2")) as it:
        it.sensors["adc:34"].set(1.85)  # half way
        wait_online(it)
        watcher.until(lambda: {"volts", "moisture"} <= watcher.points().keys(), "both")
        assert abs(watcher.points()["volts"] - 1.85) < 0.02
        assert abs(watcher.points()["moisture"] - 50) < 2


def test_oled(broker: Mosquitto, watcher: Watcher) -> None:
    driver = {"oled.py": (EXAMPLES / "oled/oled.py").read_text("utf-8")}
    with board(
        broker, program("oled").replace("every=30", "every=1").replace("every=5", "every=1"), files=driver
    ) as it:
        it.sensors["dht:4"].set(21.5, 50)
        display = cast(Ssd1306, it.sensors["ssd1306:0x3c"])
        wait_online(it)
        watcher.until(lambda: watcher.points() == {"temperature": 21.5, "humidity": 50}, "both, and nothing else")
        wait(lambda: display.lit(63, 60) and not display.lit(64, 60))
        assert any(display.lit(x, y) for x in range(128) for y in range(8)), "what is measured"
        it.sensors["dht:4"].set(21.5, 75)
        wait(lambda: display.lit(95, 60) and not display.lit(96, 60))
        display.gone = True
        it.wait_for("stream display", PATIENCE)  # and all else goes on
        watcher.wait_for_more()


def test_servo(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with board(broker, program("servo"), **kind) as it:
        wait_online(it)
        for angle, pulse in ((0, 0.5e-3), (90, 1.5e-3), (180, 2.5e-3)):
            assert watcher.command(b"angle=%d" % angle) == b"ok"
            hertz, duty = it.outputs["pwm:13"]
            assert hertz == 50 and abs(duty / 65536 / hertz - pulse) < 40e-6, "an ESP8266 has steps of 20 µs"
        watcher.until(lambda: watcher.points().get("angle") == 180, "the angle")
        assert b"must be 0 to 180" in watcher.command(b"angle=200")


def test_binary(broker: Mosquitto, watcher: Watcher) -> None:
    picture = bytes(range(256)) * 40
    with board(broker, program("binary"), files={"picture.jpg": cast(str, picture)}):
        batch = watcher.until(lambda: watcher.batches and watcher.batches[0], "the picture")
        size = int.from_bytes(batch[1:3], "big")
        assert batch[0] == 2 and json.loads(batch[3 : 3 + size]) == {"ds_id": "picture"}
        assert batch[3 + size :] == len(picture).to_bytes(4, "big") + picture


def test_home_assistant(broker: Mosquitto) -> None:
    config = json.loads((EXAMPLES / "home_assistant/config.json.example").read_text("utf-8"))
    config |= {"wifi": [{"ssid": SSID, "password": WIFI_PASSWORD}], "username": PRODUCT_ID, "password": AUTH_INFO}
    routes = {(config["host"], 1883): ("127.0.0.1", broker.port)}
    main = program("home_assistant").replace("every=60", "every=1")
    with (
        watching(broker, topics=(("homeassistant/#", 1), ("room/#", 1))) as watcher,
        board(broker, main, config=json.dumps(config), routes=routes) as it,
    ):
        it.sensors["dht:4"].set(21.5, 60)
        told = json.loads(watcher.message("homeassistant/sensor/room/temperature/config").payload)
        assert (told["unit_of_measurement"], told["device_class"]) == ("°C", "temperature")
        assert json.loads(watcher.message("homeassistant/switch/room/lamp/config").payload)["command_topic"]
        assert json.loads(watcher.message("room/data/temperature").payload) == {"value": 21.5}
        deadline = time.monotonic() + PATIENCE
        while not it.pins[5]:
            assert time.monotonic() < deadline
            watcher.publish("room/set/lamp", b"ON")
            time.sleep(0.2)


def test_computer(broker: Mosquitto) -> None:
    command = [sys.executable, "-u", str(EXAMPLES / "computer/main.py"), "127.0.0.1", str(broker.port)]
    login = {"username": WATCHER, "password": WATCHER_PASSWORD}
    with subprocess.Popen([*command, *login.values()], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = iter(process.stdout)
        assert next(lines) == "connected\n"
        assert next(lines) == "desk/computer is here\n"
        publishing.single("desk/stop", "温", hostname="127.0.0.1", port=broker.port, auth=login)
        assert next(lines) == "desk/stop 温\n"
        assert process.wait(PATIENCE) == 0
