"""The session: what must be sent, acknowledged, sent again or given up. No I/O and no clock of its own.

Time comes in as `now`, milliseconds that wrap like ticks_ms(). Outgoing PUBLISH, SUBSCRIBE and UNSUBSCRIBE wait in
slots made at the start, oldest first, each with its packet identifier, until they are acknowledged; a slot not yet sent
on this connection is sent when its turn comes, and that is all there is to retransmission: losing the connection makes
every slot unsent again.

Progress is an idea of its own: a connection that takes or delivers bytes is alive, however slowly. The wait for an
acknowledgement begins when the last byte of the packet has gone, and does not end as long as bytes come in, for it may
stand behind them. Where they come in all the time, a PINGREQ settles it: what has not come before its PINGRESP is
missing.
"""

from micropython import const

# What is in a slot
_WORD = const(0)  # stage << 24 | packet identifier << 8 | first byte, with DUP as it is to be sent next; 0: it is free
_TOPIC = const(1)  # of a PUBLISH; the topic filters of the others
_PAYLOAD = const(2)  # the function that builds the packet, of the others
_SINCE = const(3)  # when it went out

# Stages, in their place in the word: what is to be done about a slot
_SEND = const(0x1000000)  # the packet itself is to be sent
_SENT = const(0x2000000)  # PUBACK, PUBREC, SUBACK or UNSUBACK is awaited
_RELEASE = const(0x3000000)  # PUBREL is to be sent
_RELEASED = const(0x4000000)  # PUBCOMP is awaited
_STEP = const(0x1000000)  # odd: something is to be sent; 1 more: it was

_STAGE = const(0x7000000)
_ID = const(0xFFFF00)
_PUBLISH = const(0x30)
_DUP = const(0x08)
_SAME = const(0x7FFFFF6)  # all but DUP and RETAIN
_TICKS = const(0x3FFFFFFF)
_HALF = const(0x20000000)

# By type of an acknowledgement: first byte of what it ends, less DUP and RETAIN; PUBREC ends nothing
_ENDS = b"\0\0\0\0\x32\0\0\x34\0\x82\0\xa2"


