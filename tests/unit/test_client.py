"""The client against a broker that does as the test says, over real sockets, and against a real mosquitto."""

from errno import ECONNREFUSED, ECONNRESET, ENOMEM
from os import getenv
from socket import SOCK_STREAM, getaddrinfo, socket

import mqtt.client
import mqtt.forever
import mqtt.handshake
from mqtt import Client, ConnectionClosed, ConnectionRefused, MQTTError, ProtocolError, SubscribeError, Timeout
from mqtt.client import OFFLINE, ONLINE
from support import (
    ACCEPTED,
    ACCEPTED_SESSION,
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    Broker,
    SkipTest,
    Tap,
    broker_options,
    connect_of,
    field,
    impatient,
    listen,
    listen_to,
    online,
    packet_of,
    pattern,
    publish_of,
    raises,
    replaced,
    sleep_ms,
    ticks_ms,
    unhex,
    wait,
)


def ack_of(first, packet_id):
    return bytes([first, 2, packet_id >> 8, packet_id & 255])


def puback(packet_id):
    return ack_of(0x40, packet_id)


def subscribe_of(packet_id, *filters):
    body = b"".join([field(name) + bytes([qos]) for name, qos in filters])
    return packet_of(0x82, bytes([packet_id >> 8, packet_id & 255]) + body)


def unused_port():
    sock, port = listen()
    sock.close()
    return port


# Connecting


def test_connect_says_what_the_options_say():
    with Broker(
        username="用户", password=b"\0\xff", keepalive=100, clean_session=False, will=("a/will", "gone", 1, True)
    ) as broker:
        flags = 0x80 | 0x40 | 0x20 | 0x08 | 0x04
        body = field("MQTT") + bytes([4, flags, 0, 100])
        for value in ("device", "a/will", "gone", "用户", b"\0\xff"):
            body += field(value)
        assert broker.connect(ACCEPTED_SESSION) == packet_of(0x10, body)
        assert broker.told("connect") == [(1,)]


def test_what_connect_cannot_carry_is_refused_when_the_client_is_made():
    for name, options in (
        ("client id", {"clean_session": False}),
        ("keep alive", {"keepalive": 65536}),
        ("password", {"password": "secret"}),
        ("will topic", {"will": ("a/#", b"", 0, False)}),
    ):
        raises(ValueError, Client, "", "127.0.0.1", match=name, **options)


def test_a_buffer_too_small_for_any_packet_is_refused_when_the_client_is_made():
    for options in ({"tx_size": 0}, {"tx_size": 3}, {"rx_size": 0}, {"rx_size": 15}):
        raises(ValueError, Client, "device", "127.0.0.1", match="buffer", **options)


def test_connack_may_come_a_byte_at_a_time():
    with Broker() as broker:
        client = broker.client
        client.start()
        broker.accept()
        assert broker.packet() == connect_of("device")
        for i in range(4):
            assert client.state != ONLINE
            broker.send(ACCEPTED[i : i + 1])
            broker.settle()
        assert client.state == ONLINE
        assert broker.events == [("connect", 0)]


def test_a_refusal_is_raised_with_its_code_and_in_words():
    for code, words in enumerate(("version", "client id", "unavailable", "user name or password", "not authorized"), 1):
        with Broker() as broker:
            broker.client.start()
            broker.accept()
            broker.packet()
            broker.send(bytes([0x20, 2, 0, code]))
            error = broker.fails(ConnectionRefused, words)
            assert error.code == code
            assert broker.ended() == b""
            assert len(broker.events) == 1


def test_without_connack_in_time_connecting_fails():
    for beginning in (b"", b"\x20", b"\x20\2\0"):
        with Broker(timeout=200) as broker:
            broker.client.start()
            broker.accept()
            broker.packet()
            broker.send(beginning) if beginning else None
            broker.fails(Timeout, "CONNACK")


def test_a_close_before_connack_is_told_as_that():
    for beginning in (b"", b"\x20\2\0"):
        with Broker() as broker:
            broker.client.start()
            broker.accept()
            broker.packet()
            broker.send(beginning) if beginning else None
            broker.close()
            broker.fails(ConnectionClosed, "before CONNACK")


def test_a_reset_before_connack_is_an_oserror():
    with Broker() as broker:
        broker.client.start()
        broker.accept()
        broker.packet()
        broker.reset()
        assert broker.fails(OSError).errno == ECONNRESET


def test_nothing_may_come_before_connack_and_connack_not_twice():  # [MQTT-3.2.0-1]
    for data in (PINGRESP, puback(1), publish_of("t", b"x"), publish_of("t", b"x", 1, 1)):
        with Broker() as broker:
            broker.client.start()
            broker.accept()
            broker.packet()
            broker.send(data)
            broker.fails(ProtocolError, "CONNACK")
            assert not broker.told("message")
    with online() as broker:
        broker.send(ACCEPTED)
        broker.fails(ProtocolError, "CONNACK")


def test_messages_may_come_in_one_segment_with_connack():
    with Broker(clean_session=False) as broker:
        broker.client.start()
        broker.accept()
        broker.packet()
        broker.send(ACCEPTED_SESSION + publish_of("t", b"x", 1, 7) + publish_of("t", b"y", 2, 8))
        assert broker.packet() == puback(7)
        assert broker.packet() == ack_of(0x50, 8)
        assert broker.events == [("connect", 1), ("message", b"t", b"x", 1, 0), ("message", b"t", b"y", 2, 0)]


def test_clean_session_knows_of_no_session_whatever_the_server_says():  # [MQTT-3.2.2-1]
    with Broker(clean_session=True) as broker:
        broker.connect(ACCEPTED_SESSION)
        assert broker.told("connect") == [(0,)]


def test_a_refused_tcp_connection_is_an_oserror():
    client = Client("device", "127.0.0.1", unused_port())
    events = listen_to(client)
    error = raises(OSError, client.connect)
    assert error.errno == ECONNREFUSED
    assert events == [("disconnect", error)] and client.state == OFFLINE


def test_a_tcp_connection_that_does_not_come_about_times_out():
    with Broker(timeout=50) as broker:
        broker.client.start()
        broker.client._poller = Deaf(broker.client)
        broker.fails(Timeout, "TCP connect")


class Deaf:
    """A poller that never reports the socket the client has now, as if its SYN went unanswered."""

    def __init__(self, client):
        self.client, self.sock, self.poller = client, client._sock, client._poller

    def ipoll(self, ms):
        if self.client._sock is not self.sock:
            return self.poller.ipoll(ms)
        sleep_ms(ms)
        return ()

    def register(self, sock, events):
        self.poller.register(sock, events)

    def modify(self, sock, events):
        self.poller.modify(sock, events)

    def unregister(self, sock):
        self.poller.unregister(sock)


def two_addresses(port):
    """A getaddrinfo() that finds an address at this port before the right one."""
    return lambda host, right, *args: getaddrinfo(host, port, 0, SOCK_STREAM) + getaddrinfo(host, right, 0, SOCK_STREAM)


def test_where_the_first_address_refuses_the_next_is_tried():
    with Broker() as broker, replaced(mqtt.handshake, "getaddrinfo", two_addresses(unused_port())):
        assert broker.connect() == connect_of("device")
        assert broker.events == [("connect", 0)]


