"""Desired values: what a property is to be, kept by the platform until the device has fetched and deleted it."""

import json
from collections.abc import Iterable
from typing import Any

from ..database import Database, microseconds, utc_now
from ..model import Desired


class DesiredTable:
    """The desired values of all devices. Versions count from 1, and start over after a delete [studio docs]."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def all(self, device_id: str) -> dict[str, Desired]:
        """By identifier."""
        rows = self._file.rows(
            "SELECT identifier, value, version FROM studio_desired WHERE device_id = ? ORDER BY identifier", device_id
        )
        return {identifier: Desired(json.loads(value), version) for identifier, value, version in rows}

    def set(self, device_id: str, values: dict[str, Any]) -> None:
        at = microseconds(utc_now())
        with self._file.transaction() as db:
            db.executemany(
                "INSERT INTO studio_desired VALUES (?, ?, ?, 1, ?) ON CONFLICT (device_id, identifier)"
                " DO UPDATE SET value = excluded.value, version = version + 1, at = excluded.at",
                [(device_id, identifier, json.dumps(value), at) for identifier, value in values.items()],
            )

    def delete(self, device_id: str, versions: Iterable[tuple[str, int | None]]) -> None:
        """Deletes what has still this version; whatever it has, if it is None."""
        with self._file.transaction() as db:
            db.executemany(
                "DELETE FROM studio_desired WHERE device_id = ?1 AND identifier = ?2 AND (?3 IS NULL OR version <= ?3)",
                [(device_id, identifier, version) for identifier, version in versions],
            )
