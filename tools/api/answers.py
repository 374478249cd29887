"""What the platform's HTTP API says of devices, data points and commands."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DeviceState:
    id: str
    title: str
    online: bool
    created: str
    """As the platform gives it, in Beijing time."""
    last_data: str = ""
    """When its newest data point is from; empty if it has none, or nobody has asked."""


@dataclass(frozen=True)
class DataPoint:
    """A value of a stream. `at` as the platform gives it, in Beijing time: YYYY-MM-DD hh:mm:ss, perhaps .mmm."""

    stream: str
    at: str
    value: Any


@dataclass(frozen=True)
class CommandState:
    """How it is with a command. `over`: the reply has come, or none will."""

    reply: bytes | None
    over: bool
    words: str
    """The platform's, for it."""
    seconds: float = 0.0
    """From sending to that."""
