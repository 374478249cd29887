"""The HTTP API's calls for what has been: when a device came and went, and what it was asked. The fields are those of
[studio docs]; that the calls of today have the same is not known."""

import json
from typing import Any

from ...datapoints import parse_json
from ..database import microseconds
from ..model import Command
from .asked_thing import Asked

_KEPT = 1000  # of a device
_WRITE, _READ = 0, 1
_SYNC, _ASYNC = 0, 1


def statuses(it: Asked) -> dict[str, Any]:
    """status 1 online, 0 offline; newest first."""
    device = it.device()
    (offset, limit), (start, end) = it.page(), it.period()
    found = it.platform.store.statuses(device.id, microseconds(start), microseconds(end), limit, offset)
    return _paged([{"status": int(online), "time": at // 1000} for online, at in found], offset, limit)


def operations(it: Asked) -> dict[str, Any]:
    """Property sets (type 0) and gets (1), newest first; response_body is the msg of the device's reply."""
    entries = []
    for command in _asked(it):
        verb, _, rest = command.payload.decode(errors="replace").partition(" ")
        if verb in ("set", "get"):
            kind = _WRITE if verb == "set" else _READ
            entries.append({"type": kind, "request_body": json.loads(rest), **_times(command)})
            entries[-1]["response_body"] = _reply(command).get("msg", "")
    return _page(it, entries)


def services(it: Asked) -> dict[str, Any]:
    """Service calls, newest first; code 0 where there is no answer yet."""
    model = it.platform.studio.model(it.device().product_id)
    entries = []
    for command in _asked(it):
        verb, _, rest = command.payload.decode(errors="replace").partition(" ")
        if verb != "call":
            continue
        identifier, _, inputs = rest.partition(" ")
        known, reply = model.services.get(identifier) if model else None, _reply(command)
        entries.append(
            {
                "identifier": identifier,
                "function_name": known.name if known else identifier,
                "type": _ASYNC if known and known.is_async else _SYNC,
                "request_body": inputs,
                **_times(command),
                "response_body": json.dumps(reply["data"], ensure_ascii=False) if "data" in reply else "",
                "code": reply.get("code", 0),
                "msg": reply.get("msg", ""),
            }
        )
    return _page(it, entries)


def _asked(it: Asked) -> list[Command]:
    """What the device was asked in the period, newest first."""
    start, end = it.period()
    commands = it.platform.commands(it.device().id, _KEPT)
    return [command for command in commands if start <= command.created < end]


def _times(command: Command) -> dict[str, str]:
    """When it was asked, and answered; the latter 0 where it was not."""
    at = microseconds(command.created) // 1000
    answered = 0 if command.seconds is None else at + round(1000 * command.seconds)
    return {"request_time": f"{at}", "response_time": f"{answered}"}


def _reply(command: Command) -> dict[str, Any]:
    """The device's, as far as it is one."""
    try:
        reply = parse_json(command.reply or b"")
    except ValueError:
        reply = None
    return reply if isinstance(reply, dict) else {}


def _page(it: Asked, entries: list[dict[str, Any]]) -> dict[str, Any]:
    offset, limit = it.page()
    return _paged(entries[offset : offset + limit], offset, limit)


def _paged(entries: list[dict[str, Any]], offset: int, limit: int) -> dict[str, Any]:
    return {"list": entries, "meta": {"limit": limit, "offset": offset}}
