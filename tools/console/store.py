"""The console's data file: product and devices; data streams, commands and the rest are tables of their own."""

import asyncio
import contextlib
import json
import secrets
import sqlite3
import string
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import platformdirs

from ..language import _
from .api_keys import KeyTable
from .command_table import CommandTable
from .database import Database, StoreError, microseconds, utc
from .file_table import FileTable
from .model import Device
from .point_table import PointTable
from .stream_table import StreamTable
from .studio.desired import DesiredTable
from .studio.events import EventTable
from .studio.files import StudioFiles
from .studio.products import Account, Products, new_account
from .topic_table import TopicTable
from .trigger_log import TriggerLog
from .trigger_table import TriggerTable

_OF_A_DEVICE = (
    *("commands", "files", "stream_descriptions", "trigger_log"),
    *("studio_desired", "studio_events", "studio_files", "studio_statuses"),
)
"""Tables with a device_id whose rows go with the device."""

STATUSES_KEPT = 1000
"""Of a device's comings and goings; beyond that the oldest go."""


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


def default_file() -> Path:
    """Where the console keeps its data unless told otherwise."""
    return platformdirs.user_data_path("onenet", appauthor=False) / "console.sqlite3"


def read_product(path: Path | None = None) -> Product:
    """The product of a data file, with its keys, whether or not a console uses it. Raises StoreError."""
    with contextlib.closing(_existing(path)) as store:
        return store.product()


def read_account(path: Path | None = None) -> Account:
    """The same of the account of the current platform."""
    with contextlib.closing(_existing(path)) as store:
        return store.products.account()


def _existing(path: Path | None) -> "Store":
    path = path or default_file()
    if not path.exists():
        raise StoreError(_("{path} does not exist: start the console once, with onenet console").format(path=path))
    return Store(path)


