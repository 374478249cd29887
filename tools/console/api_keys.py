"""api-keys that were made by a call of the HTTP API, each for some devices, or some of their streams."""

import json
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .database import Database, microseconds, utc
from .failures import InvalidParameter

METHODS = ("get", "post", "put", "delete")

_LENGTH = 28  # as the platform's own, which end in =


@dataclass(frozen=True)
class ApiKey:
    """permissions: as in the calls, [{"access_methods": […], "resources": [{"dev_id", "ds_id"}]}]."""

    key: str
    title: str
    permissions: list[dict[str, Any]]
    created: datetime

    @property
    def devices(self) -> set[str]:
        """It has something to do with."""
        return {resource["dev_id"] for each in self.permissions for resource in each["resources"]}

    def allows(self, method: str, device_id: str, streams: Iterable[str] | None) -> bool:
        """Whether it may be used so on the device; streams: if it is about these alone, else it takes a permission for
        the whole device."""
        granted: set[str | None] = {
            resource.get("ds_id")
            for each in self.permissions
            if method in each.get("access_methods", ())
            for resource in each["resources"]
            if resource["dev_id"] == device_id
        }
        asked = set(streams) if streams is not None else set()
        return None in granted or (bool(asked) and asked <= granted)


def permissions_in(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Of a call's body. access_methods stand in each permission, or beside them for all: the documents have both, and
    without any, a key may do nothing [API 22]. Raises InvalidParameter."""
    said = body.get("permissions")
    if not isinstance(said, list) or not said:
        raise InvalidParameter("permissions: must be a list of objects")
    merged: list[dict[str, Any]] = []
    for each in said:
        if not isinstance(each, dict):
            raise InvalidParameter("permissions: must be a list of objects")
        if "resources" not in each and merged:  # {"resources": …}, {"access_methods": …}, as the vendor's SDK writes it
            merged[-1].update(each)
        else:
            merged.append(dict(each))
    return [
        {
            **({"access_methods": methods} if (methods := _methods(it, body)) else {}),
            "resources": _resources(it.get("resources")),
        }
        for it in merged
    ]


def _methods(permission: dict[str, Any], body: dict[str, Any]) -> list[str]:
    methods = permission.get("access_methods", body.get("access_methods", []))
    if not isinstance(methods, list) or not all(each in METHODS for each in methods):
        raise InvalidParameter(f"access_methods: must be a list of {', '.join(METHODS)}")
    return methods


def _resources(resources: Any) -> list[dict[str, str]]:
    if not isinstance(resources, list) or not all(isinstance(each, dict) and "dev_id" in each for each in resources):
        raise InvalidParameter("resources: must be a list of objects with dev_id, and perhaps ds_id")
    return [{name: str(each[name]) for name in ("dev_id", "ds_id") if name in each} for each in resources]


class KeyTable:
    """All such keys. They are secrets."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def all(self) -> list[ApiKey]:
        """The oldest first."""
        rows = self._file.rows("SELECT key, title, permissions, created FROM api_keys ORDER BY created, key")
        return [ApiKey(key, title, json.loads(said), utc(created)) for key, title, said, created in rows]

    def find(self, key: str) -> ApiKey | None:
        return next((each for each in self.all() if secrets.compare_digest(each.key.encode(), key.encode())), None)

    def add(self, title: str, permissions: list[dict[str, Any]]) -> ApiKey:
        alphabet = string.ascii_letters + string.digits
        made = "".join(secrets.choice(alphabet) for _ in range(_LENGTH - 1)) + "="
        created = datetime.now(timezone.utc)
        with self._file.transaction() as db:
            row = [made, title, json.dumps(permissions), microseconds(created)]
            db.execute("INSERT INTO api_keys VALUES (?, ?, ?, ?)", row)
        return ApiKey(made, title, permissions, created)

    def edit(self, key: str, title: str, permissions: list[dict[str, Any]]) -> None:
        with self._file.transaction() as db:
            row = [title, json.dumps(permissions), key]
            db.execute("UPDATE api_keys SET title = ?, permissions = ? WHERE key = ?", row)

    def remove(self, key: str) -> None:
        with self._file.transaction() as db:
            db.execute("DELETE FROM api_keys WHERE key = ?", [key])
