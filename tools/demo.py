"""The demo: the real firmware on a virtual board comes online at a local broker, sends data and obeys commands."""

import contextlib
import json
import queue
import re
import signal
import time
import types
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console
from rich.text import Text

from . import datapoints
from .board import Connection, VirtualBoard, Wifi
from .broker import Broker, Mosquitto, broker
from .files import board_directory, board_modules
from .tap import Packet, PacketReader, ProtocolError, explain_connect, hexdump

SSID, PASSWORD = "home", "password"
LED_PIN = 2
COMMANDS = ("led=on", "led?", "led=off")
COMMAND_EVERY = 3.0  # seconds
WATCHER, WATCHER_PASSWORD = "watcher", "only on this computer"
ENOUGH_POINTS = 3


@dataclass
class Progress:
    """What has happened so far; times in seconds since the start."""

    online_at: float | None = None
    points: int = 0
    sent: dict[str, str] = field(default_factory=dict)
    """Commands sent, their text by uuid."""
    answered: int = 0
    ready: bool = False
    """The device's subscription stands, so that it hears commands."""
    next_command: float = 0.0

    def shortcoming(self) -> str | None:
        """Why the demo has failed, None if it has not."""
        if self.online_at is None:
            return "the device did not come online"
        if self.points < ENOUGH_POINTS:
            return f"only {self.points} data points arrived"
        if not self.answered:
            return "no command was answered"
        return None


# What the threads of board, forwarder and watcher tell the main one.
@dataclass(frozen=True)
class ConsoleLine:
    text: str


@dataclass(frozen=True)
class OnTheWire:
    packet: Packet


@dataclass(frozen=True)
class Published:
    topic: str
    payload: bytes


Event = ConsoleLine | OnTheWire | Published


def run_demo(seconds: float | None = None, show_secrets: bool = False, directory: Path | None = None) -> int:
    """Runs it for so long, or until Ctrl-C; returns the exit status.

    `directory` is where boot.py, main.py, lib/, firmware/ and config.json.example are. Raises BrokerError, BoardError.
    """
    directory = directory or board_directory()
    config = demo_config(directory)
    show = Show(config["auth_info"], show_secrets)
    progress = Progress()
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    users = {config["product_id"]: config["auth_info"], WATCHER: WATCHER_PASSWORD}
    with _terminable():
        try:
            with broker(users) as server, watching(server, events) as watcher:
                kind = "mosquitto" if isinstance(server, Mosquitto) else "amqtt (mosquitto is not installed)"
                show.line("broker", f"{kind} on 127.0.0.1:{server.port} stands for {config['host']}:{config['port']}")
                show.line("board", "booting MicroPython with boot.py, main.py, lib/, firmware/ and a config.json")
                with powered(directory, config, server.port, events):
                    _follow(show, progress, events, watcher, seconds)
        except KeyboardInterrupt:
            show.line("end", "interrupted")
            show.summary(progress)
            return 0
    show.summary(progress)
    shortcoming = progress.shortcoming()
    if shortcoming:
        show.failure(shortcoming)
    return 1 if shortcoming else 0


def demo_config(directory: Path) -> dict[str, Any]:
    """config.json for the demo: the example's device and address, this Wi-Fi, and less patience."""
    config: dict[str, Any] = json.loads((directory / "config.json.example").read_text())
    config.update(
        wifi=[{"ssid": SSID, "password": PASSWORD}],
        intervals={"free_heap": 2, "rssi": 3, "chip_temperature": 4},
        led_pin=LED_PIN,
        subscribe_commands=True,  # OneNET delivers $creq unasked; a plain broker wants a subscription
    )
    return config


@contextlib.contextmanager
def powered(
    directory: Path, config: dict[str, Any], port: int, events: queue.SimpleQueue[Event]
) -> Iterator[VirtualBoard]:
    """The virtual board with the real files, whose way to the platform ends at the local broker."""
    files: dict[str, Path | str] = {name: directory / name for name in ["boot.py", "main.py", *board_modules()]}
    files["config.json"] = json.dumps(config)
    rest = bytearray()
    readers: dict[tuple[int, str], PacketReader] = {}

    def output(data: bytes) -> None:
        rest.extend(data)
        while (end := rest.find(b"\n")) >= 0:
            events.put(ConsoleLine(rest[:end].decode("utf-8", "replace").rstrip()))
            del rest[: end + 1]

    def tap(direction: str, data: bytes, connection: Connection) -> None:
        reader = readers.setdefault((connection.number, direction), PacketReader())
        try:
            for packet in reader.feed(data):
                events.put(OnTheWire(packet))
        except ProtocolError as error:
            events.put(ConsoleLine(f"({direction}: no MQTT: {error})"))

    board = VirtualBoard(
        files=files,
        wifi=Wifi({SSID: PASSWORD}, connect_time=1),
        routes={(config["host"], config["port"]): ("127.0.0.1", port)},
        on_output=output,
    )
    board.link.tap = tap
    with board:
        yield board


