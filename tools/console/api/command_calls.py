"""Calls about commands: [API 18] to [API 21]."""

from typing import Any

from starlette.responses import Response

from ..asked import number_in, window_in
from ..command_table import COMMANDS_KEPT
from ..failures import MissingParameter, Unsuccessful
from ..model import Command, CommandStatus
from .asking import Asking
from .shown import to_seconds

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
