"""Subscriptions: asking for them, what was granted, and making them again. Loaded by the first subscribe()."""

from . import packet
from .errors import SubscribeError


def _bytes(name):
    return bytes(packet.octets("topic filter", name))


class Subscriptions:
    """Those of one client. missing: (topic filter, QoS) of what is still to be made again on this connection."""

    def __init__(self, client):
        self._client = client
        self._granted = {}  # topic filter: QoS asked for
        self.missing = []

    def subscribe(self, filters, qos):
        if isinstance(filters, (str, bytes)):
            filters = [(filters, qos)]
        return self._client.request(0x82, [(_bytes(name), qos) for name, qos in filters], packet.subscribe)

    def unsubscribe(self, filters):
        if isinstance(filters, (str, bytes)):
            filters = [filters]
        return self._client.request(0xA2, [_bytes(name) for name in filters], packet.unsubscribe)

    def lost(self):
        """The server has no session of ours: everything granted is to be asked for again."""
        self.missing = list(self._granted.items())

    def make_again(self):
        """One that is missing; there is a slot for it."""
        self._client.session.take(0x82, [self.missing.pop()], packet.subscribe)

    def acknowledged(self, kind, packet_id, codes):
        """SUBACK, with its codes, or UNSUBACK came: notes it and tells the client's callbacks."""
        client = self._client
        filters = client.session.filters(packet_id)
        if not client.session.acknowledged(kind, packet_id, codes):
            return
        refused = None
        for i, item in enumerate(filters):
            name, qos = (item, 0) if codes is None else item
            if codes is None or codes[i] == 0x80:
                self._granted.pop(name, None)
                refused = name
            else:
                self._granted[name] = qos
        if codes is None:
            if client.on_unsubscribe:
                client.on_unsubscribe(packet_id)
        elif client.on_subscribe:
            client.on_subscribe(packet_id, codes)
        elif refused is not None:
            raise SubscribeError("subscription refused: %s" % refused.decode())
