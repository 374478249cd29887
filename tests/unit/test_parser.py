"""The parser: every packet a server sends, cut anywhere, and the refusal of everything the standard forbids."""

import gc

from mqtt.errors import ProtocolError
from mqtt.parser import Parser
from support import MICROPYTHON, SkipTest, publish_of, raises, remaining_length, unhex

# A packet of each kind and what the parser must say of it
PACKETS = (
    ("20 02 00 00", {"type": 2, "session_present": 0, "code": 0}),
    ("20 02 01 00", {"type": 2, "session_present": 1, "code": 0}),
    ("20 02 00 05", {"type": 2, "session_present": 0, "code": 5}),
    ("30 03 00 01 74", {"type": 3, "qos": 0, "dup": 0, "retain": 0, "topic": b"t", "payload": b"", "size": 0}),
    (
        "31 0a 00 03 61 2f 62 68 65 6c 6c 6f",
        {"type": 3, "qos": 0, "dup": 0, "retain": 1, "topic": b"a/b", "payload": b"hello", "packet_id": 0, "size": 5},
    ),
    (
        "32 0a 00 03 61 2f 62 12 34 78 79 7a",
        {"type": 3, "qos": 1, "dup": 0, "retain": 0, "topic": b"a/b", "payload": b"xyz", "packet_id": 0x1234},
    ),
    (
        "3d 09 00 03 e6 b8 a9 ff ff 00 ff",
        {"type": 3, "qos": 2, "dup": 1, "retain": 1, "topic": "温".encode(), "payload": b"\0\xff", "packet_id": 65535},
    ),
    ("3a 05 00 01 74 00 01", {"type": 3, "qos": 1, "dup": 1, "topic": b"t", "payload": b"", "packet_id": 1, "size": 0}),
    ("40 02 12 34", {"type": 4, "packet_id": 0x1234}),
    ("50 02 00 01", {"type": 5, "packet_id": 1}),
    ("62 02 ff ff", {"type": 6, "packet_id": 65535}),
    ("70 02 01 00", {"type": 7, "packet_id": 256}),
    ("90 03 00 01 00", {"type": 9, "packet_id": 1, "codes": b"\0"}),
    ("90 06 00 0a 00 01 02 80", {"type": 9, "packet_id": 10, "codes": b"\0\1\2\x80"}),
    ("b0 02 00 02", {"type": 11, "packet_id": 2}),
    ("d0 00", {"type": 13}),
    # longer than the buffer of 24 bytes
    (
        "30 1c 00 03 61 2f 62" + "2e" * 23,
        {"type": 3, "qos": 0, "topic": b"a/b", "payload": b"." * 19, "size": 23, "oversize": True},
    ),
    (
        "33 1c 00 03 61 2f 62 12 34" + "2e" * 21,
        {"type": 3, "qos": 1, "retain": 1, "payload": b"." * 17, "size": 21, "packet_id": 0x1234, "oversize": True},
    ),
    # whose packet id lies across the end of the buffer, and beyond it
    (
        "3c 1a 00 15" + "61" * 21 + "12 34 2e",
        {"type": 3, "qos": 2, "dup": 1, "topic": b"a" * 21, "size": 1, "packet_id": 0x1234, "oversize": True},
    ),
    (
        "32 1b 00 17" + "61" * 23 + "12 34",
        {"type": 3, "qos": 1, "topic": b"", "payload": b"", "size": 0, "packet_id": 0x1234, "oversize": True},
    ),
    (
        "34 87 01 00 80" + "61" * 128 + "ff fe 2e 2e 2e",
        {"type": 3, "qos": 2, "topic": b"", "size": 3, "packet_id": 0xFFFE, "oversize": True},
    ),
    ("30 84 01 00 80" + "61" * 128 + "2e 2e", {"type": 3, "qos": 0, "topic": b"", "size": 2, "oversize": True}),
)  # fmt: skip

