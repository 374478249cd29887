"""The HTTP API's calls for products and devices [API list]."""

import contextlib
import json
import re
import secrets
from datetime import datetime
from typing import Any

from ...clock import BEIJING
from ..database import microseconds
from ..failures import PlatformError
from ..model import Device
from .asked_thing import Asked
from .failures import BadParameter, NoModel
from .system_model import system_model

_OFFLINE, _ONLINE, _NEVER = 0, 1, 2  # status [API list]
_MOST_AT_ONCE = 500  # devices made by one call [studio docs]
_EVENT_TYPES = {"info": 1, "alert": 2, "error": 3}


def create(it: Asked) -> dict[str, Any]:
    """The documents do not agree on a "did" in the answer: here is none."""
    device = it.platform.studio.add_device(it.product(change=True), it.text("device_name"), it.text("desc", ""))
    return {"device_name": device.name, "sec_key": device.auth_info}


def create_many(it: Asked) -> dict[str, Any]:
    """Up to 500, as [{"name", "desc"}] in devices; those that were made are in the answer [studio docs]. What becomes
    of those that could not be made is not said: here they are left out."""
    product_id, entries = it.product(change=True), it.value("devices")
    if not isinstance(entries, list) or not 1 <= len(entries) <= _MOST_AT_ONCE:
        raise BadParameter(f"devices: must be an array of 1 to {_MOST_AT_ONCE}")
    made = []
    for entry in entries:
        name, desc = (entry.get("name"), entry.get("desc") or "") if isinstance(entry, dict) else (None, "")
        if not isinstance(name, str) or not isinstance(desc, str):
            raise BadParameter('devices: must have objects with "name", and "desc" perhaps')
        with contextlib.suppress(PlatformError):
            device = it.platform.studio.add_device(product_id, name, desc)
            created = time_text(device.created)
            made.append({"name": device.name, "desc": desc, "sec_key": device.auth_info, "created_time": created})
    return {"list": made}


def list_(it: Asked) -> dict[str, Any]:
    """The documents do not agree on a "total" in the answer: here is none."""
    offset, limit = it.page()
    name = it.text("device_name", "")
    found = [device for device in it.platform.studio.devices(it.product()) if name in device.name]
    return {"list": [_described(device) for device in found[offset : offset + limit]]}


def detail(it: Asked) -> dict[str, Any]:
    device = it.device()
    return {**_described(device), "pid": device.product_id, "desc": device.title, "sec_key": device.auth_info}


def update(it: Asked) -> None:
    it.platform.edit_device(it.device(change=True).id, title=it.text("desc"))


def delete(it: Asked) -> None:
    it.platform.remove_device(it.device(change=True).id)


def reset_key(it: Asked) -> dict[str, Any]:
    return {"sec_key": it.platform.studio.new_key(it.device(change=True)).auth_info}


def move(it: Asked) -> dict[str, Any]:
    """To the account of who has this telephone number. There is none here: what the platform does until somebody there
    has agreed is not known, and the console leaves the devices where they are."""
    product_id, names, tel = it.product(change=True), it.value("device_name"), it.text("target_user_tel")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise BadParameter('device_name: must be an array of names, as ["name_1", "name_2"]')
    if not re.fullmatch(r"1[0-9]{10}", tel):
        raise BadParameter("target_user_tel: must be a mobile number")
    for name in names:
        it.platform.studio.device(product_id, name)
    return {"move_id": str(secrets.randbelow(9_000_000) + 1_000_000)}


def product(it: Asked) -> dict[str, Any]:
    found = it.platform.studio.products.find(it.product())
    created = time_text(found.created)
    return {"pid": found.id, "name": found.title, "data_protocol": found.protocol.value, "created_time": created}


def model(it: Asked) -> Any:
    text = it.platform.studio.products.find(it.product()).model
    if text is None:
        raise NoModel
    return json.loads(text)


def own_model(it: Asked) -> dict[str, Any]:
    """The platform's own function points; of no product, so that any token of one will do."""
    it.product()
    return system_model()


def events(it: Asked) -> dict[str, Any]:
    """event_type chooses those of one kind, where a model says of which kind they are."""
    device = it.device()
    (offset, limit), (start, end) = it.page(), it.period()
    kind = it.number("event_type", 0, 0, 3)
    model = it.platform.studio.model(device.product_id)
    known = model.events if model else {}
    found = []
    for event in it.platform.store.events.latest(device.id, 10**6, 0, microseconds(start), microseconds(end)):
        described = known.get(event.identifier)
        event_type = _EVENT_TYPES.get(described.kind, 1) if described else 1
        if kind in (0, event_type):
            found.append(
                {
                    "event_type": event_type,
                    "identifier": event.identifier,
                    "name": described.name if described else event.identifier,
                    "time": microseconds(event.at) // 1000,
                    "value": json.dumps(event.value, ensure_ascii=False),
                }
            )
    return {"list": found[offset : offset + limit]}


def _described(device: Device) -> dict[str, Any]:
    status = _ONLINE if device.online else _OFFLINE if device.since else _NEVER
    last = {"last_time": time_text(device.since)} if device.since else {}
    return {"name": device.name, "status": status, "created_time": time_text(device.created), **last}


def time_text(when: datetime) -> str:
    """The form of times is not documented."""
    return when.astimezone(BEIJING).isoformat(timespec="milliseconds")
