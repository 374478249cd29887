"""Slow links and busy brokers: a connection that takes or delivers bytes is alive, and nothing on it is lost."""

from mqtt import ConnectionClosed, MQTTError, ProtocolError, Timeout
from mqtt.client import ONLINE
from scripted import Broker, Clock, Tap, attempt, impatient, online
from support import PINGREQ, PINGRESP, ack_of, pattern, puback, publish_of, raises

PIECES = 12


def pieces(data):
    n = (len(data) + PIECES - 1) // PIECES
    return [data[i : i + n] for i in range(0, len(data), n)]


# Sending


def test_a_payload_may_take_any_time_as_long_as_it_goes():
    payload = pattern(5000)
    for qos in (0, 1, 2):
        with Clock() as clock, online(tx_size=64, keepalive=0) as broker:
            tap = Tap(broker.client)
            tap.limits = [0] * 20
            packet_id = broker.client.publish("up/photo", payload, qos) if qos else 0
            if not qos:
                broker.client._publish(0x30, b"up/photo", payload)
            for _ in range(PIECES):
                tap.limits = [400] + [0] * 20
                clock.skip(9000)
                broker.settle()
                assert broker.client.state == ONLINE
            tap.limits = []
            assert broker.packet() == publish_of("up/photo", payload, qos, packet_id)
            clock.skip(9000)  # the wait for the acknowledgement begins with the last byte
            broker.settle()
            assert broker.client.state == ONLINE
            if qos:
                clock.skip(1000)
                broker.fails(Timeout, "packet 1 not acknowledged")


def test_a_payload_that_does_not_go_on_is_a_timeout():
    with Clock() as clock, online(tx_size=64, keepalive=0) as broker:
        tap = Tap(broker.client)
        tap.limits = [64, 0] + [0] * 100
        broker.client.publish("up/photo", pattern(5000), 1)
        broker.settle()
        clock.skip(10000)
        broker.fails(Timeout, "stalled")


# Receiving


def test_acknowledgements_may_stand_behind_a_slow_message():
    with Clock() as clock, online(rx_size=1024, keepalive=0) as broker:
        message = publish_of("slow/big", pattern(3000), 1, 7)
        broker.client.publish("dp", b"1", 1)
        broker.packet()
        for piece in pieces(message):
            broker.send(piece)
            broker.settle()
            clock.skip(9000)
            broker.settle()
            assert broker.client.state == ONLINE
        broker.send(puback(1))
        broker.until(lambda: broker.told("publish"), "PUBACK")
        assert broker.told("oversize") == [(b"slow/big", 3000)]
        assert broker.packet() == puback(7)


def test_acknowledgements_may_stand_behind_many_messages():
    with Clock() as clock, online(keepalive=0) as broker:
        broker.client.publish("dp", b"1", 1)
        broker.packet()
        for n in range(PIECES):  # each is whole when it is read: nothing tells that there are more
            broker.send(publish_of("slow", b"%d" % n))
            broker.settle()
            clock.skip(9000)
            broker.settle()
            assert broker.client.state == ONLINE
            if broker.receive() is None and broker.received:
                assert broker.packet() == PINGREQ  # which settles it
        broker.send(puback(1) + PINGRESP)
        broker.until(lambda: broker.told("publish"), "PUBACK")
        broker.settle()
        assert broker.client.state == ONLINE and len(broker.told("message")) == PIECES


def test_an_acknowledgement_that_is_forgotten_while_messages_come_is_a_timeout():
    with Clock() as clock, online(keepalive=0) as broker:
        broker.client.publish("dp", b"1", 1)
        broker.packet()
        clock.skip(10000)

        def next_packet():
            broker.send(publish_of("endless", b""))
            return broker.complete()

        assert broker.until(next_packet, "PINGREQ") == PINGREQ
        broker.send(PINGRESP + publish_of("endless", b""))
        broker.fails(Timeout, "packet 1 not acknowledged")


def test_silence_is_broken_while_a_packet_is_being_received():  # [MQTT-3.1.2-23]
    with Clock() as clock, online(rx_size=64, keepalive=10) as broker:
        pings = 0
        for piece in pieces(publish_of("slow/big", pattern(3000))):
            broker.send(piece)
            clock.skip(2500)
            broker.settle()
            broker.receive()
            if broker.received:
                assert broker.packet() == PINGREQ
                pings += 1
        assert pings == PIECES // 2
        broker.send(PINGRESP)
        broker.settle()
        assert broker.client.state == ONLINE


def test_nothing_coming_any_more_is_noticed_in_the_middle_of_a_packet():
    with Clock() as clock, online(keepalive=0) as broker:
        broker.send(publish_of("t", b"x" * 100)[:50])
        broker.settle()
        clock.skip(10000)
        broker.fails(Timeout, "rest of a packet")