def test_where_the_first_address_does_not_answer_the_next_is_tried():
    with Broker() as broker, replaced(mqtt.handshake, "getaddrinfo", two_addresses(unused_port())):
        broker.client.start()
        broker.client._poller = Deaf(broker.client)
        impatient(broker.client)
        broker.until(lambda: broker.client._sock is not broker.client._poller.sock, "the next address")
        impatient(broker.client, 10000)
        broker.accept()
        assert broker.packet() == connect_of("device")


def test_where_all_addresses_refuse_the_last_reason_is_raised():
    client = Client("device", "127.0.0.1", unused_port())
    events = listen_to(client)
    with replaced(mqtt.handshake, "getaddrinfo", two_addresses(unused_port())):
        error = raises(OSError, client.connect)
    assert events == [("disconnect", error)] and client.state == OFFLINE


def test_by_name():
    with Broker() as broker:
        broker.client.host = "localhost"
        broker.connect()


def test_by_ipv6_address():
    try:
        broker = Broker(host="::1")
    except OSError:
        raise SkipTest("no IPv6") from None
    with broker:
        broker.connect()
        broker.client.publish("t", "x")
        assert broker.packet() == publish_of("t", b"x")


def test_a_client_connects_again_and_again():
    with Broker() as broker:
        for n in range(1, 4):
            broker.connect()
            raises(MQTTError, broker.client.start, match="already")
            broker.close()
            broker.fails(ConnectionClosed)
            assert len(broker.told("connect")) == n


def test_without_a_connection_there_is_nothing_to_loop():
    client = Client("device", "127.0.0.1", 1)
    raises(ConnectionClosed, client.loop, match="not connected")
    raises(ConnectionClosed, client.publish, "t", "x", match="not connected")
    client.disconnect()
    client.close()


# Losing the connection


def test_a_close_by_the_server_is_told():
    with online() as broker:
        broker.close()
        broker.fails(ConnectionClosed, "by the server")


def test_a_reset_by_the_server_is_told():
    with online() as broker:
        broker.reset()
        assert broker.fails(OSError).errno == ECONNRESET


def test_a_failing_write_is_told():
    with online() as broker:
        tap = Tap(broker.client)
        tap.broken = OSError(ECONNRESET, "ECONNRESET")
        error = raises(OSError, broker.client.publish, "t", b"x")
        assert broker.events[-1] == ("disconnect", error) and broker.client.state == OFFLINE


def test_a_message_cut_off_by_the_close_is_not_delivered():
    whole = publish_of("a/b", b"x" * 100, 1, 1)
    for cut in (1, 2, 5, 9, 50, len(whole) - 1):
        with online() as broker:
            broker.send(whole[:cut])
            broker.close()
            broker.fails(ConnectionClosed)
            assert not broker.told("message")


def test_a_message_that_stops_half_way_is_a_timeout():
    whole = publish_of("a/b", b"x" * 100)
    for cut in (1, 2, 50):
        with online() as broker:
            impatient(broker.client)
            broker.send(whole[:cut])
            broker.fails(Timeout, "rest of a packet")
            assert not broker.told("message")


def test_what_the_standard_forbids_closes_the_connection():
    for what, data in (
        ("remaining length", "30 ff ff ff ff 01"),
        ("type 0", "00 00"),
        ("type 0", "00 07 00 00 00 00 00 00 00"),
        ("type 15", "f0 00"),
        ("type 15", "f0 07 00 00 00 00 00 00 00"),
        ("direction", "e0 00"),
        ("flags", "d1 00"),
        ("QoS 3", "36 05 00 01 74 00 01"),
        ("topic longer", "30 08 00 32 61 2f 62 78 79 7a"),
        ("UTF-8", "30 06 00 03 61 ff 62 78"),
        ("wildcard", "30 05 00 03 61 2f 23"),
        ("packet id 0", "32 05 00 01 74 00 00"),
    ):
        with online() as broker:
            # what came before it in the same segment counts, what comes after does not
            broker.send(publish_of("before", b"") + unhex(data) + publish_of("after", b""))
            broker.fails(ProtocolError, what)
            assert broker.told("message") == [(b"before", b"", 0, 0)]
            broker.connect()  # and it is no obstacle to the next connection
            broker.send(publish_of("anew", b""))
            broker.until(lambda: len(broker.told("message")) == 2, "a message")


# Messages


def test_messages_are_delivered_and_acknowledged_by_their_qos():
    with online() as broker:
        broker.send(publish_of("a/温", "二十".encode(), 0, retain=True))
        broker.send(publish_of("b", b"", 1, 0x1234))
        broker.send(publish_of("c", b"\0\xff", 2, 65535))
        assert broker.packet() == puback(0x1234)
        assert broker.packet() == ack_of(0x50, 65535)
        broker.send(ack_of(0x62, 65535))
        assert broker.packet() == ack_of(0x70, 65535)
        assert broker.told("message") == [
            ("a/温".encode(), "二十".encode(), 0, 1),
            (b"b", b"", 1, 0),
            (b"c", b"\0\xff", 2, 0),
        ]
        assert broker.silent()


def test_a_message_may_come_a_byte_at_a_time():
    with online() as broker:
        for byte in publish_of("a/b", b"hello", 1, 7):
            assert not broker.told("message")
            broker.send(bytes([byte]))
            broker.settle()
        assert broker.packet() == puback(7)
        assert broker.told("message") == [(b"a/b", b"hello", 1, 0)]


def test_many_messages_in_one_segment_are_acknowledged_in_order():  # [MQTT-4.6.0-2]
    with online() as broker:
        data, expected = b"", b""
        for packet_id in range(1, 101):
            data += publish_of("t", b"%d" % packet_id, 1 + packet_id % 2, packet_id)
            expected += ack_of(0x50 if packet_id % 2 else 0x40, packet_id)
            if packet_id % 2:
                data += ack_of(0x62, packet_id)
                expected += ack_of(0x70, packet_id)
        broker.send(data)
        assert broker.read(len(expected)) == expected
        assert [payload for _, payload, _, _ in broker.told("message")] == [b"%d" % n for n in range(1, 101)]


def test_topic_and_payload_come_as_memoryviews():
    kinds = []
    with online() as broker:
        broker.client.on_message = lambda topic, payload, qos, retain: kinds.append((type(topic), type(payload)))
        broker.send(publish_of("t", b"x") + publish_of("t", b""))
        broker.until(lambda: len(kinds) == 2, "two messages")
    assert kinds == [(memoryview, memoryview)] * 2


def test_qos_1_twice_is_delivered_and_acknowledged_twice():
    with online() as broker:
        broker.send(publish_of("t", b"x", 1, 5) + publish_of("t", b"x", 1, 5, dup=True))
        assert broker.packet() == broker.packet() == puback(5)
        assert len(broker.told("message")) == 2


def test_qos_2_twice_is_delivered_once():  # [MQTT-4.3.3-2]
    with online() as broker:
        broker.send(publish_of("t", b"x", 2, 5) + publish_of("t", b"x", 2, 5, dup=True))
        assert broker.packet() == broker.packet() == ack_of(0x50, 5)
        broker.send(ack_of(0x62, 5) + ack_of(0x62, 5))
        assert broker.packet() == broker.packet() == ack_of(0x70, 5)
        assert broker.told("message") == [(b"t", b"x", 2, 0)]
        broker.send(publish_of("t", b"y", 2, 5))  # the id may be used anew
        assert broker.packet() == ack_of(0x50, 5)
        assert broker.told("message") == [(b"t", b"x", 2, 0), (b"t", b"y", 2, 0)]


