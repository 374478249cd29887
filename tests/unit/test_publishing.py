"""Publishing, and what a slow or stalled network makes of it."""

import gc
from array import array
from random import getrandbits

from mqtt import ConnectionClosed, MQTTError, ProtocolError, Timeout
from mqtt.client import OFFLINE, ONLINE
from scripted import Broker, Tap, impatient, online, ticks_ms
from support import (
    ACCEPTED,
    ACCEPTED_SESSION,
    ack_of,
    connect_of,
    pattern,
    puback,
    publish_of,
    raises,
    subscribe_of,
    unhex,
)


def test_publish_at_each_qos():  # [MQTT-4.3.1-1], [MQTT-4.3.2-1], [MQTT-4.3.3-1]
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


def test_where_nobody_listens_for_acknowledgements_they_free_the_window_all_the_same():
    with online() as broker:
        broker.client.on_publish = None
        for _ in range(6):
            for qos in (1, 2):
                packet_id = broker.client.publish("t", b"x", qos)
                assert broker.packet() == publish_of("t", b"x", qos, packet_id)
                if qos == 1:
                    broker.send(puback(packet_id))
                else:
                    broker.send(ack_of(0x50, packet_id))
                    assert broker.packet() == ack_of(0x62, packet_id)
                    broker.send(ack_of(0x70, packet_id))
                broker.settle()
        assert broker.client.can_publish(1)


def test_each_pubrel_comes_in_the_order_of_its_pubrec():  # [MQTT-4.6.0-4]
    with online() as broker:
        for _ in range(4):
            broker.client.publish("t", b"x", 2)
            broker.packet()
        broker.send(b"".join([ack_of(0x50, packet_id) for packet_id in (3, 1, 4, 2)]))
        assert [broker.packet() for _ in range(4)] == [ack_of(0x62, packet_id) for packet_id in (3, 1, 4, 2)]


def test_publish_refuses_bad_arguments_before_anything_is_sent_or_kept():
    for qos in (0, 1, 2):
        with online(tx_size=64, window=1) as broker:
            for topic in ("", "a/#", "a/+/b", "a\0b", b"\xff", b"\xed\xa0\x80", "t" * 61):
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


def test_a_server_that_answers_qos_2_with_puback_is_named_as_one_without():  # [MQTT-4.3.3-1], [MQTT-4.8.0-1]
    # RabbitMQ's plug-in (3.10: rabbit_mqtt_processor.erl, process_request(?PUBLISH, …) "Downgrade QOS_2 to QOS_1")
    with online() as broker:
        packet_id = broker.client.publish("a", "b", 2)
        broker.packet()
        broker.send(puback(packet_id + 1))  # fits nothing
        broker.settle()
        broker.send(puback(packet_id))
        broker.fails(ProtocolError, "does not do QoS 2, publish with QoS 1")
        assert broker.told("publish") == []
        broker.connect()
        assert broker.packet() == publish_of("a", b"b", 2, packet_id)  # it is kept, for a server that does
        broker.send(ack_of(0x50, packet_id))
        broker.packet()
        broker.send(ack_of(0x70, packet_id))
        broker.until(lambda: broker.told("publish"))


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
            broker.client._sock = broker.client._inner = broker.client._stream = tap._sock
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


def test_without_puback_in_time_the_connection_is_given_up():  # [MQTT-4.3.2-1]
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


def test_what_was_not_acknowledged_is_sent_again_with_dup_under_its_id():
    # [MQTT-4.4.0-1], [MQTT-2.3.1-3], [MQTT-3.1.2-4]
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


def test_offline_qos_1_and_2_and_subscriptions_wait_for_the_connection():  # [MQTT-3.1.0-1]
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


# What viper would do with what it was not told


