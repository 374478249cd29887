"""Messages that come, and the callbacks they go to."""

import mqtt.incoming
from mqtt import ConnectionClosed, MQTTError
from mqtt.client import OFFLINE, ONLINE
from scripted import Broker, Tap, Trouble, online, sleep_ms
from support import (
    ACCEPTED,
    ACCEPTED_SESSION,
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    ack_of,
    connect_of,
    puback,
    publish_of,
    raises,
    replaced,
    subscribe_of,
    unhex,
)

# Messages


def test_messages_are_delivered_and_acknowledged_by_their_qos():  # [MQTT-2.3.1-6], [MQTT-3.3.4-1]
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


def test_many_messages_in_one_segment_are_acknowledged_in_order():  # [MQTT-4.6.0-2], [MQTT-4.6.0-3]
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


def test_a_byte_order_mark_is_a_character_like_others():  # [MQTT-1.5.3-3]
    with online() as broker:
        broker.client.subscribe("\ufeffa/\ufeff")
        assert broker.packet() == subscribe_of(1, (b"\xef\xbb\xbfa/\xef\xbb\xbf", 0))
        broker.client.publish("\ufeffa/\ufeff", "\ufeffx")
        assert broker.packet() == publish_of(b"\xef\xbb\xbfa/\xef\xbb\xbf", b"\xef\xbb\xbfx")
        broker.send(publish_of(b"\xef\xbb\xbfa/\xef\xbb\xbf", b"\xef\xbb\xbfx"))
        broker.until(lambda: broker.told("message"), "a message")
        assert broker.told("message") == [(b"\xef\xbb\xbfa/\xef\xbb\xbf", b"\xef\xbb\xbfx", 0, 0)]


def test_topic_and_payload_come_as_memoryviews():
    kinds = []
    with online() as broker:
        broker.client.on_message = lambda topic, payload, qos, retain: kinds.append((type(topic), type(payload)))
        broker.send(publish_of("t", b"x") + publish_of("t", b""))
        broker.until(lambda: len(kinds) == 2, "two messages")
    assert kinds == [(memoryview, memoryview)] * 2


def test_qos_1_twice_is_delivered_and_acknowledged_twice():  # [MQTT-4.3.2-2]
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


def test_qos_2_is_delivered_once_over_a_reconnection_with_the_session():  # [MQTT-3.1.2-4], [MQTT-4.1.0-1]
    with Broker(clean_session=False) as broker:
        for present, dup in ((ACCEPTED, False), (ACCEPTED_SESSION, True)):
            broker.connect(present)
            broker.send(publish_of("t", b"x", 2, 5, dup=dup))
            assert broker.packet() == ack_of(0x50, 5)
            broker.close()
            broker.fails(ConnectionClosed)
        assert broker.told("message") == [(b"t", b"x", 2, 0)]


def no_memory():
    raise MemoryError


def test_a_qos_2_message_there_is_no_memory_for_is_not_acknowledged_and_comes_again():  # [MQTT-4.8.0-2]
    with Broker(clean_session=False) as broker:
        broker.connect()
        broker.send(publish_of("t", b"x", 2, 5))
        with replaced(mqtt.incoming, "Incoming", no_memory):
            raises(MemoryError, broker.until, lambda: False)
        assert broker.silent() and not broker.told("message")
        broker.close()
        broker.fails(ConnectionClosed)
        broker.connect(ACCEPTED_SESSION)
        broker.send(publish_of("t", b"x", 2, 5, dup=True))
        assert broker.packet() == ack_of(0x50, 5)
        assert broker.told("message") == [(b"t", b"x", 2, 0)]


def test_without_on_message_messages_are_acknowledged_all_the_same():  # [MQTT-4.5.0-2]
    with online() as broker:
        broker.client.on_message = broker.client.on_oversize = None
        broker.send(publish_of("t", b"x", 1, 5) + publish_of("t", b"x" * 600, 1, 6))
        assert (broker.packet(), broker.packet()) == (puback(5), puback(6))


def test_a_message_over_the_receive_buffer_is_drained_told_and_acknowledged():  # [MQTT-4.5.0-2]
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


# Callbacks


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
