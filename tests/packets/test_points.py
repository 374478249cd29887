"""Payloads of $dp: the vectors, and that what is said of them is what OneNET's decoder says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onenet_tools.datapoints import decode
from onenet_tools.packets.build import build, points_payload
from onenet_tools.packets.explain import Explained, explain, hexdump

VECTORS = {
    "1": "01 00 3D 7B 22 64 61 74 61 73 74 72 65 61 6D 73 22 3A 5B 7B 22 69 64 22 3A 22 74 65 6D 70 22 2C 22 64 61 "
    "74 61 70 6F 69 6E 74 73 22 3A 5B 7B 22 76 61 6C 75 65 22 3A 32 32 2E 35 7D 5D 7D 5D 7D",
    "2": "02 00 0F 7B 22 64 73 5F 69 64 22 3A 22 70 69 63 22 7D 00 00 00 04 FF D8 FF D9",
    "3": "03 00 14 7B 22 54 65 6D 70 65 72 61 74 75 72 65 22 3A 32 32 2E 35 7D",
    "6": "06 00 13 2C 3B 74 65 6D 70 2C 32 32 2E 35 3B 68 75 6D 69 2C 33 35",
    "6 with time": "86 10 0B 03 0E 18 01 00 13 2C 3B 74 65 6D 70 2C 32 32 2E 35 3B 68 75 6D 69 2C 33 35",
    "7": "07 00 01 00 02 00 00 08 42 66 66 A2 C1",
    "7 with time": "87 10 0B 03 0E 18 01 00 01 00 02 00 00 08 42 66 66 A2 C1",
}
NOW = "2016-11-03 14:24:01"


def explain_payload(payload: bytes) -> Explained:
    return explain(build("PUBLISH", "$dp", payload))


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("1", points_payload(1, ["temp=22.5"])),
        ("2", points_payload(2, ["pic"], data=b"\xff\xd8\xff\xd9")),
        ("3", points_payload(3, ["Temperature=22.5"])),
        ("6", points_payload(6, ["temp=22.5", "humi=35"])),
        ("6 with time", points_payload(6, ["temp=22.5", "humi=35"], NOW)),
        ("7", points_payload(7, ["1=34.0,-20.3"])),
        ("7 with time", points_payload(7, ["1=34.0,-20.3"], NOW)),
    ],
)
def test_builds_the_vectors(name: str, payload: bytes) -> None:
    assert hexdump(payload) == VECTORS[name]


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (points_payload(1, ["t=1", "t=2", "h=x"], NOW), b'{"datastreams":[{"id":"t","datapoints":[{"at":"2016-11-03 '),
        (points_payload(2, ["pic"], NOW, data=b"x"), b'{"ds_id":"pic","at":"2016-11-03 14:24:01"}\0\0\0\1x'),
        (
            points_payload(3, ['温度={"lon":106}', "b=true", "c=95%"]),
            '{"温度":{"lon":106},"b":true,"c":"95%"}'.encode(),
        ),
        (points_payload(4, ["temperature=22.5"], NOW), b'\0\x2c{"temperature":{"2016-11-03 14:24:01":22.5}}'),
        (points_payload(5, ["a=1", "b=35%"]), b"\5\0\x0b,;a,1;b,35%"),
        (points_payload(5, ["a=1"], "2016-11-03T14:24:01", "#@"), b"#@a#2016-11-03 14:24:01#1"),
    ],
)
def test_builds_the_others(payload: bytes, text: bytes) -> None:
    assert text in payload
    assert not explain_payload(payload).error


@pytest.mark.parametrize(
    ("kind", "points", "options", "words"),
    [
        (3, [], {}, "none given"),
        (3, ["a"], {}, "data point 'a': write it as"),
        (3, ["=1"], {}, "write it as"),
        (3, ["a=1", "a=2"], {}, "type 3: has one value for a"),
        (3, ["a=1"], {"at": NOW}, "type 3: has no time"),
        (4, ["a=1"], {}, "type 4: needs --at"),
        (4, ["a=1"], {"at": "noon"}, 'time "noon": must be like'),
        (2, ["a=1"], {"data": b"x"}, "type 2: needs the name of one stream"),
        (2, ["a"], {}, "type 2: needs the name of one stream"),
        (3, ["a=1"], {"data": b"x"}, "type 3: has no binary data"),
        (5, ["a=1,2"], {}, "has a separator in it"),
        (5, ["a=1"], {"separators": ",,"}, "two different characters"),
        (5, ["a=1"], {"separators": "-;", "at": NOW}, "one is in the time"),
        (7, ["a=1"], {}, "group 'a=1': write a number and its floats"),
        (7, ["1=x"], {}, "group '1=x'"),
        (7, ["0=1"], {}, "group: must be 1..65535"),
        (8, ["a=1"], {}, "type 8: must be 1 to 7"),
    ],
)
def test_refuses_what_makes_no_payload(kind: int, points: list[str], options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        points_payload(kind, points, **options)


def test_every_byte_of_a_payload_has_its_field() -> None:
    explained = explain_payload(bytes.fromhex(VECTORS["7 with time"]))
    assert explained.summary.startswith("$dp, QoS 0: 1 = 34.0 at 2016-11-03 14:24:01, 1 = -20.29")
    assert [(hexdump(field.data), field.name, field.value) for field in explained.fields[4:]] == [
        ("87", "type of $dp", "type 7"),
        ("10 0B 03 0E 18 01", "time", NOW),
        ("00 01", "group", "1"),
        ("00 02", "number of floats", "2"),
        ("00 00 08 42 66 66 A2 C1", "floats", "34, -20.3"),
    ]
    assert explained.fields[4].bits[0] == ("7", "1", "six bytes of time follow")


@pytest.mark.parametrize(
    ("payload", "error_at", "words"),
    [
        ("", 7, "byte 7: nothing left of the payload; expected 1 byte of type of $dp"),
        ("03", 8, "nothing left of the payload; expected 2 bytes of length of JSON"),
        ("03 00 04 7B 7D", 8, "byte 8: 4 bytes of JSON, but 2 left of the payload"),
        ("03 00 01 7B", 10, "byte 10: bad $dp payload: "),
        ("03 00 02 7B 7D 00", 10, "its length says 2 bytes, 3 follow"),
        ("08 00 00", 7, "type 8 is not one of 1 to 7"),
        ("43 00 02 7B 7D", 10, "flags that must be 0"),
        ("07 00 01 00 03 00 00 08 42", 10, "byte 10: 3 floats of 4 bytes, 4 bytes are left"),
        ("86 10 0B", 8, "2 bytes left of the payload; expected 6 bytes of time"),
    ],
)
def test_says_what_is_wrong_with_a_payload_and_where(payload: str, error_at: int, words: str) -> None:
    explained = explain_payload(bytes.fromhex(payload))
    assert words in explained.error
    assert explained.error_at == error_at
    assert not explained.broken and explained.summary == "$dp, QoS 0: bad data points"
    assert b"".join(field.data for field in explained.fields) == explained.data


payloads = (
    st.binary(max_size=60)
    | st.tuples(st.sampled_from([1, 3, 4, 5, 6, 0x86, 7, 0x87, 2]), st.binary(max_size=40)).map(
        lambda pair: bytes([pair[0]]) + len(pair[1]).to_bytes(2, "big") + pair[1]
    )
    | st.tuples(st.sampled_from(sorted(VECTORS)), st.integers(0, 90), st.integers(0, 255), st.integers(-2, 2)).map(
        lambda drawn: damaged(bytes.fromhex(VECTORS[drawn[0]]), *drawn[1:])
    )
)


def damaged(payload: bytes, at: int, byte: int, longer: int) -> bytes:
    changed = bytearray(payload)
    if at < len(changed):
        changed[at] = byte
    return bytes(changed[:longer] if longer < 0 else changed + bytes(longer))


@settings(max_examples=600)
@given(payloads)
def test_finds_fault_where_the_decoder_does(payload: bytes) -> None:
    try:
        decode(payload)
        wrong = False
    except ValueError:
        wrong = True
    explained = explain_payload(payload)
    assert bool(explained.error) == wrong
    assert not explained.broken
    assert b"".join(field.data for field in explained.fields) == explained.data


def test_commands_and_replies_are_said_in_words() -> None:
    uuid = "81572aae-fc34-5deb-8f06-ab45d73cb12b"
    command, reply = (explain(build("PUBLISH", f"${kind}/{uuid}", "led=on")) for kind in ("creq", "crsp"))
    assert command.summary == f"command {uuid}, QoS 0: led=on"
    assert reply.summary == f"reply to command {uuid}, QoS 0: led=on"
    topic = reply.field("topic name")
    assert topic and topic.meaning == f"OneNET: reply to command {uuid}"
