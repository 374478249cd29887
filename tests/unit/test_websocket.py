"""MQTT inside a WebSocket, against a server that does as the test says: frames."""

from random import getrandbits

from mqtt import ConnectionClosed, ProtocolError, Timeout
from mqtt.client import ONLINE
from mqtt.websocket import WebSocket
from scripted import Clock, Tap, impatient
from support import ACCEPTED, DISCONNECT, PINGRESP, connect_of, pattern, publish_of, raises
from web_scripted import BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, WebServer, closing, frame


def online(**options):
    server = WebServer(**options)
    server.connect()
    return server


def test_packets_go_in_binary_frames_each_masked_with_a_key_of_its_own():  # [MQTT-6.0.0-1]
    with WebServer() as server:
        assert server.connect() == connect_of("device")
        for n in range(20):
            server.client.publish("t", b"%d" % n)
            assert server.packet() == publish_of("t", b"%d" % n)
        assert [first for first, _ in server.frames] == [FIN | BINARY] * 21
        assert len(set(server.keys)) == 21


def test_a_packet_longer_than_a_frame_goes_in_several():  # [MQTT-6.0.0-2]
    for size in (1, 7, 125, 126, 127, 512):
        with online(size=size) as server:
            del server.frames[:]
            payload = pattern(1000)
            server.client.publish("t", payload, 1)
            assert server.packet() == publish_of("t", payload, 1, 1)
            assert max([len(payload) for _, payload in server.frames]) <= size


def test_a_long_payload_is_not_changed_by_its_masking():
    payload = bytearray(pattern(60000))
    with online() as server:
        server.client.publish("t", payload, 1)
        assert server.packet() == publish_of("t", payload, 1, 1)
        assert payload == pattern(60000)


def test_a_frame_that_goes_in_pieces_arrives_whole_and_nothing_comes_between():
    for limits in ([1] * 60, [2, 0, 5, 0, 0, 1], [6, 0], [0, 0, 40]):
        with online() as server:
            tap = Tap(server.client)
            server.client._stream = websocket = server.client._settings[2]
            websocket._sock = tap
            tap.limits = limits
            server.send(frame(b"?", PING))
            server.client.publish("t", b"x" * 50)
            assert server.packet() == publish_of("t", b"x" * 50)
            tap.limits = []
            server.client.publish("t", b"y")
            assert server.packet() == publish_of("t", b"y")
            server.until(lambda: server.receive() or (FIN | PONG, b"?") in server.frames)  # noqa: B023


def packets(server, expected):
    server.until(lambda: len(server.told("message")) == len(expected), "messages")
    assert [payload for _, payload, _, _ in server.told("message")] == expected


def test_a_frame_may_have_many_packets_and_a_packet_many_frames():  # [MQTT-6.0.0-2]
    expected = [pattern(n) for n in (0, 1, 200, 90, 300)]
    data = b"".join([publish_of("t", payload) for payload in expected])
    for size in (1, 2, 3, 125, 126, 127, len(data)):
        with online() as server:
            for at in range(0, len(data), size):
                server.send(frame(data[at : at + size]))
            packets(server, expected)
    with online() as server:
        for byte in frame(data):  # and a frame any number of reads
            server.send(bytes([byte]))
            server.client.loop(5)
        packets(server, expected)


def test_a_frame_longer_than_64_kilobytes():
    with online() as server:
        data = frame(publish_of("t", bytes(70000)) + publish_of("t", b"next"))
        assert data[:2] == b"\x82\x7f"
        while data:
            data = data[server.sock.send(data[:4096]) :]
            for _ in range(20):
                server.client.loop(1)
        packets(server, [b"next"])
        assert server.told("oversize") == [(b"t", 70000)]


def test_fragments_are_put_together_whatever_control_frames_come_between():
    with online() as server:
        data = publish_of("t", b"0123456789")
        server.send(frame(data[:3], BINARY, fin=False))
        server.send(frame(b"are you there?", PING))
        server.send(frame(b"", CONTINUATION, fin=False))
        server.send(frame(b"nobody asked", PONG))
        server.send(frame(data[3:7], CONTINUATION, fin=False))
        server.send(frame(data[7:], CONTINUATION))
        server.send(frame(b"") + frame(publish_of("t", b"another")))
        packets(server, [b"0123456789", b"another"])
        server.until(lambda: server.receive() or (FIN | PONG, b"are you there?") in server.frames, "the pong")


