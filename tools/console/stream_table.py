"""What is said of data streams besides their data points: that they are to be there, their units and tags."""

import json
from datetime import datetime, timezone
from typing import Any

from .database import Database, microseconds, utc
from .model import DescribedStream


class StreamTable:
    """The descriptions of all devices' streams."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def of_device(self, device_id: str) -> dict[str, DescribedStream]:
        """By id."""
        rows = self._file.rows(
            "SELECT id, created, unit, unit_symbol, tags FROM stream_descriptions WHERE device_id = ?", device_id
        )
        return {
            id: DescribedStream(id, utc(created), unit, symbol, tuple(json.loads(tags)))
            for id, created, unit, symbol, tags in rows
        }

    def describe(self, device_id: str, stream_id: str, attributes: dict[str, Any]) -> None:
        """unit, unit_symbol and tags, as far as given; makes the description if there is none."""
        known = self.of_device(device_id).get(stream_id) or DescribedStream(stream_id, datetime.now(timezone.utc))
        said = {"unit": known.unit, "unit_symbol": known.unit_symbol, "tags": known.tags, **attributes}
        row = [device_id, stream_id, microseconds(known.created), said["unit"], said["unit_symbol"]]
        with self._file.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO stream_descriptions VALUES (?, ?, ?, ?, ?, ?)", [*row, json.dumps(said["tags"])]
            )

    def remove(self, device_id: str, stream_id: str) -> None:
        with self._file.transaction() as db:
            db.execute("DELETE FROM stream_descriptions WHERE device_id = ? AND id = ?", [device_id, stream_id])
