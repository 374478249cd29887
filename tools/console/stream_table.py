"""What is said of data streams besides their data points: that they are to be there, their units, tags and titles."""

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from .database import Database, microseconds, utc
from .model import DescribedStream

_COLUMNS = "id, created, unit, unit_symbol, tags, title, hidden"


class StreamTable:
    """The descriptions of all devices' streams."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def of_device(self, device_id: str) -> dict[str, DescribedStream]:
        """By id."""
        rows = self._file.rows(f"SELECT {_COLUMNS} FROM stream_descriptions WHERE device_id = ?", device_id)
        return {row[0]: _described(*row) for row in rows}

    def all(self) -> dict[str, dict[str, DescribedStream]]:
        """By device and id."""
        found: dict[str, dict[str, DescribedStream]] = {}
        for device_id, *row in self._file.rows(f"SELECT device_id, {_COLUMNS} FROM stream_descriptions"):
            found.setdefault(device_id, {})[row[0]] = _described(*row)
        return found

    def describe(self, device_id: str, stream_id: str, attributes: dict[str, Any]) -> None:
        """unit, unit_symbol, tags, title and hidden, as far as given; makes the description if there is none."""
        known = self.of_device(device_id).get(stream_id) or DescribedStream(stream_id, datetime.now(timezone.utc))
        said = replace(known, **attributes)
        row = [device_id, stream_id, microseconds(said.created), said.unit, said.unit_symbol]
        row += [json.dumps(said.tags), said.title, said.hidden]
        with self._file.transaction() as db:
            db.execute(
                f"INSERT OR REPLACE INTO stream_descriptions (device_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def remove(self, device_id: str, stream_id: str) -> None:
        with self._file.transaction() as db:
            db.execute("DELETE FROM stream_descriptions WHERE device_id = ? AND id = ?", [device_id, stream_id])


def _described(id: str, created: int, unit: str, symbol: str, tags: str, title: str, hidden: int) -> DescribedStream:
    return DescribedStream(id, utc(created), unit, symbol, tuple(json.loads(tags)), title, bool(hidden))
