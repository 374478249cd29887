"""The session: what must be sent, acknowledged, sent again or given up. No I/O and no clock of its own.

Time comes in as `now`, milliseconds that wrap like ticks_ms(). Everything is held in lists of fixed size made at the
start. Outgoing PUBLISH, SUBSCRIBE and UNSUBSCRIBE wait in one ring of slots, oldest first, each with its packet
identifier, until they are acknowledged; a slot not yet sent on this connection is sent when its turn comes, and that
is all there is to retransmission: losing the connection makes every slot unsent again.
"""

from micropython import const

from .errors import ProtocolError, Timeout

# What is to be done about a slot
_FREE = const(0)
_SEND = const(1)  # the packet itself is to be sent
_SENT = const(2)  # PUBACK, PUBREC, SUBACK or UNSUBACK is awaited
_RELEASE = const(3)  # PUBREL is to be sent
_RELEASED = const(4)  # PUBCOMP is awaited
# Odd: something is to be sent; 1 more: it was.

_DUP = const(0x08)
_TICKS = const(0x3FFFFFFF)

# By type of an acknowledgement: first byte of what it acknowledges, less DUP and RETAIN
_ACKNOWLEDGES = b"\0\0\0\0\x32\x34\0\x34\0\x82\0\xa2"


def _check_codes(codes, filters):
    if len(codes) != len(filters):  # [MQTT-3.8.4-5]
        raise ProtocolError("SUBACK: %d return codes for %d filters" % (len(codes), len(filters)), 1)


