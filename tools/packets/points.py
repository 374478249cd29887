"""The payload of a PUBLISH to OneNET's $dp, byte by byte. What is legal is what datapoints.decode() takes."""

import json
import struct

from ..datapoints import DataPoint, decode
from .cursor import Cursor, Fault, count, in_words

SOURCE = "OneNET $dp"
"""In place of a clause: the layouts are the platform's."""

_TYPES = {
    1: "JSON: streams with data points",
    2: "JSON that describes, and a binary",
    3: "JSON: value by stream",
    4: "JSON: value by stream and time",
    5: "string of fields",
    6: "string of fields, with or without a time",
    7: "floats, with or without a time",
}
_SHOWN = 12  # data points in words


def explain_points(cursor: Cursor) -> str:
    """Walks from cursor.at to cursor.end; returns the data points in one line. Raises Fault."""
    cursor.within = "payload"
    payload = cursor.data[cursor.at : cursor.end]
    points: list[DataPoint] = []
    wrong = ""
    try:
        points = decode(payload)
    except ValueError as error:
        wrong = str(error)
    words = _in_words(points)
    content = _walk(cursor, words)
    if wrong:
        raise Fault(content, f"bad $dp payload: {wrong}")
    if cursor.left:
        raise Fault(cursor.at, f"{count(cursor.left, 'byte')} after the last field", "the end of the payload")
    return words


def _walk(cursor: Cursor, words: str) -> int:
    """Makes the fields; returns where what matters begins. Raises Fault where a length does not fit."""
    first = cursor.byte("type of $dp")
    at = cursor.start
    kind, timed = first & 0x3F, first >> 7
    bits = (
        ("7", f"{timed}", ("six bytes of time follow" if timed else "no time") if kind in (6, 7) else "not used"),
        ("6", f"{first >> 6 & 1}", "reserved"),
        ("5-0", f"{kind:06b}", f"type {kind}"),
    )
    cursor.note("type of $dp", f"type {kind}", _TYPES.get(kind, "OneNET has none of this number"), SOURCE, bits)
    if kind in (6, 7) and timed:
        _time(cursor)
    if kind in (1, 3, 4):
        at = _text(cursor, "JSON", words)
    elif kind == 2:
        at = _text(cursor, "JSON", "")
        cursor.note("binary", in_words(cursor.prefixed("binary", clause=SOURCE, size=4)), words, SOURCE)
    elif kind in (5, 6):
        at = _text(cursor, "string", words)
    elif kind == 7:
        while cursor.left:
            at = _group(cursor)
    return at


def _time(cursor: Cursor) -> None:
    year, month, day, hour, minute, second = cursor.take(6, "time")
    value = f"{2000 + year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
    cursor.note("time", value, "year since 2000, month, day, hour, minute, second", SOURCE)


def _text(cursor: Cursor, name: str, words: str) -> int:
    value = cursor.prefixed(name, clause=SOURCE)
    at = cursor.start
    cursor.note(name, in_words(value), words, SOURCE)
    return at


def _group(cursor: Cursor) -> int:
    cursor.number("group", clause=SOURCE)
    at = cursor.start
    n = cursor.number("number of floats", clause=SOURCE)
    if 4 * n > cursor.left:
        raise Fault(cursor.start, f"{count(n, 'float')} of 4 bytes, {cursor.left} bytes are left", "no more than that")
    values = struct.unpack(f"<{n}f", cursor.take(4 * n, "floats"))
    text = ", ".join(f"{value:.7g}" for value in values[:_SHOWN])
    cursor.note("floats", text + (", …" if n > _SHOWN else ""), "least significant byte first", SOURCE)
    return at


def _in_words(points: list[DataPoint]) -> str:
    words = []
    for point in points[:_SHOWN]:
        value = point.value
        value = in_words(value) if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False)
        at = f" at {point.at}" if point.at else ""
        words.append(in_words(f"{point.stream} = {value}{at}".encode("utf-8", "surrogatepass")))
    more = len(points) - _SHOWN
    return ", ".join(words) + (f" and {more} more" if more > 0 else "")
