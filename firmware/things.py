"""Properties, services and events of a device: what a thing model knows. Loaded by the first of them, or by a platform
that has thing models; declared.py has how a program says them, requests.py what comes from the platform.

Where the platform has none, a property is a stream, a set is the command id=value, a service the command id or id=
with its inputs in JSON, and an event a data point. It is a room of device.py, and knows its attributes.
"""

from time import ticks_ms

from .log import rare


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

    def _connected(self, session_present):
        self._asked = False
        self.device._connected(session_present)

    def _upload(self):
        device = self.device
        if not self._asked and device._client.can_publish(1):
            self._asked = True
            if rare("requests").ask_desired(self):
                device._pause_from = ticks_ms()  # one message a second is what the platform wants
        device._platform.turn()
        type(device)._upload(device)

    def _answer(self):
        device = self.device
        while device._commands and device._client.can_publish(1):
            rare("requests").answer_request(self, *device._commands.pop(0))

    def _refused(self, points_id, code, words):
        rare("requests").refused(self.device, code, words)
