"""Every type of payload that OneNET's older platform takes on the topic $dp, written into a buffer the caller owns.

As in mqtt.packet, each function returns a size in bytes, and only says it where buf is None. Lengths are of bytes,
never of characters. A board that sends its streams needs legacy.Points alone; this is for pictures, tools and tests.
"""

import json
import struct

from mqtt.wire import append


def data_points(buf, at, kind, value):
    """A payload of type 1, 3, 4, 5 or, without a time, 6, written to buf at `at`: type, length in two bytes, text.

    value: the text as str or bytes, or what json.dumps() makes it from. Type 1: {"datastreams":[{"id":…,
    "datapoints":[{"at":…,"value":…}]}]}; 3: {stream: value}; 4: {stream: {time: value}}; 5 and 6: fields in one string
    whose first two characters are the separators. Raises ValueError over 65535 bytes.
    """
    if kind not in (1, 3, 4, 5, 6):
        raise ValueError("type: must be 1, 3, 4, 5 or 6")
    value = _text(value, 65535)
    return _put(buf, at, bytes((kind, len(value) >> 8, len(value) & 0xFF)), value)


def binary(buf, at, description, data):
    """A payload of type 2. description: {"ds_id": stream, "at": time, "desc": anything}, the last two optional; data:
    bytes-like, its length goes out in four bytes."""
    if isinstance(data, str):
        raise TypeError("data: must be bytes")
    description = _text(description, 65535)
    head = struct.pack(">BH", 2, len(description)) + description + struct.pack(">I", len(data))
    return _put(buf, at, head, data)


def timed_text(buf, at, value, when):
    """A payload of type 6 with its time: the string of type 5; when: (year, month, day, hour, minute, second)."""
    value = _text(value, 65535)
    return _put(buf, at, _time_bytes(6, when) + struct.pack(">H", len(value)), value)


def floats(buf, at, groups, when=None):
    """A payload of type 7. groups: list of (number 1..65535, list of 1 to 500 floats), at most 500 floats in all;
    when: as in timed_text(), or None. Big endian, but for the floats: the platform's documents say so."""
    count = 0
    body = b""
    for number, values in groups:
        if not 1 <= number <= 65535:
            raise ValueError("group: must be 1..65535")
        if not values:
            raise ValueError("group %d: has no values" % number)
        count += len(values)
        body += struct.pack(">HH", number, len(values))
        for value in values:
            body += struct.pack("<f", value)
    if not 1 <= count <= 500:
        raise ValueError("floats: 1 to 500 are possible, not %d" % count)
    return _put(buf, at, b"\7" if when is None else _time_bytes(7, when), body)


def _text(value, most):
    if not isinstance(value, (str, bytes, bytearray, memoryview)):
        value = json.dumps(value, separators=(",", ":"))
    if isinstance(value, str):
        value = value.encode()
    if len(value) > most:
        raise ValueError("payload: over %d bytes" % most)
    return value


def _time_bytes(kind, when):
    year, month, day, hour, minute, second = when
    if not (
        2000 <= year <= 2255
        and 1 <= month <= 12
        and 1 <= day <= 31
        and 0 <= hour <= 23
        and 0 <= minute <= 59
        and 0 <= second <= 59
    ):
        raise ValueError("time: must be (2000..2255, 1..12, 1..31, 0..23, 0..59, 0..59)")
    return bytes((0x80 | kind, year - 2000, month, day, hour, minute, second))


def _put(buf, at, head, body):
    size = len(head) + len(body)
    if buf is not None:
        if at + size > len(buf):
            raise ValueError("buffer: payload of %d bytes at %d, buffer of %d" % (size, at, len(buf)))
        append(buf, append(buf, at, head), body)
    return size
