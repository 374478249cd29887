"""Files of devices of the current platform: pictures mostly, which a property names by their fid."""

import uuid
from dataclasses import dataclass

from ..database import Database, microseconds, utc_now

MOST = 20 * 1024 * 1024
"""Bytes of a file [API list]."""
MOST_OF_A_DEVICE = 1000  # [studio docs]
SPACE = 1 << 30
"""Bytes of all files of an account [studio docs]."""
SUFFIXES = ("jpg", "jpeg", "png", "bmp", "gif", "webp", "tiff", "txt")  # [API list]


@dataclass(frozen=True)
class StoredFile:
    """What is known of a file. created: microseconds."""

    fid: str
    device_id: str
    name: str
    size: int
    created: int


class StudioFiles:
    """The files of all devices. What is over a bound is refused, not taken in place of older ones."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def add(self, device_id: str, name: str, data: bytes) -> str:
        """Returns its fid: 32 hex digits [studio docs]."""
        fid = uuid.uuid4().hex
        with self._file.transaction() as db:
            db.execute(
                "INSERT INTO studio_files (fid, device_id, name, created, data) VALUES (?, ?, ?, ?, ?)",
                [fid, device_id, name, microseconds(utc_now()), data],
            )
        return fid

    def find(self, fid: str) -> StoredFile | None:
        found = self._found("WHERE fid = ?", fid)
        return found[0] if found else None

    def data(self, fid: str) -> bytes:
        """Of one that is there."""
        data: bytes = self._file.rows("SELECT data FROM studio_files WHERE fid = ?", fid)[0][0]
        return data

    def latest(self, limit: int, offset: int) -> list[StoredFile]:
        """Of all devices, the newest first."""
        return self._found("ORDER BY number DESC LIMIT ? OFFSET ?", limit, offset)

    def count(self, device_id: str = "") -> int:
        """How many a device has; all without one."""
        where = "WHERE device_id = ?1" if device_id else "WHERE ?1 = ''"
        count: int = self._file.rows(f"SELECT COUNT(*) FROM studio_files {where}", device_id)[0][0]
        return count

    def used(self) -> int:
        """Bytes of all files."""
        used: int = self._file.rows("SELECT COALESCE(SUM(LENGTH(data)), 0) FROM studio_files")[0][0]
        return used

    def remove(self, fid: str) -> None:
        with self._file.transaction() as db:
            db.execute("DELETE FROM studio_files WHERE fid = ?", [fid])

    def _found(self, where: str, *values: str | int) -> list[StoredFile]:
        rows = self._file.rows(f"SELECT fid, device_id, name, LENGTH(data), created FROM studio_files {where}", *values)
        return [StoredFile(*row) for row in rows]
