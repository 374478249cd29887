"""What a connection asks of one generation of OneNET: who may log in, and what becomes of a device's messages."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


class Ended(Exception):
    """The connection is to be closed; says why. wrong: because of the packet that came last."""

    def __init__(self, reason: str, wrong: bool = True) -> None:
        super().__init__(reason)
        self.wrong = wrong


class Refused(Exception):
    """A CONNECT is answered with this return code; says why.

    device_id: of the device that is meant, empty where there is none.
    """

    def __init__(self, code: int, reason: str, device_id: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.device_id = device_id


@dataclass(frozen=True)
class Will:
    """What is published for a client that goes without DISCONNECT [MQTT-3.1.2-8]."""

    topic: str
    payload: bytes
    retain: bool


@dataclass(frozen=True)
class Connect:
    """What a CONNECT says that is legal in MQTT. keep_alive in seconds."""

    client_id: str
    username: str
    password: bytes
    keep_alive: int
    clean_session: bool
    will: Will | None = None


class Dialect(Protocol):
    """How a generation of OneNET speaks with a device that it has let in."""

    longest_packet: int
    """Bytes of remaining length."""
    most_filters: int
    """Topic filters in one packet."""
    most_topics: int
    """Subscriptions of a device."""
    qos_2: bool
    """Whether PUBLISH may have it; else that ends the connection."""

    async def pace(self, kind: int, size: int, topic: bytes) -> None:
        """Returns when the platform deals with a packet of this type and of so many bytes; topic: of a PUBLISH."""

    def take(self, topic: str, payload: bytes, retain: bool) -> Awaitable[str] | None:
        """Takes in a message: to be acknowledged when that is done, its result a note for the log, mostly empty. None
        for what devices say to each other, which is the broker's. Raises Ended for what is not allowed."""

    def drops(self, qos: int) -> str:
        """Why a message of this QoS, though acknowledged, is not taken in; empty if it is."""

    def judge_filters(self, topics: Sequence[str]) -> None:
        """Raises Ended where a subscription costs the connection."""

    def unsubscribing(self, count: int) -> None:
        """From so many topics."""

    def grants(self, topic: str) -> bool:
        """Whether it may be subscribed to."""


def topic_of(packet: bytes) -> bytes:
    """Of a PUBLISH, whole and not looked at yet; whatever is there, where it is not as it should be."""
    at = next((i for i in range(1, min(5, len(packet))) if packet[i] < 0x80), 0) + 1
    size = int.from_bytes(packet[at : at + 2], "big")
    return packet[at + 2 : at + 2 + size]


def shown(text: str) -> str:
    """Somebody else's text in one line of ours."""
    return ascii(text if len(text) <= 40 else text[:40] + "…")


def built(build: Callable[[bytearray | None], int]) -> bytes:
    """The packet that a function of lib/mqtt builds."""
    buffer = bytearray(build(None))
    build(buffer)
    return bytes(buffer)
