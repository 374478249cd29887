"""What comes from the platform and goes to it besides data points, of a product with a thing model: reads and sends it.
Loaded for each, and forgotten. What is to be done about it is in answers.py and wished.py: one room is in memory at a
time, for with TLS a board has little left.
"""

import json
from micropython import const
from time import ticks_add, ticks_diff, ticks_ms

from mqtt.wire import bad_utf8

from .log import log
from .outbox import is_value

_FAILED = const(100)  # the code of China Mobile's own SDK for a request that went wrong
_PAUSE = const(1000)  # ms between messages that the platform wants


def read(topic, payload):
    """(room, id, params) of what came below the device's topic: the room that answers it, with the id that it has and
    what it says. Without a room the last is the answer, None for none. payload: bytes; (size, id) of one longer than
    rx_size."""
    if isinstance(payload, tuple):
        size, request = payload
        return None, request, {"code": _FAILED, "msg": "%d bytes are longer than rx_size" % size}
    try:
        message = json.loads(payload)
        request = message["id"]
        if topic[:16] == b"property/desired":
            return "wished", request, message
        return "answers", request, message.get("params")
    except (ValueError, TypeError, KeyError, AttributeError):
        log("command", "not answered: %s is no JSON with an id" % topic.decode())
        return None, None, None


def send(things, topic, request, answer):
    """Answers what came with this topic and id."""
    answer["id"] = request
    text = _json(answer)
    if text is None:
        text = _json({"id": request, "code": _FAILED, "msg": "the result is no JSON"})
    things.device._platform.reply(topic, text)
    _hold(things.device)
    log("command", "%s answered%s" % (topic.decode(), ": " + answer["msg"] if answer["code"] != 200 else ""))


def post(things, topic, request, params):
    """Posts params to a topic below the device's, with this id."""
    message = {"id": request, "version": "1.0", "params": params}
    things.device._platform.post(topic, json.dumps(message).encode())
    _hold(things.device)


def ask_desired(things):
    """Asks for the values that were wished for while the device was away, of properties that can be set; or asks again,
    where no reply has come."""
    names = [found.id for found in things.properties if found.set]
    if not names:
        things.asks = 0
        return
    things.asks -= 1
    things.asked_at = ticks_ms()
    post(things, b"property/desired/get", "1", names)


def _hold(device):
    """The next upload comes a second from now at the soonest: the platform wants one message a second."""
    now = ticks_ms()
    interval = device.config["upload_interval"] * 1000
    if device._pause_from is None or ticks_diff(now, device._pause_from) > interval - _PAUSE:
        device._pause_from = ticks_add(now, _PAUSE - interval)


def _json(answer):
    if not is_value(answer, True):
        return None
    text = json.dumps(answer).encode()
    return None if bad_utf8(text, 0, len(text), 0) >= 0 else text
