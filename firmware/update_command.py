"""The command "update http://…#digest", where config.json allows it. Loaded for it, and forgotten but for what
tells it from others."""

import json

from .log import rare


def add_to(device):
    """The device obeys it from here on; of the current platform, it asks for updates, too."""
    if device.config["platform"] in ("studio", "dp"):
        rare("update_ota").watch(device)
    device._reply_to = lambda payload: (
        rare("update_command").obey(device, payload)
        if not isinstance(payload, int) and payload[:7] == b"update "
        else type(device)._reply_to(device, payload)
    )


def obey(device, payload):
    """The reply to it, or to a command of the program's own where config.json does not allow it."""
    with open("config.json") as file:
        config = json.load(file)
    if not config.get("update") and not config.get("update_key"):
        return type(device)._reply_to(device, payload)
    try:
        rare("update").start(device, str(payload[7:], "utf-8").strip())
    except (ValueError, OSError, MemoryError) as e:
        return "error: %s" % (str(e) or "no memory for it")
    return "ok"