def test_pings_are_answered_with_what_they_say():
    with online() as server:
        for payload in (b"", b"x", pattern(125)):
            server.send(frame(payload, PING))
            server.until(lambda: server.receive() or (FIN | PONG, payload) in server.frames, "the pong")  # noqa: B023
        for byte in frame(b"slowly", PING):
            server.send(bytes([byte]))
            server.client.loop(5)
        server.until(lambda: server.receive() or (FIN | PONG, b"slowly") in server.frames, "the pong")
        assert server.client.state == ONLINE


def test_what_breaks_a_rule_ends_the_connection_and_says_so():
    for data, words, code in (
        (frame(b"text", TEXT), "a text frame", 1003),  # [MQTT-6.0.0-1]
        (frame(b"", 3), "another kind than is due, 3", 1002),
        (frame(b"", 7), "another kind than is due, 7", 1002),
        (frame(b"", CONTINUATION), "another kind than is due, 0", 1002),
        (frame(b"", BINARY, fin=False) + frame(b""), "another kind than is due, 2", 1002),
        (frame(b"", BINARY, bits=0x40), "an extension", 1002),
        (frame(b"", PING, bits=0x10), "an extension", 1002),
        (frame(b"x", mask=True), "a masked frame", 1002),
        (frame(b"", 11), "control frame that is none, 11", 1002),
        (frame(b"", 15), "control frame that is none, 15", 1002),
        (frame(b"x", PING, fin=False), "control frame that is none, 9", 1002),
        (frame(b"x", PING, length="7e0001"), "control frame that is none, 9", 1002),
        (frame(bytes(126), CLOSE), "control frame that is none, 8", 1002),
        (frame(b"", length="7e007d"), "longer than it need be", 1002),
        (frame(b"", length="7f0000000000000001"), "longer than it need be", 1002),
        (frame(b"", length="7f0000000040000000"), "gibibyte", 1002),
        (frame(b"", length="7f8000000000000000"), "gibibyte", 1002),
        (frame(b"", length="7fffffffffffffffff"), "gibibyte", 1002),
    ):
        with online() as server:
            server.send(data)
            server.fails(ProtocolError, "WebSocket: ")
            assert words in str(server.client.reason), (words, server.client.reason)
            server.receive()
            assert server.frames[-1] == (FIN | CLOSE, bytes([code >> 8, code & 255]))


def test_a_packet_of_the_server_that_is_wrong_is_told_as_without_a_websocket():  # [MQTT-4.8.0-1]
    with online() as server:
        server.send(frame(b"\x00\x00"))
        server.fails(ProtocolError, "packet type 0")


def test_the_servers_close_is_answered_and_its_reason_told():
    for data, words in (
        (closing(1001, b"going away\n"), "by the server, WebSocket code 1001 going away?"),
        (closing(1000), "by the server, WebSocket code 1000"),
        (frame(b"", CLOSE), "by the server"),
        (frame(b"\x03", CLOSE), "by the server"),
    ):
        with online() as server:
            server.send(data)
            assert str(server.fails(ConnectionClosed)) == words
            server.receive()
            assert server.frames[-1] == (FIN | CLOSE, b"\x03\xe8")


def test_the_end_of_tcp_without_a_close_frame_is_the_end():
    for data in (b"", b"\x82", frame(publish_of("t", b"half"))[:9]):
        with online() as server:
            server.send(data) if data else None
            server.close()
            server.fails((ConnectionClosed, OSError))


def test_disconnect_says_so_to_mqtt_and_to_the_websocket():
    with online() as server:
        server.client.disconnect()
        for _ in range(100):
            if server.receive():
                break
        assert server.frames[-2:] == [(FIN | BINARY, DISCONNECT), (FIN | CLOSE, b"\x03\xe8")]


def test_it_connects_again_whatever_was_half_done():
    with online() as server:
        for data in (
            b"\x82",
            frame(publish_of("t", b"x" * 50))[:20],
            frame(b"", BINARY, fin=False),
            frame(b"x", PING)[:2],
            b"",
        ):
            tap = Tap(server.client)
            server.client._stream = server.client._settings[2]
            server.client._settings[2]._sock = tap
            tap.limits = [5]
            tap.stuck = True
            server.client.publish("t", b"half")
            server.send(data) if data else None
            server.settle()
            server.client.close()
            server.client._poller = tap._poller
            assert server.connect() == connect_of("device")
            server.send(frame(publish_of("t", b"x")))
            server.client.publish("t", b"y")
            assert server.packet() == publish_of("t", b"y")
            server.until(lambda: server.told("message"))
            del server.events[:]


