"""What the stories share: a mosquitto that stands for OneNET, boards with the real files, and a watcher.

A board asks for 183.230.40.39:6002 and is led to the broker, which lets nobody in without a password. The watcher is
another user of the broker: it sees what the board publishes and sends commands. Waits end as soon as they can; PATIENCE
is for a bad day.
"""

import contextlib
import itertools
import json
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.board.executable import find_micropython
from onenet_tools.broker import Mosquitto
from onenet_tools.datapoints import decode
from onenet_tools.files import board_directory, board_modules
from onenet_tools.port.program import XTENSA
from onenet_tools.port.romfs import installed
from real_mosquitto import mosquitto

PATIENCE = 60.0  # seconds
CHIP = os.environ.get("CHIP", "esp32")
"""Whose port the boards of the stories behave as: make test-e2e CHIP=esp8266."""

ADDRESS = ("183.230.40.39", 6002)
PRODUCT_ID, AUTH_INFO = "458945", "136928831"
WATCHER, WATCHER_PASSWORD = "watcher", "only a test"
USERS = {PRODUCT_ID: AUTH_INFO, WATCHER: WATCHER_PASSWORD}
SSID, WIFI_PASSWORD = "home", "12345678"
ONLINE = r"mqtt: online as device (\d+)"

_DIRECTORY = board_directory()
_numbers = itertools.count(1001)

MAIN = (_DIRECTORY / "main.py").read_text()
"""The main.py people get."""

QUICK = """
from firmware import Device
from mqtt.backoff import Backoff

device = Device("config.json")
if device.config:
    device._backoff = Backoff(50, 400)  # ms; a test has no minute to wait
    device.config["upload_interval"] = 0.05
"""
"""The beginning of a main.py that tries again soon."""

COUNTER = (
    QUICK
    + """
n = 0

@device.stream("n", every=0.1)
def count():
    global n
    n += 1
    return n

device.run()
"""
)
"""Counts from 1, ten numbers a second."""

ROOMY = {"tx_size": 4096, "outbox_size": 65536}
"""For programs that measure more in a moment than people do in an hour."""


# Mosquitto and watcher


@pytest.fixture(scope="session")
def broker() -> Iterator[Mosquitto]:
    """One for all stories in which the broker stays up."""
    with mosquitto(USERS) as running:
        yield running


ONENETS = (("$dp", 1), ("$crsp/#", 1), ("up/#", 2))


