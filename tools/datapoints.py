"""What a device publishes to $dp: OneNET's data points, from bytes to values."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DataPoint:
    """One value of a stream. `at` is when it was measured, as the device wrote it; None: when it arrived."""

    stream: str
    value: Any
    at: str | None = None


def decode(payload: bytes) -> list[DataPoint]:
    """The data points of a payload of type 1, 3 or 4, the three that are JSON.

    Raises ValueError with what is wrong with it, which is what makes OneNET drop a device.
    """
    if len(payload) < 3:
        raise ValueError(f"{len(payload)} bytes are too short for type and length")
    kind = payload[0]
    length = int.from_bytes(payload[1:3], "big")
    if kind not in (1, 3, 4):
        raise ValueError(f"type {kind} is not one of JSON")
    if length != len(payload) - 3:
        raise ValueError(f"its length says {length} bytes, {len(payload) - 3} follow")
    try:
        content = json.loads(payload[3:])
        if kind == 1:
            return [
                DataPoint(stream["id"], point["value"], point.get("at"))
                for stream in content["datastreams"]
                for point in stream["datapoints"]
            ]
        if kind == 3:
            return [DataPoint(stream, value) for stream, value in content.items()]
        return [DataPoint(stream, value, at) for stream, times in content.items() for at, value in times.items()]
    except (AttributeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"its JSON is not that of type {kind}") from error
