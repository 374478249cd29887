"""Which triggers have fired, and what came of it, in the data file."""

import asyncio
import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .database import Database, microseconds, utc, utc_now
from .model import TriggerFired

KEPT = 1000
"""Of each device; beyond that the oldest go."""


@dataclass(frozen=True)
class Firing:
    """outcome: what was told to whom, and how that went; empty where only the console was to be told."""

    at: datetime
    title: str
    stream: str
    value: Any
    outcome: str


class TriggerLog:
    """The log of all devices' triggers."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def add(self, fired: TriggerFired, outcome: str) -> "asyncio.Future[Any]":
        row = [fired.device_id, microseconds(utc_now()), fired.title, fired.stream, json.dumps(fired.value), outcome]

        def job(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO trigger_log (device_id, at, title, stream, value, outcome) VALUES (?, ?, ?, ?, ?, ?)", row
            )
            db.execute(
                "DELETE FROM trigger_log WHERE device_id = ?1 AND number <="
                " (SELECT number FROM trigger_log WHERE device_id = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
                [fired.device_id, KEPT],
            )

        return self._file.later(job)

    def latest(self, device_id: str, limit: int) -> list[Firing]:
        """Newest first."""
        rows = self._file.rows(
            "SELECT at, title, stream, value, outcome FROM trigger_log WHERE device_id = ?"
            " ORDER BY number DESC LIMIT ?",
            *(device_id, limit),
        )
        return [Firing(utc(at), title, stream, json.loads(value), said) for at, title, stream, value, said in rows]
