"""Packets and payloads of $dp from what somebody types, built with the encoder that runs on the board."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from ..clock import BEIJING
from ..datapoints import parse_json, parse_time
from ..files import use_board_libraries
from ..language import _

use_board_libraries()

from mqtt import packet, server  # noqa: E402
from onenet import payloads  # noqa: E402

_ENCODERS: dict[str, Callable[..., int]] = {
    "CONNECT": packet.connect,
    "CONNACK": server.connack,
    "PUBLISH": packet.publish,
    "PUBACK": lambda buf, packet_id: packet.ack(buf, 0x40, packet_id),
    "PUBREC": lambda buf, packet_id: packet.ack(buf, 0x50, packet_id),
    "PUBREL": lambda buf, packet_id: packet.ack(buf, 0x62, packet_id),
    "PUBCOMP": lambda buf, packet_id: packet.ack(buf, 0x70, packet_id),
    "SUBSCRIBE": packet.subscribe,
    "SUBACK": server.suback,
    "UNSUBSCRIBE": packet.unsubscribe,
    "UNSUBACK": server.unsuback,
    "PINGREQ": packet.pingreq,
    "PINGRESP": server.pingresp,
    "DISCONNECT": packet.disconnect,
}


def build(kind: str, *arguments: Any, **options: Any) -> bytes:
    """A packet of that type, spelled as in the standard, with what the board's encoder takes. Raises ValueError."""
    encode = _ENCODERS[kind]
    data = bytearray(encode(None, *arguments, **options))
    encode(data, *arguments, **options)
    return bytes(data)


def points_payload(
    kind: int, points: Sequence[str], at: str | None = None, separators: str = ",;", data: bytes | None = None
) -> bytes:
    """The payload of $dp that has these data points.

    kind: type, 1 to 7. points: as temperature=22.5, what is no JSON is text; for type 2 a stream's name alone, for type
    7 a group's number and its floats, as 1=34.0,-20.3. at: their time, as 2015-03-22 22:31:12 in Beijing; type 4 needs
    one, type 3 has none. separators: of types 5 and 6. data: the binary of type 2. Raises ValueError.
    """
    when = _time(at)
    if not points:
        raise ValueError(_("data points: none given; write them as temperature=22.5"))
    if data is not None and kind != 2:
        raise ValueError(_("type {kind}: has no binary data; type 2 has").format(kind=kind))
    match kind:
        case 1:
            return _payload(payloads.data_points, kind, _json({"datastreams": _streams(points, when)}))
        case 2:
            if len(points) != 1 or "=" in points[0] or data is None:
                raise ValueError(_("type 2: needs the name of one stream, and its data from --file or --payload"))
            return _payload(payloads.binary, _json({"ds_id": points[0], **({"at": when} if when else {})}), data)
        case 3 | 4:
            return _payload(payloads.data_points, kind, _json(_by_stream(kind, points, when)))
        case 5:
            return _payload(payloads.data_points, kind, _fields(points, separators, when))
        case 6:
            text = _fields(points, separators, "")
            return (
                _payload(payloads.timed_text, text, _six(when)) if when else _payload(payloads.data_points, kind, text)
            )
        case 7:
            return _payload(payloads.floats, [_group(point) for point in points], _six(when) if when else None)
    raise ValueError(_("type {kind}: must be 1 to 7").format(kind=kind))


def _payload(encode: Callable[..., int], *arguments: Any) -> bytes:
    payload = bytearray(encode(None, 0, *arguments))
    encode(payload, 0, *arguments)
    return bytes(payload)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _time(at: str | None) -> str:
    """As OneNET writes it, to the second; empty for None. Raises ValueError."""
    return f"{parse_time(at).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}" if at is not None else ""


def _six(when: str) -> tuple[int, ...]:
    return tuple(int(part) for part in when.replace("-", " ").replace(":", " ").split())


def _split(point: str) -> tuple[str, str]:
    stream, equals, value = point.partition("=")
    if not stream or not equals:
        raise ValueError(_("data point {point!r}: write it as temperature=22.5").format(point=point))
    return stream, value


def _value(text: str) -> Any:
    try:
        return parse_json(text.encode())
    except ValueError:
        return text


def _streams(points: Sequence[str], when: str) -> list[dict[str, Any]]:
    """What type 1 says of each stream, in the order they came."""
    streams: dict[str, list[dict[str, Any]]] = {}
    for stream, value in map(_split, points):
        point = {"at": when, "value": _value(value)} if when else {"value": _value(value)}
        streams.setdefault(stream, []).append(point)
    return [{"id": stream, "datapoints": datapoints} for stream, datapoints in streams.items()]


def _by_stream(kind: int, points: Sequence[str], when: str) -> dict[str, Any]:
    if kind == 3 and when:
        raise ValueError(_("type 3: has no time; types 1 and 4 have"))
    if kind == 4 and not when:
        raise ValueError(_("type 4: needs --at; types 1 and 3 do not"))
    values: dict[str, Any] = {}
    for stream, value in map(_split, points):
        if stream in values:
            raise ValueError(
                _("type {kind}: has one value for {stream}; type 1 takes several").format(kind=kind, stream=stream)
            )
        values[stream] = {when: _value(value)} if when else _value(value)
    return values


def _fields(points: Sequence[str], separators: str, when: str) -> str:
    if len(separators) != 2 or separators[0] == separators[1]:
        raise ValueError(_("separators {separators!r}: must be two different characters").format(separators=separators))
    inner, outer = separators[0], separators[1]
    for point in points:
        if inner in point or outer in point:
            raise ValueError(
                _("data point {point!r}: has a separator in it; choose other --separators").format(point=point)
            )
    if when and (inner in when or outer in when):
        raise ValueError(
            _("separators {separators!r}: one is in the time; choose others").format(separators=separators)
        )
    fields = [[stream, when, value] if when else [stream, value] for stream, value in map(_split, points)]
    return separators + outer.join(inner.join(field) for field in fields)


def _group(point: str) -> tuple[int, list[float]]:
    number, values = _split(point)
    try:
        return int(number), [float(value) for value in values.split(",")]
    except ValueError as error:
        raise ValueError(
            _("group {point!r}: write a number and its floats, as 1=34.0,-20.3").format(point=point)
        ) from error
