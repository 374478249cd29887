"""Calls about devices: [API 1] to [API 7]."""

import hmac
from datetime import datetime
from typing import Any

from ...clock import BEIJING
from ..asked import names_in, text_in
from ..failures import AlreadyExists, AuthFailed, InvalidParameter, MissingParameter, UnknownDevice
from ..model import Device
from .asking import Asking
from .shown import to_milliseconds, to_seconds

_MOST_ASKED = 100  # devices of device_id [API 5]
_MOST_NAMED = 1000  # of devIds [API 6], [API 14]
_LONGEST_SERIAL, _LONGEST_MAC, _LONGEST_TITLE = 512, 32, 32  # [API 2]
_ABOUT = {"desc": str, "tags": list, "location": dict, "other": dict, "private": bool}
"""What a device may be described with, and its kind."""


async def list_(it: Asking) -> Any:
    """[API 5]; the answer's order: [live]."""
    it.allow_product()
    page = it.page(30, 100)
    ids = names_in(it.request, "device_id")
    if ids and len(ids) > _MOST_ASKED:
        raise InvalidParameter(f"device_id: at most {_MOST_ASKED} devices")
    found = [device for device in it.all() if (ids is None or device.id in ids) and _is_wanted(it, device)]
    devices = [_described(it, device) for device in page.of(found)]
    return {"per_page": page.size, "devices": devices, "total_count": len(found), "page": page.number}


def _is_wanted(it: Asking, device: Device) -> bool:
    words, auth_info, online = it.param("key_words"), it.param("auth_info"), it.param("online").lower()
    tags, private = names_in(it.request, "tag"), it.param("private").lower()
    first, last = _day(it, "begin"), _day(it, "end")
    created = device.created.astimezone(BEIJING).date()
    about = it.platform.about(device.id) if tags or private else {}
    return (
        (device.id.startswith(words) or device.title.startswith(words))
        and auth_info in ("", device.auth_info)
        and (not online or device.online == (online in ("true", "1")))
        and (not tags or set(tags) <= set(map(str, about.get("tags", ()))))
        and (not private or bool(about.get("private", True)) == (private in ("true", "1")))
        and (first is None or first <= created)
        and (last is None or created <= last)
    )


def _day(it: Asking, name: str) -> Any:
    """A date like 2016-06-20, both ends of the span belonging to it; None if it is not given."""
    text = it.param(name)
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise InvalidParameter(f"{name}: must be like 2016-06-20") from error


async def add(it: Asking) -> Any:
    """[API 1]."""
    it.allow_product()
    body = await it.object()
    if "title" not in body:
        raise MissingParameter("title is required")
    title, auth_info = text_in(body, "title"), text_in(body, "auth_info", "")
    try:
        device = it.platform.add_device(title, auth_info, about=_about(body))
    except AlreadyExists as error:
        raise _exists(auth_info) from error
    return {"device_id": device.id}


async def detail(it: Asking) -> Any:
    """[API 4]."""
    device = it.device()
    streams = [
        {
            "unit": stream.unit,
            "id": stream.id,
            "unit_symbol": stream.unit_symbol,
            "create_time": to_seconds(stream.created),
        }
        for stream in it.platform.described_streams(device.id)
    ]
    return _described(it, device, streams)