SIZE = 24  # of the buffer

# What a server must not send: the packet up to the first bad byte and beyond, what the error says, and `where` it is
FORBIDDEN = (
    # types 0 and 15, and what only a client sends
    ("00 00", "type 0", 0),
    ("f0 00", "type 15", 0),
    ("0f 07 00 00 00 00 00 00 00", "type 0", 0),
    ("10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 64", "type 1", 0),
    ("82 06 00 01 00 01 61 00", "type 8", 0),
    ("a2 05 00 01 00 01 61", "type 10", 0),
    ("c0 00", "type 12", 0),
    ("e0 00", "type 14", 0),
    # remaining length
    ("30 80 80 80 80 01", "remaining length", 4),
    ("30 ff ff ff ff 7f", "remaining length", 4),
    ("d0 80 80 80 80 00", "remaining length", 4),
    ("20 00", "remaining length 0", 1),
    ("20 01 00", "remaining length 1", 1),
    ("20 03 00 00 00", "remaining length 3", 1),
    ("90 00", "remaining length 0", 1),
    ("90 02 00 01", "remaining length 2", 1),  # no return code
    ("90 ff ff ff 7f", "remaining length", 1),  # a SUBACK of 256 MB
    ("90 19 00 01" + "00" * 23, "remaining length 25", 1),  # or of a byte more than the buffer
    ("d0 01 00", "remaining length 1", 1),
    ("d0 80 01" + "00" * 128, "remaining length 128", 1),
    ("30 00", "remaining length 0", 1),
    ("30 02 00 00", "remaining length 2", 1),
    ("32 04 00 00 00 01", "remaining length 4", 1),
    # PUBLISH
    ("36 05 00 01 74 00 01", "QoS 3", 0),  # [MQTT-3.3.1-4]
    ("3e 05 00 01 74 00 01", "QoS 3", 0),
    ("38 03 00 01 74", "DUP", 0),  # [MQTT-3.3.1-2]
    ("39 03 00 01 74", "DUP", 0),
    ("30 03 00 00 78", "topic empty", 2),  # [MQTT-4.7.3-1]
    ("30 03 00 02 74", "topic longer", 2),
    ("30 05 ff ff 74 74 74", "topic longer", 2),
    ("32 05 00 02 74 74 00", "topic longer", 2),  # no room for the packet id
    ("32 05 00 03 74 74 74", "topic longer", 2),
    ("30 1d 00 1c" + "74" * 27, "topic longer", 2),  # in one longer than the buffer
    ("32 1d 00 1a" + "74" * 27, "topic longer", 2),
    ("30 88 01 ff ff" + "74" * 134, "topic longer", 3),
    ("30 05 00 03 61 2f 23", "wildcard", 6),  # [MQTT-3.3.2-2]
    ("30 05 00 03 2b 2f 61", "wildcard", 4),
    ("30 05 00 03 61 00 62", "U+0000", 5),  # [MQTT-1.5.3-2]
    ("30 05 00 03 61 c3 28", "UTF-8", 5),  # [MQTT-1.5.3-1]
    ("30 05 00 03 ed a0 80", "UTF-8", 4),
    ("30 05 00 02 61 c3 a9", "UTF-8", 5),  # cut in the middle of a character
    ("30 83 00 00 01 ff", "UTF-8", 5),  # after a remaining length of two bytes
    ("30 19 00 03 61 2f 2b" + "2e" * 20, "wildcard", 6),  # in one longer than the buffer
    ("32 05 00 01 74 00 00", "packet id 0", 5),  # [MQTT-2.3.1-1]
    ("34 06 00 02 74 74 00 00", "packet id 0", 6),
    ("32 1a 00 03 61 2f 62 00 00" + "2e" * 19, "packet id 0", 7),
    # CONNACK
    ("20 02 02 00", "CONNACK", 2),  # reserved flags
    ("20 02 80 00", "CONNACK", 2),
    ("20 02 ff 00", "CONNACK", 2),
    ("20 02 00 06", "CONNACK", 2),
    ("20 02 00 08", "CONNACK", 2),
    ("20 02 00 ff", "CONNACK", 2),
    ("20 02 01 01", "CONNACK", 2),  # a session where the connection is refused [MQTT-3.2.2-4]
    ("20 02 01 05", "CONNACK", 2),
    # SUBACK
    ("90 03 00 00 00", "packet id 0", 2),
    ("90 03 00 01 03", "return code 3", 4),  # [MQTT-3.9.3-2]
    ("90 03 00 01 81", "return code 129", 4),
    ("90 06 00 01 00 01 7f 00", "return code 127", 6),
)  # fmt: skip


