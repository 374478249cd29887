"""Subscriptions that stand for good: asked for on each connection, all in one packet.

It stands in the place of mqtt.subscriptions, which is for any that come and go, and has 2.4 KB with what it needs.
"""

from mqtt.errors import ProtocolError, SubscribeError
from mqtt.wire import append, header


class Standing:
    """Those of one client, all with QoS 1."""

    def __init__(self, client, filters):
        """filters: a list of topic filters, bytes, which may grow until they are asked for; together they have to fit
        the transmit buffer, with 3 bytes for each and 7 more."""
        self._client = client
        self._filters = filters
        self._asked = False
        self._missing = True  # at first in any case: a session of an earlier program may have others

    def lost(self):
        """The server has no session of ours."""
        self._missing = not self._asked

    def _make_again(self):
        session = self._client.session
        if self._missing and not session.full():
            self._missing = False
            self._asked = True
            session.take(0x82, self._filters, _subscribe)

    def acknowledged(self, kind, packet_id, codes):
        """SUBACK came, with its codes."""
        if not self._client.session.acknowledged(kind, packet_id):
            return
        self._asked = False
        if len(codes) != len(self._filters):  # [MQTT-3.8.4-5]
            words = "SUBACK: %d return codes for %d filters" % (len(codes), len(self._filters))
            return self._client._fail(ProtocolError(words))
        refused = [self._filters[i].decode() for i in range(len(codes)) if codes[i] == 0x80]
        if refused:
            raise SubscribeError("subscription refused: %s" % ", ".join(refused))


def _subscribe(buf, packet_id, filters):
    """Writes SUBSCRIBE [3.8] of these topic filters; returns its size."""
    at = header(buf, 0x82, 2 + sum([len(one) + 3 for one in filters]))
    buf[at] = packet_id >> 8
    buf[at + 1] = packet_id & 0xFF
    at += 2
    for one in filters:
        buf[at] = len(one) >> 8
        buf[at + 1] = len(one) & 0xFF
        at = append(buf, at + 2, one)
        buf[at] = 1
        at += 1
    return at
