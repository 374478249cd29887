"""Does what is asked for: sets properties, has their values, calls services. Loaded for each, and forgotten.

It is a room of device.py, and knows its attributes.
"""

import json
from micropython import const

from .log import keep

_FAILED = const(100)  # the code of China Mobile's own SDK for a request that went wrong


def reply(things, topic, params):
    """The reply to what came on this topic below the device's."""
    if topic[:8] == b"service/":
        return run(things, topic.decode().split("/")[1], params)
    return _get(things, params) if topic == b"property/get" else _set_all(things, params)


def _set_all(things, params):
    if not isinstance(params, dict):
        return {"code": _FAILED, "msg": "params must be an object"}
    problems = [problem for problem in [set_one(things, name, params[name]) for name in params] if problem]
    return {"code": _FAILED, "msg": "; ".join(problems)} if problems else {"code": 200, "msg": "success"}


def set_one(things, name, value):
    """Sets one property; returns what went wrong, None for nothing."""
    device = things.device
    for found in things.properties:
        if found.id == name:
            if not found.set:
                return name + " can only be read"
            error = _called(things, "property " + name, found.set, value)[1]
            if error:
                return "%s: %s" % (name, error)
            value = _called(things, "property " + name, found.get)[0]  # what is there now, the platform is to know
            if value is not None:
                getattr(device.put, "update", device.put)(name, value)  # whatever it was before: see change.py
            return None
    if not device._obey:
        return "no property " + name
    text = device._reply_to(("%s=%s" % (name, value if isinstance(value, str) else json.dumps(value))).encode())
    text = text if isinstance(text, str) else bytes(text).decode()
    return text if text[:5] == "error" else None


def _get(things, names):
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return {"code": _FAILED, "msg": "params must be a list of names"}
    data = {}
    for name in names:
        get = _function_of(things, name)
        value = _called(things, "property " + name, get)[0] if get else None
        if value is not None:
            data[name] = value
    missing = [name for name in names if name not in data]
    if missing:
        return {"code": _FAILED, "msg": "no value of " + ", ".join(missing)}
    return {"code": 200, "msg": "success", "data": data}


def _function_of(things, name):
    """What gives the value of a property or stream; None if there is none of this name."""
    for found in things.properties:
        if found.id == name:
            return found.get
    for stream in things.device._streams:
        if stream[0].decode() == name:
            return getattr(stream[2], "get", stream[2])  # of an Average what it is of


def run(things, name, params):
    """Calls a service; returns the reply."""
    device = things.device
    for service_id, function in things.services:
        if service_id == name:
            inputs = params if isinstance(params, dict) else {}
            result, error = _called(things, "service " + name, function, inputs)
            if error:
                return {"code": _FAILED, "msg": error}
            return {"code": 200, "msg": "success", "data": result if isinstance(result, dict) else {}}
    if not device._obey:
        return {"code": _FAILED, "msg": "no service " + name}
    text = device._reply_to((name + ("=" + json.dumps(params) if params else "")).encode())
    text = text if isinstance(text, str) else bytes(text).decode()
    return {"code": _FAILED if text[:5] == "error" else 200, "msg": text, "data": {}}


def _called(things, subject, function, *args):
    """(what a function of the program returns, what went wrong in words or None). subject: what it is for, in words."""
    outbox = things.device.outbox
    outbox.unlock()
    try:
        result = function(*args)
        if hasattr(result, "throw"):
            raise TypeError("it is async, which only streams and commands may be; take async away")
        return result, None
    except KeyboardInterrupt:
        raise
    except BaseException as e:  # noqa: BLE001 - the sender is to know, and the board to stay online
        known = things.device._failed & 1
        keep(subject, e, known or things.modelled)
        if things.modelled and not known:  # it waits until all else is done, for keeping it takes memory
            things.failed = e, subject
        things.device._failed |= 1
        return None, str(e) or type(e).__name__
    finally:
        outbox.locked = True