def check(parser, expected):
    for name, value in expected.items():
        found = getattr(parser, name)
        if isinstance(found, memoryview):
            found = bytes(found)
        assert found == value, "%s is %r, not %r" % (name, found, value)
    if "oversize" not in expected:
        assert not parser.oversize


def parse(parser, *pieces):
    """Feeds pieces of one packet and checks that it is complete at the very end and not before."""
    for i, piece in enumerate(pieces):
        data = b"\xee" + piece + b"\xee\xee"  # what is outside at..end must not be looked at
        assert parser.feed(data, 1, 1 + len(piece)) == 1 + len(piece)
        assert bool(parser.type) == (i == len(pieces) - 1)


def test_every_packet_whole():
    parser = Parser(SIZE)
    for data, expected in PACKETS:
        parse(parser, unhex(data))
        check(parser, expected)


def test_every_packet_a_byte_at_a_time():
    parser = Parser(SIZE)
    for data, expected in PACKETS:
        data = unhex(data)
        parse(parser, *[data[i : i + 1] for i in range(len(data))])
        check(parser, expected)


def test_every_packet_in_two_parts_at_every_cut():
    parser = Parser(SIZE)
    for data, expected in PACKETS:
        data = unhex(data)
        for cut in range(1, len(data)):
            parse(parser, data[:cut], data[cut:])
            check(parser, expected)


def test_many_packets_in_one_piece_come_one_after_the_other():
    parser = Parser(SIZE)
    stream = b"".join([unhex(data) for data, _ in PACKETS])
    for step in (1, 2, 3, 7, 50, len(stream)):
        found = 0
        for start in range(0, len(stream), step):
            at, end = start, min(start + step, len(stream))
            while at < end:
                at = parser.feed(stream, at, end)
                if parser.type:
                    check(parser, PACKETS[found][1])
                    found += 1
        assert found == len(PACKETS)


def test_nothing_fed_is_nothing_done():
    parser = Parser(SIZE)
    assert parser.feed(b"", 0, 0) == 0 and not parser.type
    parser.feed(b"\x40\2\0", 0, 3)
    assert parser.feed(b"\1", 0, 0) == 0 and not parser.type
    assert parser.feed(b"\1", 0, 1) == 1 and parser.type == 4
    assert parser.feed(b"", 0, 0) == 0 and not parser.type  # its fields hold until the next feed


def test_after_a_packet_in_pieces_a_portion_is_its_rest_and_then_whole_packets_of_its_size():
    parser = Parser(64)
    assert parser.portion == 64  # the buffer's size
    packet = publish_of(b"t", b"x" * 15)
    stream = packet * 8
    portions = []
    at = cuts = 0
    while at < len(stream):
        portions.append(parser.portion)
        data = stream[at : at + parser.portion]
        at += len(data)
        i = 0
        while i < len(data):
            i = parser.feed(data, i, len(data))
            cuts += not parser.type
    assert portions == [64, 16, 60, 60] and cuts == 1
    parser.feed(publish_of(b"t", b"x" * 100), 0, 50)
    assert parser.portion == 55
    parser.feed(b"x" * 55, 0, 55)
    assert parser.portion == 64  # of those that long none fits
    parser.feed(packet, 0, 10)
    assert parser.portion == 10
    parser.reset()
    assert parser.portion == 64


