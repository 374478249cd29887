"""The server's side: the packets only a server sends, and the parser of what a client sends."""

from mqtt import ProtocolError, packet, server
from mqtt.parser import Parser
from mqtt.server import AnyParser, ServerParser
from support import BAD_UTF8, built, field, packet_of, publish_of, raises, refused, remaining_length, unhex

# The builders


def test_connack():  # [MQTT-3.2.2-4]
    assert built(server.connack) == b"\x20\2\0\0"
    assert built(server.connack, True) == b"\x20\2\1\0"
    for code in range(1, 6):
        assert built(server.connack, False, code) == bytes([0x20, 2, 0, code])
    refused("return code", server.connack, False, 6)
    refused("return code", server.connack, False, -1)
    refused("session present", server.connack, True, 1)  # [MQTT-3.2.2-4]


def test_suback():  # [MQTT-2.3.1-7], [MQTT-3.8.4-5]
    assert built(server.suback, 10, [0, 1, 2, 0x80]) == unhex("90 06 00 0a 00 01 02 80")
    assert built(server.suback, 65535, bytes(200)) == b"\x90\xca\x01\xff\xff" + bytes(200)
    refused("return code", server.suback, 1, [])
    for code in (-1, 3, 0x7F, 0x81, 255):
        refused("return code", server.suback, 1, [0, code])  # [MQTT-3.9.3-2]


def test_unsuback_and_pingresp():  # [MQTT-2.3.1-7]
    assert built(server.unsuback, 0x1234) == unhex("b0 02 12 34")
    assert built(server.pingresp) == b"\xd0\0"


def test_packet_id_is_1_to_65535():  # [MQTT-2.3.1-1]
    for packet_id in (-1, 0, 65536):
        refused("packet id", server.suback, packet_id, [0])
        refused("packet id", server.unsuback, packet_id)


def test_names_are_by_packet_type():
    assert (server.NAMES[1], server.NAMES[3], server.NAMES[14], len(server.NAMES)) == (
        "CONNECT", "PUBLISH", "DISCONNECT", 15,
    )  # fmt: skip


# The parser

CONNECTS = (
    (
        ("device",),
        {"client_id": b"device", "clean_session": True, "keepalive": 0, "username": None, "password": None,
         "will_topic": None, "will_payload": None, "will_qos": 0, "will_retain": False, "protocol_level": 4},
    ),
    (
        ("", None, None, 65535),
        {"client_id": b"", "clean_session": True, "keepalive": 65535},
    ),
    (
        ("设备", "", b"", 100, False, "w", b"", 2, True),
        {"client_id": "设备".encode(), "clean_session": False, "keepalive": 100, "username": b"", "password": b"",
         "will_topic": b"w", "will_payload": b"", "will_qos": 2, "will_retain": True},
    ),
    (
        ("d", "用户", b"\0\xff", 1, True, "遗嘱", b"\xff\0", 1, False),
        {"client_id": b"d", "username": "用户".encode(), "password": b"\0\xff", "will_topic": "遗嘱".encode(),
         "will_payload": b"\xff\0", "will_qos": 1, "will_retain": False},
    ),
)  # fmt: skip


def parse(parser, data, step):
    """Feeds data, step bytes at a time; every byte must be needed."""
    for at in range(0, len(data), step):
        assert not at or not parser.type
        parser.feed(data, at, min(at + step, len(data)))
    assert parser.type == data[0] >> 4


def test_connect():
    parser = ServerParser(200)
    for args, expected in CONNECTS:
        data = built(packet.connect, *args)
        for step in (1, 2, 7, 1000):
            parse(parser, data, step)
            for name, value in expected.items():
                assert getattr(parser, name) == value, name


def test_another_protocol_level_is_for_the_server_to_answer():  # [MQTT-3.1.2-2]
    parser = ServerParser(100)
    parse(parser, unhex("10 0d 00 04 4d 51 54 54 05 02 00 3c 00 01 64"), 1000)
    assert parser.protocol_level == 5


