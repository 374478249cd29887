"""What a platform asks of properties and services, and what it does not take. Loaded for each, and forgotten."""

import json
from micropython import const
from time import ticks_add, ticks_diff, ticks_ms

from mqtt.wire import bad_utf8

from .log import keep, log, rare
from .outbox import is_value

_FAILED = 100  # the code of China Mobile's own SDK for a request that went wrong
_ILLEGAL = const(98)  # of a product with data streams, whatever it does not take
_PAUSE = const(1000)  # ms between messages that the platform wants


def say(subject, name, error):
    log(subject, "%s: %s" % (name, str(error) or "no memory for it"))


def answer_request(things, topic, payload):
    """Obeys what came below the device's topic, and replies. payload: bytes; (size, id) of one longer than rx_size."""
    if isinstance(payload, tuple):
        size, request = payload
        return _reply(things, topic, request, {"code": _FAILED, "msg": "%d bytes are longer than rx_size" % size})
    try:
        message = json.loads(payload)
        request = message["id"]
        params = message.get("params")
    except (ValueError, TypeError, KeyError, AttributeError):
        return log("command", "not answered: %s is no JSON with an id" % topic.decode())
    parts = topic.decode().split("/")
    if parts[:2] == ["property", "desired"]:
        return _desired(things, parts[2:3] == ["get"], message)
    if parts[0] == "service":
        reply = _invoke(things, parts[1], params)
    elif parts[1] == "get":
        reply = _get(things, params)
    else:
        reply = _set_all(things, params)
    _reply(things, topic, request, reply)


def _reply(things, topic, request, reply):
    reply["id"] = request
    text = _json(reply)
    if text is None:
        text = _json({"id": request, "code": _FAILED, "msg": "the result is no JSON"})
    things.device._platform.reply(topic, text)
    _hold(things.device)
    log("command", "%s answered%s" % (topic.decode(), ": " + reply["msg"] if reply["code"] != 200 else ""))


def _hold(device):
    """The next upload comes a second from now at the soonest: the platform wants one message a second."""
    now = ticks_ms()
    interval = device.config["upload_interval"] * 1000
    if device._pause_from is None or ticks_diff(now, device._pause_from) > interval - _PAUSE:
        device._pause_from = ticks_add(now, _PAUSE - interval)


def _json(reply):
    if not is_value(reply, True):
        return None
    text = json.dumps(reply).encode()
    return None if bad_utf8(text, 0, len(text), 0) >= 0 else text


def _set_all(things, params):
    if not isinstance(params, dict):
        return {"code": _FAILED, "msg": "params must be an object"}
    problems = [problem for problem in [_set(things, name, params[name]) for name in params] if problem]
    return {"code": _FAILED, "msg": "; ".join(problems)} if problems else {"code": 200, "msg": "success"}


def _set(things, name, value):
    """Sets one property; returns what went wrong, None for nothing."""
    device = things.device
    for found in things.properties:
        if found.id == name:
            if not found.set:
                return name + " can only be read"
            error = _called(device, name, found.set, value)[1]
            if error:
                return "%s: %s" % (name, error)
            _report(device, found)
            return None
    if not device._obey:
        return "no property " + name
    text = device._reply_to(("%s=%s" % (name, value if isinstance(value, str) else json.dumps(value))).encode())
    text = text if isinstance(text, str) else bytes(text).decode()
    return text if text[:5] == "error" else None


def _report(device, found):
    """The platform is to know the value that is there now."""
    value = _called(device, found.id, found.get)[0]
    if value is not None:
        getattr(device.put, "update", device.put)(found.id, value)  # whatever it was before: see change.py


def _called(device, name, function, *args):
    """(what a function of the program returns, what went wrong in words or None)."""
    device.outbox.unlock()
    try:
        return function(*args), None
    except KeyboardInterrupt:
        raise
    except BaseException as e:  # noqa: BLE001 - the sender is to know, and the board to stay online
        keep("property " + name, e, device._failed & 1)
        device._failed |= 1
        return None, str(e) or type(e).__name__
    finally:
        device.outbox.locked = True


def _get(things, names):
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return {"code": _FAILED, "msg": "params must be a list of names"}
    device = things.device
    data = {}
    for name in names:
        for found in things.properties:
            if found.id == name:
                value = _called(device, name, found.get)[0]
                break
        else:
            value = _measured(device, name)
        if value is not None:
            data[name] = value
    missing = [name for name in names if name not in data]
    if missing:
        return {"code": _FAILED, "msg": "no value of " + ", ".join(missing)}
    return {"code": 200, "msg": "success", "data": data}


def _measured(device, name):
    """What a stream of this id gives now; None if there is none."""
    for stream in device._streams:
        if stream[0].decode() == name:
            return _called(device, name, getattr(stream[2], "get", stream[2]))[0]  # of an Average what it is of


