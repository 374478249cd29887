"""A program for umqtt is deployed: lib/umqtt goes with it, comes before what the images have frozen, and works."""

from pathlib import Path

import pytest
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.broker import Mosquitto
from onenet_tools.cli import main
from onenet_tools.port.program import asked_for
from paho.mqtt import publish, subscribe
from serial_board import AUTH_INFO, PRODUCT_ID, SSID, WIFI_PASSWORD

EXAMPLE = Path(__file__).parents[2] / "examples/umqtt/main.py"
BOTH = [f"lib/umqtt/{name}.py" for name in ("__init__", "robust", "simple")]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("from umqtt.simple import MQTTClient\n", BOTH),
        ("import time, umqtt.robust as mqtt\n", BOTH),
        ("try:\n    import umqtt.simple\nexcept ImportError:\n    pass\n", BOTH),
        ("# import umqtt\nimport umqttsimple\n", []),
    ],
)
def test_only_who_imports_it_has_it(tmp_path: Path, text: str, wanted: list[str]) -> None:
    file = tmp_path / "main.py"
    file.write_text(text)
    assert asked_for({"main.py": file}) == wanted
    assert asked_for({"main.py": file, "umqtt/simple.py": file}) == [], "the program has brought its own"


def test_the_example(broker: Mosquitto) -> None:
    there = {"hostname": "127.0.0.1", "port": broker.port, "auth": {"username": PRODUCT_ID, "password": AUTH_INFO}}
    routes = {("192.168.1.2", 1883): ("127.0.0.1", broker.port)}
    with VirtualBoard(wifi=Wifi({SSID: WIFI_PASSWORD}), routes=routes) as it:
        assert main(["deploy", "--port", it.port, "--timeout", "0", str(EXAMPLE)]) == 0
        first, second = subscribe.simple("room/uptime", msg_count=2, **there)
        assert int(second.payload) == int(first.payload) + 1
        publish.single("room/led/set", b"on", qos=1, retain=True, **there)  # kept, for if it has only come to that now
        publish.single("room/led", b"", retain=True, **there)
        while not it.pins[2]:
            assert subscribe.simple("room/uptime", **there).payload
        publish.single("room/led/set", b"", retain=True, **there)
        it.power_cut()
        files = it.read_files()
    assert {f"/{name.removesuffix('.py')}.mpy" for name in BOTH} <= set(files)