class Session:
    """State of one client.

    ignored: count of acknowledgements that fitted nothing. owed: acknowledgement to send before the next packet is
    taken in, first byte << 16 | packet identifier, 0 for none. sent, heard: when bytes last left and last came.
    pinging: PINGRESP is awaited.
    """

    def __init__(self, keepalive=0, window=4, incoming=64, timeout=10000):
        """keepalive: ms, 0 for none. window: packets of ours unacknowledged at once. incoming: QoS 2 messages that may
        be under way to us at once: a server sends 20 or 32, unasked, and again if we do not take them.
        timeout: longest wait for an acknowledgement."""
        self.keepalive = keepalive
        self.timeout = timeout
        self.ignored = 0
        self.sent = self.heard = None
        self._window = window
        self._head = 0
        self._count = 0
        self._last_id = 0
        self.stages = bytearray(window)
        self.firsts = bytearray(window)  # first byte of each packet, with DUP as it is to be sent next
        self.ids = [0] * window
        self.topics = [None] * window  # of a PUBLISH; the topic filters of the others
        self.payloads = [None] * window  # the function that builds the packet, of the others
        self._since = [0] * window
        self._most_incoming = incoming
        self._incoming = None  # QoS 2 delivered, PUBREL not yet seen; made when the first one comes
        self.lost()

    # The connection

    def lost(self):
        """The connection is gone: what was sent and not acknowledged will be sent again on the next one."""
        self.owed = 0
        self.pinging = False
        self.unsent = 0
        for i in range(self._window):
            stage = self.stages[i]
            if stage == _SENT:
                self.stages[i] = _SEND
                if self.firsts[i] >> 4 == 3:
                    self.firsts[i] |= _DUP  # [MQTT-3.3.1-1]
            elif stage == _RELEASED:
                self.stages[i] = _RELEASE
            if stage:
                self.unsent += 1

    def connected(self, now, clean_session, session_present):
        """CONNACK said yes.

        With clean_session nothing may be left of an earlier session [MQTT-3.1.2-6], so what is in the slots is
        published anew: no DUP, and QoS 2 from its first step. Without, it goes on as it was [MQTT-4.4.0-1].
        Identifiers of incoming QoS 2 messages mean nothing to a server that has no session [MQTT-3.2.2-2, -3].
        """
        self.sent = self.heard = now
        if clean_session or not session_present:
            self._incoming = None
        if clean_session:
            for i in range(self._window):
                if self.stages[i]:
                    self.stages[i] = _SEND
                    if self.firsts[i] >> 4 == 3:
                        self.firsts[i] &= 0xFF ^ _DUP

    def ping_due(self, now):
        """True once half of the keep alive passed in silence, in either direction, and no PINGRESP is awaited."""
        half = self.keepalive >> 1
        return (
            half > 0
            and not self.pinging
            and ((now - self.sent) & _TICKS >= half or (now - self.heard) & _TICKS >= half)  # [MQTT-3.1.2-23]
        )

    def pinged(self, now):
        """PINGREQ went out."""
        self.sent = self._pinged = now
        self.pinging = True

    def check(self, now, receiving):
        """Raises Timeout where PINGRESP or an acknowledgement is overdue.

        PINGRESP may take three quarters of the keep alive: with the half before PINGREQ, a dead connection is noticed
        within 1.5 times it. It is not missed while a packet is being received: it may stand behind it.
        """
        if self.pinging and not receiving and (now - self._pinged) & _TICKS >= self.keepalive * 3 >> 2:
            raise Timeout("no PINGRESP")
        if self._count:
            for i in range(self._window):
                stage = self.stages[i]
                if stage and not stage & 1 and (now - self._since[i]) & _TICKS >= self.timeout:
                    raise Timeout("packet %d not acknowledged" % self.ids[i])

    # Outgoing

    def full(self):
        return self._count == self._window

    def take(self, first, topic, payload):
        """Takes a slot for a packet: PUBLISH with QoS 1 or 2, SUBSCRIBE or UNSUBSCRIBE by their first byte.

        Returns its packet identifier, one no other slot has. topic and payload are kept, not copied, until the
        acknowledgement. The caller sees to it that not full().
        """
        i = self._head + self._count
        if i >= self._window:
            i -= self._window
        packet_id = self._last_id
        while True:
            packet_id = packet_id + 1 if packet_id < 65535 else 1
            if packet_id not in self.ids:
                break
        self._last_id = self.ids[i] = packet_id
        self.firsts[i] = first
        self.topics[i] = topic
        self.payloads[i] = payload
        self.stages[i] = _SEND
        self._count += 1
        self.unsent += 1
        return packet_id

    def next(self):
        """Index of the slot whose packet is to be sent now, oldest first, or -1. PUBREL if releasing(index)."""
        if self.unsent:
            i = self._head
            for _ in range(self._count):
                if self.stages[i] & 1:
                    return i
                i += 1
                if i == self._window:
                    i = 0
        return -1

    def releasing(self, i):
        return self.stages[i] == _RELEASE

    def went(self, i, now):
        """The packet of slot i went out."""
        self.stages[i] += 1
        self.unsent -= 1
        self._since[i] = self.sent = now

    # Incoming

    def acknowledged(self, kind, packet_id, codes=None):
        """An acknowledgement of this packet type came; returns True where the slot is done with it.

        One that fits nothing is ignored and counted.
        """
        i = self._find(kind, packet_id)
        stage = self.stages[i] if i >= 0 else _FREE
        if kind == 5 and stage > _SEND:  # PUBREC, perhaps once more
            if stage != _RELEASE:
                self.stages[i] = _RELEASE
                self.unsent += 1
            return False
        if stage != (_RELEASED if kind == 7 else _SENT):
            self.ignored += 1
            return False
        if kind == 9:
            _check_codes(codes, self.topics[i])
        self._free(i)
        return True

    def _find(self, kind, packet_id):
        """Index of the slot that this acknowledgement is for, or -1."""
        for i in range(self._window):
            if self.ids[i] == packet_id and self.firsts[i] & 0xF6 == _ACKNOWLEDGES[kind]:
                return i
        return -1

    def filters(self, packet_id):
        """The topic filters of the SUBSCRIBE or UNSUBSCRIBE with this identifier; None if there is none."""
        for i in range(self._window):
            if self.ids[i] == packet_id and self.firsts[i] & 0x80:
                return self.topics[i]

    def _free(self, i):
        self.stages[i] = _FREE
        self.ids[i] = 0
        self.topics[i] = self.payloads[i] = None
        while self._count and not self.stages[self._head]:
            self._count -= 1
            self._head = self._head + 1 if self._head + 1 < self._window else 0

    def message(self, qos, packet_id):
        """A PUBLISH came: notes the acknowledgement owed; returns False for a QoS 2 message delivered before."""
        if qos == 1:
            self.owed = 0x400000 | packet_id
        elif qos == 2:
            self.owed = 0x500000 | packet_id
            if self._incoming is None:
                self._incoming = [0] * self._most_incoming
            if packet_id in self._incoming:
                return False
            if 0 not in self._incoming:
                # Not to be delivered, for it could not be kept from a second time; the server sends it again.
                raise ProtocolError("over %d QoS 2 messages at once" % len(self._incoming), 0)
            self._incoming[self._incoming.index(0)] = packet_id
        return True

    def release(self, packet_id):
        """PUBREL came: PUBCOMP is owed, also for an identifier not known [MQTT-4.3.3-2]."""
        self.owed = 0x700000 | packet_id
        if self._incoming and packet_id in self._incoming:
            self._incoming[self._incoming.index(packet_id)] = 0
