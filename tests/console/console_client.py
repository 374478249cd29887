"""A device made of a socket and packets, which can do wrong whatever there is to do wrong."""

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mqtt import packet
from mqtt.server import NAMES, AnyParser
from onenet_tools.console.console import RunningConsole

PATIENCE = 10.0  # seconds
DEVICE, PRODUCT, AUTH_INFO = "789546805", "458945", "136928831"


def built(build: Any, *args: Any, **kwargs: Any) -> bytes:
    """What a function of mqtt.packet builds."""
    buffer = bytearray(build(None, *args, **kwargs))
    build(buffer, *args, **kwargs)
    return bytes(buffer)


def connect(
    device_id: str = DEVICE, user: str | None = PRODUCT, password: str | None = AUTH_INFO, **more: Any
) -> bytes:
    return built(packet.connect, device_id, user, password, **more)


def publish(topic: str, payload: bytes | str, qos: int = 0, packet_id: int = 1, **more: Any) -> bytes:
    return built(packet.publish, topic, payload, qos, packet_id=packet_id, **more)


def dp(kind: int, text: str) -> bytes:
    """A payload of type 1, 3, 4 or 5."""
    content = text.encode()
    return bytes([kind]) + len(content).to_bytes(2, "big") + content


@dataclass
class Got:
    """A packet that came."""

    name: str
    data: bytes
    topic: str = ""
    payload: bytes = b""
    packet_id: int = 0
    codes: bytes = b""


class RawDevice:
    """A TCP connection to the console's broker."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), PATIENCE)
        self._parser = AnyParser(1 << 18)
        self._data = b""
        self._at = 0

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, name: str = "") -> Got:
        """The next packet; of this name, if given."""
        start = self._at
        while True:
            self._at = self._parser.feed(self._data, self._at, len(self._data))
            if self._parser.type:
                break
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self._data += more
        kind = self._parser.type
        got = Got(NAMES[kind], self._data[start : self._at])
        if got.name == "PUBLISH":
            got.topic, got.payload = bytes(self._parser.topic).decode(), bytes(self._parser.payload)
        if got.name == "SUBACK":
            got.codes = bytes(self._parser.codes)
        got.packet_id = self._parser.packet_id
        assert name in ("", got.name), got
        return got

    def is_closed(self) -> bool:
        """Waits until the other side has closed it; nothing may come before."""
        try:
            got = self.receive()
        except (EOFError, ConnectionError):
            return True
        raise AssertionError(got)

    def log_in(self, *args: Any, **more: Any) -> int:
        """The code of CONNACK."""
        self.send(connect(*args, **more))
        return self.receive("CONNACK").data[3]


@contextlib.contextmanager
def raw_device(console: RunningConsole, host: str = "127.0.0.1") -> Iterator[RawDevice]:
    it = RawDevice(console.mqtt_port, host)
    with it.socket:
        yield it


@contextlib.contextmanager
def online(
    console: RunningConsole, device_id: str = DEVICE, auth_info: str = AUTH_INFO, **more: Any
) -> Iterator[RawDevice]:
    """A device that is online."""
    with raw_device(console) as it:
        assert it.log_in(device_id, PRODUCT, auth_info, **more) == 0
        yield it


def until(reached: Any, what: str = "", patience: float = PATIENCE) -> Any:
    """Waits until reached() is true, so many seconds at most; returns what it returned."""
    deadline = time.monotonic() + patience
    while not (result := reached()):
        assert time.monotonic() < deadline, what or "it did not come"
        time.sleep(0.01)
    return result


def errors(console: RunningConsole, device_id: str = "") -> list[tuple[str, str]]:
    """What was wrong in the packet log: type of packet, reason."""
    packets = console.call(console.platform.packets, device_id)
    return [(it.explained.type, it.explained.error) for it in packets if it.explained.error]


def warnings(console: RunningConsole, device_id: str = "") -> list[tuple[str, str]]:
    """What the packet log says is to be careful of: type of packet, words."""
    packets = console.call(console.platform.packets, device_id)
    return [(it.explained.type, it.explained.warning) for it in packets if it.explained.warning]


def notes(console: RunningConsole, device_id: str = "") -> list[str]:
    """What the packet log says beside packets."""
    packets = console.call(console.platform.packets, device_id)
    return [it.explained.summary for it in packets if not it.explained.data]
