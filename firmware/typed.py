"""Commands to properties and services, as people type them where the platform has no thing models. Loaded for each, and
forgotten."""

import json

from .log import rare


def command(things, payload):
    """The reply to a command."""
    if isinstance(payload, int):
        reply = None
    elif payload[:7] == b"update ":
        return rare("update_command").obey(things.device, payload)
    elif payload[:1] == b"!":
        return rare("remote_command").obey(things.device, payload)
    else:
        reply = _obeyed(things, payload)
    return type(things.device)._reply_to(things.device, payload) if reply is None else reply


def _obeyed(things, payload):
    """The reply of a property or a service; None where it is for neither."""
    name, equals, text = payload.partition(b"=")
    for found in things.properties:
        if found.set and equals and found.id.encode() == name:
            problem = rare("answers").set_one(things, found.id, _value(text))
            return "error: " + problem if problem else "ok"
    for service_id, _ in things.services:
        if service_id.encode() == name:
            reply = rare("answers").run(things, service_id, _value(text) if equals else {})
            return "error: " + reply["msg"] if reply["code"] != 200 else json.dumps(reply["data"])
    return None


def _value(text):
    """A value as people type it."""
    try:
        return json.loads(text)
    except ValueError:
        text = text.decode()
        return {"on": True, "off": False}.get(text.lower(), text)