class Store(Database):
    """A data file with its tables, made if missing: then with this product id, keys of its own and no device.

    Raises StoreError if it can't be opened.
    """

    def __init__(self, path: Path, product_id: str = "") -> None:
        def seed(db: sqlite3.Connection, version: int) -> None:
            if version < 1:
                db.execute("INSERT INTO product VALUES (?, ?, ?)", [product_id, new_key(28), new_key(16)])
            if version < 2:
                db.execute("INSERT INTO studio_account VALUES (?, ?)", new_account())

        super().__init__(path, seed)
        self.points = PointTable(self)
        self.commands = CommandTable(self)
        self.products = Products(self)
        self.desired = DesiredTable(self)
        self.events = EventTable(self)
        self.studio_files = StudioFiles(self)
        self.descriptions = StreamTable(self)
        self.files = FileTable(self)
        self.keys = KeyTable(self)
        self.topics = TopicTable(self)
        self.triggers = TriggerTable(self)
        self.trigger_log = TriggerLog(self)

    def product(self) -> Product:
        return Product(*self.rows("SELECT id, master_key, register_code FROM product")[0])

    def set_product_id(self, product_id: str) -> None:
        with self.transaction() as db:
            db.execute("UPDATE product SET id = ?", [product_id])

    def devices(self) -> list[Device]:
        """All devices by id, each as if it were offline."""
        product_id = self.product().id
        rows = self.rows("SELECT id, title, auth_info, created, since FROM devices ORDER BY length(id), id")
        return [_device(product_id, *row) for row in rows]

    def device(self, device_id: str) -> Device | None:
        return self._device("id", device_id)

    def device_with(self, *, auth_info: str = "", serial: str = "", api_key: str = "") -> Device | None:
        """The one device that has it."""
        if serial:
            return self._device("serial", serial)
        return self._device("api_key", api_key) if api_key else self._device("auth_info", auth_info)

    def _device(self, column: str, value: str) -> Device | None:
        rows = self.rows(f"SELECT id, title, auth_info, created, since FROM devices WHERE {column} = ?", value)
        return _device(self.product().id, *rows[0]) if rows else None

    def credentials(self, device_id: str) -> Credentials | None:
        rows = self.rows("SELECT auth_info, api_key FROM devices WHERE id = ?", device_id)
        return Credentials(*rows[0]) if rows else None

    def about(self, device_id: str) -> dict[str, Any]:
        """What it was described with besides a title."""
        rows = self.rows("SELECT about FROM devices WHERE id = ?", device_id)
        about: dict[str, Any] = json.loads(rows[0][0]) if rows else {}
        return about

    def controls(self, device_id: str) -> list[dict[str, Any]]:
        """What people have made to send it commands with."""
        rows = self.rows("SELECT controls FROM devices WHERE id = ?", device_id)
        controls: list[dict[str, Any]] = json.loads(rows[0][0]) if rows else []
        return controls

    def set_controls(self, device_id: str, controls: list[dict[str, Any]]) -> None:
        with self.transaction() as db:
            db.execute("UPDATE devices SET controls = ? WHERE id = ?", [json.dumps(controls), device_id])

    def abouts(self) -> dict[str, dict[str, Any]]:
        """The same of all devices that were described, by id."""
        rows = self.rows("SELECT id, about FROM devices WHERE about <> '{}'")
        return {device_id: json.loads(about) for device_id, about in rows}

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
        with self.transaction() as db:
            while not device_id:
                made = f"{secrets.randbelow(900_000_000) + 100_000_000}"
                if not db.execute("SELECT 1 FROM devices WHERE id = ?", [made]).fetchone():
                    device_id = made
            db.execute(
                "INSERT INTO devices (id, title, auth_info, api_key, serial, about, created)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [device_id, title, auth_info, new_key(28), serial, json.dumps(about or {}), created],
            )
        return _device(self.product().id, device_id, title, auth_info, created, None)

    def edit_device(self, device_id: str, title: str, auth_info: str, about: dict[str, Any]) -> None:
        row = [title, auth_info, json.dumps(about), device_id]
        with self.transaction() as db:
            db.execute("UPDATE devices SET title = ?, auth_info = ?, about = ? WHERE id = ?", row)

    def remove_device(self, device_id: str) -> None:
        """Removes it with its streams and commands. purge() then removes the data points."""
        with self.transaction() as db:
            db.execute("DELETE FROM devices WHERE id = ?", [device_id])
            for table in _OF_A_DEVICE:
                db.execute(f"DELETE FROM {table} WHERE device_id = ?", [device_id])
            db.execute("UPDATE streams SET device_id = NULL WHERE device_id = ?", [device_id])

    def set_since(self, device_id: str, online: bool, since: datetime) -> "asyncio.Future[Any]":
        """Notes that it came online or went offline, and when."""
        at = microseconds(since)

        def job(db: sqlite3.Connection) -> None:
            db.execute("UPDATE devices SET since = ? WHERE id = ?", [at, device_id])
            db.execute("INSERT INTO studio_statuses (device_id, online, at) VALUES (?, ?, ?)", [device_id, online, at])
            db.execute(
                "DELETE FROM studio_statuses WHERE device_id = ?1 AND number <="
                " (SELECT number FROM studio_statuses WHERE device_id = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
                [device_id, STATUSES_KEPT],
            )

        return self.later(job)

    def statuses(self, device_id: str, start: int, end: int, limit: int, offset: int) -> list[tuple[bool, int]]:
        """Newest first: whether the device was online from then on, and when that was, from `start` to before `end`.
        The HTTP API of the current platform tells of it, that of the old one does not."""
        rows = self.rows(
            "SELECT online, at FROM studio_statuses WHERE device_id = ? AND at >= ? AND at < ?"
            " ORDER BY number DESC LIMIT ? OFFSET ?",
            *(device_id, start, end, limit, offset),
        )
        return [(bool(online), at) for online, at in rows]


def new_uuid() -> str:
    return str(uuid.uuid4())


def new_key(length: int) -> str:
    """Letters and digits that nobody guesses."""
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _device(product_id: str, device_id: str, title: str, auth_info: str, created: int, since: int | None) -> Device:
    product_id = device_id.partition(":")[0] if ":" in device_id else product_id
    return Device(device_id, product_id, title, auth_info, utc(created), since=None if since is None else utc(since))