def test_subscribe_and_unsubscribe():
    parser = ServerParser(100)
    for step in (1, 3, 1000):
        parse(parser, packet_of(0x82, b"\0\x0a" + field("a/+") + b"\1" + field("设备/#") + b"\2"), step)
        assert parser.packet_id == 10
        assert parser.filters == [(b"a/+", 1), ("设备/#".encode(), 2)]
        parse(parser, packet_of(0xA2, b"\xff\xff" + field("a/+") + field("设备/#")), step)
        assert parser.packet_id == 65535
        assert parser.filters == [b"a/+", "设备/#".encode()]


def test_what_both_sides_send():
    parser = ServerParser(100)
    for step in (1, 1000):
        parse(parser, publish_of("a/b", b"x", 2, 0x1234, True, True), step)
        assert (bytes(parser.topic), bytes(parser.payload), parser.packet_id) == (b"a/b", b"x", 0x1234)
        for first in (0x40, 0x50, 0x62, 0x70):
            parse(parser, bytes([first, 2, 1, 2]), step)
            assert parser.packet_id == 0x102
        parse(parser, b"\xc0\0", step)
        parse(parser, b"\xe0\0", step)


def connect_body(tail, flags=2, head=b"\0\4MQTT\4"):
    return packet_of(0x10, head + bytes([flags, 0, 60]) + tail)


FORBIDDEN = (
    # direction and flags
    (b"\x20\2\0\0", "type 2", 0),
    (b"\x90\3\0\1\0", "type 9", 0),
    (b"\xb0\2\0\1", "type 11", 0),
    (b"\xd0\0", "type 13", 0),
    (b"\0\0", "type 0", 0),
    (b"\xf0\0", "type 15", 0),
    (b"\x11\0", "flags 1", 0),
    (b"\x80\0", "flags 0", 0),  # [MQTT-3.8.1-1]
    (b"\xa0\0", "flags 0", 0),  # [MQTT-3.10.1-1]
    (b"\x60\2\0\1", "flags 0", 0),  # [MQTT-3.6.1-1]
    (b"\xe1\0", "flags 1", 0),  # [MQTT-3.14.1-1]
    (b"\xc0\1\0", "remaining length 1", 1),
    (b"\xe0\1\0", "remaining length 1", 1),
    (b"\x10\xff\xff\xff\x7f", "remaining length", 1),  # of 256 MB
    # CONNECT
    (b"\x10\0", "", None),
    (b"\x10\x04\0\4MQ", "", None),
    (connect_body(field("d"), head=b"\0\6MQIsdp\3"), "protocol name", 2),  # [MQTT-3.1.2-1]
    (connect_body(field("d"), head=b"\0\4mqtt\4"), "protocol name", 2),
    (connect_body(field("d"), 0x03), "reserved", 9),  # [MQTT-3.1.2-3]
    (connect_body(field("d") + field("w") + field(""), 0x1E), "QoS", 9),  # [MQTT-3.1.2-14]
    (connect_body(field("d"), 0x0A), "will", 9),  # [MQTT-3.1.2-13]
    (connect_body(field("d"), 0x22), "will", 9),  # [MQTT-3.1.2-15]
    (connect_body(field("d") + field("p"), 0x42), "password", 9),  # [MQTT-3.1.2-22]
    (connect_body(b""), "client id", None),  # [MQTT-3.1.3-3]
    (connect_body(b"\0"), "client id", None),
    (connect_body(b"\0\2d"), "client id", 12),
    (connect_body(b"\0\1\xff"), "client id", 14),  # [MQTT-3.1.3-4]
    (connect_body(b"\0\1\0"), "client id", 14),
    (connect_body(field("d"), 0x06), "will topic", 15),
    (connect_body(field("d") + field("a/#") + field(""), 0x06), "will topic", 17),
    (connect_body(field("d") + field("") + field(""), 0x06), "will topic", 17),
    (connect_body(field("d") + field("w"), 0x06), "will payload", 18),
    (connect_body(field("d"), 0x82), "user name", 15),
    (connect_body(field("d") + b"\0\1\xc0", 0x82), "user name", 17),
    (connect_body(field("d") + field("u"), 0xC2), "password", 18),
    (connect_body(field("d") + field("u") + b"\0\2p", 0xC2), "password", 18),
    (connect_body(field("d") + b"x"), "after", 15),
    (connect_body(field("d") + field("u") + field("p") + b"x", 0xC2), "after", 21),
    # SUBSCRIBE, UNSUBSCRIBE
    (b"\x82\0", "remaining length 0", 1),
    (packet_of(0x82, b"\0\1"), "", None),  # [MQTT-3.8.3-3]
    (packet_of(0xA2, b"\0\1"), "", None),  # [MQTT-3.10.3-2]
    (packet_of(0x82, b"\0\0" + field("a") + b"\0"), "packet id 0", 2),
    (packet_of(0xA2, b"\0\0" + field("a")), "packet id 0", 2),
    (packet_of(0x82, b"\0\1" + field("a")), "QoS", 7),
    (packet_of(0x82, b"\0\1" + field("a") + b"\3"), "QoS 3", 7),  # [MQTT-3.8.3-4]
    (packet_of(0x82, b"\0\1" + field("a") + b"\0" + field("b") + b"\x80"), "QoS 128", 11),
    (packet_of(0x82, b"\0\1\0\5a\0"), "topic filter", 4),
    (packet_of(0x82, b"\0\1" + field("a") + b"\0\0"), "topic filter", 8),
    (packet_of(0x82, b"\0\1" + field("a#") + b"\0"), "wildcard", 6),
    (packet_of(0x82, b"\0\1" + field("") + b"\0"), "topic filter", 6),  # [MQTT-4.7.3-1]
    (packet_of(0xA2, b"\0\1" + field("a") + field("a/+b")), "wildcard", 9),
    (packet_of(0xA2, b"\0\1" + field("a") + b"\0\1\xff"), "topic filter", 9),
)


