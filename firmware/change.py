"""What a stream sends of what it measures: what has moved, or the average of some readings. Loaded where a stream is
told to, and stays; what a program may say of it is in stream_rules.py.

It is a room of device.py, and knows its attributes.
"""

import json
from micropython import const
from time import ticks_diff, ticks_ms

_ID = const(0)  # of a stream, see device.py
# And what is in one with a rule besides. Not an object of its own, for fifty of them would take too much.
_RULE = const(5)  # (delta, whether that is percent, at_least in ms or None)
_SENT = const(6)  # the value that the outbox has taken last; None where that is not known
_SENT_AT = const(7)  # ticks of it
_STATE = const(8)

_BUSY = const(1)
_INTERRUPTED = const(2)

_NUMBERS = int, float
_ROUNDING = 2e-6  # of a value: what the difference of two floats of 30 bits, an ESP8266's, is off by at most


class Puts:
    """Stands for Device.put() where there is a stream with a rule."""

    def __init__(self, device):
        self._device = device

    def __call__(self, stream_id, value):
        stream = self._ruled(stream_id)
        if not stream:
            return self._put(stream_id, value)
        if stream[_STATE]:  # by a timer's callback, in the middle of this: who knows what is last then
            stream[_STATE] = _INTERRUPTED
            stream[_SENT] = None
            return self._put(stream_id, value)
        stream[_STATE] = _BUSY
        try:
            now = ticks_ms()
            delta, percent, at_least = stream[_RULE]
            if stream[_SENT] is not None and not _moved(stream[_SENT], value, delta, percent):
                # Ticks may have wrapped, where nothing was measured for days.
                if at_least is None or 0 <= ticks_diff(now, stream[_SENT_AT]) < at_least:
                    return True
            stream[_SENT] = None
            taken = self._put(stream_id, value)
            if taken:
                stream[_SENT] = json.loads(json.dumps(value)) if isinstance(value, (dict, list)) else value
                stream[_SENT_AT] = now
                if stream[_STATE] == _INTERRUPTED:
                    stream[_SENT] = None
            return taken
        finally:
            stream[_STATE] = 0

    def update(self, stream_id, value):
        """The same for a value that the platform is to have in any case, for it has just been set, say."""
        stream = self._ruled(stream_id)
        if stream:
            stream[_SENT] = None
        return self(stream_id, value)

    def _put(self, stream_id, value):
        return type(self._device).put(self._device, stream_id, value)

    def _ruled(self, stream_id):
        """The stream of this id, if it has a rule."""
        if isinstance(stream_id, str):
            stream_id = stream_id.encode()
        for stream in self._device._streams:
            if stream[_ID] == stream_id:
                return len(stream) > _RULE and stream


class Average:
    """Stands in a stream for the program's function, which is `get`: the mean of so many readings, where there are
    that many, and None before."""

    def __init__(self, get, most):
        self.get = get
        self._most = most
        self._calls = self._readings = self._sum = 0  # of those under way: how many, how many numbers, and their sum

    def __call__(self):
        self._calls += 1
        value = self.get()
        if value is not None:
            if type(value) not in _NUMBERS:
                raise TypeError("average: must be of numbers, not " + type(value).__name__)
            self._sum += value
            self._readings += 1
        if self._calls < self._most:
            return None
        value = self._sum / self._readings if self._readings else None
        self._calls = self._readings = self._sum = 0
        return value


def _moved(last, value, delta, percent):
    """Whether a value is another one than the last, and a number by so much, or so many percent of the last. Of a dict
    any member may be it."""
    if type(last) in _NUMBERS and type(value) in _NUMBERS:
        if percent:
            delta = abs(last) * delta / 100
        return last != value and not abs(value - last) + abs(value) * _ROUNDING < delta  # so NaN is, and refused
    if isinstance(last, dict) and isinstance(value, dict) and len(last) == len(value):
        for key in value:
            if key not in last or _moved(last[key], value[key], delta, percent):
                return True
        return False
    return type(last) is not type(value) or last != value
