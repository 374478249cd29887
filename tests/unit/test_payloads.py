"""The payloads of $dp, byte by byte."""

import json
from struct import pack

from onenet.payloads import binary, data_points, floats, timed_text
from support import raises, unhex

# Payloads. The vectors are those of the project's facts about OneNET; T3 is a published one.

T1 = unhex(
    "01 00 3D 7B 22 64 61 74 61 73 74 72 65 61 6D 73 22 3A 5B 7B 22 69 64 22 3A 22 74 65 6D 70 22 2C 22 64 61"
    "74 61 70 6F 69 6E 74 73 22 3A 5B 7B 22 76 61 6C 75 65 22 3A 32 32 2E 35 7D 5D 7D 5D 7D"
)
T2 = unhex("02 00 0F 7B 22 64 73 5F 69 64 22 3A 22 70 69 63 22 7D 00 00 00 04 FF D8 FF D9")
T3 = unhex("03 00 14 7B 22 54 65 6D 70 65 72 61 74 75 72 65 22 3A 32 32 2E 35 7D")
T4 = unhex("04 00 2C") + b'{"temperature":{"2015-03-22 22:31:12":22.5}}'
T5 = unhex("05 00 35") + b",;temperature,2015-03-22 22:31:12,22.5;humidity,35%;1"
T6 = unhex("06 00 13") + b",;temp,22.5;humi,35"
T6_TIMED = unhex("86 10 0B 03 0E 18 01 00 13") + b",;temp,22.5;humi,35"
T7 = unhex("07 00 01 00 02 00 00 08 42 66 66 A2 C1")
T7_TIMED = unhex("87 10 0B 03 0E 18 01 00 01 00 02 00 00 08 42 66 66 A2 C1")
WHEN = (2016, 11, 3, 14, 24, 1)

VECTORS = (
    (T1, data_points, (1, '{"datastreams":[{"id":"temp","datapoints":[{"value":22.5}]}]}')),
    (T2, binary, ('{"ds_id":"pic"}', unhex("FF D8 FF D9"))),
    (T3, data_points, (3, '{"Temperature":22.5}')),
    (T4, data_points, (4, '{"temperature":{"2015-03-22 22:31:12":22.5}}')),
    (T5, data_points, (5, ",;temperature,2015-03-22 22:31:12,22.5;humidity,35%;1")),
    (T6, data_points, (6, ",;temp,22.5;humi,35")),
    (T6_TIMED, timed_text, (",;temp,22.5;humi,35", WHEN)),
)
if pack("<f", -20.3) == T7[-4:]:  # a float of an ESP8266 has 30 bits
    VECTORS += (
        (T7, floats, ([(1, [34.0, -20.3])],)),
        (T7_TIMED, floats, ([(1, [34.0, -20.3])], WHEN)),
    )


def made(function, *args):
    """What the function writes; the size it says beforehand and the one it returns must be that of what it wrote."""
    size = function(None, 0, *args)
    buf = bytearray(b"\xee" * (size + 4))
    assert function(buf, 2, *args) == size
    assert buf[:2] == buf[-2:] == b"\xee\xee"
    return bytes(buf[2:-2])


def test_every_vector():
    for expected, function, args in VECTORS:
        assert made(function, *args) == expected


def test_text_may_come_as_str_bytes_bytearray_or_memoryview():
    text = b'{"Temperature":22.5}'
    for value in (text.decode(), text, bytearray(text), memoryview(text)):
        assert made(data_points, 3, value) == T3


def test_anything_else_becomes_json():
    for value in ({"a": [1, 2.5, "x", True, None]}, {"温度": 22.5}, ['quote " and backslash \\']):
        payload = made(data_points, 3, value)
        assert payload[1] << 8 | payload[2] == len(payload) - 3
        assert json.loads(payload[3:]) == value
    description = {"ds_id": "照片", "at": "2016-11-03 14:24:01", "desc": {"lens": 2}}
    payload = made(binary, description, b"\0\1")
    length = payload[1] << 8 | payload[2]
    assert json.loads(payload[3 : 3 + length]) == description
    assert payload[3 + length :] == b"\0\0\0\2\0\1"


