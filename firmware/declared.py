"""What a program says of properties, services and events. Loaded for each of its words, and forgotten."""

import json

from .log import rare
from .outbox import is_value, stream_id_of


class Property:
    """A property of the device. Called, it is its function: the value, or None for no value now. `set` is the function
    that takes a new value, None for a property that can only be read."""

    def __init__(self, name, get):
        self.id = name
        self.get = get
        self.set = None

    def __call__(self):
        return self.get()

    def setter(self, function):
        """Decorator: calls the function with each value that the platform sets. An exception is the answer, then."""
        self.set = function
        return self


def declare_property(things, name, every, options):
    """The decorator that Device.property() returns."""

    def add(get):
        made = Property(name, get)
        things.properties = [other for other in things.properties if other.id != name] + [made]
        if stream:
            stream(get)
        _take_commands(things)
        return made

    _check(name)
    if every is None and options:
        raise ValueError("every: must be seconds where there is a delta, at_least or average")
    stream = None if every is None else things.device.stream(name, every, **options)
    return add


def declare_service(things, name):
    """The decorator that Device.service() returns."""

    def add(function):
        things.services = [other for other in things.services if other[0] != name] + [(name, function)]
        _take_commands(things)
        return function

    _check(name)
    return add


def put_event(things, event_id, value):
    """What Device.event() does."""
    device = things.device
    if not things.modelled:
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
        rare("requests").say("event", event_id, e)
        return False


def _check(name):
    if not isinstance(name, (str, bytes)) or not stream_id_of(name):
        raise ValueError(rare("refusal").no_id(name))


def _take_commands(things):
    """On a platform that does not know of them, they come as commands."""
    device = things.device
    if not things.modelled:
        device._reply_to = lambda payload: rare("requests").command(things, payload)
