"""Subscriptions: asking for them, what was granted, and making them again. Loaded by the first subscribe()."""

from . import packet
from .errors import ProtocolError, SubscribeError


def _bytes(name):
    return bytes(packet.octets("topic filter", name))


class Subscriptions:
    """Those of one client. What the program asked for last counts, once: `_wanted` has it as soon as it is asked for,
    and a server without a session of ours is asked for what of it no SUBSCRIBE in the session's slots asks for."""

    def __init__(self, client):
        self._client = client
        self._wanted = {}  # topic filter: QoS asked for
        self._missing = []  # topic filters still to be asked for again on this connection

    def subscribe(self, filters, qos):
        if isinstance(filters, (str, bytes, bytearray)):
            filters = [(filters, qos)]
        filters = [(_bytes(name), qos) for name, qos in filters]
        packet_id = self._client._request(0x82, filters, packet.subscribe)
        for name, qos in filters:
            self._wanted[name] = qos
            self._found(name)
        return packet_id

    def unsubscribe(self, filters):
        if isinstance(filters, (str, bytes, bytearray)):
            filters = [filters]
        filters = [_bytes(name) for name in filters]
        packet_id = self._client._request(0xA2, filters, packet.unsubscribe)
        for name in filters:
            self._wanted.pop(name, None)
            self._found(name)
        return packet_id

    def _found(self, name):
        if name in self._missing:
            self._missing.remove(name)

    def _asked(self, name):
        """True if a SUBSCRIBE that is not acknowledged yet asks for it."""
        for slot in self._client.session._slots:
            if slot[0] & 0xFF == 0x82 and name in [wanted for wanted, _ in slot[1]]:
                return True
        return False

    def lost(self):
        """The server has no session of ours."""
        self._missing = [name for name in self._wanted if not self._asked(name)]

    def _make_again(self):
        """Asks for what is missing, as far as there are slots."""
        session = self._client.session
        while self._missing and not session.full():
            name = self._missing.pop()
            session.take(0x82, [(name, self._wanted[name])], packet.subscribe)

    def acknowledged(self, kind, packet_id, codes):
        """SUBACK, with its codes, or UNSUBACK came: notes it and tells the client's callbacks."""
        client = self._client
        filters = [slot[1] for slot in client.session._slots if slot[0] & 0xFFFF80 == packet_id << 8 | 0x80]
        if not client.session.acknowledged(kind, packet_id):
            return
        filters = filters[0]
        if codes is None:
            self._make_again()
            if client.on_unsubscribe:
                client.on_unsubscribe(packet_id)
            return
        if len(codes) != len(filters):  # [MQTT-3.8.4-5]
            return client._fail(ProtocolError("SUBACK: %d return codes for %d filters" % (len(codes), len(filters))))
        refused = None
        for i, (name, qos) in enumerate(filters):
            if codes[i] == 0x80:
                refused = name
                if self._wanted.get(name) == qos and not self._asked(name):
                    del self._wanted[name]
        self._make_again()
        if client.on_subscribe:
            client.on_subscribe(packet_id, codes)
        elif refused is not None:
            raise SubscribeError("subscription refused: %s" % refused.decode())
