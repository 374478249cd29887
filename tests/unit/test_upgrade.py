"""The opening handshake of a WebSocket, against a server that does as the test says."""

import mqtt.handshake
from mqtt import Client, ConnectionClosed, ConnectionRefused, MQTTError, ProtocolError, Timeout
from mqtt.client import OFFLINE, ONLINE
from mqtt.websocket import WebSocket
from scripted import Clock, attempt, two_addresses
from support import ACCEPTED, connect_of, raises, replaced
from test_tls import tls_context
from web_scripted import PING, WebServer, frame


def test_the_request_is_what_rfc_6455_and_mqtt_ask_for():  # [MQTT-6.0.0-3]
    with WebServer("/some/path?x=y") as server:
        server.client.start()
        keys = set()
        for _ in range(2):
            lines = server.upgrade()
            assert lines[0] == "GET /some/path?x=y HTTP/1.1"
            assert lines[1] == "Host: 127.0.0.1:%d" % server.port
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(": ")
                assert name not in headers
                headers[name] = value
            assert headers["Upgrade"] == "websocket" and headers["Connection"] == "Upgrade"
            assert headers["Sec-WebSocket-Version"] == "13" and headers["Sec-WebSocket-Protocol"] == "mqtt"
            assert len(headers["Sec-WebSocket-Key"]) == 24 and len(headers) == 6
            keys.add(headers["Sec-WebSocket-Key"])
            assert server.packet() == connect_of("device")
            server.client.close()
            server.client.start()
        assert len(keys) == 2


def test_the_usual_port_is_not_part_of_the_name_and_an_ipv6_address_stands_in_brackets():
    from mqtt.upgrade import _authority

    named = {"server_hostname": "broker.example"}
    for host, port, ssl, options, authority in (
        ("broker.example", 80, None, {}, "broker.example"),
        ("broker.example", 443, None, {}, "broker.example:443"),
        ("broker.example", 443, object(), {}, "broker.example"),
        ("broker.example", 80, object(), {}, "broker.example:80"),
        ("10.0.0.7", 8084, object(), named, "broker.example:8084"),
        ("10.0.0.7", 8083, None, named, "10.0.0.7:8083"),
        ("::1", 8083, None, {}, "[::1]:8083"),
    ):
        assert _authority(Client("device", host, port, ssl=ssl, unverified=True, **options)) == authority


def asked(server):
    """The client is on its way, and the server has its request."""
    server.client.start()
    return server.request()


def test_the_answer_may_come_a_byte_at_a_time_and_a_frame_right_behind_it():
    with WebServer() as server:
        answer = server.answer(asked(server))
        for byte in answer:
            server.send(bytes([byte]))
            server.client.loop(5)
        server.upgraded = True
        assert server.packet() == connect_of("device")
    for behind in (frame(b"", PING), frame(b"") + frame(ACCEPTED)):
        with WebServer() as server:
            server.send(server.answer(asked(server)) + behind)
            server.upgraded = True
            assert server.packet() == connect_of("device")
            if len(behind) > 2:
                server.until(lambda: server.client.state == ONLINE)


def test_names_and_tokens_of_headers_are_in_whatever_case():
    with WebServer() as server:
        answer = server.answer(asked(server), Upgrade="WebSocket", Connection="keep-alive,  upgrade")
        server.send(answer.replace(b"Sec-WebSocket-", b"sec-websocket-").replace(b"Upgrade:", b"UPGRADE :"))
        server.upgraded = True
        assert server.packet() == connect_of("device")


