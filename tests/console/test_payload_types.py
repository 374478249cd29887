"""Data points of every type, against the published vectors, and against what the board's library writes."""

import json
import struct
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onenet import payloads
from onenet_tools.datapoints import DataPoint, decode, parse_time


def written(function: Any, *args: Any) -> bytes:
    buffer = bytearray(function(None, 0, *args))
    function(buffer, 0, *args)
    return bytes(buffer)


@pytest.mark.parametrize(
    ("data", "points"),
    [
        (
            b"\x02\x00\x0f" + b'{"ds_id":"pic"}' + bytes.fromhex("00000004 FFD8FFD9"),
            [DataPoint("pic", b"\xff\xd8\xff\xd9")],
        ),
        (
            written(payloads.binary, {"ds_id": "pic", "at": "2015-03-22 22:31:12", "desc": {"w": 2}}, b""),
            [DataPoint("pic", b"", "2015-03-22 22:31:12", {"w": 2})],
        ),
        (
            bytes.fromhex("050035") + b",;temperature,2015-03-22 22:31:12,22.5;humidity,35%;1",
            [
                DataPoint("temperature", "22.5", "2015-03-22 22:31:12"),
                DataPoint("humidity", "35%"),
                DataPoint("2", "1"),
            ],
        ),
        (
            written(payloads.data_points, 5, ",;temperature,2015-03-22 22:31:12,22.5;102;pm2.5,89;10"),
            [
                DataPoint("temperature", "22.5", "2015-03-22 22:31:12"),
                DataPoint("1", "102"),
                DataPoint("pm2.5", "89"),
                DataPoint("3", "10"),
            ],
        ),
        (
            written(payloads.data_points, 5, "#@temperature#2015-03-22 22:31:12#22.5@102"),
            [
                DataPoint("temperature", "22.5", "2015-03-22 22:31:12"),
                DataPoint("1", "102"),
            ],
        ),
        (written(payloads.data_points, 5, ",;Current,25;"), [DataPoint("Current", "25")]),
        (written(payloads.data_points, 5, ",;a,;b,2015-03-22 22:31:12,"), []),
        (bytes.fromhex("060013") + b",;temp,22.5;humi,35", [DataPoint("temp", "22.5"), DataPoint("humi", "35")]),
        (
            bytes.fromhex("8610 0B03 0E18 01 0013") + b",;temp,22.5;humi,35",
            [DataPoint("temp", "22.5", "2016-11-03 14:24:01"), DataPoint("humi", "35", "2016-11-03 14:24:01")],
        ),
        (bytes.fromhex("0700010002 00000842 6666A2C1"), [DataPoint("1", 34.0), DataPoint("1", -20.299999237060547)]),
        (
            bytes.fromhex("8710 0B03 0E18 01 00010002 00000842 6666A2C1"),
            [
                DataPoint("1", 34.0, "2016-11-03 14:24:01"),
                DataPoint("1", -20.299999237060547, "2016-11-03 14:24:01.000001"),
            ],
        ),
    ],
)
def test_vectors(data: bytes, points: list[DataPoint]) -> None:
    assert decode(data) == points


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
LEAVES = st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | NAMES
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
TIMES = st.datetimes(min_value=datetime(1970, 1, 2)).map(lambda when: f"{when:%Y-%m-%d %H:%M:%S}")


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_the_library_writes_as_type_3_is_read(streams: dict[str, Any]) -> None:
    assert decode(written(payloads.data_points, 3, json.dumps(streams))) == [
        DataPoint(*item) for item in streams.items()
    ]


@given(st.lists(st.tuples(NAMES, st.lists(st.tuples(VALUES, st.none() | TIMES), max_size=4)), max_size=4))
def test_what_the_library_writes_as_type_1_is_read(streams: list[Any]) -> None:
    content = {
        "datastreams": [
            {"id": name, "datapoints": [{"value": value, **({"at": at} if at else {})} for value, at in points]}
            for name, points in streams
        ]
    }
    expected = [DataPoint(name, value, at) for name, points in streams for value, at in points]
    assert decode(written(payloads.data_points, 1, content)) == expected


@given(st.lists(st.tuples(st.integers(1, 65535), st.lists(FLOATS, min_size=1, max_size=100)), min_size=1, max_size=5))
def test_what_the_library_writes_as_type_7_is_read(groups: list[Any]) -> None:
    expected = [DataPoint(str(number), value) for number, values in groups for value in values]
    assert decode(written(payloads.floats, groups)) == expected


@given(st.binary(max_size=80), st.sampled_from([1, 2, 3, 4, 5, 6, 7, 0x86, 0x87]))
def test_whatever_the_bytes_are_they_are_points_or_a_value_error(data: bytes, kind: int) -> None:
    for payload in (data, bytes([kind]) + data, bytes([kind]) + struct.pack(">H", len(data)) + data):
        try:
            points = decode(payload)
        except ValueError as error:
            assert str(error)
        else:
            for point in points:
                assert isinstance(point.value, bytes) or json.dumps(point.value, allow_nan=False)
                assert point.at is None or parse_time(point.at)


def test_times() -> None:
    assert parse_time("2015-03-22 22:31:12").isoformat() == "2015-03-22T14:31:12+00:00"
    assert parse_time("2015-03-22T22:31:12.281").isoformat() == "2015-03-22T14:31:12.281000+00:00"
    assert parse_time("9999-12-31 23:59:59").year == 9999
    for text in (
        "",
        "2015-03-22",
        "2015-03-22 22:31",
        "2015-02-30 00:00:00",
        "2015-03-22 22:31:12+08:00",
        "1969-12-31 00:00:00",
        "2015-03-22 22:31:12.x",
        "x" * 1000,
    ):
        with pytest.raises(ValueError, match="must be like 2015-03-22 22:31:12"):
            parse_time(text)
