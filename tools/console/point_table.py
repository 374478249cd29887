"""Data streams and their data points in the data file."""

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .database import Database, microseconds, utc
from .model import Point, Stream

POINTS_KEPT = 100_000
"""Data points kept of a stream at least; beyond that the oldest go."""
STREAMS_KEPT = 500
"""Streams a device may have."""

_SPARE = POINTS_KEPT // 100  # points of a stream that may come until its oldest are looked for


@dataclass(frozen=True)
class NewPoint:
    """A data point to be stored; `value` is its JSON, `at` in microseconds."""

    device_id: str
    stream: str
    at: int
    value: str


@dataclass(frozen=True)
class Row:
    """A data point with its place in the order of a query: by time, then by stream."""

    stream: str
    number: int
    at: int
    value: Any


class PointTable:
    """The data streams of all devices."""

    def __init__(self, file: Database) -> None:
        self._file = file
        self._since_trim: dict[tuple[str, str], int] = {}

    def add(self, points: list[NewPoint]) -> "asyncio.Future[Any]":
        """Stores them in this order: of two with the same stream and time, the later stays. A stream is made if the
        device has none of that id; points of a device that is not there any more are dropped."""
        return self._file.later(lambda db: self._insert(db, points))

    def _insert(self, db: sqlite3.Connection, points: list[NewPoint]) -> None:
        now = microseconds(datetime.now(timezone.utc))
        latest: dict[tuple[str, str], NewPoint] = {}
        for point in points:
            name = (point.device_id, point.stream)
            if name not in latest or point.at >= latest[name].at:
                latest[name] = point
        db.executemany(
            "INSERT INTO streams (device_id, id, created, at, value)"
            " SELECT ?1, ?2, ?3, ?4, ?5 FROM devices WHERE id = ?1"
            " ON CONFLICT (device_id, id) DO UPDATE SET at = ?4, value = ?5 WHERE at <= ?4",
            [(point.device_id, point.stream, now, point.at, point.value) for point in latest.values()],
        )
        db.executemany(
            "INSERT OR REPLACE INTO points SELECT number, ?3, ?4 FROM streams WHERE device_id = ?1 AND id = ?2",
            [(point.device_id, point.stream, point.at, point.value) for point in points],
        )
        for name, count in Counter((point.device_id, point.stream) for point in points).items():
            self._since_trim[name] = self._since_trim.get(name, _SPARE) + count  # the first since the start looks
            if self._since_trim[name] > _SPARE:
                self._trim(db, *name)
                self._since_trim[name] = 0

    def _trim(self, db: sqlite3.Connection, device_id: str, stream: str) -> None:
        row = db.execute("SELECT number FROM streams WHERE device_id = ? AND id = ?", [device_id, stream]).fetchone()
        if row:
            db.execute(
                "DELETE FROM points WHERE stream = ?1 AND at <"
                " (SELECT at FROM points WHERE stream = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)",
                [row[0], POINTS_KEPT - 1],
            )

    def stream_ids(self, device_id: str) -> set[str]:
        return {stream for (stream,) in self._file.rows("SELECT id FROM streams WHERE device_id = ?", device_id)}

    def streams(self, device_id: str) -> list[Stream]:
        """By id."""
        rows = self._file.rows("SELECT id, value, at, created FROM streams WHERE device_id = ? ORDER BY id", device_id)
        return [Stream(id, json.loads(value), utc(at), utc(created)) for id, value, at, created in rows]

    def latest(self, device_id: str, stream: str, limit: int, start: int | None, end: int | None) -> list[Point]:
        """The latest so many of a stream from `start` to before `end`, oldest first."""
        rows = self._file.rows(
            "SELECT points.at, points.value FROM points JOIN streams ON stream = number"
            " WHERE device_id = ? AND id = ? AND points.at >= ? AND points.at < ? ORDER BY points.at DESC LIMIT ?",
            *(device_id, stream, _least(start), _most(end), limit),
        )
        return [Point(json.loads(value), utc(at)) for at, value in reversed(rows)]

    def rows(
        self,
        device_id: str,
        streams: Iterable[str] | None,
        start: int | None,
        end: int | None,
        after: tuple[int, int] | None,
        limit: int,
        newest_first: bool = False,
    ) -> list[Row]:
        """Data points of several streams (None: all), from `start` to before `end`, in order of time and stream.

        after: time and stream number of the last one already had.
        """
        wanted = None if streams is None else set(streams)
        numbers = {
            number: stream
            for number, stream in self._file.rows("SELECT number, id FROM streams WHERE device_id = ?", device_id)
            if wanted is None or stream in wanted
        }
        order, beyond = ("DESC", "<") if newest_first else ("ASC", ">")
        found: list[Row] = []
        for number, stream in numbers.items():  # each by its own index; together they hold what is asked for
            query = "SELECT at, value FROM points WHERE stream = ? AND at >= ? AND at < ?"
            values: list[Any] = [number, _least(start), _most(end)]
            if after is not None:
                same = number < after[1] if newest_first else number > after[1]
                query += f" AND at {beyond}{'=' if same else ''} ?"
                values.append(after[0])
            rows = self._file.rows(f"{query} ORDER BY at {order} LIMIT ?", *values, limit)
            found += [Row(stream, number, at, value) for at, value in rows]
        found.sort(key=lambda row: (row.at, row.number), reverse=newest_first)
        return [Row(row.stream, row.number, row.at, json.loads(row.value)) for row in found[:limit]]

    def remove(self, device_id: str, stream: str, start: int | None, end: int | None) -> "asyncio.Future[Any]":
        """Removes its points from `start` to before `end`; the future has 0 if none is left."""

        def job(db: sqlite3.Connection) -> int:
            row = db.execute(
                "SELECT number FROM streams WHERE device_id = ? AND id = ?", [device_id, stream]
            ).fetchone()
            if row is None:
                return 0
            span = [row[0], _least(start), _most(end)]
            db.execute("DELETE FROM points WHERE stream = ? AND at >= ? AND at < ?", span)
            query = "SELECT at, value FROM points WHERE stream = ? ORDER BY at DESC LIMIT 1"
            latest = db.execute(query, row).fetchone()
            if latest is None:
                return 0
            db.execute("UPDATE streams SET at = ?, value = ? WHERE number = ?", [*latest, row[0]])
            return 1

        return self._file.later(job)

    def remove_stream(self, device_id: str, stream: str) -> "asyncio.Future[Any]":
        """Removes it. purge() then removes its data points."""
        row = [device_id, stream]
        query = "UPDATE streams SET device_id = NULL WHERE device_id = ? AND id = ?"
        return self._file.later(lambda db: db.execute(query, row))

    def purge(self) -> None:
        """Removes data points of removed devices and streams, some at a time, so that others can write in between."""
        while True:
            with self._file.transaction() as db:
                row = db.execute("SELECT number FROM streams WHERE device_id IS NULL LIMIT 1").fetchone()
                if row is None:
                    return
                gone = db.execute(
                    "DELETE FROM points WHERE stream = ?1 AND at <= coalesce("
                    "(SELECT at FROM points WHERE stream = ?1 ORDER BY at LIMIT 1 OFFSET 5000), 9e18)",
                    row,
                ).rowcount
                if gone <= 5000:
                    db.execute("DELETE FROM streams WHERE number = ?", row)


def _least(at: int | None) -> int:
    return -(2**62) if at is None else at


def _most(at: int | None) -> int:
    return 2**62 if at is None else at
