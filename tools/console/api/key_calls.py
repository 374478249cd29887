"""Calls about api-keys: [API 22] to [API 25]."""

from typing import Any

from ..api_keys import ApiKey, permissions_in
from ..asked import text_in
from ..failures import InvalidParameter, MissingParameter, UnknownKey
from .asking import Asking
from .shown import to_seconds


async def add(it: Asking) -> Any:
    """[API 22]."""
    it.allow_product()
    body = await it.object()
    for name in ("title", "permissions"):
        if name not in body:
            raise MissingParameter(f"{name} is required")
    return {"key": it.platform.store.keys.add(_title(body), permissions_in(body)).key}


async def edit(it: Asking) -> Any:
    """[API 23]: what is given takes the place of all there was."""
    it.allow_product()
    key = _found(it)
    body = await it.object()
    permissions = permissions_in(body) if "permissions" in body else key.permissions
    it.platform.store.keys.edit(key.key, _title(body) if "title" in body else key.title, permissions)
    return {"key": key.key}


async def list_(it: Asking) -> Any:
    """[API 24]."""
    it.allow_product()
    page = it.page(10, 100)
    device_id = it.param("device_id")
    found = [
        key
        for key in it.platform.store.keys.all()
        if it.param("key") in ("", key.key) and (not device_id or device_id in key.devices)
    ]
    keys = [
        {
            "title": key.title,
            "create_time": to_seconds(key.created),
            "key": key.key,
            "permissions": key.permissions,
        }
        for key in page.of(found)
    ]
    return {"per_page": page.size, "total_count": len(found), "keys": keys, "page": page.number}


async def remove(it: Asking) -> Any:
    """[API 25]."""
    it.allow_product()
    it.platform.store.keys.remove(_found(it).key)


def _found(it: Asking) -> ApiKey:
    key = it.platform.store.keys.find(it.path("key"))
    if key is None:
        raise UnknownKey
    return key


def _title(body: dict[str, Any]) -> str:
    title: str = text_in(body, "title")
    if not 1 <= len(title) <= 64:
        raise InvalidParameter("title: must have 1 to 64 characters")
    return title
