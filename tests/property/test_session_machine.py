"""Session against a model of a broker, over a connection that may be lost between any two packets.

What must hold in the end: QoS 1 messages came at least once and QoS 2 messages exactly once, in both directions and in
order; and on the way: no packet identifier is used twice at a time, DUP is told truly, and nothing is published after
PUBREC. Where a server has lost its session, or the client wants none, at least once is all there is.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from mqtt.session import Session

PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 3, 4, 5, 6, 7
WINDOW = 3
RELEASE = 3  # the stage of a slot whose PUBREL is to be sent
several = st.integers(1, 4)


def identifier(slot):
    """The packet identifier that is in a slot, 0 where it is free."""
    return slot[0] >> 8 & 0xFFFF


class ModelBroker:
    """A server's session [4.1]: messages are numbers, packets are (type, packet identifier, QoS, DUP, message)."""

    def __init__(self):
        self.delivered = []
        self.forget()

    def forget(self):
        self.holding = {}  # packet identifier: message, of QoS 2 before PUBREL
        self.outgoing = {}  # packet identifier: [QoS, message, PUBREC has come]

    def publish(self, qos, message):
        packet_id = min(set(range(1, 2 + len(self.outgoing))) - set(self.outgoing))  # the sooner used again, the worse
        self.outgoing[packet_id] = [qos, message, False]
        return (PUBLISH, packet_id, qos, False, message)

    def connected(self):
        return [
            (PUBREL, packet_id, 0, False, None) if released else (PUBLISH, packet_id, qos, True, message)
            for packet_id, (qos, message, released) in self.outgoing.items()
        ]

    def receive(self, packet):
        """Returns the answer, None for none."""
        kind, packet_id, qos, dup, message = packet
        if kind == PUBLISH:
            if qos == 1:
                self.delivered.append(message)
                return (PUBACK, packet_id, 0, False, None)
            if packet_id in self.holding:
                assert dup, "an identifier in use was used for another message"
                assert self.holding[packet_id] == message
            else:
                self.holding[packet_id] = message
                self.delivered.append(message)
            return (PUBREC, packet_id, 0, False, None)
        if kind == PUBREL:
            self.holding.pop(packet_id, None)
            return (PUBCOMP, packet_id, 0, False, None)
        if kind == PUBREC:
            if packet_id in self.outgoing:
                self.outgoing[packet_id][2] = True
            return (PUBREL, packet_id, 0, False, None)
        self.outgoing.pop(packet_id, None)  # PUBACK, PUBCOMP
        return None