@contextlib.contextmanager
def watching(server: Broker, events: queue.SimpleQueue[Event]) -> Iterator[paho.Client]:
    """A second client, which sees what arrives at the broker and sends commands."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "watcher")
    client.username_pw_set(WATCHER, WATCHER_PASSWORD)

    def subscribe(*_: object) -> None:
        client.subscribe([("$dp", 1), ("$crsp/+", 1)])

    def note(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        events.put(Published(message.topic, bytes(message.payload)))

    client.on_connect = subscribe
    client.on_message = note
    client.connect("127.0.0.1", server.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def _follow(
    show: "Show",
    progress: Progress,
    events: queue.SimpleQueue[Event],
    watcher: paho.Client,
    seconds: float | None,
) -> None:
    """Shows events and sends commands until the time is up."""
    while seconds is None or show.elapsed() < seconds:
        with contextlib.suppress(queue.Empty):
            _handle(events.get(timeout=0.1), show, progress)
        if progress.ready and progress.points and show.elapsed() >= progress.next_command:
            progress.next_command = show.elapsed() + COMMAND_EVERY
            text = COMMANDS[len(progress.sent) % len(COMMANDS)]
            topic = f"$creq/{uuid.uuid4()}"
            progress.sent[topic] = text
            show.line("command", f"{text}  to {topic}", "magenta")
            watcher.publish(topic, text)


def _handle(event: Event, show: "Show", progress: Progress) -> None:
    match event:
        case ConsoleLine(text):
            if text:
                show.console_line(text)
            if joined := re.search(r" wifi: (joined .*)", text):
                show.line("Wi-Fi", joined[1])
        case OnTheWire(packet):
            _handle_packet(packet, show, progress)
        case Published("$dp", payload):
            try:
                points = datapoints.decode(payload)
            except ValueError as error:
                show.line("data", f"not understood: {error}", "red")
                return
            progress.points += len(points)
            for point in points:
                at = f"  measured {point.at}" if point.at else ""
                show.line("data", f"{point.stream} = {json.dumps(point.value)}{at}", "green")
        case Published(topic, payload):
            request = topic.replace("$crsp/", "$creq/", 1)
            if request in progress.sent:
                progress.answered += 1
                show.line("reply", f"{payload.decode('utf-8', 'replace')}  to {topic}", "magenta")


def _handle_packet(packet: Packet, show: "Show", progress: Progress) -> None:
    match packet.name:
        case "CONNECT":
            show.connect(packet)
        case "CONNACK":
            accepted = packet.data[3] == 0
            words = "accepted" if accepted else f"refused, return code {packet.data[3]}"
            show.line("CONNACK", f"{hexdump(packet.data)}  {words}", "green" if accepted else "red")
            if accepted and progress.online_at is None:
                progress.online_at = show.elapsed()
                show.line("online", f"after {progress.online_at:.1f} s", "bold green")
        case "SUBACK":
            progress.ready = packet.data[-1] != 0x80


class Show:
    """Lines with the seconds since the start, in colour where the output is a terminal."""

    def __init__(self, secret: str, show_secrets: bool) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._secret = secret
        self._show_secrets = show_secrets
        self._start = time.monotonic()

    def elapsed(self) -> float:
        return time.monotonic() - self._start

    def line(self, what: str, text: str, style: str = "") -> None:
        self._print(Text.assemble((f"{self.elapsed():7.2f} s  ", "dim"), (f"{what:<8} ", "bold"), (text, style)))

    def console_line(self, text: str) -> None:
        if not self._show_secrets:
            text = text.replace(self._secret, "*" * len(self._secret))
        self._print(Text(f"{self.elapsed():7.2f} s  board | {text}", "dim"))

    def connect(self, packet: Packet) -> None:
        parts = explain_connect(packet.data, self._show_secrets)
        width = max(len(part) for part, _ in parts)
        for i, (part, words) in enumerate(parts):
            self.line("" if i else "CONNECT", f"{part:{width}}  {words}", "cyan")

    def summary(self, progress: Progress) -> None:
        online = "not online" if progress.online_at is None else f"online after {progress.online_at:.1f} s"
        commands = f"{progress.answered} of {len(progress.sent)} commands answered"
        self._print(Text(f"demo: {online}, {progress.points} data points, {commands}, {self.elapsed():.0f} s", "bold"))

    def failure(self, reason: str) -> None:
        self._print(Text(f"error: {reason}", "bold red"))

    def _print(self, text: Text) -> None:
        self._console.print(text)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM is like Ctrl-C, so that nothing is left running after either."""

    def interrupt(number: int, frame: types.FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