def test_a_portion_is_256_bytes_at_most():
    parser = Parser(1000)
    assert parser.portion == 256
    parser.feed(publish_of(b"t", b"x" * 900), 0, 200)
    assert parser.portion == 256


def test_a_packet_as_long_as_the_buffer_is_delivered_whole():  # [MQTT-3.3.2-1]
    for size in (16, 127, 128, 300):
        parser = Parser(size)
        topic, payload = b"t", b"x" * (size - 3)
        parse(parser, publish_of(topic, payload))
        check(parser, {"type": 3, "topic": topic, "payload": payload, "size": size - 3})
        parse(parser, publish_of(topic, payload + b"x"))
        check(parser, {"type": 3, "topic": topic, "payload": payload, "size": size - 2, "oversize": True})


def test_a_buffer_is_16_bytes_or_more():
    raises(ValueError, Parser, 15)
    Parser(16)


def test_every_topic_and_payload_length_up_to_the_buffer():
    # whatever the parser keeps for its memoryviews must not show the wrong place
    sizes = [(t, p) for t in range(1, 34) for p in range(40 - 2 - t + 1)]
    for order in (sizes, sorted(sizes, key=lambda pair: pair[1])):  # the payload's size changes first, or the topic's
        parser = Parser(40)
        for topic_size, payload_size in order:
            topic, payload = b"abcdefghijklmnopqrstuvwxyzabcdefgh"[:topic_size], b"0123456789" * 4
            payload = payload[:payload_size]
            parse(parser, publish_of(topic, payload))
            check(parser, {"topic": topic, "payload": payload, "size": payload_size})
            if payload_size >= 2:
                parse(parser, publish_of(topic, payload[2:], 1, 0x0102))
                check(parser, {"topic": topic, "payload": payload[2:], "packet_id": 0x0102})


def test_what_the_standard_forbids_is_a_protocol_error_with_its_place():
    for data, what, where in FORBIDDEN:
        data = unhex(data)
        parser = Parser(SIZE)
        for pieces in ((data,), [data[i : i + 1] for i in range(len(data))]):
            parser.reset()
            error = raises(ProtocolError, feed_all, parser, pieces, match=what)
            assert error.where == where, "%s: byte %d, not %d" % (what, error.where, where)
            assert "byte %d" % where in str(error)


def feed_all(parser, pieces):
    for piece in pieces:
        at = 0
        while at < len(piece):
            at = parser.feed(piece, at, len(piece))
        assert not parser.type, "taken as a packet of type %d" % parser.type


def test_wrong_flags_for_each_type_are_refused():  # [MQTT-2.2.2-2]
    for first in (0x20, 0x40, 0x50, 0x62, 0x70, 0x90, 0xB0, 0xD0):
        for flags in range(16):
            if flags != first & 15:
                parser = Parser(SIZE)
                error = raises(
                    ProtocolError, parser.feed, bytes([first & 0xF0 | flags]), 0, 1, match="flags %d" % flags
                )
                assert error.where == 0


def test_wrong_length_of_each_acknowledgement_is_refused():
    for first in (0x40, 0x50, 0x62, 0x70, 0xB0):
        for length in (0, 1, 3, 4, 127, 128, 268435455):
            data = bytes([first]) + remaining_length(length)
            error = raises(ProtocolError, Parser(SIZE).feed, data, 0, len(data), match="remaining length %d" % length)
            assert error.where == 1


def test_packet_id_0_is_refused_in_each_acknowledgement():  # [MQTT-2.3.1-1]
    for first in (0x40, 0x50, 0x62, 0x70, 0xB0):
        error = raises(ProtocolError, Parser(SIZE).feed, bytes([first, 2, 0, 0]), 0, 4, match="packet id 0")
        assert error.where == 2