def test_qos_2_is_delivered_once_over_a_reconnection_with_the_session():
    with Broker(clean_session=False) as broker:
        for present, dup in ((ACCEPTED, False), (ACCEPTED_SESSION, True)):
            broker.connect(present)
            broker.send(publish_of("t", b"x", 2, 5, dup=dup))
            assert broker.packet() == ack_of(0x50, 5)
            broker.close()
            broker.fails(ConnectionClosed)
        assert broker.told("message") == [(b"t", b"x", 2, 0)]


def test_without_on_message_messages_are_acknowledged_all_the_same():
    with online() as broker:
        broker.client.on_message = broker.client.on_oversize = None
        broker.send(publish_of("t", b"x", 1, 5) + publish_of("t", b"x" * 600, 1, 6))
        assert (broker.packet(), broker.packet()) == (puback(5), puback(6))


def test_a_message_over_the_receive_buffer_is_drained_told_counted_and_acknowledged():
    with online(rx_size=64) as broker:
        broker.send(publish_of("a/b", b"x" * 5000, 0, retain=True))
        broker.send(publish_of("a/b", b"x" * 5001, 1, 7))
        broker.send(publish_of("t" * 100, b"x", 2, 8) + publish_of("t" * 100, b"x", 2, 8, dup=True))
        broker.send(publish_of("next", b"whole"))
        assert broker.packet() == puback(7)
        assert broker.packet() == broker.packet() == ack_of(0x50, 8)
        broker.until(lambda: broker.told("message"), "the next message")
        assert broker.told("oversize") == [(b"a/b", 5000), (b"a/b", 5001), (b"", 1)]
        assert broker.told("message") == [(b"next", b"whole", 0, 0)]
        assert broker.client.oversized == 3


def test_a_message_of_200_megabytes_is_no_reason_to_allocate_it():
    with online() as broker:
        broker.send("34 80 84 af 5f 00 01 74 00 07")  # 200 000 000 and some
        for n in range(10):
            broker.send(b"x" * 10000)
            left = 199999995 - 10000 * (n + 1)
            broker.until(lambda: 0 <= broker.client._parser._missing <= left, "bytes")  # noqa: B023
        broker.close()
        broker.fails(ConnectionClosed)
        assert not broker.told("message") and not broker.told("oversize")


# Publishing


def test_publish_at_each_qos():
    with online() as broker:
        client = broker.client
        assert client.publish("a/温", "二十", retain=True) == 0
        assert client.publish(b"b", b"\0\xff", 1) == 1
        assert client.publish(memoryview(b"c"), bytearray(b"x"), qos=2) == 2
        assert broker.packet() == publish_of("a/温", "二十".encode(), retain=True)
        assert broker.packet() == publish_of("b", b"\0\xff", 1, 1)
        assert broker.packet() == publish_of("c", b"x", 2, 2)
        broker.send(puback(1) + ack_of(0x50, 2))
        assert broker.packet() == ack_of(0x62, 2)
        broker.send(ack_of(0x70, 2))
        broker.until(lambda: len(broker.told("publish")) == 2, "acknowledgements")
        assert broker.told("publish") == [(1,), (2,)]
        assert broker.silent()


def test_publish_refuses_bad_arguments_before_anything_is_sent_or_kept():
    for qos in (0, 1, 2):
        with online(tx_size=64, window=1) as broker:
            for topic in ("", "a/#", "a/+/b", "a\0b", b"\xff", b"\xed\xa0\x80", "t" * 61, "t" * 70000):
                raises(ValueError, broker.client.publish, topic, b"x", qos)
            for bad in (-1, 3):
                raises(ValueError, broker.client.publish, "t", b"x", bad, match="qos")
            for value in (42, None, [], 1.5, {}):
                raises(TypeError, broker.client.publish, "t", value, qos)
                raises(TypeError, broker.client.publish, value, b"x", qos)
            assert broker.client.can_publish(0) and broker.client.can_publish(1)
            assert broker.silent()
            broker.client.publish("t", b"x", qos)  # the client is none the worse for it
            assert broker.packet() == publish_of("t", b"x", qos, 1)


def test_packet_ids_go_around_on_the_wire():  # [MQTT-2.3.1-1]
    with online() as broker:
        broker.client.session._last_id = 65533
        for expected in (65534, 65535, 1, 2):
            assert broker.client.publish("t", b"x", 1) == expected
            assert broker.packet() == publish_of("t", b"x", 1, expected)
            broker.send(puback(expected))
        broker.until(lambda: len(broker.told("publish")) == 4, "acknowledgements")


def test_every_packet_leaves_in_one_write():
    with Broker(keepalive=60) as broker:
        client = broker.client
        client.start()
        tap = Tap(client)
        broker.accept()
        sizes = [len(broker.packet())]
        broker.send(ACCEPTED)
        broker.until(lambda: client.state == ONLINE)
        client.publish("t", b"x" * 300)
        client.publish("t", b"x" * 300, 1)
        client.publish("t", b"x" * 300, 2)
        client.subscribe([("a", 0), ("b", 1)])
        sizes += [len(broker.packet()) for _ in range(4)]
        broker.send(puback(1) + ack_of(0x50, 2) + unhex("90 04 00 03 00 01"))
        client.unsubscribe(["a", "b"])
        broker.send(publish_of("m", b"", 1, 1) + publish_of("m", b"", 2, 2) + ack_of(0x62, 2))
        sizes += [len(broker.packet()) for _ in range(5)]
        client.session.sent = (ticks_ms() - 40000) & 0x3FFFFFFF
        sizes.append(len(broker.packet()))
        client.disconnect()
        sizes.append(len(broker.packet()))
        assert tap.writes == sizes and len(sizes) == 12


