"""Properties, services and events of a device: what a thing model knows. Loaded by the first of them, or by a platform
that has thing models; what comes from there is obeyed by requests.py.

Where the platform has none, a property is a stream, a set is the command id=value, a service the command id or id=
with its inputs in JSON, and an event a data point. It is a room of device.py, and knows its attributes.
"""

import json
from time import ticks_ms

from .log import rare
from .outbox import is_value, stream_id_of


def _check(name):
    if not stream_id_of(name):
        raise ValueError(rare("refusal").STREAM_ID)


class Property:
    """A property of the device. Called, it is its function: the value, or None for no value now. `set` is the function
    that takes a new value, None for a property that can only be read."""

    def __init__(self, property_id, get):
        self.id = property_id
        self.get = get
        self.set = None

    def __call__(self):
        return self.get()

    def setter(self, function):
        """Decorator: calls the function with each value that the platform sets. An exception is the answer, then."""
        self.set = function
        return self


def things_of(device):
    """Those of a Device."""
    if not device._things:
        device._things = Things(device)
    return device._things


class Things:
    """What a Device has of them, and what it does in place of its own where the platform has thing models."""

    def __init__(self, device):
        self.device = device
        self.properties = []
        self.services = []  # (id, function)
        self._asked = True  # for the desired values, on this connection

    # What the program says, by way of its Device

    def property(self, property_id, every):
        def add(get):
            made = Property(property_id, get)
            self.properties = [other for other in self.properties if other.id != property_id] + [made]
            if every is not None:
                self.device.stream(property_id, every)(get)
            self._take_commands()
            return made

        _check(property_id)
        return add

    def service(self, service_id):
        def add(function):
            self.services = [other for other in self.services if other[0] != service_id] + [(service_id, function)]
            self._take_commands()
            return function

        _check(service_id)
        return add

    def event(self, event_id, value):
        device = self.device
        if not device.config or device.config["platform"] == "legacy":
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

    # On a platform without thing models

    def _take_commands(self):
        if self.device.config and self.device.config["platform"] == "legacy":
            self.device._reply_to = self._reply_to

    def _reply_to(self, payload):
        return rare("requests").command(self, payload)

    # On one that has them

    def hook(self, platform):
        """The Device's turns go by way of this."""
        device = self.device
        device._answer = self._answer
        device._upload = self._upload
        platform.on_connect = self._connected
        platform.on_refused = self._refused
        platform.client.on_disconnect = self._lost

    def _connected(self, session_present):
        self._asked = False
        self.device._connected(session_present)

    def _lost(self, reason):
        """Where the host did not let us in, the next one is tried next."""
        hosts = self.device.config["host"]
        if self.device._online_at is None and len(hosts) > 1:
            hosts.append(hosts.pop(0))
            self.device._client.host = hosts[0]

    def _upload(self):
        device = self.device
        if not self._asked and device._client.can_publish(1):
            self._asked = True
            if rare("requests").ask(self):
                device._pause_from = ticks_ms()  # one message a second is what the platform wants
        device._platform.turn()
        type(device)._upload(device)

    def _answer(self):
        device = self.device
        while device._commands and device._client.can_publish(1):
            rare("requests").answer(self, *device._commands.pop(0))

    def _refused(self, points_id, code, words):
        rare("requests").refused(self.device, code, words)
