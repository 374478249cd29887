"""What a device publishes to $dp: OneNET's data points, from bytes to values."""

import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, NoReturn

from .clock import BEIJING
from .language import N_, _

"""The time zone of every time OneNET speaks of."""

LONGEST_ID = 256
"""Characters of a stream's id; the platform's own bound is not documented."""

_DEEPEST = 16  # levels of a value's JSON
_INTEGERS = range(-(2**63), 2**64)
_MOST_FLOATS = 500  # of one payload of type 7

PYTHONS_WORDS = (
    N_("Expecting value"),
    N_("Expecting ',' delimiter"),
    N_("Expecting ':' delimiter"),
    N_("Expecting property name enclosed in double quotes"),
    N_("Extra data"),
    N_("Illegal trailing comma before end of array"),
    N_("Illegal trailing comma before end of object"),
    N_("Invalid control character at"),
    N_("Invalid \\uXXXX escape"),
    N_("Unexpected UTF-8 BOM (decode using utf-8-sig)"),
    N_("Unterminated string starting at"),
)
"""What Python's json has against a text."""


@dataclass(frozen=True)
class DataPoint:
    """One value of a stream. `at` is when it was measured, as the device wrote it; None: when it arrived.

    `value` is what JSON can say; bytes for the binary data of type 2, which alone has a description.
    """

    stream: str
    value: Any
    at: str | None = None
    description: Any = None


def decode(payload: bytes) -> list[DataPoint]:
    """The data points of a payload of type 1 to 7.

    Raises ValueError with what is wrong with it, which is what makes OneNET drop a device.
    """
    if not payload:
        raise ValueError(_("0 bytes are too short: the first one is the type, 1 to 7"))
    kind, flags = payload[0] & 0x3F, payload[0] & 0xC0
    if not 1 <= kind <= 7:
        raise ValueError(_("type {kind} is not one of 1 to 7").format(kind=kind))
    if flags & 0x40 or (flags and kind < 6):
        raise ValueError(
            _("type {kind}: its first byte is {payload:#04x}, with flags that must be 0").format(
                kind=kind, payload=payload[0]
            )
        )
    if kind == 2:
        return [_binary(payload)]
    start, at = 1, None
    if flags:
        start, at = 7, _time_bytes(kind, payload)
    if kind == 7:
        return list(_floats(payload, start, at))
    content = _sized(kind, payload, start)
    if kind >= 5:
        return list(_fields(kind, content, at))
    return from_json(kind, content)


def from_json(kind: int, content: bytes) -> list[DataPoint]:
    """The data points in the JSON of type 1, 3 or 4. Raises ValueError."""
    value = parse_json(content)
    try:
        if kind == 1:
            return [
                _point(stream["id"], point["value"], point.get("at"))
                for stream in value["datastreams"]
                for point in stream["datapoints"]
            ]
        if kind == 3:
            return [_point(stream, point) for stream, point in value.items()]
        return [_point(stream, point, at) for stream, times in value.items() for at, point in times.items()]
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(_("its JSON is not that of type {kind}").format(kind=kind)) from error


def from_fields(content: bytes) -> list[DataPoint]:
    """The data points in the string of type 5. Raises ValueError."""
    return list(_fields(5, content, None))


def parse_json(content: bytes) -> Any:
    """What the bytes say in JSON, and nothing that JSON can't say or others can't read. Raises ValueError."""
    try:
        value = json.loads(content.decode(), parse_constant=_no_constant)
        _check_value(value, 0)
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno, "char": error.pos}
        raise ValueError(
            _("{words}: line {line} column {column} (char {char})").format(words=_(error.msg), **place)
        ) from error
    except RecursionError as error:
        raise ValueError(_("its JSON is nested too deeply")) from error
    return value


def parse_time(text: str) -> datetime:
    """When that is in UTC: 2015-03-22 22:31:12 in Beijing, with T for the space or a fraction if one likes.

    Raises ValueError.
    """
    try:
        # What fromisoformat() takes besides, as dates alone and zones, differs between versions of Python.
        head, dot, fraction = text.replace("T", " ", 1).partition(".")
        if dot and not (fraction.isascii() and fraction.isdigit()):
            raise ValueError(fraction)
        when = datetime.strptime(head, "%Y-%m-%d %H:%M:%S").replace(microsecond=int(fraction[:6].ljust(6, "0")))
        if when.year < 1970:
            raise ValueError(when)
    except ValueError as error:
        raise ValueError(_("time {shown}: must be like 2015-03-22 22:31:12").format(shown=_shown(text))) from error
    return when.replace(tzinfo=BEIJING).astimezone(timezone.utc)