class Watcher:
    """A client of the broker beside the board. `batches` are the payloads of $dp that came, oldest first; `messages` is
    all that came, as paho has it. With a client_id, also what the broker has kept for it while it was away."""

    def __init__(self, port: int, client_id: str = "", topics: Sequence[tuple[str, int]] = ONENETS) -> None:
        self.messages: list[paho.MQTTMessage] = []
        self.batches: list[bytes] = []
        self._news = threading.Condition()
        self._subscribed = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id, clean_session=not client_id)
        self._client.username_pw_set(WATCHER, WATCHER_PASSWORD)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(list(topics))
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _message(self, client: paho.Client, data: Any, message: paho.MQTTMessage) -> None:
        with self._news:
            self.messages.append(message)
            if message.topic == "$dp":
                self.batches.append(message.payload)
            self._news.notify_all()

    def until(self, reached: Callable[[], Any], what: str) -> Any:
        """Waits until reached() is true, which is asked again after each message; returns what it returned."""
        deadline = time.monotonic() + PATIENCE
        with self._news:
            while not (result := reached()):
                assert self._news.wait(deadline - time.monotonic()), f"{what} did not come; {len(self.messages)} did"
        return result

    def points(self) -> dict[str, Any]:
        """The latest value of every stream."""
        return {point.stream: point.value for batch in list(self.batches) for point in decode(batch)}

    def wait_for_point(self, stream: str) -> Any:
        """The latest value of a stream, once there is one."""
        self.until(lambda: stream in self.points(), f"data point {stream}")
        return self.points()[stream]

    def wait_for_more(self, count: int = 1) -> None:
        """Waits for so many more batches than there are."""
        enough = len(self.batches) + count
        self.until(lambda: len(self.batches) >= enough, "another batch")

    def publish(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos, retain).wait_for_publish(PATIENCE)

    def find(self, topic: str) -> paho.MQTTMessage | None:
        """The first message on a topic, None if there was none yet."""
        return next((message for message in self.messages if message.topic == topic), None)

    def message(self, topic: str) -> paho.MQTTMessage:
        """The first message on a topic, once it is there."""
        found: paho.MQTTMessage = self.until(lambda: self.find(topic), topic)
        return found

    def command(self, payload: bytes) -> bytes:
        """Sends a command as OneNET does; returns the reply. Sent again until it is heard: the board's subscription may
        not stand yet when it has just come online, and a command is of QoS 0."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            command_id = str(uuid.uuid4())
            self.publish(f"$creq/{command_id}", payload)
            if reply := self._reply(f"$crsp/{command_id}"):
                return reply.payload
        raise AssertionError(f"no reply to {payload!r}")

    def _reply(self, topic: str) -> paho.MQTTMessage | None:
        with self._news:
            return self._news.wait_for(lambda: self.find(topic), 0.5)

    def batches_in_order(self, disturbances: int) -> None:
        """Makes sure that of a COUNTER's numbers none was lost and none came out of turn. QoS 1 lets all that was not
        acknowledged when a connection was lost come again, in its order: 1 2 3 2 3 4, as the note at [MQTT-4.6.0-6]
        has it, once for each disturbance."""
        last = again = 0
        for number in [point.value for batch in list(self.batches) for point in decode(batch)]:
            if number != last + 1:
                assert number <= last, f"after {last} came {number}"
                again += 1
            last = number
        assert again <= disturbances

    def wait_for_number(self, least: int) -> None:
        """Waits until a COUNTER has come so far."""
        self.until(lambda: self.batches and decode(self.batches[-1])[-1].value >= least, f"number {least}")

    def last_number(self) -> int:
        number: int = decode(self.batches[-1])[-1].value if self.batches else 0
        return number


@pytest.fixture
def watcher(broker: Mosquitto) -> Iterator[Watcher]:
    with watching(broker) as it:
        yield it


@contextlib.contextmanager
def watching(broker: Mosquitto, client_id: str = "", topics: Sequence[tuple[str, int]] = ONENETS) -> Iterator[Watcher]:
    it = Watcher(broker.port, client_id, topics)
    try:
        yield it
    finally:
        it.close()


# Boards


@pytest.fixture(params=["esp32", "esp8266"])
def kind(request: pytest.FixtureRequest) -> dict[str, Any]:
    """For board(): one of either kind, the ESP8266 with its memory."""
    return {"chip": request.param, "small": request.param == "esp8266"}


def config_of(**changes: Any) -> dict[str, Any]:
    """A configuration like the example, for this Wi-Fi and a plain broker, with a device id of its own."""
    config: dict[str, Any] = json.loads((_DIRECTORY / "config.json.example").read_text())
    config.update(
        wifi=[{"ssid": SSID, "password": WIFI_PASSWORD}],
        device_id=str(next(_numbers)),
        product_id=PRODUCT_ID,
        auth_info=AUTH_INFO,
        subscribe_commands=True,  # OneNET delivers $creq unasked
    )
    return config | changes


@contextlib.contextmanager
def board(
    broker: Mosquitto,
    main: str = MAIN,
    *,
    config: str | None = "",
    files: dict[str, str] | None = None,
    wifi: Wifi | None = None,
    routes: dict[tuple[str, int], tuple[str, int]] | None = None,
    chip: str = CHIP,
    small: bool = False,
    networks: list[dict[str, str]] | None = None,
    **changes: Any,
) -> Iterator[VirtualBoard]:
    """A board that has just been powered on, with all the files a real one gets.

    changes: those of config.json, networks being its "wifi"; or config is all of its text, None for none. small: with
    the memory of an ESP8266, and so with the modules in its ROMFS.
    """
    if networks:
        changes["wifi"] = networks
    every: dict[str, Any] = {name: _DIRECTORY / name for name in ["boot.py", *board_modules()]}
    every["main.py"] = main
    rom = b""
    if small:
        with tempfile.TemporaryDirectory() as folder:
            every["main.py"] = Path(folder, "main.py")
            every["main.py"].write_text(main)  # which may ask for modules
            compiled, rom = installed(every, XTENSA)
        every = {**compiled, "main.py": main}
    if config is not None:
        every["config.json"] = config or json.dumps(config_of(**changes))
    every.update(files or {})
    with VirtualBoard(
        files=every,
        wifi=wifi or Wifi({SSID: WIFI_PASSWORD}),
        routes={ADDRESS: ("127.0.0.1", broker.port)} if routes is None else routes,
        chip=chip,
        rom=rom,
        # A story of one chip's network is not about its heap.
        micropython=find_micropython() if chip != CHIP and not small else None,
    ) as it:
        yield it
        assert AUTH_INFO not in it.log and WIFI_PASSWORD not in it.log


def wait_online(board: VirtualBoard, since: int = 0) -> str:
    """Waits until the board says it is online; returns its device id. since: an earlier len(board.log)."""
    return board.wait_for(ONLINE, PATIENCE, since).group(1)
