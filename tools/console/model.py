"""What broker, HTTP API and web page of the console share: the things they speak of, and what happens to them."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from functools import cached_property
from typing import Any

from ..language import ENGLISH, speaking
from ..packets.explain import Explained, explain
from ..words.said import rendered


@dataclass(frozen=True)
class Device:
    """A registered device, and how it is at the moment it was asked for."""

    id: str
    """On the old platform its number; on the current one, where names are a product's own, product:name."""
    product_id: str
    title: str
    auth_info: str
    """Its secret: on the current platform its key, in base64."""
    created: datetime
    online: bool = False
    address: str = ""
    """Where it is connected from, as host:port; empty while it is offline."""
    since: datetime | None = None
    """When it came online or went offline; None if it never was online."""

    @property
    def name(self) -> str:
        """What the device itself, as its client id, and the platform's users call it."""
        return self.id.partition(":")[2] or self.id

    @property
    def is_studio(self) -> bool:
        """Whether it is a device of the current platform."""
        return ":" in self.id


@dataclass(frozen=True)
class Stream:
    """A data stream and its latest data point."""

    id: str
    value: Any
    at: datetime
    created: datetime


@dataclass(frozen=True)
class DescribedStream:
    """A data stream that has data points, or of which somebody has said that it is to be there."""

    id: str
    created: datetime
    unit: str = ""
    unit_symbol: str = ""
    tags: tuple[str, ...] = ()
    title: str = ""
    """What people call it; empty for its id. This and the next are the console's own."""
    hidden: bool = False
    """Whether the pages leave it out until it is asked for."""
    current: Stream | None = None
    """With its latest data point, if it has one."""


@dataclass(frozen=True)
class Point:
    """A data point. `value` is what JSON can say; `at` when it was measured, if the device said so, else arrived."""

    value: Any
    at: datetime


@dataclass(frozen=True)
class ThingEvent:
    """An event of a thing model that a device has reported."""

    identifier: str
    value: dict[str, Any]
    at: datetime


@dataclass(frozen=True)
class Desired:
    """What a property is to be, until the device has fetched and deleted it."""

    value: Any
    version: int


class CommandStatus(IntEnum):
    """As OneNET's HTTP API numbers them."""

    CREATED = 1
    SENT = 2
    REPLIED = 4


@dataclass(frozen=True)
class Command:
    """A command to a device. `seconds` is its round trip, from sending to the reply's arrival."""

    uuid: str
    device_id: str
    payload: bytes
    status: CommandStatus
    created: datetime
    reply: bytes | None = None
    seconds: float | None = None
    sent: datetime | None = None
    replied: datetime | None = None
    expires: datetime | None = None
    """Until when it waits for a device that is offline."""


@dataclass(frozen=True)
class LoggedPacket:
    """A packet, or what came in place of one, of one connection. Numbers count up over all connections."""

    number: int
    at: datetime
    device_id: str
    """Empty until a CONNECT has said whose the connection is."""
    from_device: bool
    data: bytes
    """Empty for a note of what happened beside packets."""
    error: str = ""
    """What the console has against it, where it has."""
    note: str = ""

    @cached_property
    def explained(self) -> Explained:
        """In words. Made when somebody asks, for that takes longer than all else the console does with a packet."""
        with speaking(ENGLISH):
            return self.told()

    def told(self) -> Explained:
        """The same in the language that counts; made anew each time."""
        error = rendered(self.error)
        if not self.data:
            return Explained("", b"", rendered(self.note), (), error)
        explained = explain(self.data)
        return replace(explained, error=error) if error else explained


# What happens. Listeners are called in the console's event loop, and must neither block nor raise.


@dataclass(frozen=True)
class DeviceChanged:
    """It was added, edited or removed, came online or went offline."""

    device_id: str
    words: str = ""
    """Of the latter two, how that came about, in one line."""


@dataclass(frozen=True)
class ProductsChanged:
    """Products of the current platform were added or removed, or given another thing model."""

    product_ids: frozenset[str]


@dataclass(frozen=True)
class LoginRefused:
    """Somebody was not let in, or went before they had said who they are."""

    address: str
    device_id: str
    """What they said theirs is; empty if they did not get so far."""
    reason: str


@dataclass(frozen=True)
class PointsStored:
    device_id: str
    points: list[tuple[str, Point]]
    """Stream and data point, in the order they came."""


@dataclass(frozen=True)
class TriggerFired:
    """A data point is as somebody is waiting for."""

    device_id: str
    trigger_id: int
    title: str
    stream: str
    value: Any
    sound: bool = False
    """Whether open pages are to sound."""


@dataclass(frozen=True)
class TriggerLogged:
    """What came of a trigger that has fired is in the log."""

    device_id: str


@dataclass(frozen=True)
class EventsStored:
    device_id: str
    events: list[ThingEvent]


@dataclass(frozen=True)
class DesiredChanged:
    """Some of its desired values were set or deleted."""

    device_id: str


@dataclass(frozen=True)
class CommandChanged:
    command: Command


@dataclass(frozen=True)
class UpdateTold:
    """There is something new about its update over the air."""

    device_id: str


@dataclass(frozen=True)
class PacketLogged:
    packet: LoggedPacket


Event = (
    DeviceChanged
    | ProductsChanged
    | LoginRefused
    | PointsStored
    | TriggerFired
    | TriggerLogged
    | EventsStored
    | DesiredChanged
    | CommandChanged
    | UpdateTold
    | PacketLogged
)