def _invoke(things, name, params):
    device = things.device
    for service_id, function in things.services:
        if service_id == name:
            result, error = _called(device, name, function, params if isinstance(params, dict) else {})
            if error:
                return {"code": _FAILED, "msg": error}
            return {"code": 200, "msg": "success", "data": result if isinstance(result, dict) else {}}
    if not device._obey:
        return {"code": _FAILED, "msg": "no service " + name}
    text = device._reply_to((name + ("=" + json.dumps(params) if params else "")).encode())
    text = text if isinstance(text, str) else bytes(text).decode()
    return {"code": _FAILED if text[:5] == "error" else 200, "msg": text, "data": {}}


# Desired values


def ask_desired(things):
    """Asks for the values that were wished for while the device was away, of properties that can be set; or asks again,
    where no reply has come."""
    names = [found.id for found in things.properties if found.set]
    if not names:
        things.asks = 0
        return
    things.asks -= 1
    things.asked_at = ticks_ms()
    message = {"id": "1", "version": "1.0", "params": names}
    things.device._platform.post(b"property/desired/get", json.dumps(message).encode())
    _hold(things.device)


def _desired(things, asked, message):
    """A reply about them: to the question for them, or to what was obeyed."""
    if asked:
        things.asks = 0
    if message.get("code") != 200:
        return log("command", "desired values: code %s, %s" % (message.get("code"), message.get("msg")))
    if not asked:
        return
    done = {}
    data = message.get("data")
    for name in data if isinstance(data, dict) else ():
        wished = data[name]
        if isinstance(wished, dict) and "value" in wished:
            problem = _set(things, name, wished["value"])
            log("command", "desired value of %s %s" % (name, problem or "obeyed"))
            if not problem:
                done[name] = {"version": wished["version"]} if "version" in wished else {}
    if done:
        text = json.dumps({"id": "2", "version": "1.0", "params": done}).encode()
        things.device._platform.post(b"property/desired/delete", text)
        _hold(things.device)


# What is not taken


def too_long(things, topic, size, start):
    """What came to this topic of the device is longer than rx_size: it is answered in its turn, where what fits of its
    text, `start`, tells the id. Whether it will be."""
    at = topic.find(b"/thing/")
    what = topic[at + 7 :]
    wants_reply = what in (b"property/set", b"property/get") or what[:8] == b"service/"
    request = _id_in(start) if wants_reply else None
    if at < 0 or request is None:
        return False
    things.device._command_came(what, (size, request))
    return True


def _id_in(start):
    """The id at the beginning of a message's text, as text; None where it stands farther behind, or is odd."""
    head, name, rest = start.partition(b'"id"')
    rest = rest.lstrip(b" \t\r\n:")
    if not name or head.count(b"{") != 1 or rest[:1] != b'"':
        return None
    text, end, _ = rest[1:].partition(b'"')
    return text.decode() if end and text.isdigit() else None


def not_taken(device, code, words):
    """The platform does not take the batch under way: fewer points go at once, down to the one it dislikes."""
    words = "%s (code %d)" % (words or "no reason given", code)
    device._batch = device._losses = 0
    if device._count > 1:
        device._most = device._count >> 1
        device.outbox.send(0)
        return log("stream", "%d data points refused: %s; goes on with fewer" % (device._count, words))
    outbox = device.outbox
    outbox.rewind()
    outbox.next()
    name = bytes(outbox.buf[outbox.id_at : outbox.id_at + outbox.id_len]).decode()
    if code == _ILLEGAL and not device._things.modelled:
        words += "; a stream's name must be 1 to 30 of A-Z a-z 0-9 _ . $"
    log("stream", "%s: refused by the platform: %s" % (name.replace("\1", "event "), words))
    outbox.done()  # it will never arrive
    outbox.dropped += 1


# Where a set is a command


def command(things, payload):
    """The reply to a command on a platform that has no thing models."""
    device = things.device
    if not isinstance(payload, int):
        if payload[:7] == b"update ":
            return rare("update_command").obey(device, payload)
        if payload[:1] == b"!":
            return rare("remote_command").obey(device, payload)
        name, equals, text = payload.partition(b"=")
        for found in things.properties:
            if found.set and equals and found.id.encode() == name:
                problem = _set(things, found.id, _value(text))
                return "error: " + problem if problem else "ok"
        for service_id, _ in things.services:
            if service_id.encode() == name:
                reply = _invoke(things, service_id, _value(text) if equals else {})
                return "error: " + reply["msg"] if reply["code"] != 200 else json.dumps(reply["data"])
    return type(device)._reply_to(device, payload)


def _value(text):
    """A value as people type it."""
    try:
        return json.loads(text)
    except ValueError:
        text = text.decode()
        return {"on": True, "off": False}.get(text.lower(), text)