def test_what_the_standard_forbids_is_a_protocol_error_with_its_place():
    for data, what, where in FORBIDDEN:
        for step in (1, 1000):
            error = raises(ProtocolError, parse, ServerParser(60), data, step, match=what)
            assert where is None or error.where == where, "%s: byte %d, not %d" % (what, error.where, where)


def test_strings_that_are_none_are_refused():
    for text, _ in BAD_UTF8:
        text = unhex(text)
        for data in (
            connect_body(field(text)),
            connect_body(field("d") + field(text) + field(""), 0x06),
            connect_body(field("d") + field(text), 0x82),
            packet_of(0x82, b"\0\1" + field(text) + b"\0"),
            packet_of(0xA2, b"\0\1" + field(text)),
        ):
            raises(ProtocolError, parse, ServerParser(60), data, 1000)


def test_a_connect_over_the_buffer_is_refused_by_its_length():
    data = packet.connect(None, "x" * 100)
    buf = bytearray(data)
    packet.connect(buf, "x" * 100)
    raises(ProtocolError, parse, ServerParser(60), bytes(buf), 1000, match="remaining length")
    parse(ServerParser(112), bytes(buf), 1000)


def test_any_parser_takes_both_directions():
    parser = AnyParser(100)
    for data in (
        connect_body(field("d")),
        b"\x20\2\0\0",
        publish_of("t", b"x"),
        b"\x40\2\0\1",
        b"\x50\2\0\1",
        b"\x62\2\0\1",
        b"\x70\2\0\1",
        packet_of(0x82, b"\0\1" + field("a") + b"\0"),
        b"\x90\3\0\1\2",
        packet_of(0xA2, b"\0\1" + field("a")),
        b"\xb0\2\0\1",
        b"\xc0\0",
        b"\xd0\0",
        b"\xe0\0",
    ):
        for step in (1, 1000):
            parse(parser, data, step)
    for data in (b"\0\0", b"\xf0\0"):
        raises(ProtocolError, parser.feed, data, 0, 2)
        parser.reset()


def test_each_side_parses_what_the_other_builds():
    for parser, packets in (
        (Parser(64), (built(server.connack), built(server.suback, 7, b"\0\x80"), built(server.unsuback, 7),
                      built(server.pingresp))),
        (ServerParser(64), (built(packet.connect, "d"), built(packet.subscribe, 7, [("a", 0)]),
                            built(packet.unsubscribe, 7, ["a"]), built(packet.pingreq), built(packet.disconnect))),
    ):  # fmt: skip
        for data in packets:
            parse(parser, data, 1)
            if len(data) > 4:
                assert remaining_length(len(data) - 2) == data[1:2]
