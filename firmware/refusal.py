"""Why a data point is not taken, and what would be right, in words. Loaded only for that."""

from .log import log, rare
from .outbox import stream_id_of

STREAM_ID = "stream id: must be 1 to 64 bytes of UTF-8, no quote, backslash or control character"

_CURES = (
    (("NoneType",), "is None; to send nothing, do not call put()"),
    (("bytes", "bytearray", "memoryview"), "is bytes; make it text: value.decode()"),
    (
        ("generator", "coroutine"),
        "is a generator, as async def gives one: take async away, or await device.start() in place of run()",
    ),
    (("function", "closure", "bound_method", "method", "builtin_function_or_method"), "is a function; call it: name()"),
    (("type",), "is a class, not a value"),
    (("tuple", "set", "frozenset"), 'is a %s; make it a dict: {"x": 1, "y": 2}'),
)


def refuse(device, stream_id, value, error):
    """Logs why a device's put() has not taken it, and keeps the first of these in the file crashes: flash wears."""
    text = words(stream_id, value, error)
    log("stream", text)
    if not device._failed & 2:
        device._failed |= 2
        rare("crash").note(ValueError(text), "put()")


def no_id(given):
    """What is wrong with what a decorator, or event(), was given for an id."""
    if callable(given):
        return 'no id: it stands in parentheses, as in @device.stream("temperature")'
    return STREAM_ID


def words(stream_id, value, error):
    """What to log of what Device.put() has refused."""
    try:
        name = stream_id if isinstance(stream_id, str) else stream_id.decode()
    except (AttributeError, UnicodeError):
        return "%r: stream id: must be text, or UTF-8 in bytes" % (stream_id,)
    if isinstance(error, MemoryError):
        return "%s: too long: no memory for it" % name
    if error.args and isinstance(error.args[0], int):  # its size, and the outbox's
        text = "data point of %d bytes, outbox of %d" if len(error.args) > 1 else "%d bytes, too long for tx_size"
        wrong = text % error.args
    else:
        wrong = str(error) or (_what_is_wrong(value) if stream_id_of(stream_id) else STREAM_ID)
    return "%s: %s" % (name, wrong)


def culprit(outbox):
    """What to log of the oldest data point of an outbox, which the platform does not take."""
    outbox.rewind()
    outbox.next()
    stream_id = bytes(outbox.buf[outbox.id_at : outbox.id_at + outbox.id_len])
    value = bytes(outbox.buf[outbox.value_at : outbox.value_at + min(outbox.value_len, 60)])
    return "%s: dropped, for the connection is lost each time after it: %s" % (stream_id.decode(), value.decode())


def _what_is_wrong(value, depth=6):
    kind = type(value).__name__
    for kinds, text in _CURES:
        if kind in kinds:
            return text % kind if "%" in text else text
    if isinstance(value, str):
        return "has half a character in it (a lone surrogate); text must be Unicode"
    if isinstance(value, float):
        return "is %s; a number must be finite" % value
    if isinstance(value, int):
        return "is an integer of more than 64 bits; make it a float or text"
    if not isinstance(value, (dict, list)):
        return "is a %s; must be a number, text, bool or a dict of them" % kind
    if not depth:
        return "has dicts in dicts too deep, or in a circle"
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or not key:
                return "has the key %r; keys must be text, and not empty" % (key,)
        value = value.values()
    for inner in value:
        if isinstance(inner, (dict, list)) or not _plain(inner):
            found = _what_is_wrong(inner, depth - 1)
            if found:
                return found if found[:4] == "has " else "has a value that " + found
    return ""


def _plain(value):
    if isinstance(value, float):
        return value - value == 0
    return isinstance(value, (str, bool)) or isinstance(value, int) and value >> 63 in (0, -1)