class Connection(RuleBasedStateMachine):
    @initialize(clean_session=st.booleans())
    def begin(self, clean_session):
        self.clean_session = clean_session
        self.session = Session(window=WINDOW)
        self.session._last_id = 65530  # so that the identifiers begin anew
        self.broker = ModelBroker()
        self.now = (1 << 30) - 5
        self.messages = 0
        self.sent = {}  # message: QoS, of what the client was given to publish
        self.received = []  # what the client delivered
        self.to_receive = {}  # message: QoS, of what the broker published
        self.twice = set()  # messages that may come twice, for a session was lost meanwhile
        self.on_the_wire = set()  # messages the client has published at least once in this session
        self.confirmed = set()  # messages whose PUBREC the client has seen in this session
        self.online = False
        self.connect()

    def tick(self):
        self.now = (self.now + 1) & (1 << 30) - 1
        return self.now

    def in_flight(self):
        return {slot[2] for slot in self.session._slots if slot[2] is not None}

    # The application

    @precondition(lambda self: not self.session.full())
    @rule(qos=st.sampled_from([1, 2]))
    def client_publishes(self, qos):
        self.messages += 1
        before = {identifier(slot) for slot in self.session._slots}
        packet_id = self.session.take(0x30 | qos << 1, b"t", self.messages)
        assert 1 <= packet_id <= 65535 and packet_id not in before
        self.sent[self.messages] = qos

    @precondition(lambda self: self.online and len(self.broker.outgoing) < WINDOW)
    @rule(qos=st.sampled_from([1, 2]))
    def broker_publishes(self, qos):
        self.messages += 1
        self.to_receive[self.messages] = qos
        self.to_client.append(self.broker.publish(qos, self.messages))

    @rule()
    def identifiers_have_been_around(self):
        self.session._last_id = 65530

    # The connection

    @precondition(lambda self: self.online)
    @rule()
    def connection_is_lost(self):
        self.online = False
        self.session.lost()

    @precondition(lambda self: not self.online)
    @rule()
    def connect(self):
        present = not self.clean_session and hasattr(self, "to_client") and self.broker is self.known
        if self.clean_session:
            self.forget()
        self.known = self.broker
        self.to_client, self.to_server = self.broker.connected(), []
        self.online = True
        self.session.connected(self.tick(), self.clean_session, present)

    @precondition(lambda self: not self.online)
    @rule()
    def broker_forgets(self):
        self.forget()
        delivered, self.broker = self.broker.delivered, ModelBroker()
        self.broker.delivered = delivered

    def forget(self):
        """The server's session is gone, and with it what it had not yet got through to the client."""
        self.twice |= self.in_flight()
        for _, message, _ in self.broker.outgoing.values():
            self.to_receive[message] = 0
        self.broker.forget()
        if self.clean_session:
            self.on_the_wire.clear()
            self.confirmed.clear()

    # The client

    def send_owed(self):
        if self.session.owed:
            first, packet_id = divmod(self.session.owed, 65536)
            self.session.owed = 0
            self.to_server.append((first >> 4, packet_id, 0, False, None))

    @precondition(lambda self: self.online)
    @rule(times=several)
    def client_sends(self, times):
        for _ in range(times):
            self.client_sends_one()

    def client_sends_one(self):
        self.send_owed()
        session = self.session
        slot = session.next()
        if not slot:
            return
        word, _, message, _ = slot
        first = word & 0xFF
        packet_id = identifier(slot)
        if word >> 24 == RELEASE:
            assert message in self.confirmed
            self.to_server.append((PUBREL, packet_id, 0, False, None))
        else:
            dup = bool(first & 8)
            assert dup == (message in self.on_the_wire)  # [MQTT-3.3.1-1]
            assert message not in self.confirmed  # [MQTT-4.3.3-1]
            self.on_the_wire.add(message)
            self.to_server.append((PUBLISH, packet_id, first >> 1 & 3, dup, message))
        session.went(slot, self.tick())

    @precondition(lambda self: self.online and self.to_client)
    @rule(times=several)
    def client_receives(self, times):
        for _ in range(min(times, len(self.to_client))):
            self.client_receives_one()

    def client_receives_one(self):
        self.send_owed()
        kind, packet_id, qos, _, message = self.to_client.pop(0)
        session = self.session
        if kind == PUBLISH:
            if session.message(qos, packet_id):
                self.received.append(message)
        elif kind == PUBREL:
            session.release(packet_id)
        else:
            messages = [slot[2] for slot in session._slots if identifier(slot) == packet_id]
            if kind == PUBREC and messages:
                self.confirmed.add(messages[0])
            session.acknowledged(kind, packet_id)

    # The broker

    @precondition(lambda self: self.online and self.to_server)
    @rule(times=several)
    def broker_receives(self, times):
        for _ in range(min(times, len(self.to_server))):
            answer = self.broker.receive(self.to_server.pop(0))
            if answer:
                self.to_client.append(answer)

    # What holds

    @invariant()
    def identifiers_are_in_use_once(self):
        if hasattr(self, "session"):
            ids = [identifier(slot) for slot in self.session._slots if slot[0]]
            assert len(ids) == len(set(ids))
            assert self.session.unsent == sum(slot[0] >> 24 & 1 for slot in self.session._slots)

    def teardown(self):
        if not hasattr(self, "session"):
            return
        if not self.online:
            self.connect()
        for _ in range(200):
            self.client_sends_one()
            self.broker_receives(len(self.to_server))
            self.client_receives(len(self.to_client))
        assert not self.to_server and not self.session.owed and self.session.next() is None
        assert not any(slot[0] for slot in self.session._slots) and not self.session.full()
        assert not self.broker.outgoing and not self.broker.holding
        self.judge(self.sent, self.broker.delivered)
        self.judge(self.to_receive, self.received)

    def judge(self, expected, delivered):
        for message, qos in expected.items():
            times = delivered.count(message)
            assert times >= 1 or qos == 0, f"message {message} was lost"
            assert times <= 1 or qos < 2 or message in self.twice, f"message {message} came {times} times"
        firsts = list(dict.fromkeys(delivered))
        assert firsts == sorted(firsts)  # [MQTT-4.6.0-1]


TestConnection = Connection.TestCase
TestConnection.settings = settings(max_examples=120, stateful_step_count=60)