def test_an_answer_that_does_not_agree_is_refused_in_words():
    for changes, words in (
        ({"Upgrade": None}, "does not go on as a WebSocket"),
        ({"Upgrade": "h2c"}, "does not go on as a WebSocket"),
        ({"Connection": None}, "does not upgrade the connection"),
        ({"Connection": "close"}, "does not upgrade the connection"),
        ({"Accept": None}, "did not understand the key"),
        ({"Accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, "did not understand the key"),
        ({"Protocol": None}, "does not speak the subprotocol mqtt"),  # [MQTT-6.0.0-4]
        ({"Protocol": "mqttv3.1"}, "does not speak the subprotocol mqtt"),
        ({"Protocol": "MQTT"}, "does not speak the subprotocol mqtt"),
        ({"Extensions": "permessage-deflate"}, "an extension nobody offered"),
    ):
        with WebServer() as server:
            server.send(server.answer(asked(server), **changes))
            server.fails(ProtocolError, "WebSocket: ")
            assert words in str(server.client.reason), server.client.reason


def test_a_server_that_refuses_is_quoted():
    for answer, words in (
        ("404 Not Found\r\nContent-Length: 0\r\n\r\n", "the server answers 404 Not Found; is the path /mqtt right?"),
        ("401 Unauthorized\r\n", "the server answers 401 Unauthorized"),
        ("503\r\n\r\n", "the server answers 503"),
        ("200 OK\r\n\r\n<html>", "the server answers 200 OK"),
        ("100 Continue\r\n\r\n", "the server answers 100 Continue"),
        ("301 Moved\r\nServer: x\r\nLocation: wss://a/b\r\n\r\n", "the server answers 301 Moved, to wss://a/b"),
        ("302 Found\r\nServer: x\r\n\r\n", "the server answers 302 Found"),
        ("400 Bad\x1b[31m\xff\r\n", "the server answers 400 Bad?[31m??; is the path /mqtt right?"),
    ):
        with WebServer() as server:
            asked(server)
            server.send(b"HTTP/1.1 " + answer.encode())
            error = server.fails(MQTTError)
            assert not isinstance(error, ConnectionRefused)
            assert str(error) == "WebSocket: " + words, error


def test_a_server_of_something_else_is_named_as_that():
    for answer in (ACCEPTED, b"220 mail.example ESMTP\r\n", b"\r\n\r\n", b"HTTP/2 101 ok\r\n", b"HTTP/1.1 1x1 ok\r\n"):
        with WebServer() as server:
            asked(server)
            server.send(answer)
            server.fails(ProtocolError, "does not speak HTTP")


def test_an_answer_without_an_end_is_given_up():
    for line in (b"X: y\r\n", b"x"):
        with WebServer() as server:
            asked(server)
            server.send(b"HTTP/1.1 101 Switching Protocols\r\n" + line * (6000 // len(line)))
            server.fails(ProtocolError, "an answer without an end")


def test_a_line_longer_than_any_that_matters_is_passed_over():
    with WebServer() as server:
        answer = server.answer(asked(server))
        at = answer.index(b"\r\n") + 2
        server.send(answer[:at] + b"X-Long: " + b"y" * 2000 + b"\r\n" + answer[at:])
        server.upgraded = True
        assert server.packet() == connect_of("device")


def test_a_server_that_hangs_up_or_says_nothing_is_told_apart_from_a_missing_connack():
    with WebServer() as server:
        asked(server)
        server.close()
        server.fails(ConnectionClosed, "asked for a WebSocket; is there one at this port?")
    with WebServer() as server:  # which does not read what it does not understand
        server.client.start()
        server.accept()
        server.reset()
        server.fails(ConnectionClosed, "asked for a WebSocket; is there one at this port?")
    for beginning in (b"", b"HTTP/1.1 101 Switching Protocols\r\nUp"):
        with Clock() as clock, WebServer() as server:
            asked(server)
            server.send(beginning) if beginning else None
            server.settle()
            clock.skip(10000)
            server.fails(Timeout, "no answer to the WebSocket handshake")
    with Clock() as clock, WebServer() as server:
        server.client.start()
        server.upgrade()
        server.packet()
        clock.skip(10000)
        server.fails(Timeout, "no CONNACK")
    with WebServer() as server:
        server.client.start()
        server.upgrade()
        server.packet()
        server.close()
        server.fails(ConnectionClosed, "before CONNACK")


def test_a_tls_handshake_that_stalls_below_it_is_told_as_that():
    for password in (b"", bytes(400)):  # a CONNECT that is shorter than the request, and one that is longer
        with WebServer(ssl=tls_context(), username="u", password=password, timeout=200) as server:
            server.client.start()
            server.accept()
            server.fails(Timeout, "TLS: the handshake has stalled")


def test_a_slow_drip_does_not_put_off_the_deadline():
    with Clock() as clock, WebServer() as server:
        asked(server)

        def drip():
            for _ in range(30):
                server.send(b"HTTP/1.1 101 Switching Protocols\r\n"[_ : _ + 1])
                clock.skip(1000)
                server.client.loop(5)

        raises(Timeout, drip, match="no answer")


def test_refused_credentials_come_through():
    with WebServer() as server:
        server.client.start()
        server.upgrade()
        server.packet()
        server.send(frame(b"\x20\2\0\5"))
        assert server.fails(ConnectionRefused).code == 5


def test_where_one_address_has_no_websocket_the_next_is_tried():
    other = WebServer()
    with other, WebServer() as server, replaced(mqtt.handshake, "getaddrinfo", two_addresses(other.port)):
        server.client.start()
        connection = server.until(lambda: attempt(other.listener.accept), "the first address")[0]
        connection.send(b"HTTP/1.1 404 Not Found\r\n\r\n")
        server.upgrade()
        connection.close()
        assert server.packet() == connect_of("device")


def test_each_client_has_a_websocket_of_its_own():
    with WebServer() as server:
        assert server.client._settings[2].path == "/mqtt"
        assert server.client.state == OFFLINE and isinstance(server.client._settings[2], WebSocket)
        assert Client("other", "broker.example")._settings[2] is None
