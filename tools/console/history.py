"""The numbers of a data stream over a span of time, as few as a chart can show.

Up to MOST data points are given as they are. More are gathered: the span is divided into buckets of equal length, and
of each that has points their minimum, maximum, mean and count are given, so that no spike is lost. SQLite does that, in
a thread: 100,000 points take it a tenth of a second, in which the console does everything else.
"""

import json
import sqlite3
from dataclasses import dataclass
from itertools import pairwise
from statistics import quantiles
from typing import Any

from .numbers import BIGGEST, number_of

MOST = 1000
"""Data points that are given as they are."""

_GAP = 5  # times the usual pause; a longer one is a gap
_NUMBER = f"""
    SELECT at, number FROM (
        SELECT at, CASE
            WHEN value GLOB '[0-9]*' OR value GLOB '-[0-9]*' THEN CAST(value AS REAL)
            WHEN value = 'true' THEN 1.0
            WHEN value = 'false' THEN 0.0
            WHEN value GLOB '"*' THEN number_in_text(value)
        END AS number FROM points WHERE stream = :stream AND at >= :start AND at < :end
    ) WHERE abs(number) < {BIGGEST}
"""
"""The points that can be drawn; true and false are 1 and 0."""
_GATHERED = "min(at), max(at), min(number), max(number), avg(number), count(*)"


@dataclass(frozen=True)
class Gathered:
    """One data point, or several: when they were, in microseconds, and the range and mean of their values."""

    first: int
    last: int
    low: float
    high: float
    mean: float
    count: int


@dataclass(frozen=True)
class History:
    """What there is to draw of a stream."""

    entries: list[Gathered]
    """In order of time. Each is one point unless is_gathered."""
    is_gathered: bool
    facts: Gathered | None
    """Of the span that was asked for, without its margins; None if nothing is in it."""
    pause: float
    """Microseconds beyond which there is a gap between two entries."""


def span_of(device_id: str, streams: list[str], db: sqlite3.Connection) -> tuple[int, int] | None:
    """From the first to the last point of these streams; None if there is none."""
    found = [row for name in streams for row in db.execute(
        "SELECT min(points.at), max(points.at) FROM streams JOIN points ON stream = number"
        " WHERE device_id = ? AND id = ?", [device_id, name]) if row[0] is not None]  # fmt: skip
    return (min(row[0] for row in found), max(row[1] for row in found)) if found else None


def history(
    device_id: str, stream: str, start: int, end: int, margin: int, buckets: int, db: sqlite3.Connection
) -> History:
    """Of a stream from `start` to before `end`, and of as much as `margin` before and after that.

    All times in microseconds; buckets: in start to end.
    """
    db.create_function("number_in_text", 1, _number_in_text, deterministic=True)
    row = db.execute("SELECT number FROM streams WHERE device_id = ? AND id = ?", [device_id, stream]).fetchone()
    if row is None:
        return History([], False, None, 0)
    wide = {"stream": row[0], "start": start - margin, "end": end + margin, "step": max(1, (end - start) // buckets)}
    found = db.execute(f"{_NUMBER} ORDER BY at LIMIT {MOST + 1}", wide).fetchall()
    is_gathered = len(found) > MOST
    if is_gathered:
        query = f"SELECT {_GATHERED} FROM ({_NUMBER}) GROUP BY at / :step ORDER BY 1"
        entries = [Gathered(*row) for row in db.execute(query, wide)]
    else:
        beside = [*_beside(db, row[0], start - margin, False), *found, *_beside(db, row[0], end + margin, True)]
        entries = [Gathered(at, at, number, number, number, 1) for at, number in beside]
    within = {"stream": row[0], "start": start, "end": end}
    (facts,) = db.execute(f"SELECT {_GATHERED} FROM ({_NUMBER})", within).fetchall()
    return History(entries, is_gathered, Gathered(*facts) if facts[-1] else None, _GAP * _usual_pause(entries))


def _beside(db: sqlite3.Connection, stream: int, at: int, after: bool) -> list[Any]:
    """The next point before or after a time, so that a line leads out of the chart."""
    span = {"start": at, "end": 2**62} if after else {"start": -(2**62), "end": at}
    order = "ASC" if after else "DESC"
    return db.execute(f"{_NUMBER} ORDER BY at {order} LIMIT 1", {"stream": stream, **span}).fetchall()


def _usual_pause(entries: list[Gathered]) -> float:
    """Between two points: three of four pauses are not longer."""
    pauses = [(entry.last - entry.first) / (entry.count - 1) for entry in entries if entry.count > 1]
    pauses += [after.first - before.last for before, after in pairwise(entries)]
    if len(pauses) < 2:
        return float("inf")
    return quantiles(pauses, n=4, method="inclusive")[2] if len(pauses) > 3 else min(pauses)


def _number_in_text(value: str) -> float | None:
    return number_of(json.loads(value))