def test_after_an_error_reset_makes_the_parser_good_again():
    parser = Parser(SIZE)
    for data, _, _ in FORBIDDEN:
        raises(ProtocolError, feed_all, parser, (unhex(data),))
        parser.reset()
        parse(parser, b"\x40\2\x12\x34")
        check(parser, {"type": 4, "packet_id": 0x1234})


def test_reset_forgets_half_a_packet():
    parser = Parser(SIZE)
    for data, _ in PACKETS:
        data = unhex(data)
        for cut in range(1, len(data)):
            feed_all(parser, (data[:cut],))
            parser.reset()
            assert not parser.first
        parse(parser, b"\xd0\0")


def test_first_tells_whether_a_packet_is_under_way():
    parser = Parser(SIZE)
    for data, _ in PACKETS:
        data = unhex(data)
        assert not parser.first
        feed_all(parser, (data[:-1],))
        assert parser.first == data[0]
        parser.feed(data, len(data) - 1, len(data))
        assert not parser.first


def test_an_oversize_message_drains_in_chunks_of_any_size_and_the_next_packet_follows():
    for qos in (0, 1, 2):
        for topic in (b"a/b", b"t" * 22, b"t" * 23, b"t" * 200):
            data = publish_of(topic, b"." * 5000, qos, 0x1234) + b"\x40\2\0\7"
            for step in (1, 2, 3, 16, 1000, len(data)):
                parser = Parser(SIZE)
                at, seen = 0, []
                while at < len(data):
                    at = parser.feed(data, at, min(at + step, len(data)))
                    if parser.type:
                        seen.append(parser.type)
                        if parser.type == 3:
                            check(parser, {"size": 5000, "qos": qos, "oversize": True})
                            assert bytes(parser.topic) == (topic if len(topic) <= SIZE - 2 else b"")
                            fitted = SIZE - 2 - len(topic) - (2 if qos else 0)
                            assert bytes(parser.payload) == b"." * max(fitted, 0)
                            assert parser.packet_id == (0x1234 if qos else 0)
                        else:
                            check(parser, {"packet_id": 7})
                assert seen == [3, 4]


def test_no_length_from_the_wire_allocates():
    # the largest PUBLISH there is, drained without an end: the heap stays flat
    parser = Parser(64)
    chunk = b"." * 4096
    head = b"\x34\xff\xff\xff\x7f\0\1t\x12\x34"
    assert parser.feed(head, 0, len(head)) == len(head)
    parser.feed(chunk, 0, len(chunk))
    if MICROPYTHON:
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
    for _ in range(2000):
        parser.feed(chunk, 0, 4096)
    if MICROPYTHON:
        after = gc.mem_alloc()
        gc.enable()
        assert after == before, "%d bytes" % (after - before)
    assert not parser.type and parser.packet_id == 0x1234
    # and its end: as if all but the last chunk had passed
    parser._missing = 4096
    assert parser.feed(chunk, 0, 4096) == 4096
    check(
        parser,
        {"type": 3, "topic": b"t", "payload": b"." * 59, "size": 268435450, "packet_id": 0x1234, "oversize": True},
    )


def test_messages_of_the_same_shape_allocate_nothing():
    if not MICROPYTHON:
        raise SkipTest("counts MicroPython's heap")
    parser = Parser(64)
    data = publish_of(b"a/b", b"12345", 1, 77) + b"\x40\2\0\7" + b"\xd0\0" + publish_of(b"c/d", b"12345678", 0)
    data += publish_of(b"a/b", b"." * 100, 2, 78)
    n = len(data)

    def run(times):
        for _ in range(times):
            at = 0
            while at < n:
                at = parser.feed(data, at, n)

    run(2)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    run(500)
    after = gc.mem_alloc()
    gc.enable()
    assert after == before, "%d bytes" % (after - before)
