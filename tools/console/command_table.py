"""Commands and their replies in the data file."""

import asyncio
import sqlite3
from collections.abc import Iterator
from typing import Any

from .database import Database, microseconds, utc, utc_now
from .model import Command, CommandStatus

COMMANDS_KEPT = 1000
"""Commands kept of a device; beyond that the oldest go."""


class CommandTable:
    """The commands to all devices."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def add(self, command: Command, again: bool, expires: int) -> "asyncio.Future[Any]":
        """again: whether it is sent at the next login too, if it is unanswered then; expires: microseconds."""

        def job(db: sqlite3.Connection) -> None:
            created = microseconds(command.created)
            row = [command.uuid, command.device_id, command.payload, command.status, created, again, expires]
            db.execute(
                "INSERT INTO commands (uuid, device_id, payload, status, created, again, expires)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            db.execute(
                "DELETE FROM commands WHERE device_id = ?1 AND number <="
                " (SELECT number FROM commands WHERE device_id = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
                [command.device_id, COMMANDS_KEPT],
            )

        return self._file.later(job)

    def set_sent(self, uuid: str) -> "asyncio.Future[Any]":
        """Now; of several times the first is kept."""
        row = [CommandStatus.CREATED, CommandStatus.SENT, microseconds(utc_now()), uuid]
        query = "UPDATE commands SET status = iif(status = ?, ?, status), sent = coalesce(sent, ?) WHERE uuid = ?"
        return self._file.later(lambda db: db.execute(query, row))

    def set_reply(self, uuid: str, reply: bytes, seconds: float | None) -> "asyncio.Future[Any]":
        """The first reply is the one; the future says whether this was it."""
        row = [CommandStatus.REPLIED, reply, seconds, microseconds(utc_now()), uuid, CommandStatus.REPLIED]
        query = "UPDATE commands SET status = ?, reply = ?, seconds = ?, replied = ? WHERE uuid = ? AND status != ?"
        return self._file.later(lambda db: db.execute(query, row).rowcount == 1)

    def find(self, uuid: str) -> Command | None:
        return next(self._found("uuid = ?", uuid), None)

    def latest(self, device_id: str, limit: int) -> list[Command]:
        """The latest so many, newest first."""
        return list(self._found("device_id = ? ORDER BY number DESC LIMIT ?", device_id, limit))

    def waiting(self, device_id: str, now: int) -> list[Command]:
        """Those to be sent at a login, oldest first."""
        return list(
            self._found(
                "device_id = ? AND expires > ? AND (status = ? OR again AND status = ?) ORDER BY number",
                device_id,
                now,
                CommandStatus.CREATED,
                CommandStatus.SENT,
            )
        )

    def _found(self, where: str, *values: Any) -> Iterator[Command]:
        rows = self._file.rows(
            "SELECT uuid, device_id, payload, status, created, reply, seconds, sent, replied, expires FROM commands"
            f" WHERE {where}",
            *values,
        )
        for uuid_, device_id, payload, status, created, reply, seconds, *times in rows:
            sent, replied, expires = (None if at is None else utc(at) for at in times)
            known = CommandStatus(status), utc(created), reply, seconds, sent, replied, expires
            yield Command(uuid_, device_id, payload, *known)