def test_lengths_count_bytes_not_characters():
    assert made(data_points, 5, ",;温度,22.5")[:3] == b"\5\0\x0d"
    assert made(timed_text, ",;温度,22.5", WHEN)[7:9] == b"\0\x0d"
    assert made(binary, '{"ds_id":"照片"}', b"")[1:3] == b"\0\x12"
    text = "温" * 5000
    assert made(data_points, 3, text) == b"\3\x3a\x98" + text.encode()


def test_the_longest_text_and_one_byte_more():
    longest = b"x" * 65535
    assert made(data_points, 1, longest) == b"\1\xff\xff" + longest
    for function, args in (
        (data_points, (1, longest + b"x")),
        (data_points, (3, "温" * 21846)),
        (binary, (longest + b"x", b"")),
        (timed_text, (longest + b"x", WHEN)),
    ):
        for buf in (None, bytearray(70000)):
            raises(ValueError, function, buf, 0, *args, match="65535 bytes")


def test_binary_data_may_be_longer_than_a_text():
    data = bytes(range(256)) * 300
    payload = made(binary, '{"ds_id":"pic"}', data)
    assert payload == T2[:18] + unhex("00 01 2C 00") + data
    for same in (bytearray(data), memoryview(data)):
        assert made(binary, '{"ds_id":"pic"}', same) == payload
    assert made(binary, '{"ds_id":"pic"}', b"") == T2[:18] + b"\0\0\0\0"


def test_binary_data_must_be_bytes():
    raises(TypeError, binary, None, 0, '{"ds_id":"pic"}', "文", match="data")
    for data in (5, None):
        raises(TypeError, binary, None, 0, '{"ds_id":"pic"}', data)


def test_types_that_data_points_does_not_know():
    for kind in (0, 2, 7, 8, 0x86, -1, "1", None):
        raises(ValueError, data_points, None, 0, kind, "{}", match="type")


def test_times_that_cannot_be():
    assert made(timed_text, "x", (2000, 1, 1, 0, 0, 0))[:7] == unhex("86 00 01 01 00 00 00")
    assert made(timed_text, "x", (2255, 12, 31, 23, 59, 59))[:7] == unhex("86 FF 0C 1F 17 3B 3B")
    for i, wrong in enumerate(((1999, 2256), (0, 13, 300), (0, 32, 300), (-1, 24, 300), (-1, 60), (-1, 60))):
        for value in wrong:
            when = WHEN[:i] + (value,) + WHEN[i + 1 :]
            raises(ValueError, timed_text, None, 0, "x", when, match="time:")
            raises(ValueError, floats, None, 0, [(1, [1.0])], when, match="time:")


def test_groups_of_floats():
    assert made(floats, [(1, [0.0]), (65535, [1.0, 2.0])]) == unhex(
        "07 00 01 00 01 00 00 00 00 FF FF 00 02 00 00 80 3F 00 00 00 40"
    )
    assert len(made(floats, [(1, [1.0] * 500)])) == 1 + 4 + 2000
    assert len(made(floats, [(i, [1.0]) for i in range(1, 501)])) == 1 + 500 * 8


def test_groups_that_cannot_be():
    for groups, words in (
        ([], "floats"),
        ([(1, [1.0] * 501)], "floats"),
        ([(1, [1.0] * 250), (2, [1.0] * 251)], "floats"),
        ([(1, [])], "group 1"),
        ([(0, [1.0])], "group"),
        ([(65536, [1.0])], "group"),
    ):
        raises(ValueError, floats, None, 0, groups, match=words)


def test_a_buffer_too_small_is_left_alone():
    for expected, function, args in VECTORS:
        for room, at in ((len(expected) - 1, 0), (len(expected) + 4, 5), (0, 0)):
            buf = bytearray(b"\xee" * room)
            raises(ValueError, function, buf, at, *args, match="buffer")
            assert buf == b"\xee" * room
        buf = bytearray(len(expected) + 5)
        assert function(buf, 5, *args) == len(expected)
