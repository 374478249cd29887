"""Devices of the current platform made of a socket and packets, and tokens made apart from the console's check."""

import base64
import contextlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from console_client import RawDevice, built, connect, publish, raw_device
from mqtt import packet
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device

FAR = 4102444800
PINGREQ = b"\xc0\x00"


def make_token(
    key: str,
    res: str,
    et: int | str = FAR,
    method: str = "sha256",
    version: str = "2018-10-31",
    *,
    secret: bytes | None = None,
    signed_res: str | None = None,
) -> str:
    """A token; made with other bytes than the key's or over another resource, if given."""
    text = f"{et}\n{method}\n{res if signed_res is None else signed_res}\n{version}"
    secret = base64.b64decode(key) if secret is None else secret
    sign = base64.b64encode(hmac.new(secret, text.encode(), method).digest()).decode()
    values = {"version": version, "res": res, "et": str(et), "method": method, "sign": sign}
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items())


def device_token(device: Device, **more: Any) -> str:
    return make_token(device.auth_info, f"products/{device.product_id}/devices/{device.name}", **more)


class ThingDevice(RawDevice):
    """A connection of a device, which speaks in topics below its own."""

    device: Device
    _id = 0

    def topic(self, rest: str) -> str:
        return f"$sys/{self.device.product_id}/{self.device.name}/{rest}"

    def subscribe(self, *rests: str) -> bytes:
        """The codes of SUBACK."""
        self.send(built(packet.subscribe, 7, [(self.topic(rest), 0) for rest in rests]))
        return self.receive("SUBACK").codes

    def say(self, rest: str, content: Any, qos: int = 0) -> None:
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send(publish(self.topic(rest), payload, qos))

    def hear(self) -> tuple[str, Any]:
        """Topic below its own, and content, of what comes next."""
        got = self.receive("PUBLISH")
        assert got.topic.startswith(self.topic("")) and got.data[0] == 0x30
        return got.topic.removeprefix(self.topic("")), json.loads(got.payload)

    def ask(self, rest: str, params: Any, **more: Any) -> dict[str, Any]:
        """The reply to a message with params."""
        self._id += 1
        self.say(rest, {"id": f"{self._id}", "version": "1.0", "params": params, **more})
        topic, answer = self.hear()
        assert (topic, answer.pop("id")) == (f"{rest}/reply", f"{self._id}")
        return dict(answer)

    def is_there(self) -> bool:
        """Nothing comes before the answer to a PINGREQ."""
        self.send(PINGREQ)
        return self.receive().name == "PINGRESP"


@contextlib.contextmanager
def thing_online(console: RunningConsole, device: Device, *subscriptions: str, **more: Any) -> Iterator[ThingDevice]:
    """A device that is online, and has subscribed to these of its topics."""
    it = ThingDevice(console.mqtt_port)
    it.device = device
    with it.socket:
        assert it.log_in(device.name, device.product_id, device_token(device), keepalive=60, **more) == 0
        if subscriptions:
            assert it.subscribe(*subscriptions) == bytes(len(subscriptions))
        yield it


def connack(console: RunningConsole, name: str, product_id: str, password: str, **more: Any) -> int:
    """The code a log-in is answered with."""
    with raw_device(console) as it:
        it.send(connect(name, product_id, password, **{"keepalive": 60, **more}))
        return it.receive("CONNACK").data[3]
