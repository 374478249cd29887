"""Binary data that devices have sent, which data points name by their index."""

import asyncio
import sqlite3
from dataclasses import dataclass
from typing import Any

from .database import Database

FILES_KEPT = 100
"""Of a device; beyond that the oldest go, and their data points name what is not there any more."""


@dataclass(frozen=True)
class File:
    """The bytes of one data point. at: microseconds."""

    index: str
    device_id: str
    stream: str
    at: int
    description: str
    data: bytes


class FileTable:
    """The binary data of all devices."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def add(self, file: File) -> "asyncio.Future[Any]":
        """The future is done when it is on the disk."""

        def job(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT OR REPLACE INTO files (name, device_id, stream, at, description, data)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [file.index, file.device_id, file.stream, file.at, file.description, file.data],
            )
            db.execute(
                "DELETE FROM files WHERE device_id = ?1 AND number <="
                " (SELECT number FROM files WHERE device_id = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
                [file.device_id, FILES_KEPT],
            )

        return self._file.later(job)

    def find(self, index: str) -> File | None:
        rows = self._file.rows("SELECT name, device_id, stream, at, description, data FROM files WHERE name = ?", index)
        return File(*rows[0]) if rows else None