def written_time(at: int) -> str:
    """So many microseconds since 1970, as a device writes when it has measured something."""
    when = datetime.fromtimestamp(at // 1_000_000, BEIJING)
    return f"{when:%Y-%m-%d %H:%M:%S}.{at % 1_000_000:06}"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(_("{name} is no JSON").format(name=name))


def _check_value(value: Any, depth: int) -> None:
    """Refuses what Python's parser takes but other programs choke on."""
    if depth > _DEEPEST:
        raise ValueError(_("its JSON is nested more than {deepest} levels deep").format(deepest=_DEEPEST))
    if isinstance(value, dict):
        for name, item in value.items():
            _check_value(name, depth)
            _check_value(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_value(item, depth + 1)
    elif isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError(_("a string in its JSON is half a surrogate pair"))
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(_("a number in its JSON is too large"))
    elif isinstance(value, int) and value not in _INTEGERS:
        raise ValueError(_("a whole number in its JSON has more than 64 bits"))


def _point(stream: Any, value: Any, at: Any = None, description: Any = None) -> DataPoint:
    if not isinstance(stream, str) or not 1 <= len(stream) <= LONGEST_ID:
        raise ValueError(
            _("stream id {shown}: must be text of 1 to {longest_id} characters").format(
                shown=_shown(stream), longest_id=LONGEST_ID
            )
        )
    if value is None:
        raise ValueError(_("stream {shown}: its value is null").format(shown=_shown(stream)))
    if at is not None:
        if not isinstance(at, str):
            raise ValueError(_("time {shown}: must be text like 2015-03-22 22:31:12").format(shown=_shown(at)))
        parse_time(at)
    return DataPoint(stream, value, at, description)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:60] + "…"


def _sized(kind: int, payload: bytes, start: int) -> bytes:
    """What follows a length in two bytes and is all the rest."""
    if len(payload) < start + 2:
        raise ValueError(
            _("type {kind}: {count} bytes are too short for type and length").format(kind=kind, count=len(payload))
        )
    length = int.from_bytes(payload[start : start + 2], "big")
    if length != len(payload) - start - 2:
        raise ValueError(
            _("type {kind}: its length says {length} bytes, {len} follow").format(
                kind=kind, length=length, len=len(payload) - start - 2
            )
        )
    return payload[start + 2 :]


def _binary(payload: bytes) -> DataPoint:
    """Type 2: a length in two bytes, JSON, a length in four bytes, data."""
    end = 3 + int.from_bytes(payload[1:3], "big")
    if len(payload) < end + 4:
        raise ValueError(
            _("type 2: {count} bytes are too short for its JSON of {end} and two lengths").format(
                count=len(payload), end=end - 3
            )
        )
    length = int.from_bytes(payload[end : end + 4], "big")
    if length != len(payload) - end - 4:
        raise ValueError(
            _("type 2: its length says {length} bytes of data, {len} follow").format(
                length=length, len=len(payload) - end - 4
            )
        )
    head = parse_json(payload[3:end])
    if not isinstance(head, dict) or "ds_id" not in head:
        raise ValueError(_("its JSON is not that of type 2"))
    return _point(head["ds_id"], payload[end + 4 :], head.get("at"), head.get("desc"))


def _fields(kind: int, content: bytes, at: str | None) -> Iterator[DataPoint]:
    """Type 5: two separators, the first of what is in a field, the second between fields. Values are text."""
    text = content.decode()
    if len(text) < 2 or text[0] == text[1]:
        raise ValueError(
            _("type {kind}: must begin with two different characters, the separators, not {shown}").format(
                kind=kind, shown=_shown(text[:2])
            )
        )
    for index, field in enumerate(text[2:].split(text[1])):
        parts = field.split(text[0])
        if len(parts) > 3:
            raise ValueError(
                _("type {kind}: field {shown} has more than id, time and value").format(kind=kind, shown=_shown(field))
            )
        if not parts[-1]:
            continue
        if len(parts) == 1:
            yield _point(str(index), parts[0], at)
        else:
            yield _point(parts[0], parts[-1], parts[1] if len(parts) == 3 else at)


def _time_bytes(kind: int, payload: bytes) -> str:
    """The six bytes of a time, as `at` is written."""
    if len(payload) < 7:
        raise ValueError(
            _("type {kind}: {count} bytes are too short for its time").format(kind=kind, count=len(payload))
        )
    year, *rest = payload[1:7]
    text = "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(2000 + year, *rest)
    parse_time(text)
    return text


def _floats(payload: bytes, start: int, at: str | None) -> Iterator[DataPoint]:
    """Type 7: groups of a stream's number, a count, and so many floats, which are little endian. The document has the
    numbers from 1 on; the vendor's sample sends 0."""
    if start == len(payload):
        raise ValueError(_("type 7: has no values"))
    total = 0
    while start < len(payload):
        if len(payload) < start + 4:
            raise ValueError(
                _("type 7: {len} bytes are too short for a stream's number and count").format(len=len(payload) - start)
            )
        number, count = struct.unpack_from(">HH", payload, start)
        start += 4
        total += count
        if not count or total > _MOST_FLOATS:
            raise ValueError(
                _("type 7: stream {number} with {count} of {total} values; 1 to {most_floats} are possible").format(
                    number=number, count=count, total=total, most_floats=_MOST_FLOATS
                )
            )
        if len(payload) < start + 4 * count:
            raise ValueError(
                _("type 7: stream {number} says {count} values, {len} follow").format(
                    number=number, count=count, len=(len(payload) - start) // 4
                )
            )
        for i, (value,) in enumerate(struct.iter_unpack("<f", payload[start : start + 4 * count])):
            if not math.isfinite(value):
                raise ValueError(_("type 7: stream {number} has a value that is no number").format(number=number))
            # Points of one stream and one time would be the same point; a fraction keeps them apart, and in order.
            yield _point(str(number), value, f"{at}.{i:06}" if at and i else at)
        start += 4 * count
