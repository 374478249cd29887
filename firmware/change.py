"""What a stream sends of what it measures: what has moved, or the average of some readings. Loaded where a stream is
told to, and stays; what a program may say of it is in stream_rules.py.

It is a room of device.py, and knows its attributes.
"""

import json
from micropython import const
from time import ticks_diff, ticks_ms

_ID = const(0)  # of a stream, see device.py
_MEASURE = const(2)

_NUMBERS = int, float
_ROUNDING = 2e-6  # of a value: what the difference of two floats of 30 bits, an ESP8266's, is off by at most
_BUSY = const(1)
_INTERRUPTED = const(2)


class Change:
    """Stands in a stream for the program's function, which is `get`: called at each interval, it returns what is to be
    put then, None for nothing. offer() is what put() does for this stream."""

    def __init__(self, device, stream_id, get, rule):
        """stream_id: bytes. rule: what stream_rules.py makes."""
        self.get = get
        self._device = device
        self._id = stream_id
        self._delta, self._percent, self._at_least, self._most = rule
        self._last = None  # what the outbox has taken last; None where that is not known
        self._sent_at = 0  # ticks of it
        self._state = 0
        self._readings = self._calls = 0  # of the average under way: how many are numbers, and how many there were
        self._sum = 0

    def __call__(self):
        if self._most == 1:
            return self.get()
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
        self._sum = self._readings = self._calls = 0
        return value

    def offer(self, value):
        """Puts the value where it has moved, or it is time to say it again. Returns False where it is dropped."""
        if self._state:  # by a timer's callback, in the middle of this: who knows what is last then
            self._state = _INTERRUPTED
            self._last = None
            return self._put(value)
        self._state = _BUSY
        try:
            now = ticks_ms()
            if self._last is not None and not _moved(self._last, value, self._delta, self._percent):
                # Ticks may have wrapped, where nothing was measured for days.
                if self._at_least is None or 0 <= ticks_diff(now, self._sent_at) < self._at_least:
                    return True
            self._last = None
            taken = self._put(value)
            if taken:
                self._last = json.loads(json.dumps(value)) if isinstance(value, (dict, list)) else value
                self._sent_at = now  # type: ignore[assignment]
                if self._state == _INTERRUPTED:
                    self._last = None
            return taken
        finally:
            self._state = 0

    def forget(self):
        """The next value goes whatever it is."""
        self._last = None

    def _put(self, value):
        return type(self._device).put(self._device, self._id, value)


class Puts:
    """Stands for Device.put() where there is a Change."""

    def __init__(self, device):
        self._device = device

    def __call__(self, stream_id, value):
        change = self._change_of(stream_id)
        return change.offer(value) if change else type(self._device).put(self._device, stream_id, value)

    def update(self, stream_id, value):
        """The same for a value that the platform is to have in any case, for it has just been set, say."""
        change = self._change_of(stream_id)
        if change:
            change.forget()
        return self(stream_id, value)

    def _change_of(self, stream_id):
        if isinstance(stream_id, str):
            stream_id = stream_id.encode()
        for stream in self._device._streams:
            if stream[_ID] == stream_id:
                return stream[_MEASURE] if isinstance(stream[_MEASURE], Change) else None


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