class Session:
    """State of one client, kept for as long as there is the client [MQTT-4.1.0-1, -2].

    ignored: count of acknowledgements that fitted nothing. owed: acknowledgement to send before the next packet is
    taken in, first byte << 16 | packet identifier, 0 for none. unsent: slots with something to send. sent, heard: when
    bytes last left and last came. pinging: PINGRESP is awaited.
    """

    def __init__(self, keepalive=0, window=4, timeout=10000):
        """keepalive: ms, 0 for none. window: packets of ours unacknowledged at once. timeout: longest wait for an
        acknowledgement."""
        self.keepalive = keepalive
        self._longest = min(1000, keepalive >> 3) or 1000  # ms a loop may sleep and still be in time to ping
        self.timeout = timeout
        self.ignored = 0
        self.sent = self.heard = self._pinged = 0
        self._doubt = False
        self._count = 0  # slots in use
        self._last_id = 0
        self.window = window
        self._slots = [[0, None, None, 0] for _ in range(window)]
        self._last = None  # the slot whose packet went last
        self._incoming = None  # QoS 2 delivered, PUBREL not yet seen; made when the first one comes
        self.lost()

    # The connection

    def lost(self):
        """The connection is gone: what was sent and not acknowledged is kept [MQTT-3.1.2-4] and will be sent again on
        the next one, under the same identifier [MQTT-2.3.1-3]."""
        self.owed = 0
        self.pinging = False
        self.unsent = self._count
        for slot in self._slots:
            word = slot[_WORD]
            if word and not word & _STEP:
                if word & _STAGE == _SENT and word & 0xF0 == _PUBLISH:
                    word |= _DUP  # [MQTT-3.3.1-1]
                slot[_WORD] = word - _STEP

    def connected(self, now, clean_session, session_present):
        """CONNACK said yes.

        With clean_session nothing may be left of an earlier session [MQTT-3.1.2-6], so what is in the slots is
        published anew: no DUP, and QoS 2 from its first step. Without, it goes on as it was [MQTT-4.4.0-1].
        Identifiers of incoming QoS 2 messages mean nothing to a server that has no session [MQTT-3.2.2-2, -3].
        """
        self.sent = self.heard = self._pinged = now
        self._doubt = False
        if clean_session or not session_present:
            self._incoming = None
        if clean_session:
            for slot in self._slots:
                word = slot[_WORD]
                if word:
                    if word & 0xF0 == _PUBLISH:
                        word &= ~_DUP
                    slot[_WORD] = word & ~_STAGE | _SEND

    # Keep alive and deadlines

    def progress(self, now):
        """Bytes have left, of a packet that takes its time."""
        self.sent = now
        if self._last:
            self._last[_SINCE] = now

    def ping_due(self, now):
        """True once half of the keep alive passed without sending [MQTT-3.1.2-23], whatever is awaited; or without
        hearing, or in doubt about an acknowledgement, and no PINGRESP is awaited."""
        half = self.keepalive >> 1
        if half and (now - self.sent) & _TICKS >= half:
            return True
        return not self.pinging and (self._doubt or half and (now - self.heard) & _TICKS >= half)

    def pinged(self, now):
        """PINGREQ went out."""
        self.sent = now
        if not self.pinging:
            self._pinged = now
            self.pinging = True
            self._doubt = False

    def late(self, now):
        """In words what should have come by now; None if nothing. Not to be asked in the middle of a packet.

        PINGRESP may take three quarters of the keep alive: with the half before PINGREQ, a dead connection is noticed
        within 1.5 times it.
        """
        if self.pinging and self.keepalive:
            patience = self.keepalive * 3 >> 2
            if (now - self.heard) & _TICKS >= patience and (now - self._pinged) & _TICKS >= patience:
                return "no PINGRESP"
        if self._count:
            return self._late(now)

    def _late(self, now):
        for slot in self._slots:
            if slot[_WORD] and not slot[_WORD] & _STEP and (now - slot[_SINCE]) & _TICKS >= self.timeout:
                return self._doubted(slot, now)

    def _doubted(self, slot, now):
        # A PINGREQ that went out when it was late already, and was answered, settles it.
        waited = (self._pinged - slot[_SINCE]) & _TICKS
        answered = not self.pinging and self.timeout <= waited < _HALF
        if answered or (now - self.heard) & _TICKS >= self.timeout:
            return "packet %d not acknowledged" % (slot[_WORD] >> 8 & 0xFFFF)
        self._doubt = not self.pinging

    # Outgoing

    def full(self):
        return self._count == self.window

    def _next_id(self):
        """A packet identifier no slot has [MQTT-2.3.1-2]."""
        packet_id = self._last_id
        while True:
            packet_id = packet_id + 1 if packet_id < 65535 else 1
            if not self._count or self._find(packet_id) is None:
                return packet_id

    def take(self, first, topic, payload):
        """Takes a slot for a packet: PUBLISH with QoS 1 or 2, SUBSCRIBE or UNSUBSCRIBE by their first byte; returns its
        packet identifier.

        topic and payload are kept, not copied, until the acknowledgement [MQTT-4.3.2-1], [MQTT-4.3.3-1]. The caller
        sees to it that not full().
        """
        self._last_id = packet_id = self._next_id()
        slot = self._slots[self._count]
        self._count += 1
        slot[_WORD] = _SEND | packet_id << 8 | first
        slot[_TOPIC] = topic
        slot[_PAYLOAD] = payload
        self.unsent += 1
        return packet_id

    def take_now(self, first, topic, payload, now):
        """take() and went() in one visit, for a packet that need not wait; returns packet identifier << 8 | first byte,
        or 0 where it must: no slot is free, or others wait. This is how nearly all are sent, so it is written out."""
        count = self._count
        if self.unsent or count == self.window:
            return 0
        packet_id = self._last_id + 1
        if count or packet_id > 65535:
            packet_id = self._next_id()
        self._last_id = packet_id
        self._last = slot = self._slots[count]
        self._count = count + 1
        first |= packet_id << 8
        slot[_WORD] = _SENT | first
        slot[_TOPIC] = topic
        slot[_PAYLOAD] = payload
        self.sent = slot[_SINCE] = now
        return first

    def give_back(self):
        """Undoes the last take_now(): the packet has not been sent."""
        self._last_id -= 1
        self._free(self._last)

    def next(self):
        """The slot whose packet is to be sent now, oldest first [MQTT-4.6.0-1], or None."""
        if self.unsent:
            for slot in self._slots:
                if slot[_WORD] & _STEP:
                    return slot

    def went(self, slot, now):
        """The packet of this slot goes out."""
        slot[_WORD] += _STEP
        slot[_SINCE] = self.sent = now
        self.unsent -= 1
        self._last = slot

    # Incoming

    def acknowledged(self, kind, packet_id):
        """An acknowledgement of this packet type came; returns True where the slot is done with it.

        One that fits nothing is ignored and counted.
        """
        slot = self._slots[0]
        packet_id = packet_id << 8 | _ENDS[kind] | (_RELEASED if kind == 7 else _SENT)
        if slot[_WORD] == packet_id and self._count == 1:  # mostly it is the only one
            self._count = slot[_WORD] = 0
            slot[_TOPIC] = slot[_PAYLOAD] = None
            return True
        slot = self._awaiting(packet_id, kind)
        if slot:
            self._free(slot)
        return slot is not None

    def _awaiting(self, word, kind):
        """The slot that an acknowledgement ends, by the word that it has but for DUP and RETAIN; None if there is
        none."""
        slot = self._find(word >> 8 & 0xFFFF)
        if slot:
            if slot[_WORD] & _SAME == word:
                return slot
            stage = slot[_WORD] & _STAGE
            if kind == 5 and stage > _SEND and slot[_WORD] & 0xF6 == 0x34:  # PUBREC, perhaps once more
                if stage != _RELEASE:
                    slot[_WORD] = slot[_WORD] & ~_STAGE | _RELEASE
                    self.unsent += 1
                return None
        self.ignored += 1

    def forget(self, packet_id):
        """Gives up a PUBLISH of QoS 1 that was lost() with its connection; it is not sent again."""
        slot = self._find(packet_id)
        if slot:
            self.unsent -= 1
            self._free(slot)

    def _free(self, slot):
        """Has a slot free, behind those in use."""
        slot[_WORD] = 0
        slot[_TOPIC] = slot[_PAYLOAD] = None
        self._count = count = self._count - 1
        if count:
            slots = self._slots
            i = 0
            while slots[i] is not slot:
                i += 1
            slots.append(slots.pop(i))

    def _find(self, packet_id):
        """The slot that has this packet identifier, or None."""
        packet_id <<= 8
        for slot in self._slots:
            if slot[_WORD] & _ID == packet_id and packet_id:
                return slot

    def message(self, qos, packet_id):
        """A PUBLISH came: notes the acknowledgement owed for it [MQTT-3.3.4-1], [MQTT-4.3.2-2], under its identifier
        [MQTT-2.3.1-6]; returns False for a QoS 2 message delivered before [MQTT-4.3.3-2]."""
        if qos == 1:
            self.owed = 0x400000 | packet_id
        elif qos == 2:
            if not self._incoming:  # before anything is owed: there may be no memory for it
                from .incoming import Incoming

                self._incoming = Incoming()
            self.owed = 0x500000 | packet_id
            return self._incoming.add(packet_id)
        return True

    def release(self, packet_id):
        """PUBREL came: PUBCOMP is owed, also for an identifier not known [MQTT-4.3.3-2]."""
        self.owed = 0x700000 | packet_id
        if self._incoming:
            self._incoming.remove(packet_id)
