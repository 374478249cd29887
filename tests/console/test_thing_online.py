"""The firmware on the virtual board at a product whose thing model is loaded, at the pace of the platform."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_client import errors, until
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.model import Device
from onenet_tools.console.studio.failures import NotOnline
from onenet_tools.files import board_directory, board_modules
from studio_api import MODEL

SSID, PASSWORD = "home", "12345678"
PATIENCE = 60.0  # seconds
HOST = "board.test"

MAIN = """
from firmware import Device

device = Device("config.json")
lamp = False

@device.stream("temp", every=5)
def temp():
    return 21.5

@device.property("lamp", every=60)
def get_lamp():
    return lamp

@get_lamp.setter
def set_lamp(value):
    global lamp
    lamp = value

@device.service("blink")
def blink(inputs):
    device.event("alarm", {"level": inputs["n"]})
    return {"ok": True}

device.run()
"""


@pytest.fixture(scope="module")
def console() -> Iterator[RunningConsole]:
    with running_console() as it:
        yield it


@pytest.fixture(scope="module")
def thing(console: RunningConsole) -> Device:
    """With the platform's own pace."""
    product = console.call(console.platform.studio.add_product)
    console.call(console.platform.studio.load_model, product.id, MODEL)
    device: Device = console.call(console.platform.studio.add_device, product.id, "board1")
    return device


@contextlib.contextmanager
def board(console: RunningConsole, device: Device, **changes: Any) -> Iterator[VirtualBoard]:
    """With the files people get, and a program of its own."""
    directory = board_directory()
    files: dict[str, Path | str] = {name: directory / name for name in ["boot.py", *board_modules()]}
    config = {
        "wifi": [{"ssid": SSID, "password": PASSWORD}],
        "platform": "studio",
        "host": HOST,
        "device_name": device.name,
        "product_id": device.product_id,
        "device_key": device.auth_info,
        **changes,
    }
    files |= {"main.py": MAIN, "config.json": json.dumps(config)}
    address = ("127.0.0.1", console.mqtt_port)
    with VirtualBoard(files=files, wifi=Wifi({SSID: PASSWORD}), routes={(HOST, 1883): address}) as it:
        yield it


def latest(console: RunningConsole, device: Device, identifier: str) -> Any:
    found = console.call(console.platform.points, device.id, identifier, 1)
    return found[0].value if found else None


def test_a_board_is_a_thing(console: RunningConsole, thing: Device) -> None:
    things = console.platform.studio.things
    with pytest.raises(NotOnline):
        console.call(things.set, thing, {"lamp": True})
    console.call(things.set_desired, thing, {"lamp": True})
    with board(console, thing) as it:
        it.wait_for("mqtt: online", PATIENCE)
        until(lambda: latest(console, thing, "temp") == 21.5, patience=PATIENCE)
        # What was wished for while it was away is so now, was reported, and waits no more.
        until(lambda: latest(console, thing, "lamp") is True, patience=PATIENCE)
        until(lambda: not console.call(things.desired, thing), patience=PATIENCE)
        assert console.call(things.set, thing, {"lamp": False})["code"] == 200
        assert console.call(things.get, thing, ["lamp"]) == {"lamp": False}
        until(lambda: latest(console, thing, "lamp") is False, patience=PATIENCE)
        assert console.call(things.call, thing, "blink", {"n": 2}) == {"ok": True}
        events = console.platform.store.events
        (event,) = until(lambda: console.call(events.latest, thing.id, 10), patience=PATIENCE)
        assert (event.identifier, event.value) == ("alarm", {"level": 2})
        assert thing.auth_info not in it.log and "sign=" not in it.log
        assert errors(console, thing.id) == []
    until(lambda: not console.call(console.platform.device, thing.id).online)
