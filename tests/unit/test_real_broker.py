"""The client against a real mosquitto."""

from socket import SOCK_STREAM, getaddrinfo, socket

from mqtt import Client, ConnectionClosed, ConnectionRefused
from scripted import broker_options, listen_to, wait
from support import SkipTest, getenv, pattern, raises


def real(client_id, **options):
    client = Client(client_id, **dict(broker_options(), **options))
    return client, listen_to(client)


def messages(events):
    return [event[1:] for event in events if event[0] == "message"]


def test_real_broker_every_qos_both_ways():  # [MQTT-7.0.0-2], [MQTT-7.1.2-1]
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


def test_real_broker_session_present():  # [MQTT-3.1.3-2], [MQTT-4.1.0-2]
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
    sock.connect(getaddrinfo(getenv("MQTT_TEST_HOST") or "127.0.0.1", int(port), 0, SOCK_STREAM)[0][-1])
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
