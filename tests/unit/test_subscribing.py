"""Subscriptions: what is granted, and asked for again."""

from mqtt import ConnectionClosed, ProtocolError, SubscribeError
from mqtt.client import ONLINE
from scripted import Broker, online
from support import ACCEPTED, ACCEPTED_SESSION, field, packet_of, puback, publish_of, raises, subscribe_of, unhex


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


def test_subscribe_refuses_bad_arguments_before_anything_is_sent_or_kept():  # [MQTT-3.8.3-1], [MQTT-3.10.3-1]
    with online(tx_size=64, window=1) as broker:
        for name in ("", "a#", "+a", "a/#/b", "\0", b"\xff"):
            raises(ValueError, broker.client.subscribe, name, match="topic filter")
            raises(ValueError, broker.client.unsubscribe, name, match="topic filter")
        raises(ValueError, broker.client.subscribe, "a", 3, match="qos")
        for call in (broker.client.subscribe, broker.client.unsubscribe):
            raises(ValueError, call, [], match="topic filter")
            raises(ValueError, call, "x" * 62, match="buffer")
        assert broker.silent() and broker.client.can_publish(1)


def test_a_filter_over_65535_bytes_is_refused():
    with online(tx_size=64) as broker:
        raises(ValueError, broker.client.subscribe, "x" * 65536, match="topic filter")
        raises(ValueError, broker.client.unsubscribe, "x" * 65536, match="topic filter")


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


# What the program said last counts, once


def granted(broker, *names):
    for name in names:
        packet_id = broker.client.subscribe(name, 1)
        broker.packet()
        broker.send(bytes([0x90, 3, packet_id >> 8, packet_id & 255, 1]))
    broker.until(lambda: len(broker.told("subscribe")) == len(names), "SUBACK")


def packets_after(broker, connack=ACCEPTED):
    """What the client sends after the next CONNACK, each packet acknowledged."""
    broker.client.close()
    broker.connect(connack)
    packets = []
    while not broker.silent():
        packet = broker.packet()
        packets.append(packet)
        if packet[0] == 0x82:
            broker.send(unhex("90 03") + packet[2:4] + packet[-1:])
        elif packet[0] == 0xA2:
            broker.send(unhex("b0 02") + packet[2:4])
    return packets


def unsubscribe_of(packet_id, name):
    return packet_of(0xA2, bytes([packet_id >> 8, packet_id & 255]) + field(name))


def test_what_was_unsubscribed_from_and_not_yet_acknowledged_is_not_subscribed_to_again():
    for online_then in (True, False):
        with online() as broker:
            granted(broker, "a", "b")
            if not online_then:
                broker.client.close()
            broker.client.unsubscribe("a")
            sent = packets_after(broker)
            assert len(sent) == 2 and unsubscribe_of(3, "a") in sent and subscribe_of(4, ("b", 1)) in sent
            assert packets_after(broker)[0][4:] == subscribe_of(1, ("b", 1))[4:]


def test_on_connect_may_subscribe_and_each_filter_is_asked_for_once():
    with online() as broker:
        granted(broker, "a", "b")
        broker.client.on_connect = lambda session_present: broker.client.subscribe("a", 2)
        for _ in range(2):
            assert sorted([packet[4:] for packet in packets_after(broker)]) == sorted(
                [field("a") + b"\2", field("b") + b"\1"]
            )


def test_on_connect_may_unsubscribe():
    with online() as broker:
        granted(broker, "a", "b")
        broker.client.on_connect = lambda session_present: broker.client.unsubscribe("a")
        assert sorted([packet[4:] for packet in packets_after(broker)]) == [field("a"), field("b") + b"\1"]


def test_the_qos_asked_for_last_counts():
    with online() as broker:
        granted(broker, "a")
        for online_then in (True, False):
            if not online_then:
                broker.client.close()
            broker.client.subscribe("a", 0 if online_then else 2)
        assert [packet[4:] for packet in packets_after(broker)] == [field("a") + b"\0", field("a") + b"\2"]
        assert [packet[4:] for packet in packets_after(broker)] == [field("a") + b"\2"]


def test_a_subscription_not_yet_acknowledged_is_asked_for_once():
    with online() as broker:
        broker.client.subscribe("a", 1)
        assert [packet[4:] for packet in packets_after(broker)] == [field("a") + b"\1"]


def test_a_refusal_of_an_earlier_request_does_not_undo_the_later():
    with online() as broker:
        broker.client.subscribe("a", 2)
        broker.client.subscribe("a", 1)
        broker.send("90 03 00 01 80 90 03 00 02 01")
        broker.until(lambda: len(broker.told("subscribe")) == 2, "SUBACK")
        assert [packet[4:] for packet in packets_after(broker)] == [field("a") + b"\1"]
