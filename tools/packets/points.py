"""The payload of a PUBLISH to OneNET's $dp, byte by byte. What is legal is what datapoints.decode() takes."""

import json
import struct

from ..datapoints import DataPoint, decode
from ..language import N_, _, listed
from .cursor import Cursor, Fault, count, in_words

SOURCE = "OneNET $dp"
"""In place of a clause: the layouts are the platform's."""

_TYPES = {
    1: N_("JSON: streams with data points"),
    2: N_("JSON that describes, and a binary"),
    3: N_("JSON: value by stream"),
    4: N_("JSON: value by stream and time"),
    5: N_("string of fields"),
    6: N_("string of fields, with or without a time"),
    7: N_("floats, with or without a time"),
}
_SHOWN = 12  # data points in words


def explain_points(cursor: Cursor) -> str:
    """Walks from cursor.at to cursor.end; returns the data points in one line. Raises Fault."""
    cursor.within = N_("payload")
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
        raise Fault(content, _("bad $dp payload: {wrong}").format(wrong=wrong))
    if cursor.left:
        raise Fault(
            cursor.at,
            _("{left} after the last field").format(left=count(cursor.left, "byte")),
            _("the end of the payload"),
        )
    return words


def _walk(cursor: Cursor, words: str) -> int:
    """Makes the fields; returns where what matters begins. Raises Fault where a length does not fit."""
    first = cursor.byte(N_("type of $dp"))
    at = cursor.start
    kind, timed = first & 0x3F, first >> 7
    bits = (
        (
            "7",
            f"{timed}",
            (_("six bytes of time follow") if timed else _("no time")) if kind in (6, 7) else _("not used"),
        ),
        ("6", f"{first >> 6 & 1}", _("reserved")),
        ("5-0", f"{kind:06b}", _("type {kind}").format(kind=kind)),
    )
    cursor.note(
        N_("type of $dp"),
        _("type {kind}").format(kind=kind),
        _(_TYPES[kind]) if kind in _TYPES else _("OneNET has none of this number"),
        SOURCE,
        bits,
    )
    if kind in (6, 7) and timed:
        _time(cursor)
    if kind in (1, 3, 4):
        at = _text(cursor, N_("JSON"), words)
    elif kind == 2:
        at = _text(cursor, N_("JSON"), "")
        cursor.note(N_("binary"), in_words(cursor.prefixed(N_("binary"), clause=SOURCE, size=4)), words, SOURCE)
    elif kind in (5, 6):
        at = _text(cursor, N_("string"), words)
    elif kind == 7:
        while cursor.left:
            at = _group(cursor)
    return at


def _time(cursor: Cursor) -> None:
    year, month, day, hour, minute, second = cursor.take(6, N_("time"))
    value = f"{2000 + year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
    cursor.note(N_("time"), value, _("year since 2000, month, day, hour, minute, second"), SOURCE)


def _text(cursor: Cursor, name: str, words: str) -> int:
    value = cursor.prefixed(name, clause=SOURCE)
    at = cursor.start
    cursor.note(name, in_words(value), words, SOURCE)
    return at


def _group(cursor: Cursor) -> int:
    cursor.number(N_("group"), clause=SOURCE)
    at = cursor.start
    n = cursor.number(N_("number of floats"), clause=SOURCE)
    if 4 * n > cursor.left:
        raise Fault(
            cursor.start,
            _("{n} of 4 bytes, {left} bytes are left").format(n=count(n, "float"), left=cursor.left),
            _("no more than that"),
        )
    values = struct.unpack(f"<{n}f", cursor.take(4 * n, N_("floats")))
    text = ", ".join(f"{value:.7g}" for value in values[:_SHOWN])
    cursor.note(N_("floats"), text + (", …" if n > _SHOWN else ""), _("least significant byte first"), SOURCE)
    return at


def _in_words(points: list[DataPoint]) -> str:
    words = []
    for point in points[:_SHOWN]:
        value = point.value
        value = in_words(value) if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False)
        at = _(" at {at}").format(at=point.at) if point.at else ""
        words.append(in_words(f"{point.stream} = {value}{at}".encode("utf-8", "surrogatepass")))
    more = len(points) - _SHOWN
    return listed(words) + (_(" and {more} more").format(more=more) if more > 0 else "")
