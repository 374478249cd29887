"""TLS, against the real broker and against what is none."""

from errno import ENOMEM
from os import listdir

from mqtt import Client, MQTTError, Timeout
from mqtt.client import OFFLINE
from scripted import Broker, Clock, broker_options, listen_to, wait
from support import ACCEPTED, SkipTest, getenv, pattern, raises


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
    if not getenv("MQTT_TEST_TLS_PORT"):
        raise SkipTest("no broker: MQTT_TEST_TLS_PORT is not set")
    options["port"] = int(getenv("MQTT_TEST_TLS_PORT"))
    context.verify_mode = ssl.CERT_REQUIRED
    return Client("tls", ssl=context, server_hostname=name, **options), context


def trust(context):
    with open(getenv("MQTT_TEST_CA"), "rb") as file:
        context.load_verify_locations(cadata=file.read())


def test_tls_with_a_certificate_to_be_trusted():  # [MQTT-7.1.2-1]
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


def open_files():
    try:
        return len(listdir("/proc/self/fd"))
    except OSError:
        raise SkipTest("no /proc") from None


def test_a_handshake_that_fails_leaves_no_descriptor_open():
    open_files()
    for answer in (None, b"", ACCEPTED, b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + b"\x11" * 20):
        with Clock() as clock, Broker(ssl=tls_context()[0]) as broker:
            before = open_files()
            for _ in range(10):
                broker.client.start()
                broker.accept()
                broker.read(1)
                if answer is None:
                    clock.skip(10000)
                else:
                    broker.send(answer) if answer else None
                    broker.close()
                raises((OSError, MQTTError), broker.until, lambda: False)
                broker.close()
            assert open_files() == before


def test_certificates_refused_leave_no_descriptor_open_and_are_told_in_one_line():
    client, context = tls_client("elsewhere")
    trust(context)
    before = open_files()
    for _ in range(5):
        error = raises((OSError, MQTTError), client.connect)
        assert "\n" not in str(error)
    assert open_files() == before
