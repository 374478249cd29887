"""Which QoS 2 messages have been delivered and are not yet released. Loaded by the first one that comes."""

from micropython import const

_RANGES = const(32)


class Incoming:
    """Packet identifiers, as ranges: a server numbers its messages one after the other and releases them in that order,
    so any number of them, and MQTT 3.1.1 has no bound, takes as little memory as one.

    Where QoS 1 in between, say, makes more ranges than there is room for, a message is delivered all the same and not
    remembered: it comes twice if then the connection is lost before it is released. Nothing is lost, and no connection.
    """

    def __init__(self):
        self._firsts = [0] * _RANGES  # 0 where there is none
        self._lasts = [0] * _RANGES

    def add(self, packet_id):
        """False if it is there already."""
        room = following = -1
        for i in range(_RANGES):
            first = self._firsts[i]
            if not first:
                room = i
            elif first <= packet_id <= self._lasts[i]:
                return False
            elif self._lasts[i] == packet_id - 1:
                following = i
        if following < 0:
            following = room
            if room >= 0:
                self._firsts[room] = packet_id
        if following >= 0:
            self._lasts[following] = packet_id
        return True

    def remove(self, packet_id):
        for i in range(_RANGES):
            if self._firsts[i] and self._firsts[i] <= packet_id <= self._lasts[i]:
                self._cut(i, packet_id)
                return

    def _cut(self, i, packet_id):
        first = self._firsts[i]
        if first == self._lasts[i]:
            self._firsts[i] = 0
        elif packet_id == self._lasts[i]:
            self._lasts[i] = packet_id - 1
        else:
            self._firsts[i] = packet_id + 1
            if first < packet_id and 0 in self._firsts:  # out of order: two ranges of one
                i = self._firsts.index(0)
                self._firsts[i] = first
                self._lasts[i] = packet_id - 1
