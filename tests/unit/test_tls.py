"""TLS, against the real broker and against what is none."""

from errno import ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENOMEM
from os import listdir
from time import time

from mqtt import Client, MQTTError, Timeout
from mqtt.client import OFFLINE
from scripted import PATIENCE, Broker, Clock, broker_options, listen_to, wait
from support import ACCEPTED, MICROPYTHON, SkipTest, getenv, pattern, raises

IPPROTO_TCP, TCP_NODELAY = 6, 1
OPENING = 1  # state of a client


def tls_context(trusting=True):
    """A context that verifies, and has the CA of the broker's certificates."""
    try:
        import ssl
    except ImportError:
        raise SkipTest("no ssl") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    ca = getenv("MQTT_TEST_CA")
    if trusting and ca:
        with open(ca, "rb") as file:
            context.load_verify_locations(cadata=file.read())
    return context


def tls_client(name="localhost", trusting=True, port="MQTT_TEST_TLS_PORT", context=None, **options):
    """A client of one of the real broker's ports: see with_broker.py. Their certificates are for localhost, by an
    authority of their own."""
    options = dict(broker_options(), **options)
    if not getenv(port):
        raise SkipTest("no broker: %s is not set" % port)
    options["port"] = int(getenv(port))
    return Client("tls", ssl=context or tls_context(trusting), server_hostname=name, **options)


def test_tls_with_a_certificate_to_be_trusted():  # [MQTT-7.1.2-1]
    client = tls_client(rx_size=2048)
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


def refused(client, match):
    """connect() raises it as one line with this in it, whenever it is tried, and nothing goes on."""
    events = listen_to(client)
    for _ in range(2):
        del events[:]
        error = raises(MQTTError, client.connect, match=match)
        assert events == [("disconnect", error)] and client.state == OFFLINE
        assert str(error).startswith("TLS: ") and "\n" not in str(error)
    return str(error)


def test_tls_refuses_a_certificate_for_another_name():
    refused(tls_client("elsewhere"), "for another name than elsewhere")


def test_the_name_is_the_hosts_unless_another_is_given():
    refused(tls_client(None, host="127.0.0.1"), "for another name than 127.0.0.1")


def test_the_name_is_that_of_the_host_that_is_connected_to():
    client = tls_client(None, host="elsewhere")
    client.host = "localhost"
    client.connect()
    client.disconnect()


def test_tls_refuses_a_certificate_of_an_authority_not_trusted():
    client = tls_client(trusting=False)
    if MICROPYTHON:
        refused(client, "no CA is loaded")
        other = getenv("MQTT_TEST_OTHER_CA")
        with open(other, "rb") as file:
            client._settings[0].load_verify_locations(cadata=file.read())
    refused(client, "not to be trusted")


def test_tls_refuses_a_certificate_that_has_expired():
    refused(tls_client(port="MQTT_TEST_EXPIRED_PORT"), "has expired, by the clock here: 20")


def test_tls_refuses_a_certificate_that_is_not_valid_yet():
    refused(tls_client(port="MQTT_TEST_FUTURE_PORT"), "not valid yet, by the clock here: 20")


def test_a_server_without_tls_on_the_port():
    refused(tls_client(port="MQTT_TEST_PORT"), "port for TLS?")


def test_a_context_that_verifies_nothing_is_refused_unless_that_is_wanted():
    context = tls_context(trusting=False)
    if hasattr(context, "check_hostname"):
        context.check_hostname = False
    context.verify_mode = 0  # MicroPython's before anybody sets it
    raises(ValueError, Client, "tls", "localhost", ssl=context, match="CERT_REQUIRED")
    if getenv("MQTT_TEST_TLS_PORT"):
        options = dict(broker_options(), port=int(getenv("MQTT_TEST_TLS_PORT")))
        client = Client("tls", ssl=context, unverified=True, **options)
        client.connect()
        client.disconnect()


def test_a_handshake_that_never_completes_is_told_from_a_missing_connack():
    with Broker(timeout=200, ssl=tls_context()) as broker:
        broker.client.start()
        broker.accept()
        assert broker.read(1) == b"\x16"  # a handshake record
        broker.fails(Timeout, "TLS: the handshake has stalled: no answer for 200 ms")
    client = tls_client(port="MQTT_TEST_MUTE_PORT")  # whose handshake is a good one
    with Clock() as clock:
        client.start()
        start = time()
        while client._out is not None or client.state == OPENING:
            assert time() - start < PATIENCE
            client.loop(10)
        clock.skip(10000)
        assert str(raises(Timeout, client.loop)) == "no CONNACK"


