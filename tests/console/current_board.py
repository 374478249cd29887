"""A virtual board with the files people get, at a product of the current platform, with the console in its place."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from onenet_tools.files import board_directory, board_modules
from onenet_tools.port.program import XTENSA
from onenet_tools.port.romfs import installed

SSID, PASSWORD = "home", "12345678"
LED_PIN = 2
PATIENCE = 60.0  # seconds

COUNTER = """
from firmware import Device

device = Device("config.json")
n = 0

@device.stream("n", every=0.5)
def count():
    global n
    n += 1
    print("counted", n)
    return n

device.run()
"""

LEVEL = """
level = 1

@device.property("level", every=None)
def read():
    return level

@read.setter
def write(value):
    global level
    if not 0 <= value <= 9:
        raise ValueError("level must be 0 to 9")
    level = value

@device.service("double")
def double(inputs):
    device.event("doubled", {"n": inputs["n"]})
    return {"n": 2 * inputs["n"]}
"""
"""For a program with a device: a property from 0 to 9, and a service that tells of an event."""


@contextlib.contextmanager
def started(
    console: RunningConsole, device: Device, chip: str, main: str, wifi: Wifi | None = None, **changes: Any
) -> Iterator[VirtualBoard]:
    """A board of this chip, the ESP8266 with its memory, with the files people get: it asks for the product's own host,
    and is led to the console."""
    directory = board_directory()
    files: dict[str, Any] = {name: directory / name for name in ["boot.py", *board_modules()]}
    rom = b""
    if chip == "esp8266":
        files, rom = installed(files, XTENSA)
    config = {
        "wifi": [{"ssid": SSID, "password": PASSWORD}],
        "platform": "studio",
        "device_name": device.name,
        "product_id": device.product_id,
        "device_key": device.auth_info,
        "led_pin": LED_PIN,
        **changes,
    }
    files |= {"main.py": main, "config.json": json.dumps({k: v for k, v in config.items() if v is not None})}
    host = (f"{device.product_id}.mqtts.acc.cmcconenet.cn", 1883)
    with VirtualBoard(
        files=files,
        wifi=wifi or Wifi({SSID: PASSWORD}),
        routes={host: ("127.0.0.1", console.mqtt_port)},
        chip=chip,
        rom=rom,
    ) as it:
        yield it
        for secret in (device.auth_info, "sign=", PASSWORD):
            assert secret not in it.log


def values(console: RunningConsole, device: Device, stream: str) -> list[Any]:
    known = [it.id for it in console.call(console.platform.streams, device.id)]
    if stream not in known:
        return []
    return [point.value for point in console.call(console.platform.points, device.id, stream)]
