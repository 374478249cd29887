"""Events that devices have reported, in the data file."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from ..database import Database, microseconds, utc
from ..model import ThingEvent

EVENTS_KEPT = 1000
"""Of a device; beyond that those reported first go."""


class EventTable:
    """The events of all devices."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def add(self, device_id: str, events: Sequence[ThingEvent]) -> "asyncio.Future[Any]":
        rows = [(device_id, it.identifier, microseconds(it.at), json.dumps(it.value)) for it in events]

        def job(db: Any) -> None:
            db.executemany("INSERT INTO studio_events (device_id, identifier, at, value) VALUES (?, ?, ?, ?)", rows)
            db.execute(
                "DELETE FROM studio_events WHERE device_id = ?1 AND number <="
                " (SELECT number FROM studio_events WHERE device_id = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
                [device_id, EVENTS_KEPT],
            )

        return self._file.later(job)

    def latest(self, device_id: str, limit: int, offset: int = 0, start: int = 0, end: int = 2**62) -> list[ThingEvent]:
        """The latest so many from `start` to before `end`, newest first."""
        rows = self._file.rows(
            "SELECT identifier, at, value FROM studio_events WHERE device_id = ? AND at >= ? AND at < ?"
            " ORDER BY at DESC, number DESC LIMIT ? OFFSET ?",
            *(device_id, start, end, limit, offset),
        )
        return [ThingEvent(identifier, json.loads(value), utc(at)) for identifier, at, value in rows]