def test_only_what_is_acknowledged_or_streamed_is_sent_without_nagles_delay():
    no_delay = (6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY
    for act in (
        lambda broker: broker.client.publish("a", "b", 1),
        lambda broker: broker.client.subscribe("a"),
        lambda broker: broker.client.publish("a", bytes(2000)),
    ):
        with online() as broker:
            tap = Tap(broker.client)
            broker.client.publish("a", "b")
            assert tap.options == []
            act(broker)
            broker.client.publish("a", "b", 1)
            assert tap.options == [no_delay]


def test_a_payload_over_the_transmit_buffer_is_streamed_from_where_it_is():
    payload = pattern(60000)
    with online(tx_size=64) as broker:
        for qos, data in ((0, payload), (1, bytearray(payload)), (2, memoryview(payload))):
            tap = Tap(broker.client)
            packet_id = broker.client.publish("a/b", data, qos)
            assert broker.packet() == publish_of("a/b", payload, qos, packet_id)
            assert tap.writes[0] == 64  # the header and what of the payload fits with it
            broker.client._sock = broker.client._inner = tap._sock
            broker.client._poller = tap._poller


def test_a_connection_with_nothing_to_send_does_not_wake_the_loop():
    with online() as broker:
        tap = Tap(broker.client)
        for limits in ([], [5, 0, 0]):
            tap.limits = limits
            broker.client.publish("t", b"x" * 50)
            broker.packet()
            assert not list(broker.client._poller.ipoll(0))


def test_a_packet_written_in_pieces_arrives_whole_and_nothing_comes_between():
    payload = pattern(3000)
    limits = (1, 0, 2, 3, 0, 0, 5, 7, 11, 0, 13, 64, 0, 1, 1, 0, 100, 1000, 0)
    with online(tx_size=64) as broker:
        tap = Tap(broker.client)
        expected = b""
        for n in range(20):
            tap.limits = list(limits)
            # what comes in meanwhile wants acknowledgements
            broker.send(publish_of("t", b"x", 1, 100 + n))
            qos = n % 3
            packet_id = broker.client.publish("a/b", payload[: n * n * 7], qos)
            expected = publish_of("a/b", payload[: n * n * 7], qos, packet_id)
            seen = {broker.packet(), broker.packet()}
            assert seen == {expected, puback(100 + n)}
            if qos == 1:
                broker.send(puback(packet_id))
            if qos == 2:
                broker.send(ack_of(0x50, packet_id))
                assert broker.packet() == ack_of(0x62, packet_id)
                broker.send(ack_of(0x70, packet_id))
        assert len(broker.told("message")) == 20


class Text:
    """A payload that writes itself."""

    def __init__(self, text):
        self.text = text

    def __len__(self):
        return len(self.text)

    def write(self, buf, at):
        buf[at : at + len(self.text)] = self.text


def test_a_payload_may_write_itself_into_the_transmit_buffer():
    with online(tx_size=64) as broker:
        for qos in (0, 1, 2):
            packet_id = broker.client.publish("t", Text(b"written"), qos)
            assert broker.packet() == publish_of("t", b"written", qos, packet_id)
            raises(ValueError, broker.client.publish, "t", Text(b"x" * 64), qos, match="buffer")
            raises(TypeError, broker.client.publish, "t", [1, 2], qos, match="payload")
        assert broker.silent()


def test_a_broker_that_stops_reading_is_a_timeout_and_what_it_got_is_in_order():
    payload = b"x" * 60000
    with online() as broker:
        impatient(broker.client)
        for n in range(2000):  # until all buffers on the way are full
            try:
                broker.client.publish("%04d" % n, payload)
            except Timeout as e:
                assert "stalled" in str(e)
                break
        else:
            raise AssertionError("nothing stalled")
        assert broker.client.state == OFFLINE and broker.events[-1][0] == "disconnect"
        came = 0
        while True:
            ended = broker.receive()
            packet = broker.complete()
            if packet:
                assert packet == publish_of("%04d" % came, payload)
                came += 1
            elif ended:
                break
        assert came <= n and publish_of("%04d" % came, payload).startswith(broker.received)


def test_without_puback_in_time_the_connection_is_given_up():
    with online() as broker:
        impatient(broker.client)
        broker.client.publish("t", b"x", 1)
        broker.fails(Timeout, "packet 1 not acknowledged")
        assert not broker.told("publish")


def test_a_puback_of_an_unknown_id_is_passed_over():
    with online() as broker:
        broker.client.publish("t", b"x", 1)
        broker.send(puback(999) + ack_of(0x50, 1) + ack_of(0x70, 1) + unhex("90 03 00 01 00 b0 02 00 01") + puback(1))
        broker.until(lambda: broker.told("publish"), "PUBACK")
        assert broker.told("publish") == [(1,)]
        assert broker.client.session.ignored == 5
        assert not broker.told("subscribe") and not broker.told("unsubscribe")


def test_what_was_not_acknowledged_is_sent_again_with_dup_under_its_id():  # [MQTT-4.4.0-1]
    with Broker(clean_session=False) as broker:
        broker.connect()
        client = broker.client
        client.publish("t", b"one", 1, retain=True)
        client.publish("t", b"two", 2)
        client.publish("t", b"three", 2)
        for _ in range(3):
            broker.packet()
        broker.send(ack_of(0x50, 3))
        assert broker.packet() == ack_of(0x62, 3)
        broker.close()
        broker.fails(ConnectionClosed)
        client.publish("t", b"four", 1)
        broker.connect(ACCEPTED_SESSION)
        assert broker.packet() == publish_of("t", b"one", 1, 1, dup=True, retain=True)
        assert broker.packet() == publish_of("t", b"two", 2, 2, dup=True)
        assert broker.packet() == ack_of(0x62, 3)
        assert broker.packet() == publish_of("t", b"four", 1, 4)
        broker.send(puback(1) + ack_of(0x50, 2) + ack_of(0x70, 3) + puback(4))
        assert broker.packet() == ack_of(0x62, 2)
        broker.send(ack_of(0x70, 2))
        broker.until(lambda: len(broker.told("publish")) == 4, "acknowledgements")
        assert broker.told("publish") == [(1,), (3,), (4,), (2,)]


def test_with_clean_session_what_was_not_acknowledged_is_published_anew():  # [MQTT-3.1.2-6]
    payload = b"x" * 1000  # which is streamed
    with online(tx_size=64) as broker:
        broker.client.publish("t", payload, 1)
        broker.client.publish("t", payload, 2)
        broker.packet()
        broker.packet()
        broker.send(ack_of(0x50, 2))
        assert broker.packet() == ack_of(0x62, 2)
        broker.close()
        broker.fails(ConnectionClosed)
        broker.connect()
        packets = [broker.packet(), broker.packet()]
        assert [packet[0] for packet in packets] == [0x32, 0x34]
        assert payload in packets[0] and payload in packets[1]


def test_half_a_packet_sent_before_the_loss_is_a_duplicate_after_it():  # [MQTT-3.3.1-1]
    with Broker(clean_session=False, tx_size=64) as broker:
        broker.connect()
        tap = Tap(broker.client)
        tap.limits = [10] + [0] * 50
        broker.client.publish("t", b"x" * 500, 1)
        broker.settle()
        broker.close()
        raises((ConnectionClosed, OSError), broker.until, lambda: False)
        broker.client._poller = tap._poller
        broker.connect(ACCEPTED_SESSION)
        assert broker.packet() == publish_of("t", b"x" * 500, 1, 1, dup=True)


def test_offline_qos_1_and_2_and_subscriptions_wait_for_the_connection():
    with Broker() as broker:
        client = broker.client
        assert client.can_publish(1) and not client.can_publish(0)
        assert client.publish("t", b"one", 1) == 1
        assert client.subscribe("a/#", 1) == 2
        assert client.publish("t", b"two", 2) == 3
        raises(ConnectionClosed, client.publish, "t", b"none", 0)
        client.start()
        client.unsubscribe("b")  # nor is it online yet
        broker.accept()
        assert broker.packet() == connect_of("device")
        broker.send(ACCEPTED)
        assert broker.packet() == publish_of("t", b"one", 1, 1)
        assert broker.packet() == subscribe_of(2, ("a/#", 1))
        assert broker.packet() == publish_of("t", b"two", 2, 3)
        assert broker.packet()[0] == 0xA2


def test_offline_a_full_window_is_an_error():
    with Broker(window=2) as broker:
        for _ in range(2):
            assert broker.client.can_publish(1)
            broker.client.publish("t", b"x", 1)
        assert not broker.client.can_publish(1)
        raises(MQTTError, broker.client.publish, "t", b"x", 1, match="window full")
        raises(MQTTError, broker.client.subscribe, "t", match="window full")


def test_online_a_full_window_waits_for_an_acknowledgement():
    with online(window=2) as broker:
        client = broker.client
        client.publish("t", b"x", 1)
        client.publish("t", b"x", 1)
        assert client.can_publish(0) and not client.can_publish(1)
        broker.send(puback(1))
        assert client.publish("t", b"x", 1) == 3
        assert broker.told("publish") == [(1,)]
        impatient(client)
        raises(Timeout, client.publish, "t", b"x", 1, match="not acknowledged")
        assert client.state == OFFLINE


# Subscribing


def test_subscribe_and_unsubscribe_tell_what_was_granted():
    with online() as broker:
        client = broker.client
        assert client.subscribe("a/+", 2) == 1
        assert client.subscribe([("b/#", 0), ("设备/温度", 1)]) == 2
        assert broker.packet() == subscribe_of(1, ("a/+", 2))
        assert broker.packet() == subscribe_of(2, ("b/#", 0), ("设备/温度", 1))
        broker.send("90 04 00 02 00 01 90 03 00 01 02")
        broker.until(lambda: len(broker.told("subscribe")) == 2, "SUBACK")
        assert broker.told("subscribe") == [(2, b"\0\1"), (1, b"\2")]
        assert client.unsubscribe("a/+") == 3
        assert client.unsubscribe(["b/#", "设备/温度"]) == 4
        assert broker.packet() == packet_of(0xA2, b"\0\3" + field("a/+"))
        assert broker.packet() == packet_of(0xA2, b"\0\4" + field("b/#") + field("设备/温度"))
        broker.send("b0 02 00 03 b0 02 00 04")
        broker.until(lambda: len(broker.told("unsubscribe")) == 2, "UNSUBACK")
        assert broker.told("unsubscribe") == [(3,), (4,)]


def test_subscribe_refuses_bad_arguments_before_anything_is_sent_or_kept():
    with online(tx_size=64, window=1) as broker:
        for name in ("", "a#", "+a", "a/#/b", "\0", b"\xff", "x" * 70000):
            raises(ValueError, broker.client.subscribe, name, match="topic filter")
            raises(ValueError, broker.client.unsubscribe, name, match="topic filter")
        raises(ValueError, broker.client.subscribe, "a", 3, match="qos")
        for call in (broker.client.subscribe, broker.client.unsubscribe):
            raises(ValueError, call, [], match="topic filter")
            raises(ValueError, call, "x" * 62, match="buffer")
        assert broker.silent() and broker.client.can_publish(1)


def test_a_refused_subscription_is_told_to_on_subscribe():
    with online() as broker:
        broker.client.subscribe([("a", 1), ("b", 1)])
        broker.packet()
        broker.send("90 04 00 01 01 80")
        broker.until(lambda: broker.told("subscribe"), "SUBACK")
        assert broker.told("subscribe") == [(1, b"\1\x80")]
        assert broker.client.state == ONLINE


def test_a_refused_subscription_is_raised_where_nobody_listens_and_the_connection_stays():
    with online() as broker:
        broker.client.on_subscribe = None
        broker.client.subscribe([("a", 1), ("b/c", 1)])
        broker.packet()
        broker.send(unhex("90 04 00 01 01 80") + publish_of("a", b"x", 1, 7))
        raises(SubscribeError, broker.until, lambda: False, match="b/c")
        assert broker.client.state == ONLINE and not broker.told("disconnect")
        assert broker.packet() == puback(7)


def test_a_suback_with_another_number_of_codes_closes_the_connection():  # [MQTT-3.8.4-5]
    for data in ("90 03 00 01 00", "90 05 00 01 00 00 00"):
        with online() as broker:
            broker.client.subscribe([("a", 1), ("b", 1)])
            broker.packet()
            broker.send(data)
            broker.fails(ProtocolError, "SUBACK")


def granted_subscriptions(broker):
    """Subscribes to a, b and c, of which c is refused, then unsubscribes from b; leaves a at QoS 1 and d at 2."""
    broker.client.subscribe([("a", 1), ("b", 1), ("c", 1)])
    broker.client.subscribe("d", 2)
    broker.client.unsubscribe("b")
    for _ in range(3):
        broker.packet()
    broker.send("90 05 00 01 01 00 80 90 03 00 02 01 b0 02 00 03")
    broker.until(lambda: broker.told("unsubscribe"), "UNSUBACK")
    broker.close()
    broker.fails(ConnectionClosed)


def test_without_a_session_what_was_granted_is_subscribed_to_again():
    for clean_session in (True, False):
        with Broker(clean_session=clean_session) as broker:
            broker.connect()
            granted_subscriptions(broker)
            broker.connect(ACCEPTED)
            seen = set()
            for _ in range(2):
                packet = broker.packet()
                assert packet[0] == 0x82
                seen.add(packet[4:])
                broker.send(unhex("90 03") + packet[2:4] + packet[-1:])
            assert seen == {field("a") + b"\1", field("d") + b"\2"}  # with the QoS asked for
            assert broker.silent()


def test_what_was_granted_once_and_refused_later_is_not_subscribed_to_again():
    with online() as broker:
        for n, code in ((1, "01"), (2, "80")):
            broker.client.subscribe("a", 1)
            broker.packet()
            broker.send("90 03 00 0%d %s" % (n, code))
            broker.until(lambda: len(broker.told("subscribe")) == n, "SUBACK")  # noqa: B023
        broker.close()
        broker.fails(ConnectionClosed)
        broker.connect()
        assert broker.silent()


def test_str_and_bytes_name_the_same_filter():
    with online() as broker:
        broker.client.subscribe("温")
        broker.packet()
        broker.send("90 03 00 01 00")
        broker.client.unsubscribe("温".encode())
        broker.packet()
        broker.send("b0 02 00 02")
        broker.until(lambda: broker.told("unsubscribe"), "UNSUBACK")
        broker.close()
        broker.fails(ConnectionClosed)
        broker.connect()
        assert broker.silent()


def test_with_the_session_present_nothing_is_subscribed_to_again():
    with Broker(clean_session=False) as broker:
        broker.connect()
        granted_subscriptions(broker)
        broker.connect(ACCEPTED_SESSION)
        assert broker.silent()


def test_a_resubscription_broken_off_goes_on_with_the_next_connection():
    with Broker(clean_session=False, window=1) as broker:
        broker.connect()
        broker.client.subscribe("a", 1)
        broker.packet()
        broker.send("90 03 00 01 01")
        broker.until(lambda: broker.told("subscribe"), "SUBACK")
        broker.client.subscribe("b", 1)
        broker.packet()
        broker.send("90 03 00 02 01")
        broker.until(lambda: len(broker.told("subscribe")) == 2, "SUBACK")
        broker.close()
        broker.fails(ConnectionClosed)
        broker.connect(ACCEPTED)  # the server has forgotten us
        first = broker.packet()
        broker.send(unhex("90 03") + first[2:4] + b"\1")
        second = broker.packet()
        broker.close()  # before the second is acknowledged
        broker.fails(ConnectionClosed)
        broker.connect(ACCEPTED_SESSION)
        assert broker.packet()[4:] == second[4:]
        assert {first[4:], second[4:]} == {field("a") + b"\1", field("b") + b"\1"}


# Keep alive


def test_silence_is_broken_with_pingreq():  # [MQTT-3.1.2-23]
    with online() as broker:
        broker.client.session.keepalive = 60
        for _ in range(3):
            assert broker.packet() == PINGREQ
            broker.send(PINGRESP)
        assert broker.client.state == ONLINE


def test_hearing_alone_does_not_replace_pingreq():
    with online() as broker:
        broker.client.session.keepalive = 100

        def next_packet():
            broker.send(publish_of("t", b""))
            sleep_ms(1)
            return broker.complete()

        assert broker.until(next_packet, "PINGREQ") == PINGREQ


def test_without_pingresp_the_connection_is_given_up():
    with online() as broker:
        broker.client.session.keepalive = 60
        assert broker.packet() == PINGREQ
        broker.fails(Timeout, "PINGRESP")
        broker.client.session.keepalive = 60000
        broker.connect()


def test_keep_alive_0_never_pings():
    with online(keepalive=0) as broker:
        assert broker.silent()
        broker.client.loop(5)


# Disconnecting


def test_disconnect_says_so_and_closes():  # [MQTT-3.14.4-1]
    with online() as broker:
        broker.client.publish("t", b"last")
        broker.client.disconnect()
        assert broker.ended() == publish_of("t", b"last") + DISCONNECT
        assert broker.events[-1] == ("disconnect", None)
        assert broker.client.state == OFFLINE
        raises(ConnectionClosed, broker.client.loop, match="not connected")
        broker.client.disconnect()  # again does nothing
        assert len(broker.told("disconnect")) == 1


def test_disconnect_comes_after_what_is_still_being_sent():
    with online(tx_size=64) as broker:
        tap = Tap(broker.client)
        tap.limits = [10, 0, 0, 7, 0, 50, 0]
        broker.client.publish("t", b"x" * 1000)
        assert broker.client._out is not None
        broker.client.disconnect()
        assert broker.ended() == publish_of("t", b"x" * 1000) + DISCONNECT


def test_close_says_nothing():
    with online() as broker:
        broker.client.close()
        assert broker.ended() == b""
        assert broker.client.state == OFFLINE and not broker.told("disconnect")


def test_disconnect_while_connecting_closes():
    with Broker() as broker:
        broker.client.start()
        broker.client.disconnect()
        assert broker.client.state == OFFLINE
        broker.accept()
        assert broker.ended() == b""
        broker.connect()


# Callbacks


class Trouble(Exception):
    """What a callback raises."""


def test_an_exception_of_a_callback_passes_through_and_does_no_harm():
    with online() as broker:
        client = broker.client

        def on_message(topic, payload, qos, retain):
            broker.events.append(("message", bytes(payload)))
            if payload != b"good":
                raise Trouble

        client.on_message = on_message
        for data, acks in (
            (publish_of("t", b"bad", 0) + publish_of("t", b"good", 0), b""),
            (publish_of("t", b"bad", 1, 1) + publish_of("t", b"good", 1, 2), puback(1) + puback(2)),
            (publish_of("t", b"bad", 2, 3) + publish_of("t", b"good", 2, 4), ack_of(0x50, 3) + ack_of(0x50, 4)),
            (publish_of("t", b"bad", 1, 5) + PINGRESP + publish_of("t", b"good", 0), puback(5)),
        ):
            del broker.events[:]
            broker.send(data)
            raises(Trouble, broker.until, lambda: False)
            assert client.state == ONLINE
            assert broker.read(len(acks)) == acks
            broker.until(lambda: len(broker.events) == 2, "the next message")
            assert broker.told("message") == [(b"bad",), (b"good",)]
        assert broker.silent()


def test_a_callback_may_publish():
    with online() as broker:
        client = broker.client

        def on_message(topic, payload, qos, retain):
            client.publish("echo/0", bytes(payload), 0)
            client.publish("echo/1", bytes(payload), 1)

        client.on_message = on_message
        broker.send(publish_of("t", b"x", 1, 7) + publish_of("t", b"y", 2, 8))
        packets = [broker.packet() for _ in range(6)]
        assert sorted(packets) == sorted(
            [
                publish_of("echo/0", b"x"),
                publish_of("echo/1", b"x", 1, 1),
                puback(7),
                publish_of("echo/0", b"y"),
                publish_of("echo/1", b"y", 1, 2),
                ack_of(0x50, 8),
            ]
        )


def test_a_publish_of_a_slow_callback_that_stalls_costs_neither_acknowledgement_nor_connection():
    with online(tx_size=64, window=8) as broker:
        client = broker.client
        tap = Tap(client)

        def on_message(topic, payload, qos, retain):
            sleep_ms(2)
            tap.limits = [3, 0]
            client.publish("echo", b"x" * 10, client.can_publish(1) and 1)

        client.on_message = on_message
        broker.send(b"".join([publish_of("t", b"x", 1, packet_id) for packet_id in range(1, 9)]))
        packets = []
        while puback(8) not in packets:
            packets.append(broker.packet())
        assert [packet for packet in packets if packet[0] == 0x40] == [puback(n) for n in range(1, 9)]
        assert client.state == ONLINE


def test_a_slow_callback_that_publishes_causes_no_ping():
    with online() as broker:

        def on_message(topic, payload, qos, retain):
            sleep_ms(3)
            broker.client.publish("echo", b"x", qos)

        broker.client.on_message = on_message
        for qos in (0, 1):
            broker.send(publish_of("t", b"x", qos, 7))
            packets = [broker.packet() for _ in range(1 + qos)]
            assert PINGREQ not in packets and broker.silent()


def test_a_callback_may_disconnect():
    with online() as broker:
        client = broker.client

        def on_message(topic, payload, qos, retain):
            broker.events.append(("message", bytes(payload)))
            client.disconnect()

        client.on_message = on_message
        broker.send(publish_of("t", b"one") + publish_of("t", b"two"))
        broker.until(lambda: client.state == OFFLINE, "the end")
        assert broker.told("message") == [(b"one",)]  # nothing comes after the end
        assert broker.told("disconnect") == [(None,)]
        assert broker.ended() == DISCONNECT
        broker.connect()


def test_every_callback_may_disconnect():
    for name, prepare, data in (
        ("on_connect", None, ACCEPTED),
        ("on_publish", lambda client: client.publish("t", b"x", 1), ACCEPTED + puback(1)),
        ("on_subscribe", lambda client: client.subscribe("t"), ACCEPTED + unhex("90 03 00 01 00")),
        ("on_unsubscribe", lambda client: client.unsubscribe("t"), ACCEPTED + unhex("b0 02 00 01")),
        ("on_oversize", None, ACCEPTED + publish_of("t", b"x" * 100)),
    ):
        with Broker(rx_size=64) as broker:
            client = broker.client
            if prepare:
                prepare(client)
            setattr(client, name, lambda *args: client.disconnect())  # noqa: B023
            client.start()
            broker.accept()
            broker.packet()
            broker.send(data[:4])
            if len(data) > 4:
                broker.until(lambda: client.state == ONLINE, "CONNACK")  # noqa: B023
                broker.settle()
                broker.send(data[4:])
            broker.until(lambda: client.state == OFFLINE, "the end")  # noqa: B023
            assert broker.ended().endswith(DISCONNECT)


def test_a_callback_may_connect_anew():
    with online() as broker:
        client = broker.client

        def on_message(topic, payload, qos, retain):
            client.disconnect()
            client.start()

        client.on_message = on_message
        broker.send(publish_of("t", b"x", 1, 7) + publish_of("t", b"y", 1, 8))
        broker.accept()
        assert broker.packet() == connect_of("device")
        broker.send(ACCEPTED)
        broker.until(lambda: client.state == ONLINE, "CONNACK")
        assert broker.silent()  # what came on the old connection is no matter of the new one


def test_on_disconnect_may_connect_anew():
    with online() as broker:
        client = broker.client
        client.on_disconnect = lambda reason: client.start()
        broker.close()
        raises(ConnectionClosed, broker.until, lambda: False)
        broker.accept()
        assert broker.packet() == connect_of("device")


def test_a_callback_may_not_loop_nor_wait():
    with online(window=1) as broker:
        client = broker.client
        errors = []

        def on_message(topic, payload, qos, retain):
            errors.append(raises(MQTTError, client.loop, match="callback"))
            client.publish("t", b"x", 1)
            errors.append(raises(MQTTError, client.publish, "t", b"x", 1, match="window full"))

        client.on_message = on_message
        broker.send(publish_of("t", b"x"))
        broker.until(lambda: len(errors) == 2, "the message")
        assert client.state == ONLINE


def test_on_connect_may_subscribe_and_publish():
    with Broker() as broker:
        client = broker.client

        def on_connect(session_present):
            client.subscribe("a/#")
            client.publish("online", b"1", 1)

        client.on_connect = on_connect
        broker.connect()
        assert broker.packet() == subscribe_of(1, ("a/#", 0))
        assert broker.packet() == publish_of("online", b"1", 1, 2)


# loop_forever()


def serving(broker, connacks):
    """Has the broker answer CONNECT with each of connacks in turn, empty to close instead; returns what came."""
    packets = []

    def answer(packet):
        packets.append(packet)
        if packet[0] == 0x10:
            return connacks.pop(0) or None
        return b""

    broker.serve(answer)
    return packets


def test_loop_forever_connects_again_until_disconnect():
    pauses = []
    with Broker() as broker, replaced(mqtt.forever, "sleep_ms", pauses.append):
        client = broker.client
        packets = serving(broker, [b"", ACCEPTED, b"\x20\2\0\3", ACCEPTED])

        def on_connect(session_present):
            broker.events.append(("connect", session_present))
            if len(broker.told("connect")) == 1:
                broker.close()
            else:
                client.disconnect()

        client.on_connect = on_connect
        client.loop_forever()
        assert [packet[0] for packet in packets] == [0x10] * 4
        reasons = [type(reason) for (reason,) in broker.told("disconnect")]
        assert reasons == [ConnectionClosed, ConnectionClosed, ConnectionRefused, type(None)]
        assert sum(pauses) >= 3 * 1500  # it has not stormed the server
        assert client.state == OFFLINE


def test_loop_forever_waits_long_after_refused_credentials():
    for code, least in ((1, 45000), (2, 45000), (3, 1500), (4, 45000), (5, 45000)):
        pauses = []
        with Broker() as broker, replaced(mqtt.forever, "sleep_ms", pauses.append):
            serving(broker, [bytes([0x20, 2, 0, code]), ACCEPTED])
            broker.client.on_connect = lambda session_present: broker.client.disconnect()  # noqa: B023
            broker.client.loop_forever()
            assert least - 100 <= sum(pauses) and (code != 3 or sum(pauses) <= 2500)


def test_loop_forever_tells_of_a_name_that_is_not_found():
    def not_found(*args):
        raise OSError(-2)

    with Broker() as broker, replaced(mqtt.forever, "sleep_ms", lambda ms: broker.client.disconnect()):
        with replaced(mqtt.handshake, "getaddrinfo", not_found):
            broker.client.loop_forever()
        assert [type(reason) for (reason,) in broker.told("disconnect")] == [OSError]
        assert broker.client.state == OFFLINE


def test_loop_forever_ends_when_disconnect_is_called_while_it_pauses():
    with Broker() as broker, replaced(mqtt.forever, "sleep_ms", lambda ms: broker.client.disconnect()):
        serving(broker, [b""])
        broker.client.loop_forever()
        assert broker.client.state == OFFLINE


def test_loop_forever_lets_exceptions_of_callbacks_through():
    for exception in (Trouble, OSError):
        pauses = []
        with Broker() as broker, replaced(mqtt.forever, "sleep_ms", pauses.append):
            serving(broker, [ACCEPTED])

            def on_connect(session_present):
                raise exception  # noqa: B023

            broker.client.on_connect = on_connect
            raises(exception, broker.client.loop_forever)
            assert broker.client.state == ONLINE and not pauses and not broker.told("disconnect")


def test_loop_forever_raises_a_refused_subscription_where_nobody_listens():
    pauses = []
    with Broker() as broker, replaced(mqtt.forever, "sleep_ms", pauses.append):
        broker.client.on_subscribe = None
        broker.client.subscribe("a/b")
        broker.serve(lambda packet: ACCEPTED if packet[0] == 0x10 else unhex("90 03 00 01 80"))
        raises(SubscribeError, broker.client.loop_forever, match="a/b")
        assert broker.client.state == ONLINE and not pauses


# TLS


def tls_context():
    try:
        import ssl
    except ImportError:
        raise SkipTest("no ssl") from None
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl


def tls_client(name, **options):
    """A client of the real broker's TLS port, which has a certificate for localhost by an authority of its own."""
    context, ssl = tls_context()
    options = dict(broker_options(), **options)
    options["port"] = int(getenv("MQTT_TEST_TLS_PORT"))
    context.verify_mode = ssl.CERT_REQUIRED
    return Client("tls", ssl=context, server_hostname=name, **options), context


def trust(context):
    with open(getenv("MQTT_TEST_CA"), "rb") as file:
        context.load_verify_locations(cadata=file.read())


def test_tls_with_a_certificate_to_be_trusted():
    client, context = tls_client("localhost", rx_size=2048)
    trust(context)
    events = listen_to(client)
    payload = pattern(1500)
    for _ in range(2):
        del events[:]
        client.connect()
        client.subscribe("tls/echo", 1)
        wait(lambda: events[-1][0] == "subscribe", client)
        client.publish("tls/echo", payload, 1)
        wait(lambda: ("message", b"tls/echo", payload, 1, 0) in events, client)
        client.publish("tls/echo", b"x" * 60000)  # more than a TLS record, more than a transmit buffer
        wait(lambda: ("oversize", b"tls/echo", 60000) in events, client)
        client.disconnect()


def test_tls_refuses_a_certificate_for_another_name():
    client, context = tls_client("elsewhere")
    trust(context)
    refused_by_client(client)


def test_tls_refuses_a_certificate_of_an_authority_not_trusted():
    client, _ = tls_client("localhost")
    refused_by_client(client)


def refused_by_client(client):
    events = listen_to(client)
    error = raises((OSError, MQTTError), client.connect)
    assert events == [("disconnect", error)] and client.state == OFFLINE


def test_a_tls_handshake_that_never_completes_is_a_timeout():
    with Broker(timeout=200, ssl=tls_context()[0]) as broker:
        broker.client.start()
        broker.accept()
        assert broker.read(1) == b"\x16"  # a handshake record
        broker.fails(Timeout)


def test_a_tls_handshake_answered_with_something_else_fails():
    for answer in (b"", ACCEPTED, b"HTTP/1.1 400 Bad Request\r\n\r\n"):
        with Broker(ssl=tls_context()[0]) as broker:
            broker.client.start()
            broker.accept()
            broker.read(1)
            broker.send(answer) if answer else None
            broker.close()
            error = raises((OSError, MQTTError), broker.until, lambda: False)
            assert broker.events == [("disconnect", error)] and broker.client.state == OFFLINE


class NoMemory:
    """An SSLContext on a board that has no room for a handshake."""

    def wrap_socket(self, *args, **options):
        raise OSError(ENOMEM, "ENOMEM")


def test_tls_that_cannot_even_begin_is_told_like_any_failure():
    with Broker(ssl=NoMemory()) as broker:
        for _ in range(2):
            broker.client.start()
            assert broker.fails(OSError).errno == ENOMEM


# Against the real broker


def real(client_id, **options):
    client = Client(client_id, **dict(broker_options(), **options))
    return client, listen_to(client)


def messages(events):
    return [event[1:] for event in events if event[0] == "message"]


def test_real_broker_every_qos_both_ways():
    client, events = real("qos")
    assert client.connect() == 0
    client.subscribe([("qos/%d" % qos, qos) for qos in (0, 1, 2)])
    wait(lambda: ("subscribe", 1, b"\0\1\2") in events, client)
    for n in range(10):
        for qos in (0, 1, 2):
            client.publish("qos/%d" % qos, b"%d" % n, qos)
    wait(lambda: len(messages(events)) == 30 and len(events) == 52, client)
    for qos in (0, 1, 2):
        topic = b"qos/%d" % qos
        assert [m for m in messages(events) if m[0] == topic] == [(topic, b"%d" % n, qos, 0) for n in range(10)]
    client.disconnect()


def test_real_broker_connect_by_ipv6_address():
    options = dict(broker_options(), host="::1")
    client = Client("ipv6", **options)
    try:
        client.connect()
    except OSError:
        raise SkipTest("no IPv6") from None
    client.disconnect()


def test_real_broker_wrong_password():
    client, events = real("wrong", password="wrong")
    error = raises(ConnectionRefused, client.connect, match="not authorized")
    assert error.code == 5 and events == [("disconnect", error)]


def test_real_broker_retained():
    client, events = real("retained")
    client.connect()
    client.publish("retained/温", "二十", 1, retain=True)
    client.subscribe("retained/#", 1)
    wait(lambda: messages(events), client)
    assert messages(events) == [("retained/温".encode(), "二十".encode(), 1, 1)]
    client.publish("retained/温", b"", 1, retain=True)
    client.disconnect()


def test_real_broker_will():
    watcher, events = real("watcher")
    watcher.connect()
    watcher.subscribe("will/#", 2)
    wait(lambda: len(events) == 2, watcher)
    for how in ("disconnect", "close"):
        client, _ = real("willing", will=("will/" + how, "走了", 2, False))
        client.connect()
        getattr(client, how)()
    wait(lambda: messages(events), watcher)
    assert messages(events) == [(b"will/close", "走了".encode(), 2, 0)]  # not after DISCONNECT [MQTT-3.14.4-3]
    watcher.disconnect()


def test_real_broker_session_present():
    client, _ = real("sleeper")
    client.connect()  # nothing is left of an earlier run
    client.disconnect()
    client, events = real("sleeper", clean_session=False)
    assert client.connect() == 0
    client.subscribe("session/t", 2)
    wait(lambda: ("subscribe", 1, b"\2") in events, client)
    client.disconnect()
    other, others = real("other")
    other.connect()
    for qos in (1, 2):
        other.publish("session/t", b"%d" % qos, qos)
    wait(lambda: len(others) == 3, other)
    other.disconnect()
    for again in (client, real("sleeper", clean_session=False)[0]):
        events = listen_to(again)
        assert again.connect() == 1
        if again is client:
            wait(lambda: len(messages(events)) == 2, client)  # noqa: B023
            assert messages(events) == [(b"session/t", b"1", 1, 0), (b"session/t", b"2", 2, 0)]
        again.disconnect()


def test_real_broker_all_the_qos_2_messages_it_sends_at_once():
    client, _ = real("burst")
    client.connect()  # nothing is left of an earlier run
    client.disconnect()
    client, events = real("burst", clean_session=False)
    client.connect()
    client.subscribe("burst/t", 2)
    wait(lambda: len(events) == 2, client)
    client.disconnect()
    other, others = real("other")
    other.connect()
    for n in range(50):  # more than mosquitto has in flight, 20
        other.publish("burst/t", b"%d" % n, 2)
    wait(lambda: len(others) == 51, other)
    other.disconnect()
    client.connect()
    wait(lambda: len(messages(events)) == 50, client)
    assert [m[1] for m in messages(events)] == [b"%d" % n for n in range(50)]
    client.disconnect()


def restart_broker():
    port = getenv("MQTT_TEST_RESTART_PORT")
    if not port:
        raise SkipTest("MQTT_TEST_RESTART_PORT is not set")
    sock = socket()
    sock.connect(getaddrinfo("127.0.0.1", int(port), 0, SOCK_STREAM)[0][-1])
    while sock.recv(1):
        pass
    sock.close()


def test_real_broker_restart():
    for clean_session in (True, False):
        client, events = real("restart", clean_session=clean_session)
        client.connect()
        client.subscribe("restart/t", 1)
        wait(lambda: len(events) == 2, client)  # noqa: B023
        restart_broker()
        raises((ConnectionClosed, OSError), wait, lambda: False, client)
        del events[:]
        packet_id = client.publish("restart/kept", b"between", 1, retain=True)
        assert client.connect() == (not clean_session)  # mosquitto keeps sessions on disk
        wait(lambda: ("publish", packet_id) in events, client)  # noqa: B023
        client.publish("restart/t", b"after", 1)
        wait(lambda: messages(events), client)  # noqa: B023
        assert messages(events) == [(b"restart/t", b"after", 1, 0)]
        client.disconnect()


def test_real_broker_a_message_of_10000_bytes():
    payload = pattern(10000)
    small, small_events = real("small")  # its buffers hold 512
    large, large_events = real("large", rx_size=10100)
    for client, events in ((small, small_events), (large, large_events)):
        client.connect()
        client.subscribe("large/t", 2)
        wait(lambda: len(events) == 2, client)  # noqa: B023
    for qos in (0, 1, 2):
        del small_events[:], large_events[:]
        small.publish("large/t", payload, qos)
        wait(lambda: len(small_events) == (2 if qos else 1) and len(large_events) == 1, small, large)  # noqa: B023
        assert ("oversize", b"large/t", 10000) in small_events
        assert large_events == [("message", b"large/t", payload, qos, 0)]
    small.disconnect()
    large.disconnect()
