"""Calls about commands: [API 18] to [API 21], and the one that waits for the reply, [设备命令]."""

from base64 import b64encode
from typing import Any

from starlette.responses import Response

from ..asked import number_in, window_in
from ..command_table import COMMANDS_KEPT
from ..failures import MissingParameter, Unsuccessful
from ..model import Command, CommandStatus
from .asking import Asking
from .envelope import said
from .shown import to_seconds

_SOONEST, _LATEST = 5, 30  # seconds that a reply is waited for [设备命令]

_WORDS = {
    CommandStatus.CREATED: "command created",
    CommandStatus.SENT: "command sent",
    CommandStatus.REPLIED: "Command Response Received",
}
"""The first and the last are in the examples of [API 19]."""

RAW = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
"""Headers for bytes that are whatever a device says, and no page of ours."""


async def send(it: Asking) -> Any:
    """[API 18]; the answer's order: [live]."""
    device_id = it.param("device_id")
    it.allow(device_id)
    if not device_id:
        raise MissingParameter("device_id is required")
    it.found(device_id)
    qos = number_in(it.request, "qos", 0, 0, 1)
    seconds = number_in(it.request, "timeout", 0, 0, None)
    command = await it.platform.send_command(device_id, await it.body(), seconds, qos)
    return {"cmd_uuid": command.uuid}


async def ask(it: Asking) -> Any:
    """设备命令: waits for the device's reply, at most so many seconds. The order is the document's, and so is that it
    says "success" where all others say "succ"."""
    device_id = it.param("device_id")
    it.allow(device_id)
    for name in ("device_id", "timeout"):
        if not it.param(name):
            raise MissingParameter(f"{name} is required")
    seconds = number_in(it.request, "timeout", _SOONEST, _SOONEST, _LATEST)
    uuid, reply = await it.platform.ask(device_id, await it.body(), seconds)
    return said({"errno": 0, "error": "success", "data": {"cmd_uuid": uuid, "cmd_resp": b64encode(reply).decode()}})


async def status(it: Asking) -> Any:
    """[API 19]."""
    command = _found(it)
    return {"status": int(command.status), "desc": _WORDS[command.status]}


async def reply(it: Asking) -> Any:
    """[API 20]."""
    command = _found(it)
    if command.reply is None:
        raise Unsuccessful(f"no reply: {_WORDS[command.status]}")
    return Response(command.reply, media_type="application/octet-stream", headers=RAW)


async def history(it: Asking) -> Any:
    """[API 21], newest first. What was not sent, or not answered, has no time of that."""
    device = it.device()
    window = window_in(it.request)
    if window.start is None:
        raise MissingParameter("start is required")
    page = it.page(30, 100)
    found = [
        command
        for command in it.platform.commands(device.id, COMMANDS_KEPT)
        if window.start <= command.created and (window.end is None or command.created < window.end)
    ]
    items = [_item(command) for command in page.of(found)]
    return {"page": page.number, "per_page": page.size, "total_count": len(found), "items": items}


def _item(command: Command) -> dict[str, Any]:
    return {
        "cmd_uuid": command.uuid,
        "device_id": int(command.device_id),
        **({"expire_time": to_seconds(command.expires)} if command.expires else {}),
        "status": int(command.status),
        **({"send_time": to_seconds(command.sent)} if command.sent else {}),
        **({"confirm_time": to_seconds(command.replied)} if command.replied else {}),
        **({} if command.reply is None else {"confirm_body": command.reply.hex()}),
        "body": command.payload.hex(),
    }


def _found(it: Asking) -> Command:
    command = it.platform.command(it.path("uuid"))
    it.allow(command.device_id)
    return command
