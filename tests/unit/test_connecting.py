"""How a connection comes about, against a broker that does as the test says, over real sockets."""

from errno import ECONNREFUSED, ECONNRESET
from socket import SOCK_STREAM, getaddrinfo, socket

import mqtt.handshake
from mqtt import Client, ConnectionClosed, ConnectionRefused, MQTTError, ProtocolError, Timeout
from mqtt.client import OFFLINE, ONLINE
from scripted import Broker, Clock, Deaf, attempt, impatient, listen_to, online, two_addresses, unused_port
from support import (
    ACCEPTED,
    ACCEPTED_SESSION,
    PINGRESP,
    SkipTest,
    ack_of,
    connect_of,
    field,
    packet_of,
    puback,
    publish_of,
    raises,
    replaced,
)

REFUSED = (ECONNREFUSED, ECONNRESET)  # lwIP has but one word for both


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


def test_a_refusal_is_raised_with_its_code_and_in_words():  # [MQTT-3.2.2-5]
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
        for timeout in (200, 20000):  # a busy computer may take longer to send CONNECT
            with Broker(timeout=timeout) as broker:
                broker.client.start()
                broker.accept()
                try:
                    broker.packet()
                except Timeout:
                    continue
                broker.send(beginning) if beginning else None
                broker.fails(Timeout, "CONNACK")
                break
        else:
            raise AssertionError("no CONNECT in 20 s")


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
    assert error.errno in REFUSED
    assert events == [("disconnect", error)] and client.state == OFFLINE


def test_a_tcp_connection_that_does_not_come_about_times_out():
    with Broker(timeout=50) as broker:
        broker.client.start()
        broker.client._poller = Deaf(broker.client)
        broker.fails(Timeout, "TCP connect")


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
    except (OSError, TypeError):  # the second is an ESP32's word
        raise SkipTest("no IPv6") from None
    with broker:
        broker.connect()
        broker.client.publish("t", "x")
        assert broker.packet() == publish_of("t", b"x")


def test_a_client_connects_again_and_again():  # [MQTT-3.1.3-2]
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


# Several addresses, and none


def addresses(*infos):
    return lambda *args: list(infos)


def address_of(port):
    return getaddrinfo("127.0.0.1", port, 0, SOCK_STREAM)[0]


def takes_any_family():
    """True where a socket is of IPv4 whatever is asked for, as lwIP's are."""
    try:
        socket(9999, SOCK_STREAM).close()
    except OSError:
        return False
    return True


def test_where_the_system_has_no_socket_for_the_first_address_the_next_is_tried():
    with Broker() as broker:
        right = address_of(broker.port)
        with replaced(mqtt.handshake, "getaddrinfo", addresses((9999,) + tuple(right[1:]), right)):
            assert broker.connect() == connect_of("device")
        assert broker.events == [("connect", 0)]


def test_where_the_first_address_accepts_and_says_nothing_the_next_is_tried():
    for beginning in (b"", b"\x20\x02"):
        with Clock() as clock, Broker() as broker, Broker() as mute:
            infos = (address_of(mute.port), address_of(broker.port))
            with replaced(mqtt.handshake, "getaddrinfo", addresses(*infos)):
                broker.client.start()
                mute.take(broker.until(lambda: attempt(mute.listener.accept), "a connection"))  # noqa: B023
                mute.sock.send(beginning) if beginning else None
                broker.settle()
                clock.skip(10000)
                broker.accept()
            assert broker.packet() == connect_of("device")
            broker.send(ACCEPTED)
            broker.until(lambda: broker.client.state == ONLINE, "CONNACK")  # noqa: B023
            assert broker.events == [("connect", 0)]


def test_where_the_first_address_refuses_us_no_other_is_asked():
    with Broker() as broker, Broker() as other:
        infos = (address_of(broker.port), address_of(other.port))
        with replaced(mqtt.handshake, "getaddrinfo", addresses(*infos)):
            broker.client.start()
            broker.accept()
            broker.packet()
            broker.send("20 02 00 05")
            broker.fails(ConnectionRefused)
        assert not attempt(other.listener.accept)


def test_names_without_an_address_are_an_oserror_in_words():
    none = (2, 1, 6, "", None)  # an ESP32's for a name with IPv6 addresses only

    def type_error(*args):
        raise TypeError("object is not subscriptable")

    for found in (addresses(), addresses(none), addresses(none, none), type_error):
        client = Client("device", "device.example", 1883)
        events = listen_to(client)
        with replaced(mqtt.handshake, "getaddrinfo", found):
            error = raises(OSError, client.connect, match="no address for device.example")
        assert events == [("disconnect", error)] and client.state == OFFLINE
    with Broker() as broker:
        with replaced(mqtt.handshake, "getaddrinfo", addresses(none, address_of(broker.port))):
            broker.connect()


def not_found(*args):
    raise OSError(-2)


def test_the_address_that_was_good_is_tried_first_and_no_name_server_asked():
    with Broker() as broker:
        broker.connect()
        with replaced(mqtt.handshake, "getaddrinfo", not_found):
            for _ in range(2):
                broker.client.close()
                broker.connect()
        assert not broker.told("disconnect")


def test_where_the_good_address_fails_the_name_is_looked_up_once():
    lookups = []
    with Broker() as broker, Broker() as old:
        now = address_of(broker.port)

        def look_up(*args):
            lookups.append(args)
            return [now]

        with replaced(mqtt.handshake, "getaddrinfo", look_up):
            broker.connect()
            broker.client.close()
            host, port, _ = broker.client._good
            for gone in (address_of(unused_port()), (9999,) + tuple(now[1:])):
                del lookups[:]
                broker.client._good = (host, port, gone)
                broker.connect()
                assert len(lookups) == (0 if gone[0] == 9999 and takes_any_family() else 1)
                broker.client.close()
        gone = address_of(unused_port())
        with replaced(mqtt.handshake, "getaddrinfo", not_found):  # then it is the first reason that counts
            broker.client._good = (host, port, gone)
            broker.client.start()
            assert broker.fails(OSError).errno in REFUSED
        broker.client.port = old.port  # another server: what was good for the one is nothing for the other
        with replaced(mqtt.handshake, "getaddrinfo", addresses(address_of(old.port))):
            broker.client.start()
            old.take(broker.until(lambda: attempt(old.listener.accept), "a connection"))
