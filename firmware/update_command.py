"""The command "update http://… digest", where config.json allows it. Loaded for it, and forgotten but for what
tells it from others."""

from .log import rare


def add_to(device):
    """The device obeys it from here on."""
    device._reply_to = lambda payload: (
        rare("update_command").obey(device, payload)
        if not isinstance(payload, int) and payload[:7] == b"update "
        else type(device)._reply_to(device, payload)
    )


def obey(device, payload):
    """The reply to it."""
    parts = payload.split()
    try:
        if not 2 <= len(parts) <= 3:
            raise ValueError("send: update http://host:port/package digest")
        rare("update").start(device, *[str(part, "utf-8") for part in parts[1:]])
    except (ValueError, OSError, MemoryError) as e:
        return "error: %s" % (str(e) or "no memory for it")
    return "ok"