def test_any_number_of_qos_2_messages_may_come_at_once():
    with online() as broker:
        client = broker.client
        for first in range(1, 1500, 50):
            ids = range(first, first + 50)
            broker.send(b"".join([publish_of("burst", b"%d" % n, 2, n) for n in ids]))
            assert broker.read(4 * 50) == b"".join([ack_of(0x50, n) for n in ids])
        assert [message[1] for message in broker.told("message")] == [b"%d" % n for n in range(1, 1501)]
        broker.send(publish_of("burst", b"again", 2, 3, dup=True))
        assert broker.packet() == ack_of(0x50, 3)
        for first in range(1, 1500, 50):
            ids = range(first, first + 50)
            broker.send(b"".join([ack_of(0x62, n) for n in ids]))
            assert broker.read(4 * 50) == b"".join([ack_of(0x70, n) for n in ids])
        assert len(broker.told("message")) == 1500
        broker.send(publish_of("burst", b"anew", 2, 3))
        assert broker.packet() == ack_of(0x50, 3)
        assert client.state == ONLINE and len(broker.told("message")) == 1501


# Both at once


class Echo:
    """A server that reads no further until what it has read is echoed, and buffers of some KB on the way."""

    def __init__(self, broker):
        self.broker, self.waiting, self.echoed = broker, b"", 0
        self.loop = broker.client.loop
        broker.client.loop = self.step

    def step(self, timeout_ms=0):
        broker = self.broker
        if self.waiting:
            n = attempt(broker.sock.send, self.waiting[:2000]) or 0
            self.waiting = self.waiting[n:]
        else:
            packet = broker.complete()
            if packet:
                self.waiting = packet
                self.echoed += 1
        return self.loop(1)


def small_buffers(sock):
    for option in (7, 8):  # SO_SNDBUF, SO_RCVBUF
        sock.setsockopt(1, option, (4096).to_bytes(4, "little"))


def test_a_server_that_sends_while_it_receives_does_not_block_us():
    payload = pattern(3000)
    with Broker(keepalive=0, rx_size=4096) as broker:
        broker.connect()
        for sock in (broker.sock, broker.client._inner):
            small_buffers(sock)
        echo = Echo(broker)
        for _ in range(60):
            broker.client.publish("echo", payload)
        broker.until(lambda: len(broker.told("message")) == 60, "all echoes")
        assert echo.echoed == 60
        assert all(message[1] == payload for message in broker.told("message"))


def test_a_message_is_delivered_while_a_packet_is_half_sent():
    with online(tx_size=64) as broker:
        tap = Tap(broker.client)
        tap.limits, tap.stuck = [10], True
        broker.client.publish("up", pattern(500), 1)
        broker.send(publish_of("down", b"1") + publish_of("down", b"2", 1, 7) + publish_of("down", b"3"))
        broker.until(lambda: len(broker.told("message")) == 2, "messages")
        broker.settle()
        assert len(broker.told("message")) == 2  # the third has to wait until the second is acknowledged
        tap.stuck = False
        assert broker.packet() == publish_of("up", pattern(500), 1, 1)
        assert broker.packet() == puback(7)
        broker.until(lambda: len(broker.told("message")) == 3, "the third")


def test_in_a_callback_a_packet_waits_for_the_one_before_it_and_what_comes_is_kept():
    with online() as broker:
        client = broker.client
        tap = Tap(client)

        def on_message(topic, payload, qos, retain):
            broker.events.append(("message", bytes(payload)))
            if payload == b"1":
                tap.limits = [5, 0, 0, 0, 3, 0, 7]
                client.publish("a", b"x" * 50)
                broker.send(publish_of("in", b"2") + publish_of("in", b"3"))
                client.publish("b", b"y" * 50)

        client.on_message = on_message
        broker.send(publish_of("in", b"1"))
        assert broker.packet() == publish_of("a", b"x" * 50)
        assert broker.packet() == publish_of("b", b"y" * 50)
        broker.until(lambda: len(broker.told("message")) == 3, "the messages")
        assert broker.told("message") == [(b"1",), (b"2",), (b"3",)]


def test_in_a_callback_a_packet_that_stalls_is_a_timeout():
    with online() as broker:
        client = broker.client
        impatient(client)
        tap = Tap(client)
        raised = []

        def on_message(topic, payload, qos, retain):
            tap.stuck = True
            client.publish("a", b"x" * 50)
            try:
                client.publish("b", b"y" * 50)
            except MQTTError as e:
                raised.append(e)

        client.on_message = on_message
        broker.send(publish_of("in", b"1"))
        broker.fails(Timeout, "send stalled")
        assert isinstance(raised[0], (Timeout, ConnectionClosed))


def test_a_malformed_packet_while_a_packet_is_half_sent_closes_the_connection():
    with online(tx_size=64) as broker:
        tap = Tap(broker.client)
        tap.limits, tap.stuck = [10], True
        broker.client.publish("up", pattern(500), 1)
        broker.send("00 00")
        broker.fails(ProtocolError, "type 0")
        raises(Exception, broker.client.loop)
        assert not broker.told("publish")


def test_a_burst_of_qos_0_is_gathered_again_after_qos_1():
    no_delay, delay = (6, 1, 1), (6, 1, 0)  # IPPROTO_TCP, TCP_NODELAY
    with online() as broker:
        tap = Tap(broker.client)
        for _ in range(3):
            broker.client.publish("t", b"1", 1)
            for _ in range(10):
                broker.client.publish("t", b"0")
        assert tap.options == [no_delay, delay] * 3
