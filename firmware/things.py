"""Properties, services and events of a device: what a thing model knows. Loaded by the first of them, or by the current
platform; declared.py has how a program says them. What the platform wants of them is for rooms of which one is loaded
at a time: requests.py reads it, answers.py or wished.py does it, and requests.py sends the answer.

Where the platform has no thing models, a property is a stream, a set is the command id=value, a service the command id
or id= with its inputs in JSON, and an event a data point. It is a room of device.py, and knows its attributes.
"""

from micropython import const
from time import ticks_diff, ticks_ms

from .log import rare

_ASKS = const(3)  # for the desired values, on a connection
_PATIENCE = const(10000)  # ms for their reply
_PAUSE = const(1000)  # ms between messages


class Things:
    """What a Device has of them, and what it does in place of its own on the current platform. `modelled`: the
    platform has thing models, and so knows of them."""

    def __init__(self, device):
        self.device = device
        self.properties = self.services = ()  # or a list: of Property, of (id, function)
        self.kind = None  # the class Property, once there is one
        self.modelled = False
        self.asks = 0  # how often the desired values may still be asked for, on this connection
        self.asked_at = 0  # ticks
        self.failed = None  # or (error, what for): of the program, and to be kept in the file crashes

    def _connected(self, session_present):
        self.asks = _ASKS if self.modelled and self.properties else 0
        self.device._connected(session_present)

    def _upload(self):
        device = self.device
        if not device._platform.turn():
            return
        if self.asks and (self.asks == _ASKS or ticks_diff(ticks_ms(), self.asked_at) >= _PATIENCE):
            paused = device._pause_from
            if device._client.can_publish(1) and (paused is None or ticks_diff(ticks_ms(), paused) >= _PAUSE):
                rare("requests").ask_desired(self)
        type(device)._upload(device)

    def _answer(self):
        device = self.device
        while device._commands and device._client.can_publish(1):
            topic, payload = device._commands.pop(0)
            room, request, answer = rare("requests").read(topic, payload)
            if room:
                answer = rare(room).reply(self, topic, answer)
            if answer:
                rare("requests").send(self, topic, request, answer)
            failed = self.failed
            if failed:
                self.failed = None
                try:
                    rare("crash").note(*failed)
                except MemoryError:
                    pass

    def _refused(self, points_id, code, words):
        rare("not_taken").refused(self.device, code, words)