def test_a_topic_of_65536_bytes_is_refused_whatever_the_buffer():
    with online(tx_size=64, window=1) as broker:
        for qos in (0, 1, 2):
            raises(ValueError, broker.client.publish, "t" * 70000, b"x", qos)
        assert broker.client.can_publish(1) and broker.silent()
    with online(tx_size=70000, keepalive=0) as broker:  # for a slow computer may take longer than that
        for qos in (0, 1, 2):
            for size in (65536, 65537, 69990, 70000, 131072 + 3):
                gc.collect()  # MicroPython's heap holds a few of them at once
                for topic in ("a" * size, b"a" * size):
                    raises(ValueError, broker.client.publish, topic, b"x", qos, match="topic")
            gc.collect()
            packet_id = broker.client.publish("a" * 65535, b"x", qos)
            assert len(broker.packet()) == 4 + 2 + 65535 + (2 if qos else 0) + 1
            assert (packet_id > 0) == (qos > 0)


def test_random_sizes_are_sent_whole_or_refused():
    sizes = [0, 1, 2, 5, 11, 12, 50, 57, 58, 59, 60, 61, 62, 63, 64, 65, 100, 127, 128, 200, 16384, 65535, 65536]
    with Broker(tx_size=64, window=1) as broker:
        broker.connect()
        for _ in range(300):
            topic = b"t" * sizes[getrandbits(16) % len(sizes)]
            payload = pattern(sizes[getrandbits(16) % len(sizes)])
            if getrandbits(1):
                payload = (bytearray, memoryview, Text)[getrandbits(8) % 3](payload)
            qos = getrandbits(8) % 4
            try:
                packet_id = broker.client.publish(topic, payload, qos)
            except ValueError:
                longest = 64 - len(topic) - 9 - (len(payload) if isinstance(payload, Text) else 0)
                assert qos == 3 or not topic or longest < 0
                continue
            data = payload.text if isinstance(payload, Text) else payload
            assert broker.packet() == publish_of(topic, bytes(data), qos, packet_id)
            if qos == 2:
                broker.send(ack_of(0x50, packet_id))
                broker.packet()
            if qos:
                broker.send(ack_of(0x40 if qos == 1 else 0x70, packet_id))
                broker.until(lambda: broker.client.can_publish(1), "acknowledgement")


class Growing(Text):
    """Says it is short when it is asked first."""

    def __len__(self):
        self.text = self.text + b"x" * 40
        return len(self.text) - 40


def test_a_payload_that_grows_meanwhile_writes_nothing_outside_the_buffer():
    for qos in (0, 1):
        with online(tx_size=64) as broker:
            raises(ValueError, broker.client.publish, "t", Growing(b""), qos, match="buffer")


def test_items_of_a_memoryview_must_be_bytes():
    view = memoryview(array("H", [0x1111, 0x2222, 0x3333]))
    with online() as broker:
        for qos in (0, 1, 2):
            raises(ValueError, broker.client.publish, "t", view, qos, match="bytes")
            raises(TypeError, broker.client.publish, "t", array("H", [1]), qos, match="payload")
        assert broker.silent() and broker.client.can_publish(1)


def test_what_was_received_is_not_kept_for_it_will_be_overwritten():
    errors = []
    with online() as broker:

        def on_message(topic, payload, qos, retain):
            for view in (topic, payload):
                errors.append(raises(ValueError, broker.client.publish, "echo", view, 1, match="bytes(payload)"))
            broker.client.publish(topic, bytes(payload), 1)

        broker.client.on_message = on_message
        broker.send(publish_of("t", b"x"))
        assert broker.packet() == publish_of("t", b"x", 1, 1)
        assert len(errors) == 2


def test_a_late_acknowledgement_does_not_hold_back_the_window():
    with online(window=3) as broker:
        client = broker.client
        late = client.publish("t", b"late", 1)
        for _ in range(10):
            ids = [client.publish("t", b"x", 1) for _ in range(2)]
            broker.send(b"".join([puback(packet_id) for packet_id in ids]))
            broker.until(lambda: client.can_publish(1), "room")
        broker.send(puback(late))
        broker.until(lambda: broker.told("publish")[-1] == (late,), "the late one")
