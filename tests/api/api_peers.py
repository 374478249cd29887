"""Who takes part in the tests of the HTTP API: a device that is an MQTT client, and what a command has printed."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import paho.mqtt.client as paho
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import PointsStored

PATIENCE = 60.0  # seconds


class Device:
    """A registered device; in `with online(…)`, a client of the broker."""

    def __init__(self, console: RunningConsole, title: str = "a device") -> None:
        self._console = console
        added = console.call(console.platform.add_device, title)
        self.id: str = added.id
        self._login = added.product_id, added.auth_info
        self.commands: list[bytes] = []

    @contextlib.contextmanager
    def online(self, answer: Callable[[bytes], bytes | None] = lambda command: None) -> Iterator["Device"]:
        """It answers commands with what `answer` makes of them; not at all with None."""
        mqtt = paho.Client(paho.CallbackAPIVersion.VERSION2, self.id)
        mqtt.username_pw_set(*self._login)
        connected = threading.Event()
        mqtt.on_connect = lambda *_: connected.set()

        def obey(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
            self.commands.append(message.payload)
            reply = answer(message.payload)
            if reply is not None:
                mqtt.publish(message.topic.replace("$creq/", "$crsp/"), reply, 1)

        mqtt.on_message = obey
        mqtt.connect("127.0.0.1", self._console.mqtt_port)
        mqtt.loop_start()
        self._mqtt = mqtt
        try:
            assert connected.wait(PATIENCE)
            yield self
        finally:
            mqtt.disconnect()
            mqtt.loop_stop()

    def publish(self, points: bytes) -> None:
        """Data points as JSON of type 3 or, if it begins with that byte, any payload of $dp; returns when they are
        stored."""
        payload = points if points[0] < 8 else b"\x03" + len(points).to_bytes(2, "big") + points
        stored = threading.Event()

        def note(event: object) -> None:
            if isinstance(event, PointsStored) and event.device_id == self.id:
                stored.set()

        end = self._console.call(self._console.platform.listen, note)
        self._mqtt.publish("$dp", payload, 1)
        assert stored.wait(PATIENCE)
        self._console.call(end)


@dataclass(frozen=True)
class Told:
    """What a command has printed."""

    status: int
    out: str
    err: str
