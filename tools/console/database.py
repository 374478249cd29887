"""A data file in SQLite: opened, brought to the newest layout, read and written.

What arrives by the thousand is written by a thread of its own, many at a time, so that neither the event loop nor a
disk's flush waits for the other; the rest is written where it is asked.
"""

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

from ..language import _
from .layout import LAYOUTS

_Found = TypeVar("_Found")

_READERS = 2  # threads for what reads for long
_GATHER = 0.01  # seconds in which what comes goes into one transaction
_UNSTORABLE = (sqlite3.Error, ValueError, OverflowError)
"""What SQLite raises where it can't do something, be it for the sake of a value."""


class StoreError(Exception):
    """The data file can't be used; says why."""


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


def microseconds(when: datetime) -> int:
    return round(when.timestamp() * 1_000_000)


def utc(at: int) -> datetime:
    """That many microseconds since 1970, as a time in UTC."""
    seconds, rest = divmod(at, 1_000_000)
    return datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest)


class Database:
    """A data file, made if missing. May be open in several programs at once. Raises StoreError if it can't be opened.

    seed: puts in what a file is not to be without, given the version of the layout it had before, 0 for a new one.
    """

    def __init__(self, path: Path, seed: Callable[[sqlite3.Connection, int], None]) -> None:
        self.path = path
        self._lock = threading.Lock()  # of the connection that writes
        self._pending: list[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._writer = ThreadPoolExecutor(1, "store")
        self._readers = ThreadPoolExecutor(_READERS, "history")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))  # it holds keys and auth-infos
            with contextlib.suppress(OSError):  # where it is somebody else's
                path.chmod(path.stat().st_mode & 0o700)
            with contextlib.ExitStack() as stack:
                self._write = stack.enter_context(contextlib.closing(_connect(path)))
                self._set_up(seed)
                self._read = stack.enter_context(contextlib.closing(_connect(path)))
                self._connections = stack.pop_all()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: {error}") from error

    def _set_up(self, seed: Callable[[sqlite3.Connection, int], None]) -> None:
        newest = len(LAYOUTS)
        with self.transaction() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > newest:
                raise StoreError(
                    _("{path}: its layout is of version {version}; this onenet knows {newest}").format(
                        path=self.path, version=version, newest=newest
                    )
                )
            if version == newest:
                return
            for layout in LAYOUTS[version:]:
                for statement in layout.split(";"):
                    db.execute(statement)
            seed(db, version)
            db.execute(f"PRAGMA user_version = {newest}")

    def close(self) -> None:
        """Closes it. What flush() has not waited for is lost."""
        self._writer.shutdown()
        self._readers.shutdown()
        self._connections.close()

    # Writing

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Writes now; all of it or nothing. Raises StoreError."""
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
        with self.transaction() as db:
            return [job(db) for job in jobs]

    # Reading

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query finds. Raises StoreError."""
        try:
            return self._read.execute(query, values).fetchall()
        except _UNSTORABLE as error:
            raise StoreError(f"{self.path}: {error}") from error

    async def aside(self, job: Callable[[sqlite3.Connection], _Found]) -> _Found:
        """Runs a job that reads for long, in a thread and on a connection of its own, so that nobody waits for it.

        Raises StoreError.
        """

        def run() -> _Found:
            with contextlib.closing(_connect(self.path)) as db:
                return job(db)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, run)
        except _UNSTORABLE as error:
            raise StoreError(f"{self.path}: {error}") from error

    async def in_writer(self, job: Callable[[], None]) -> None:
        """Runs a job that makes transactions of its own in the writer's thread."""
        await asyncio.get_running_loop().run_in_executor(self._writer, job)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")  # what has been acknowledged outlives a power cut
    return db


def unwatched(done: "asyncio.Future[Any]") -> None:
    """For what is written to be told later, and not waited for: a full disk shows elsewhere."""
    done.add_done_callback(lambda it: it.cancelled() or it.exception())
