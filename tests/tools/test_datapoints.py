"""Data points from bytes, against the published and the constructed vectors."""

import pytest
from onenet_tools.datapoints import DataPoint, decode


def payload(kind: int, text: str) -> bytes:
    content = text.encode()
    return bytes([kind]) + len(content).to_bytes(2, "big") + content


@pytest.mark.parametrize(
    ("data", "points"),
    [
        (bytes.fromhex("0300147B2254656D7065726174757265223A32322E357D"), [DataPoint("Temperature", 22.5)]),
        (
            payload(1, '{"datastreams":[{"id":"temp","datapoints":[{"value":22.5}]}]}'),
            [DataPoint("temp", 22.5)],
        ),
        (
            payload(
                1, '{"datastreams":[{"id":"a","datapoints":[{"at":"2013-04-22 22:22:22","value":"x"},{"value":1}]}]}'
            ),
            [DataPoint("a", "x", "2013-04-22 22:22:22"), DataPoint("a", 1)],
        ),
        (
            payload(4, '{"temperature":{"2015-03-22 22:31:12":22.5}}'),
            [DataPoint("temperature", 22.5, "2015-03-22 22:31:12")],
        ),
        (payload(3, '{"温度":{"lon":106}}'), [DataPoint("温度", {"lon": 106})]),
    ],
)
def test_decodes(data: bytes, points: list[DataPoint]) -> None:
    assert decode(data) == points


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "too short"),
        (b"\x03\x00", "too short"),
        (b"\x05\x00\x00", "type 5"),
        (b"\x03\x00\x03{}", "says 3 bytes, 2 follow"),
        (payload(3, "{"), "property name"),
        (payload(3, "[1]"), "not that of type 3"),
        (payload(1, '{"datastreams":[{}]}'), "not that of type 1"),
        (payload(4, '{"a":1}'), "not that of type 4"),
        (b"\x03\x00\x01\xff", "codec|JSON"),
    ],
)
def test_says_what_is_wrong(data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decode(data)
