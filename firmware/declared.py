"""What a program says of properties, services and events, and what is only silent in it. Loaded for each of its words,
and forgotten.
"""

import json
from sys import modules

from .log import log, rare
from .outbox import is_value, stream_id_of


def things_of(device):
    """The Things of a Device, made for the first who asks."""
    if not device._things:
        device._things = rare("things").Things(device)  # its module stays as long as it does
    return device._things


def declare_property(device, name, every, options):
    """The decorator that Device.property() returns."""
    things = things_of(device)

    def add(get):
        things.kind = kind = things.kind or rare("property").Property  # it stays, and one will do
        made = kind(name, get)
        things.properties = [other for other in things.properties if other.id != name] + [made]
        if stream:
            stream(get)
        _take_commands(things)
        return made

    _check(name)
    if every is None and options:
        raise ValueError("every: must be seconds where there is a delta, at_least or average")
    stream = None if every is None else device.stream(name, every, **options)
    return add


def command(device, name, options):
    """The decorator that Device.command() returns where it is told something, or what it is told to decorate."""
    for option in options:
        if option != "text":
            raise TypeError("%s: no such argument; there is text" % option)
    function = name if callable(name) else None
    if function or name is None:
        name = b""
    else:
        _check(name)
        name = stream_id_of(name)
        if b"=" in name or b"?" in name or b" " in name:
            raise ValueError("command: its name stands before = ? or a blank, and has none of them")
    text = options.get("text", name != b"")

    def add(function):
        if not hasattr(device._obey, "named"):
            rare("commands").Commands(device)  # it stays
        device._obey.add(name, function, text)
        return function

    return add(function) if function else add


def declare_service(device, name):
    """The decorator that Device.service() returns."""
    things = things_of(device)

    def add(function):
        things.services = [other for other in things.services if other[0] != name] + [(name, function)]
        _take_commands(things)
        return function

    _check(name)
    return add


def put_event(device, event_id, value):
    """What Device.event() does."""
    if not device._things or not device._things.modelled:
        return device.put(event_id, value)
    try:
        _check(event_id)
        encoded = b"\1" + stream_id_of(event_id)
        if not isinstance(value, dict) or not is_value(value):
            raise ValueError("must be a dict of the event's outputs")
        text = json.dumps(value).encode()
        if not device._points.fits(len(encoded), len(text)):
            raise ValueError("%d bytes, too long for tx_size" % len(text))
        return device.outbox.put(encoded, text, device.clock.now())
    except (ValueError, MemoryError) as e:
        log("event", "%s: %s" % (event_id, str(e) or "no memory for it"))
        return False


def nothing(stream):
    """To the log: that a stream's function returns None again and again, and has not returned anything else yet."""
    if not stream[0]:  # what has no name is ours, and is to be looked at in each turn
        return
    change = modules.get("firmware.change")
    if not change or not isinstance(stream[2], change.Average) or not stream[2]._readings:
        words = "%s: nothing was ever sent, for its function returns None; return the value, if there is to be one"
        log("stream", words % stream[0].decode())


def unknown(device):
    """To the log, once: which of the configuration's intervals are for no stream of the program."""
    intervals = device.config["intervals"]
    for name in list(intervals):
        for stream in device._streams:
            if stream[0].decode() == name:
                break
        else:
            del intervals[name]
            log("config", '"intervals": no stream is called "%s"' % name)


def _check(name):
    if not isinstance(name, (str, bytes)) or not stream_id_of(name):
        raise ValueError(rare("refusal").no_id(name))


def _take_commands(things):
    """On a platform that does not know of them, they come as commands."""
    device = things.device
    if not things.modelled:
        device._reply_to = lambda payload: rare("typed").command(things, payload)
