"""The console's data file, in SQLite: product, devices, data streams, data points and commands.

Times in it are microseconds since 1970, in UTC. What arrives by the thousand is written by a thread of its own, many
at a time, so that neither the event loop nor a disk's flush waits for the other; the rest is written where it is asked.
"""

import asyncio
import contextlib
import json
import os
import secrets
import sqlite3
import string
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import platformdirs

from .model import Command, CommandStatus, Device, Point, Stream

POINTS_KEPT = 100_000
"""Data points kept of a stream at least; beyond that the oldest go."""
STREAMS_KEPT = 500
"""Streams a device may have."""
COMMANDS_KEPT = 1000
"""Commands kept of a device; beyond that the oldest go."""

_VERSION = 1
_SPARE = POINTS_KEPT // 100  # points of a stream that may come until its oldest are looked for
_GATHER = 0.01  # seconds in which what comes goes into one transaction
_UNSTORABLE = (sqlite3.Error, ValueError, OverflowError)
"""What SQLite raises where it can't do something, be it for the sake of a value."""

_SCHEMA = """
CREATE TABLE product (id TEXT NOT NULL, master_key TEXT NOT NULL, register_code TEXT NOT NULL);
CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    auth_info TEXT NOT NULL UNIQUE,
    api_key TEXT NOT NULL UNIQUE,
    serial TEXT UNIQUE,
    about TEXT NOT NULL,
    created INTEGER NOT NULL,
    since INTEGER
) WITHOUT ROWID;
CREATE TABLE streams (
    number INTEGER PRIMARY KEY,
    device_id TEXT,
    id TEXT NOT NULL,
    created INTEGER NOT NULL,
    at INTEGER NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (device_id, id)
);
CREATE TABLE points (
    stream INTEGER NOT NULL,
    at INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (stream, at)
) WITHOUT ROWID;
CREATE TABLE commands (
    number INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    device_id TEXT NOT NULL,
    payload BLOB NOT NULL,
    status INTEGER NOT NULL,
    created INTEGER NOT NULL,
    again INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    reply BLOB,
    seconds REAL
);
CREATE INDEX commands_of_a_device ON commands (device_id, number);
"""


class StoreError(Exception):
    """The data file can't be used; says why."""


@dataclass(frozen=True)
class Product:
    """What all devices of the console share. The keys are secrets."""

    id: str
    master_key: str
    register_code: str


@dataclass(frozen=True)
class Credentials:
    """What a device may log in with: either is a password."""

    auth_info: str
    api_key: str


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


def default_file() -> Path:
    """Where the console keeps its data unless told otherwise."""
    return platformdirs.user_data_path("onenet", appauthor=False) / "console.sqlite3"


def read_product(path: Path | None = None) -> Product:
    """The product of a data file, with its keys, whether or not a console uses it. Raises StoreError."""
    path = path or default_file()
    if not path.exists():
        raise StoreError(f"{path} does not exist: start the console once, with onenet console")
    store = Store(path)
    try:
        return store.product()
    finally:
        store.close()


def microseconds(when: datetime) -> int:
    return round(when.timestamp() * 1_000_000)


def utc(at: int) -> datetime:
    """That many microseconds since 1970, as a time in UTC."""
    seconds, rest = divmod(at, 1_000_000)
    return datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest)