def test_a_tls_handshake_answered_with_something_else_fails():
    for answer in (b"", ACCEPTED, b"HTTP/1.1 400 Bad Request\r\n\r\n"):
        with Broker(ssl=tls_context()) as broker:
            broker.client.start()
            broker.accept()
            broker.read(1)
            broker.send(answer) if answer else None
            broker.close()
            broker.fails(MQTTError, "TLS: the server ")


class Fails:
    """An SSLContext with which no handshake can be."""

    verify_mode = 2

    def __init__(self, error):
        self.error = error

    def wrap_socket(self, *args, **options):
        raise self.error


def test_tls_that_cannot_even_begin_is_told_like_any_failure():
    for error in (OSError(ENOMEM, "ENOMEM"), OSError(-32512), MemoryError()):
        with Broker(ssl=Fails(error)) as broker:
            for _ in range(2):
                broker.client.start()
                broker.fails(MQTTError, "TLS: there is no memory left for it")


def test_what_fails_is_told_in_words_of_what_it_is():
    """mbedTLS's numbers and texts, as MicroPython raises them, or what comes from below TLS."""
    for error, expected in (
        (OSError(-30592, "SSL_FATAL_ALERT_MESSAGE"), "TLS: the server refuses the handshake ("),
        (OSError(-28160), "TLS: the server refuses the handshake (-28160)"),
        (OSError(-29184, "x"), "TLS: the server speaks something else: is this its port for TLS?"),
        (OSError(-30336, "x"), "TLS: no CA is loaded, so no certificate is to be trusted"),
        (OSError(-80), "TLS: the server has closed the connection in the handshake: is this its port for TLS?"),
        (OSError(-29312), "TLS: the server has closed the connection in the handshake: is this its port for TLS?"),
        (OSError(ECONNRESET, "x"), "TLS: the server has closed the connection in the handshake"),
        (MemoryError("memory allocation failed"), "TLS: memory allocation failed"),
    ):
        with Broker(ssl=Fails(error)) as broker:
            broker.client.start()
            words = str(broker.fails(MQTTError))
            assert words.startswith(expected) and "\n" not in words, words


def test_what_is_not_of_tls_keeps_its_number_in_one_line():
    for number in (ECONNREFUSED, EHOSTUNREACH, -12345):
        with Broker(ssl=Fails(OSError(number, "\nsaid so\n"))) as broker:
            broker.client.start()
            error = broker.fails(OSError)
            assert error.args == (number, "said so")


def test_each_reason_against_a_certificate_is_told_once():
    text = (
        "\nThe certificate validity has expired\nThe certificate Common Name (CN) does not match with the expected CN\n"
        "The certificate validity has expired\nThe certificate is signed with an unacceptable hash.\n"
    )
    with Broker(ssl=Fails(ValueError(text)), server_hostname="broker.example") as broker:
        broker.client.start()
        words = str(broker.fails(MQTTError)).split("; ")
        assert len(words) == 3 and words[0].startswith("TLS: the certificate has expired, by the clock here: 20")
        assert words[1:] == [
            "the certificate is for another name than broker.example",
            "the certificate is refused: The certificate is signed with an unacceptable hash.",
        ]


class Watched:
    """An SSLContext that keeps the sockets it has made."""

    verify_mode = 2

    def __init__(self):
        self._context = tls_context()
        self.made = []

    def wrap_socket(self, sock, **options):
        assert sock.getsockopt(IPPROTO_TCP, TCP_NODELAY), "before the handshake, or each of its records waits"
        self._context.sslsocket_class = self.sslsocket_class
        self.made.append(self._context.wrap_socket(sock, **options))
        return self.made[-1]


def test_over_tls_nothing_waits_to_be_gathered():
    if MICROPYTHON:
        raise SkipTest("there is no getsockopt()")
    client = tls_client(context=Watched())
    for _ in range(2):
        client.connect()
        (sock,) = client._settings[0].made
        for qos in (0, 1, 0):
            client.publish("tls/gathered", b"x", qos)
            client.publish("tls/gathered", "y", qos)
            assert sock.getsockopt(IPPROTO_TCP, TCP_NODELAY)
        client.disconnect()
        client._settings[0].made.clear()


def open_files():
    try:
        return len(listdir("/proc/self/fd"))
    except OSError:
        raise SkipTest("no /proc") from None


def test_a_handshake_that_fails_leaves_no_descriptor_open():
    open_files()
    for answer in (None, b"", ACCEPTED, b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + b"\x11" * 20):
        with Clock() as clock, Broker(ssl=tls_context()) as broker:
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


def test_certificates_refused_leave_no_descriptor_open():
    client = tls_client("elsewhere")
    before = open_files()
    for _ in range(5):
        raises(MQTTError, client.connect)
    assert open_files() == before
