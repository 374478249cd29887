"""What a program says of properties, services and events. Loaded for each of its words, and forgotten."""

import json

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


def _check(name):
    if not isinstance(name, (str, bytes)) or not stream_id_of(name):
        raise ValueError(rare("refusal").no_id(name))


def _take_commands(things):
    """On a platform that does not know of them, they come as commands."""
    device = things.device
    if not things.modelled:
        device._reply_to = lambda payload: rare("typed").command(things, payload)