def _described(it: Asking, device: Device, streams: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """In the order of [API 4]; in lists with `private` first [live]."""
    about = it.platform.about(device.id)
    return {
        **({"private": about.get("private", True)} if streams is None else {}),
        "protocol": "MQTT",
        **({"other": about["other"]} if "other" in about else {}),
        "create_time": to_seconds(device.created),
        "online": device.online,
        "location": about.get("location", {"lat": 0, "lon": 0}),
        "id": device.id,
        "auth_info": device.auth_info,
        **({} if streams is None else {"datastreams": streams}),
        "title": device.title,
        "desc": about.get("desc", ""),
        "tags": about.get("tags", []),
    }


async def edit(it: Asking) -> Any:
    """[API 3]; a device's own key will do."""
    it.allow(it.path("id"))
    body = await it.object()
    title, auth_info = text_in(body, "title", None), text_in(body, "auth_info", None)
    device = it.found(it.path("id"))
    try:
        it.platform.edit_device(device.id, title=title, auth_info=auth_info, about=_about(body))
    except AlreadyExists as error:
        raise _exists(auth_info) from error


async def remove(it: Asking) -> Any:
    """[API 7]."""
    it.allow_product()
    it.platform.remove_device(it.found(it.path("id")).id)


async def statuses(it: Asking) -> Any:
    """[API 6]."""
    found = _named(it)
    devices = [{"title": device.title, "online": device.online, "id": device.id} for device in found]
    return {"devices": devices, "total_count": len(found)}


async def latest(it: Asking) -> Any:
    """[API 14]."""
    return {
        "devices": [
            {
                "title": device.title,
                "id": device.id,
                "datastreams": [
                    {"at": to_milliseconds(stream.at), "id": stream.id, "value": stream.value}
                    for stream in it.platform.streams(device.id)
                ],
            }
            for device in _named(it)
        ]
    }


def _named(it: Asking) -> list[Device]:
    """The devices of devIds that exist, in that order."""
    ids = names_in(it.request, "devIds")
    it.allow(ids[0] if ids and len(ids) == 1 else "")
    if not ids:
        raise MissingParameter("devIds is required")
    if len(ids) > _MOST_NAMED:
        raise InvalidParameter(f"devIds: at most {_MOST_NAMED} devices")
    devices = {device.id: device for device in it.all()}
    return [devices[device_id] for device_id in dict.fromkeys(ids) if device_id in devices]


# Devices that register themselves


async def register(it: Asking) -> Any:
    """[API 2]. The same serial number again is refused, unless allow_dup=true asks for the device that has it: said in
    OneNET's article about registration codes."""
    _check_code(it)
    body = await it.object()
    serial = _serial_in(body)
    title = text_in(body, "title", "") or "auto_register"
    if len(title) > _LONGEST_TITLE:
        raise InvalidParameter(f"title: must have at most {_LONGEST_TITLE} characters")
    if it.param("allow_dup").lower() not in ("true", "1") and it.platform.store.device_with(serial=serial):
        raise _exists(serial)
    try:
        device, key = it.platform.register(serial, title)
    except AlreadyExists as error:
        raise _exists(serial) from error
    return {"device_id": device.id, "key": key}


async def describe(it: Asking) -> Any:
    """PUT /register_attr: a device describes itself by its serial number and the registration code. Firmware calls it;
    no document of it is public, so that what it takes is a guess: what POST /devices takes, and sn or mac."""
    _check_code(it)
    body = await it.object()
    device = it.platform.store.device_with(serial=_serial_in(body))
    if device is None:
        raise UnknownDevice("no device has registered itself so")
    it.platform.edit_device(device.id, title=text_in(body, "title", None), about=_about(body))


def _check_code(it: Asking) -> None:
    code = it.param("register_code")
    if not code:
        raise MissingParameter("register_code is required")
    if not hmac.compare_digest(code.encode(), it.platform.register_code.encode()):
        raise AuthFailed


def _serial_in(body: dict[str, Any]) -> str:
    name, longest = ("sn", _LONGEST_SERIAL) if "sn" in body else ("mac", _LONGEST_MAC)
    if name not in body:
        raise MissingParameter("sn or mac is required")
    serial: str = text_in(body, name)
    if not 1 <= len(serial) <= longest:
        raise InvalidParameter(f"{name}: must have 1 to {longest} characters")
    return serial


def _exists(auth_info: str) -> InvalidParameter:
    """In the platform's words, errno 6 [AT]."""
    return InvalidParameter(f"invalid parameter: auth_info exists::{auth_info}")


def _about(body: dict[str, Any]) -> dict[str, Any]:
    about = {name: body[name] for name in _ABOUT if name in body}
    for name, value in about.items():
        if not isinstance(value, _ABOUT[name]):
            raise InvalidParameter(f"{name}: must be {'text' if _ABOUT[name] is str else _ABOUT[name].__name__}")
    return about
