"""How a connection is lost, and how it is ended."""

from errno import ECONNRESET, ENOMEM

from mqtt import ConnectionClosed, ProtocolError, Timeout
from mqtt.client import OFFLINE, ONLINE
from scripted import Broker, Tap, impatient, online, sleep_ms
from support import DISCONNECT, PINGREQ, PINGRESP, ack_of, publish_of, raises, unhex

# Losing the connection


def test_a_close_by_the_server_is_told():
    with online() as broker:
        broker.close()
        broker.fails(ConnectionClosed, "by the server")


def test_a_reset_by_the_server_is_told():
    with online() as broker:
        broker.client.publish("t", b"x")
        broker.reset()
        assert broker.fails(OSError).errno == ECONNRESET


def test_a_failing_write_is_told():
    with online() as broker:
        tap = Tap(broker.client)
        tap.broken = OSError(ECONNRESET, "ECONNRESET")
        error = raises(OSError, broker.client.publish, "t", b"x")
        assert broker.events[-1] == ("disconnect", error) and broker.client.state == OFFLINE


def test_what_publish_met_is_told_before_another_connection_is_begun():
    with online() as broker:
        tap = Tap(broker.client)
        tap.broken = OSError(ECONNRESET, "ECONNRESET")
        broker.client.publish("t", b"x", 1)
        assert broker.client.state == OFFLINE
        broker.client._poller = tap._poller
        assert raises(OSError, broker.client.start).errno == ECONNRESET
        assert not broker.client.connected()
        broker.connect()
        assert broker.packet() == publish_of("t", b"x", 1, 1)


def test_a_failing_read_is_told():  # [MQTT-4.8.0-2]
    with online() as broker:
        tap = Tap(broker.client)
        tap.broken = OSError(ENOMEM, "ENOMEM")
        broker.send(publish_of("t", b"x", 1, 7))
        assert broker.fails(OSError).errno == ENOMEM
        assert not broker.told("message")


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


def test_what_the_standard_forbids_closes_the_connection():  # [MQTT-4.8.0-1], [MQTT-2.2.2-2], [MQTT-1.5.3-1]
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


def test_disconnect_says_so_and_closes():  # [MQTT-3.14.4-1], [MQTT-3.14.4-2]
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


def test_disconnect_in_on_message_sends_the_acknowledgement_first():  # [MQTT-3.14.4-2]
    for qos, first in ((1, 0x40), (2, 0x50)):
        with online() as broker:
            broker.client.on_message = lambda *args: broker.client.disconnect()  # noqa: B023
            broker.send(publish_of("t", b"x", qos, 7))
            broker.until(lambda: broker.client.state == OFFLINE, "the end")  # noqa: B023
            assert broker.ended() == ack_of(first, 7) + DISCONNECT
