"""A client and a server that may say anything at any time, over a network that takes its time and breaks off.

What the client raises is what its documentation says; what it sends is MQTT; a message of QoS 1 or 2 is acknowledged
once, and none that was not is lost: once there is an honest server, it gets them all.
"""

from memory_net import Net
from mqtt import Client, MQTTError
from mqtt.client import OFFLINE, ONLINE
from mqtt.server import ServerParser
from support import ACCEPTED, ACCEPTED_SESSION, ack_of, packet_of, publish_of
from taken import Taken

_STEPS = 60  # at most


def check(data):
    with Net() as net:
        _Run(net, Taken(data)).go()


class _Run:
    def __init__(self, net, taken):
        self.net = net
        self.taken = taken
        flags = taken.below(8)
        self.clean = bool(flags & 1)
        self.client = client = Client(
            "device", "server", keepalive=(60, 0)[flags >> 1 & 1], clean_session=self.clean, tx_size=64, rx_size=32
        )
        self.under_way = {}  # packet identifier: message, of what was published
        self.acknowledged = []
        self.parser = ServerParser(300)
        self.read = 0  # of net.gone
        client.on_publish = self._acknowledged
        if flags & 4:
            client.on_subscribe = client.on_unsubscribe = lambda *args: None
        client.on_message = client.on_oversize = lambda *args: None
        self.messages = 0
        self.connect()

    def _acknowledged(self, packet_id):
        assert packet_id in self.under_way, "packet %d acknowledged again" % packet_id
        self.acknowledged.append(self.under_way.pop(packet_id))

    def connect(self):
        try:
            self.client.start()
        except (MQTTError, OSError):  # what publish() has met, of the connection before
            assert not self.client.connected()
            self.client.start()
        self.read = 0
        self.parser.reset()

    def loop(self):
        """One turn of the client; False where it has lost the connection."""
        client = self.client
        try:
            client.loop(0)
        except (MQTTError, OSError):
            pass
        self.sent()
        assert client.state == OFFLINE or not self.net.closed
        return client.state != OFFLINE

    def sent(self):
        """Reads what the client has sent, which must be MQTT: [(type, packet identifier, QoS, payload or filters)]."""
        gone = bytes(self.net.gone)
        packets = []
        while self.read < len(gone):
            self.read = self.parser.feed(gone, self.read, len(gone))
            parser = self.parser
            if parser.type == 3:
                packets.append((3, parser.packet_id, parser.qos, bytes(parser.payload)))
            elif parser.type:
                packets.append((parser.type, parser.packet_id, 0, parser.type in (8, 10) and list(parser.filters)))
        return packets

    def go(self):
        for _ in range(_STEPS):
            if not len(self.taken):
                break
            self.step(self.taken.below(10))
        self.end()

    def step(self, what):
        taken, net, client = self.taken, self.net, self.client
        if what < 2:
            net.coming += taken.some(taken.below(40))
        elif what < 4:
            net.coming += self.packet()
        elif what == 4:
            self.publish(taken.below(8))
        elif what == 5:
            net.now += (1, 500, 11000, 31000, 50000)[taken.below(5)]
        elif what == 6:
            net.room = (None, 0, 1, 7)[taken.below(4)]
        elif what == 7:
            if taken.below(2):
                net.ended = True
            else:
                net.error = OSError((104, 32, 113, 12)[taken.below(4)])
        elif what == 8:
            self.subscribe()
        else:
            client.close()
        if client.state == OFFLINE:
            self.connect()
        for _ in range(taken.below(4)):
            if not self.loop():
                break

    def packet(self):
        """One that a server might send, at its time or not."""
        taken = self.taken
        kind = taken.below(10)
        packet_id = taken.below(8)
        if kind == 0:
            return ACCEPTED_SESSION if packet_id & 1 else ACCEPTED
        if kind == 1:
            return b"\xd0\0"
        if kind == 2:
            return packet_of(0x90, bytes([0, packet_id]) + taken.some(taken.below(4)))
        if kind == 3:
            return ack_of(0xB0, packet_id)
        if kind < 6:
            return publish_of("t", taken.some(taken.below(40)), taken.below(3), packet_id or 1)
        return ack_of((0x40, 0x50, 0x62, 0x70)[kind - 6], packet_id)

    def publish(self, how):
        client = self.client
        qos = how % 3
        if not client.can_publish(qos):
            return
        self.messages += 1
        message = b"%d %d " % (qos, self.messages) + b"x" * (how * 12)
        try:
            packet_id = client.publish(b"t", message, qos, bool(how & 4))
        except (MQTTError, OSError):
            assert not qos
            return
        if qos:
            assert packet_id and packet_id not in self.under_way
            self.under_way[packet_id] = message

    def subscribe(self):
        client = self.client
        if client.session.full():
            return
        try:
            if self.taken.below(2):
                client.unsubscribe("a/+")
            else:
                client.subscribe(("a/+", "b", "c/#")[self.taken.below(3)], self.taken.below(3))
        except (MQTTError, OSError):
            pass

    def end(self):
        """An honest server, which knows of no session, gets all that was not acknowledged."""
        client = self.client
        client.close()
        client.on_subscribe = None
        self.connect()
        self.net.coming += ACCEPTED
        got = []
        left = list(self.under_way.values())
        for _ in range(100):
            client.loop(0)
            packets = self.sent()
            got += [fields for kind, _, _, fields in packets if kind == 3]
            for packet in packets:
                self.net.coming += _answer(*packet)
            if not packets and not self.net.coming:
                break
        assert client.state == ONLINE and not self.under_way, "not acknowledged: %s" % self.under_way
        assert client.session._count == 0 and client.session.unsent == 0
        assert all(message in got for message in left if message[:1] == b"1"), "lost: %s" % left


def _answer(kind, packet_id, qos, fields):
    """What an honest server says to a packet."""
    if kind == 3:
        return ack_of(0x50 if qos == 2 else 0x40, packet_id) if qos else b""
    if kind == 6:
        return ack_of(0x70, packet_id)
    if kind == 8:
        return packet_of(0x90, bytes([packet_id >> 8, packet_id & 255]) + bytes(len(fields)))
    if kind == 10:
        return ack_of(0xB0, packet_id)
    return b"\xd0\0" if kind == 12 else b""
