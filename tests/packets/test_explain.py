"""Packets in words: against an independent codec, against the parser on the board, and on bytes that are none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mqtt.errors import ProtocolError
from mqtt.server import AnyParser
from onenet_tools.packets.explain import Explained, PacketReader, explain, explain_all, hexdump, in_hex
from packets import KINDS

SEEDS_CONNECT = bytes.fromhex(
    "10 28 00 04 4d 51 54 54 04 c0 00 64 00 09 37 38 39 35 34 36 38 30 35 00 06 34 35 38 39 34 35 00 09 "
    "31 33 36 39 32 38 38 33 31"
)
SIZE = 40000  # of the board's parser: room for every packet here


def packet_of(kinds):
    return st.sampled_from(kinds).flatmap(lambda kind: kind.fields.map(lambda fields: (kind, fields)))


any_packet = packet_of(KINDS)


def values(explained: Explained, name: str) -> list[bytes]:
    return [field.data for field in explained.fields if field.name == name]


def value(explained: Explained, name: str) -> bytes | None:
    found = values(explained, name)
    assert len(found) < 2
    return found[0] if found else None


def number(explained: Explained, name: str) -> int:
    return int.from_bytes(value(explained, name) or b"", "big")


def bit(explained: Explained, name: str, which: str) -> int:
    (field,) = (field for field in explained.fields if field.name == name)
    return int({bits: setting for bits, setting, _ in field.bits}[which], 2)


def text(data: bytes | None) -> str | None:
    return None if data is None else data.decode()


def read(explained: Explained) -> dict[str, object]:
    """The fields as tests/property/packets.py names them."""
    match explained.type:
        case "CONNECT":
            flags = "connect flags"
            assert value(explained, "protocol name") == b"MQTT"
            will = bit(explained, flags, "2")
            return {
                "client_id": text(value(explained, "client identifier")),
                "username": text(value(explained, "user name")),
                "password": text(value(explained, "password")),
                "keepalive": number(explained, "keep alive"),
                "clean_session": bool(bit(explained, flags, "1")),
                "will_topic": text(value(explained, "will topic")),
                "will_payload": value(explained, "will message") if will else None,
                "will_qos": bit(explained, flags, "4-3"),
                "will_retain": bool(bit(explained, flags, "5")),
            }
        case "CONNACK":
            return {
                "session_present": bool(bit(explained, "acknowledge flags", "0")),
                "code": number(explained, "return code"),
            }
        case "PUBLISH":
            return {
                "topic": text(value(explained, "topic name")),
                "payload": value(explained, "payload") or b"",
                "qos": bit(explained, "packet type", "2-1"),
                "retain": bool(bit(explained, "packet type", "0")),
                "dup": bool(bit(explained, "packet type", "3")),
                "packet_id": number(explained, "packet identifier"),
            }
        case "SUBSCRIBE":
            names = [name.decode() for name in values(explained, "topic filter")]
            qos = [byte[0] for byte in values(explained, "requested QoS")]
            return {"packet_id": number(explained, "packet identifier"), "filters": list(zip(names, qos, strict=True))}
        case "SUBACK":
            codes = [code[0] for code in values(explained, "return code")]
            return {"packet_id": number(explained, "packet identifier"), "codes": codes}
        case "UNSUBSCRIBE":
            names = [name.decode() for name in values(explained, "topic filter")]
            return {"packet_id": number(explained, "packet identifier"), "filters": names}
        case "PINGREQ" | "PINGRESP" | "DISCONNECT":
            return {}
        case _:
            return {"packet_id": number(explained, "packet identifier")}


def is_whole(explained: Explained) -> bool:
    """Its fields are its bytes, none twice, none left out."""
    at = 0
    for field in explained.fields:
        assert field.offset == at
        at += len(field.data)
    return b"".join(field.data for field in explained.fields) == explained.data


def test_reads_what_an_independent_codec_builds() -> None:
    seen = set()

    def read_back(kind, fields):
        data = kind.theirs(fields).to_bytes()
        explained = explain(data, show_secrets=True)
        assert (explained.type, explained.error, explained.size) == (str(kind), "", len(data))
        assert read(explained) == fields
        assert explained.data == data and is_whole(explained)
        seen.add(data)

    @settings(max_examples=620)
    @given(packet_of([kind for kind in KINDS if kind.number < 12]))
    def check(packet):
        read_back(*packet)

    check()
    for kind in KINDS[11:]:  # they have no fields
        read_back(kind, {})
    assert len(seen) >= 500


@settings(max_examples=200)
@given(any_packet)
def test_reads_what_the_board_builds(packet):
    kind, fields = packet
    assert read(explain(kind.ours(fields), show_secrets=True)) == fields


def board_takes(data: bytes) -> bool:
    """The parser on the board takes it as one whole packet."""
    parser = AnyParser(SIZE)
    try:
        return parser.feed(data, 0, len(data)) == len(data) and parser.type != 0
    except ProtocolError:
        return False


@settings(max_examples=400)
@given(any_packet, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=3), st.integers(-3, 3))
def test_finds_fault_where_the_board_does(packet, changes, length):
    kind, fields = packet
    data = bytearray(kind.ours(fields))
    for at, byte in changes:
        data[at % len(data)] = byte
    data = bytes(data[:length] if length < 0 else data + b"\0" * length)
    explained = explain(data, show_secrets=True)
    assert explained.broken != board_takes(data), explained
    assert bool(explained.error) >= explained.broken
    assert (explained.error_at >= 0) == bool(explained.error)


@settings(max_examples=600)
@given(
    st.binary(max_size=80)
    | st.tuples(st.sampled_from(AnyParser._FIRSTS), st.binary(max_size=40)).map(
        lambda pair: bytes([pair[0], len(pair[1])]) + pair[1]
    )
)
def test_never_raises_on_random_bytes(data):
    explained = explain(data)
    assert explained.broken != board_takes(data)
    assert explained.size == len(data)
    assert is_whole(explain(data, show_secrets=True))
    assert explain(data, show_secrets=True).data == data
    assert sum(one.size for one in explain_all(data)) <= len(data)


@settings(max_examples=150)
@given(st.lists(any_packet, min_size=1, max_size=4), st.data())
def test_reader_cuts_a_stream_however_it_comes(packets, data):
    stream = b"".join(kind.ours(fields) for kind, fields in packets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader = PacketReader(show_secrets=True)
    found = [
        one
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for one in reader.feed(stream[start:end])
    ]
    assert [read(one) for one in found] == [fields for _, fields in packets]
    assert b"".join(one.data for one in found) == stream
    assert list(explain_all(stream, show_secrets=True)) == found
    assert reader.rest() is None


@settings(max_examples=400)
@given(st.lists(st.binary(max_size=60), max_size=6), st.integers(16, 64))
def test_reader_never_raises_and_ends_with_what_is_broken(pieces, limit):
    reader = PacketReader(limit=limit)
    found = [one for piece in pieces for one in reader.feed(piece)]
    assert all(not one.broken for one in found[:-1])
    assert reader.broken == bool(found and found[-1].broken)
    assert all(len(one.data) <= 1024 + limit + 5 for one in found)


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_reader_ignores_what_follows_broken_bytes(step: int) -> None:
    stream = b"\xc0\x00" + b"\x42\x02\x00\x01" + b"\xc0\x00" * 3000
    reader = PacketReader()
    found = [one for at in range(0, len(stream), step) for one in reader.feed(stream[at : at + step])]
    assert [one.type for one in found] == ["PINGREQ", ""]
    assert found[1].broken and found[1].error == "byte 0: PUBACK with flags 0010; expected 0000 [MQTT-2.2.2-1]"
    assert len(found[1].data) <= 1025
    assert list(reader.feed(b"\xd0\x00")) == []


@pytest.mark.parametrize("step", [1, 100, 10**6])
def test_reader_skips_packets_that_are_too_long(step: int) -> None:
    limit = 256
    topic = b"\x00\x05topic"
    long = [
        ("PUBLISH", b"\x32" + remaining(5009) + topic + b"\x12\x34" + bytes(5000)),
        ("SUBSCRIBE", b"\x82" + remaining(4009) + b"\x00\x07" + (b"\x00\x01a\x00" * 1002)[:4007]),
        ("CONNECT", b"\x10" + remaining(3012) + b"\x00\x04MQTT\x04\x02\x00\x64\x0b\xb8" + b"x" * 3000),
    ]
    for name, packet in long:
        reader = PacketReader(limit=limit)
        stream = packet + b"\xc0\x00"
        found = [one for at in range(0, len(stream), step) for one in reader.feed(stream[at : at + step])]
        assert [one.type for one in found] == [name, "PINGREQ"]
        assert found[0].size == len(packet) and len(found[0].data) <= 1024
        assert found[0].error == "" and not reader.broken
        assert packet.startswith(found[0].data)


def remaining(length: int) -> bytes:
    return bytes([length & 0x7F | 0x80, length >> 7])


def test_reader_memory_is_bounded() -> None:
    reader = PacketReader(limit=100)
    list(reader.feed(b"\x30\xff\xff\xff\x7f\x00\x05topic"))
    for _ in range(50):
        assert list(reader.feed(bytes(10000))) == []
    rest = reader.rest()
    assert rest is not None and len(rest.data) <= 1024 and rest.size == 12 + 500000


def test_the_connect_that_taught_us() -> None:
    explained = explain(SEEDS_CONNECT)
    assert explained.summary == "client 789546805, user 458945, password of 9 bytes, keep alive 100 s, session kept"
    assert [(field.offset, hexdump(field.data), field.name, field.value) for field in explained.fields] == [
        (0, "10", "packet type", "CONNECT"),
        (1, "28", "remaining length", "40"),
        (2, "00 04", "length", "4"),
        (4, "4D 51 54 54", "protocol name", "MQTT"),
        (8, "04", "protocol level", "4"),
        (9, "C0", "connect flags", "11000000"),
        (10, "00 64", "keep alive", "100 s"),
        (12, "00 09", "length", "9"),
        (14, "37 38 39 35 34 36 38 30 35", "client identifier", "789546805"),
        (23, "00 06", "length", "6"),
        (25, "34 35 38 39 34 35", "user name", "458945"),
        (31, "00 09", "length", "9"),
        (33, "2A 2A 2A 2A 2A 2A 2A 2A 2A", "password", "9 bytes, not shown"),
    ]
    assert [field.name for field in explained.fields if field.secret] == ["password"]
    assert in_hex(explained) == hexdump(SEEDS_CONNECT)[: 3 * 33] + " ".join(["**"] * 9)
    assert explain(SEEDS_CONNECT, show_secrets=True).fields[-1].value == "136928831"


@settings(max_examples=300)
@given(st.integers(0, 41), st.integers(0, 255), st.integers(0, 41))
def test_no_damage_brings_the_password_to_light(at, byte, cut):
    data = bytearray(SEEDS_CONNECT)
    if 0 < at < 33 and at not in (9, 31, 32):  # neither the type, nor that there is a password, nor how long it is
        data[at] = byte
    for one in (explain(bytes(data)), explain(bytes(data[:cut])), *PacketReader().feed(bytes(data))):
        said = f"{one.data!r} {one.summary} {one.error} {one.fields}"
        assert "1369" not in said and "8831" not in said


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ("", "byte 0: the bytes end here; expected 1 byte of packet type"),
        ("10", "byte 1: the bytes end here; expected the remaining length"),
        ("30 80", "byte 2: the bytes end here; expected more of the remaining length"),
        (
            "30 ff ff ff ff 01",
            "byte 4: the fourth byte has bit 7 set; expected the end of the remaining length [2.2.3]",
        ),
        ("10 02 00 04", "byte 2: 4 bytes of protocol name, but 0 left of the packet; expected no more than that"),
        ("10 0c 00 06 4d 51 49 73 64 70 03 02 00 3c", "byte 4: protocol name 'MQIsdp', that of MQTT 3.1,"),
        ("10 28 00 04 4d 51", "byte 6: the bytes end here; expected 2 more of protocol name"),
        ("10 0c 00 04 4d 51 54 54 04 03 00 3c 00 00", "byte 9: bit 0 of the connect flags is 1; expected 0"),
        ("20 02 00 06", "byte 3: return code 6; expected 0 to 5"),
        ("36 03 00 01 61", "byte 0: QoS 3; expected 0, 1 or 2"),
        ("32 05 00 01 61 00 00", "byte 5: packet identifier 0; expected 1 to 65535"),
        ("30 05 00 09 61 62 63", "byte 2: 9 bytes of topic name, but 3 left of the packet"),
        ("30 05 00 03 61 2b 62", "byte 4: topic name: wildcard, U+0000 or invalid UTF-8 at byte 1"),
        ("30 05 00 03 61 ff 62", "byte 5: U+0000 or invalid UTF-8 in topic name"),
        ("82 06 00 01 00 01 61 03", "byte 7: requested QoS 3"),
        ("82 02 00 01", "byte 4: nothing left of the packet; expected 2 bytes of length of topic filter"),
        ("40 03 00 01 00", "byte 1: remaining length 3; expected 2 in a PUBACK"),
        ("c0 00 00", "byte 2: 1 byte after the packet"),
        ("f0 00", "byte 0: packet type 15 is reserved; expected 1 to 14"),
        ("47 45 54 20 2f", "(this looks like an HTTP request)"),
        ("15 03 03 00 02 02 28", "(this looks like a TLS alert: the peer wants TLS)"),
    ],
)
def test_says_where_it_goes_wrong_and_what_was_expected(data: str, error: str) -> None:
    explained = explain(bytes.fromhex(data))
    assert error in explained.error
    assert explained.broken and explained.summary == explained.error
