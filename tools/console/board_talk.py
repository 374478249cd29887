"""What the console asks a board's firmware past its program, by commands that begin with "!": see
firmware/remote_command.py. A board answers where its config.json has "log" or "remote"."""

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

from .model import CommandStatus, Device
from .studio.products import Protocol

if TYPE_CHECKING:
    from .platform import Platform

LOG_ASKED = (b"!log", b'call board {"command": "!log')
"""How it begins among a device's commands where a log is asked for: many in a row, which nobody wants to see there."""

_PATIENCE = 15.0  # seconds
_POLL = 0.1
_CHIP = re.compile(r" with (ESP[\w-]+)$")


async def ask(platform: "Platform", device: Device, text: str) -> str | None:
    """The board's reply; None where there is none in time. Raises PlatformError."""
    if device.is_studio:
        studio = platform.studio
        if studio.products.find(device.product_id).protocol is Protocol.ONEJSON:
            return str((await studio.things.call(device, "board", {"command": text})).get("reply", ""))
        return (await studio.things.command(device, text.encode(), _PATIENCE))[1].decode(errors="replace")
    sent = await platform.send_command(device.id, text.encode())
    for _ in range(round(_PATIENCE / _POLL)):
        command = platform.command(sent.uuid)
        if command.status is CommandStatus.REPLIED and command.reply is not None:
            return command.reply.decode(errors="replace")
        await asyncio.sleep(_POLL)
    return None


async def status(platform: "Platform", device: Device) -> dict[str, Any]:
    """How it is, as firmware/remote_status.py has it; empty where it does not tell. Raises PlatformError."""
    try:
        found = json.loads(await ask(platform, device, "!status") or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def chip_in(status: dict[str, Any]) -> str:
    """The chip it tells of, as "ESP32C3"; empty for none."""
    found = _CHIP.search(str(status.get("machine", "")))
    return found[1] if found else ""