class Store:
    """A data file, made if missing: then with this product id, keys of its own and no device.

    May be open in several programs at once. Raises StoreError if it can't be opened.
    """

    def __init__(self, path: Path, product_id: str = "") -> None:
        self.path = path
        self._lock = threading.Lock()  # of the connection that writes
        self._pending: list[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._writer = ThreadPoolExecutor(1, "store")
        self._since_trim: dict[tuple[str, str], int] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))  # it holds keys and auth-infos
            with contextlib.ExitStack() as stack:
                self._write = stack.enter_context(contextlib.closing(_connect(path)))
                self._set_up(product_id)
                self._read = stack.enter_context(contextlib.closing(_connect(path)))
                self._connections = stack.pop_all()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: {error}") from error

    def _set_up(self, product_id: str) -> None:
        with self._transaction() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise StoreError(f"{self.path}: its layout is of version {version}; this onenet knows {_VERSION}")
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
                row = (product_id, _key(28), _key(16))
                db.execute("INSERT INTO product VALUES (?, ?, ?)", row)
                db.execute(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        """Closes it. What flush() has not waited for is lost."""
        self._writer.shutdown()
        self._connections.close()

    # Writing

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            db = self._write
            try:
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                    db.execute("COMMIT")
                finally:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
            except _UNSTORABLE as error:
                raise StoreError(f"{self.path}: {error}") from error

    def later(self, job: Callable[[sqlite3.Connection], Any]) -> "asyncio.Future[Any]":
        """Runs a job in the writer's thread, in turn, in one transaction with those beside it.

        The future has its result once that is on the disk; StoreError if it can't be.
        """
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending.append((job, done))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return done

    @property
    def backlog(self) -> int:
        """Jobs that wait for the disk."""
        return len(self._pending)

    async def flush(self) -> None:
        """Waits until everything has been written that was asked for before."""
        while self._flushing is not None:
            await asyncio.shield(self._flushing)

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pending:
            await asyncio.sleep(_GATHER)
            batch, self._pending = self._pending, []
            try:
                results = await loop.run_in_executor(self._writer, self._run, [job for job, _ in batch])
            except StoreError as error:
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
                continue
            for (_, done), result in zip(batch, results, strict=True):
                if not done.done():
                    done.set_result(result)
        self._flushing = None

    def _run(self, jobs: Iterable[Callable[[sqlite3.Connection], Any]]) -> list[Any]:
        with self._transaction() as db:
            return [job(db) for job in jobs]

    # Reading

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            return self._read.execute(query, values).fetchall()
        except _UNSTORABLE as error:
            raise StoreError(f"{self.path}: {error}") from error

    # Product and devices

    def product(self) -> Product:
        return Product(*self._rows("SELECT id, master_key, register_code FROM product")[0])

    def set_product_id(self, product_id: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE product SET id = ?", [product_id])

    def devices(self) -> list[Device]:
        """All devices by id, each as if it were offline."""
        product_id = self.product().id
        rows = self._rows("SELECT id, title, auth_info, created, since FROM devices ORDER BY length(id), id")
        return [_device(product_id, *row) for row in rows]

    def device(self, device_id: str) -> Device | None:
        return self._device("id", device_id)

    def device_with(self, *, auth_info: str = "", serial: str = "", api_key: str = "") -> Device | None:
        """The one device that has it."""
        if serial:
            return self._device("serial", serial)
        return self._device("api_key", api_key) if api_key else self._device("auth_info", auth_info)

    def _device(self, column: str, value: str) -> Device | None:
        rows = self._rows(f"SELECT id, title, auth_info, created, since FROM devices WHERE {column} = ?", value)
        return _device(self.product().id, *rows[0]) if rows else None

    def credentials(self, device_id: str) -> Credentials | None:
        rows = self._rows("SELECT auth_info, api_key FROM devices WHERE id = ?", device_id)
        return Credentials(*rows[0]) if rows else None

    def about(self, device_id: str) -> dict[str, Any]:
        """What it was described with besides a title."""
        rows = self._rows("SELECT about FROM devices WHERE id = ?", device_id)
        about: dict[str, Any] = json.loads(rows[0][0]) if rows else {}
        return about

    def add_device(
        self,
        device_id: str,
        title: str,
        auth_info: str,
        serial: str | None = None,
        about: dict[str, Any] | None = None,
    ) -> Device:
        """Adds one; each of id, auth_info and serial is to be new. An empty id is made here."""
        created = microseconds(datetime.now(timezone.utc))
        with self._transaction() as db:
            while not device_id:
                made = f"{secrets.randbelow(900_000_000) + 100_000_000}"
                if not db.execute("SELECT 1 FROM devices WHERE id = ?", [made]).fetchone():
                    device_id = made
            db.execute(
                "INSERT INTO devices (id, title, auth_info, api_key, serial, about, created)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [device_id, title, auth_info, _key(28), serial, json.dumps(about or {}), created],
            )
        return _device(self.product().id, device_id, title, auth_info, created, None)

    def edit_device(self, device_id: str, title: str, auth_info: str, about: dict[str, Any]) -> None:
        row = [title, auth_info, json.dumps(about), device_id]
        with self._transaction() as db:
            db.execute("UPDATE devices SET title = ?, auth_info = ?, about = ? WHERE id = ?", row)

    def remove_device(self, device_id: str) -> None:
        """Removes it with its streams and commands. purge() then removes the data points."""
        with self._transaction() as db:
            db.execute("DELETE FROM devices WHERE id = ?", [device_id])
            db.execute("DELETE FROM commands WHERE device_id = ?", [device_id])
            db.execute("UPDATE streams SET device_id = NULL WHERE device_id = ?", [device_id])

    def set_since(self, device_id: str, since: datetime) -> "asyncio.Future[Any]":
        """Notes when it came online or went offline."""
        row = [microseconds(since), device_id]
        return self.later(lambda db: db.execute("UPDATE devices SET since = ? WHERE id = ?", row))

    def purge(self) -> None:
        """Removes data points of removed devices, some at a time, so that others can write in between."""
        while True:
            with self._transaction() as db:
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

    async def purge_later(self) -> None:
        """purge() in the writer's thread."""
        await asyncio.get_running_loop().run_in_executor(self._writer, self.purge)

    # Streams and data points

    def add_points(self, points: list[NewPoint]) -> "asyncio.Future[Any]":
        """Stores them in this order: of two with the same stream and time, the later stays. A stream is made if the
        device has none of that id; points of a device that is not there any more are dropped."""
        return self.later(lambda db: self._insert(db, points))

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
        return {stream for (stream,) in self._rows("SELECT id FROM streams WHERE device_id = ?", device_id)}

    def streams(self, device_id: str) -> list[Stream]:
        """By id."""
        rows = self._rows("SELECT id, value, at, created FROM streams WHERE device_id = ? ORDER BY id", device_id)
        return [Stream(id, json.loads(value), utc(at), utc(created)) for id, value, at, created in rows]

    def points(self, device_id: str, stream: str, limit: int, start: int | None, end: int | None) -> list[Point]:
        """The latest so many from `start` to before `end`, oldest first."""
        rows = self._rows(
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
            for number, stream in self._rows("SELECT number, id FROM streams WHERE device_id = ?", device_id)
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
            rows = self._rows(f"{query} ORDER BY at {order} LIMIT ?", *values, limit)
            found += [Row(stream, number, at, value) for at, value in rows]
        found.sort(key=lambda row: (row.at, row.number), reverse=newest_first)
        return [Row(row.stream, row.number, row.at, json.loads(row.value)) for row in found[:limit]]

    # Commands

    def add_command(self, command: Command, again: bool, expires: int) -> "asyncio.Future[Any]":
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

        return self.later(job)

    def set_sent(self, uuid: str) -> "asyncio.Future[Any]":
        row = [CommandStatus.SENT, uuid, CommandStatus.CREATED]
        return self.later(lambda db: db.execute("UPDATE commands SET status = ? WHERE uuid = ? AND status = ?", row))

    def set_reply(self, uuid: str, reply: bytes, seconds: float | None) -> "asyncio.Future[Any]":
        """The first reply is the one; the future says whether this was it."""
        row = [CommandStatus.REPLIED, reply, seconds, uuid, CommandStatus.REPLIED]
        query = "UPDATE commands SET status = ?, reply = ?, seconds = ? WHERE uuid = ? AND status != ?"
        return self.later(lambda db: db.execute(query, row).rowcount == 1)

    def command(self, uuid: str) -> Command | None:
        return next(self._commands("uuid = ?", uuid), None)

    def commands(self, device_id: str, limit: int) -> list[Command]:
        """The latest so many, newest first."""
        return list(self._commands("device_id = ? ORDER BY number DESC LIMIT ?", device_id, limit))

    def waiting(self, device_id: str, now: int) -> list[Command]:
        """Those to be sent at a login, oldest first."""
        return list(
            self._commands(
                "device_id = ? AND expires > ? AND (status = ? OR again AND status = ?) ORDER BY number",
                device_id,
                now,
                CommandStatus.CREATED,
                CommandStatus.SENT,
            )
        )

    def _commands(self, where: str, *values: Any) -> Iterator[Command]:
        rows = self._rows(
            f"SELECT uuid, device_id, payload, status, created, reply, seconds FROM commands WHERE {where}", *values
        )
        for uuid_, device_id, payload, status, created, reply, seconds in rows:
            yield Command(uuid_, device_id, payload, CommandStatus(status), utc(created), reply, seconds)


def new_uuid() -> str:
    return str(uuid.uuid4())


def new_auth_info() -> str:
    return _key(16)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")  # what has been acknowledged outlives a power cut
    return db


def _device(product_id: str, device_id: str, title: str, auth_info: str, created: int, since: int | None) -> Device:
    return Device(device_id, product_id, title, auth_info, utc(created), since=None if since is None else utc(since))


def _key(length: int) -> str:
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _least(at: int | None) -> int:
    return -(2**62) if at is None else at


def _most(at: int | None) -> int:
    return 2**62 if at is None else at
