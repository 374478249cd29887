"""Topics that were made by a call of the HTTP API."""

from .database import Database


class TopicTable:
    """Their names."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def all(self) -> set[str]:
        return {name for (name,) in self._file.rows("SELECT name FROM topics")}

    def add(self, name: str) -> None:
        with self._file.transaction() as db:
            db.execute("INSERT OR IGNORE INTO topics VALUES (?)", [name])

    def remove(self, name: str) -> bool:
        """Returns whether it was there."""
        with self._file.transaction() as db:
            return bool(db.execute("DELETE FROM topics WHERE name = ?", [name]).rowcount)
