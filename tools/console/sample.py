"""A console as a class room leaves it after a day, for pictures and for tests of what its pages look like."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

from ..datapoints import DataPoint, written_time
from ..files import use_board_libraries
from .console import RunningConsole
from .database import microseconds
from .dialect import built
from .model import Device
from .platform import Platform

use_board_libraries()
from mqtt import packet  # noqa: E402

_MODEL = Path(__file__).parent.parent / "demo" / "thing_model.json"
_PACE = 30  # seconds between two points
_DAY = 86_400
_OUTAGE = (40_000, 52_000)  # seconds before now, from and to, as a span without data
_COMINGS = (500_000, 400_000, 330_000, 200_000, 190_000, 52_000, 40_000, 9_000, 7_000, 600)  # and goings, in turn


class _Connection:
    """A board that is online, and hears nothing."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.here = "192.168.1.5"

    def send(self, topic: str, payload: bytes) -> None: ...
    def deliver(self, topic: str, payload: bytes) -> bool:
        return True

    def close(self, reason: str) -> None: ...


@dataclass(frozen=True)
class Sample:
    """The devices that have something to show."""

    old: Device
    current: Device

    def pages(self) -> dict[str, str]:
        """Address of each kind of page, by a name for its picture."""
        old, current = f"/device/{self.old.id}", f"/device/{self.current.id}"
        return {
            "devices": "/",
            "device": old,
            "thing": current,
            "stream": f"{old}/stream?stream=temperature&span=86400000",
            "streams": f"{old}/stream?stream=temperature&stream=humidity&stream=light&span=86400000",
            "place": f"{old}/stream?stream=place&span=3600000",
            "connect": f"/connect?device={self.old.id}",
            "sheet": "/sheet",
            "teacher": "/teacher",
            "nowhere": "/nowhere",
        }


def fill(console: RunningConsole) -> Sample:
    """Puts it there."""
    return console.call(partial(_fill, console.platform))  # type: ignore[no-any-return]


async def _fill(platform: Platform) -> Sample:
    now = datetime.now(timezone.utc)
    old = platform.add_device("Window sensor 窗边传感器", device_id="512340001")
    await platform.store_points(old.id, _day(now))
    await platform.store_points(
        old.id, [_point("cause", "power on", now, _DAY), _point("cause", "watchdog", now, 4000)]
    )
    for number, seconds in enumerate(_COMINGS):
        await platform.store.set_since(old.id, number % 2 == 0, now - timedelta(seconds=seconds))
    platform.describe_stream(old.id, "temperature", unit_symbol="°C")
    platform.describe_stream(old.id, "humidity", unit_symbol="%")
    _be_online(platform, old, "192.168.1.23:51034")
    await platform.send_command(old.id, b"led=on")
    product = platform.studio.add_product("Greenhouse 温室")
    platform.studio.load_model(product.id, _MODEL.read_text(encoding="utf-8"))
    current = platform.studio.add_device(product.id, "board1")
    _be_online(platform, current, "192.168.1.24:50111")
    await platform.store_points(current.id, [it for second in range(0, 3600, 60) for it in _thing(now, second)])
    for number, title in enumerate(
        ("张三的开发板", "A board whose title is as long as a title may be: 64 letters", "李四")
    ):
        pupil = platform.add_device(title, device_id=f"51234000{number + 2}")
        await platform.store_points(pupil.id, [_point("temperature", 20.5 + number, now, 90 * number)])
        if number:
            _be_online(platform, pupil, f"192.168.1.{30 + number}:50000")
    return Sample(platform.device(old.id), platform.device(current.id))


def _be_online(platform: Platform, device: Device, address: str) -> None:
    connect = partial(packet.connect, client_id=device.name, username=device.product_id, password=device.auth_info)
    platform.log_packet(device.id, True, built(partial(connect, keepalive=120)))
    platform.log_packet(device.id, False, b"\x20\2\0\0")
    platform.came_online(device.id, _Connection(address))
    body = b'{"temperature":22.5}'
    payload = b"\x03" + len(body).to_bytes(2, "big") + body
    platform.log_packet(
        device.id, True, built(partial(packet.publish, topic="$dp", payload=payload, qos=1, packet_id=7))
    )
    platform.log_packet(device.id, False, b"\x40\2\0\7")


def _point(stream: str, value: Any, now: datetime, seconds: float) -> DataPoint:
    return DataPoint(stream, value, written_time(microseconds(now - timedelta(seconds=seconds))))


def _day(now: datetime) -> list[DataPoint]:
    points = []
    for second in range(0, _DAY, _PACE):
        if _OUTAGE[0] < second < _OUTAGE[1]:
            continue
        sun = math.sin(2 * math.pi * (second / _DAY + 0.1))
        flicker = math.sin(second * 12.9898) * 0.4
        values: dict[str, Any] = {
            "temperature": round(22 + 5 * sun + flicker, 2),
            "humidity": round(55 - 15 * sun + 2 * flicker, 1),
            "light": round(max(0.0, 40_000 * sun + 900 * flicker)),
        }
        if second % 900 < _PACE:
            values["window"] = second // 900 % 5 == 2
            values["place"] = {"lon": round(106.5 + flicker / 500, 5), "lat": round(29.6 + sun / 500, 5)}
        points += [_point(stream, value, now, second) for stream, value in values.items()]
    return points


def _thing(now: datetime, second: int) -> list[DataPoint]:
    values = {"free_heap": 24_000 - second % 700, "rssi": -55 - second // 60 % 7, "led": second // 600 % 2 == 0}
    points = [_point(stream, value, now, second) for stream, value in values.items()]
    return [*points, _point("chip_temperature", round(41 + math.sin(second / 500), 1), now, second)]