def test_a_server_that_sends_nothing_but_pings_is_not_alive_to_mqtt():
    with Clock() as clock, online(keepalive=10) as server:
        clock.skip(6000)
        server.until(lambda: server.receive() or server.complete(), "PINGREQ")
        server.send(frame(PINGRESP))
        server.settle()

        def only_ping():
            for _ in range(6):
                clock.skip(3000)
                server.send(frame(b"", PING))
                server.settle()

        raises(Timeout, only_ping, match="no PINGRESP")


def test_a_server_that_takes_nothing_is_a_timeout():
    with online() as server:
        impatient(server.client)
        tap = Tap(server.client)
        server.client._stream = server.client._settings[2]
        server.client._settings[2]._sock = tap
        tap.stuck = True
        server.client.publish("t", b"x")
        server.fails(Timeout, "send stalled")


def test_a_path_that_cannot_be_asked_for_is_refused():
    for path in ("", "mqtt", "/a b", "/a\r\nX: y", "/a#b", "/温"):
        raises(ValueError, WebSocket, path, match="path")
    for size in (0, -1, 65536):
        raises(ValueError, WebSocket, "/", size, match="size")


def test_what_is_accepted_before_connect_is_answered_is_no_more_than_connack():
    with WebServer() as server:
        server.client.start()
        server.upgrade()
        server.packet()
        server.send(frame(ACCEPTED + publish_of("t", b"at once")))
        packets(server, [b"at once"])


class Stream:
    """In the client's and its socket's place: these bytes come, in pieces of any length; what is written is kept."""

    def __init__(self, data):
        self.data, self.sent, self.failures = data, b"", []
        self._sock = self
        self._stream = None
        self.websocket = WebSocket(size=20)
        self.host, self.port, self._settings = "h", 80, (None, None)
        self.websocket._begin(self)
        self._stream = self.websocket
        self.websocket._upgrade = None

    def _begin(self, request, n):
        pass

    def _fail(self, reason):
        self.failures.append(reason)
        self._stream.close()

    def readinto(self, buf, n):
        if not self.data:
            return 0
        n = min(getrandbits(5), n, len(self.data))
        buf[:n] = self.data[:n]
        self.data = self.data[n:]
        return n or None

    def write(self, buf, start, n):
        n = min(getrandbits(4), n)
        self.sent += bytes(buf[start : start + n])
        return n or None

    def payload(self):
        """What is read until the end, or until a rule is broken."""
        came, buf = b"", bytearray(40)
        while not self.failures:
            n = self._stream.readinto(buf, 1 + getrandbits(5))
            if n == 0:
                break
            came += bytes(buf[: n or 0])
        return came


def test_whatever_pieces_frames_come_in_their_payload_is_the_same():
    for _ in range(100):
        payload = pattern(getrandbits(10))
        data, at, first = b"", 0, True
        while at < len(payload):
            n = getrandbits(8)
            last = at + n >= len(payload)
            data += frame(payload[at : at + n], BINARY if first else CONTINUATION, fin=last)
            data += frame(pattern(getrandbits(6)), PING if getrandbits(1) else PONG)
            at, first = at + n, False
        stream = Stream(data)
        assert stream.payload() == payload and not stream.failures


def test_whatever_comes_no_more_than_the_connection_ends():
    for _ in range(300):
        data = frame(pattern(getrandbits(6)))
        for _ in range(3):  # some of it well formed
            opcode = (BINARY, CONTINUATION, PING, CLOSE, TEXT, getrandbits(4))[getrandbits(8) % 6]
            noise = bytes([getrandbits(8) for _ in range(getrandbits(4))])
            data += noise if getrandbits(1) else frame(noise, opcode, fin=getrandbits(2) > 0)
        stream = Stream(data)
        assert len(stream.payload()) <= len(data)
        assert len(stream.failures) < 2
        for reason in stream.failures:
            assert isinstance(reason, (ProtocolError, ConnectionClosed))
