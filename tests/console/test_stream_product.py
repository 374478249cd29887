"""Data-stream products of the current platform: points, commands, and what they have not."""

from typing import Any

import pytest
from console_client import errors, notes, until
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from studio_client import thing_online

POST = "dp/post/json"


def test_points_are_accepted_by_id(console: RunningConsole, streamer: Device) -> None:
    with thing_online(console, streamer, f"{POST}/+") as it:
        it.say(POST, {"id": 123, "dp": {"temp": [{"v": 25.1, "t": 1700000000}, {"v": 26}], "a.b": [{"v": "x"}]}})
        assert it.hear() == (f"{POST}/accepted", {"id": 123})
    points = console.call(console.platform.points, streamer.id, "temp")
    assert [point.value for point in points] == [25.1, 26] and points[0].at.timestamp() == 1700000000
    assert console.call(console.platform.points, streamer.id, "a.b")[0].value == "x"


@pytest.mark.parametrize(
    ("content", "id_"),
    [
        (b"no JSON", -1),
        (b"[]", -1),
        ({"dp": {}}, -1),
        ({"id": 0, "dp": {}}, -1),
        ({"id": 1 << 31, "dp": {}}, -1),
        ({"id": "1", "dp": {}}, -1),
        ({"id": 5}, 5),
        ({"id": 5, "dp": {"a b": [{"v": 1}]}}, 5),
        ({"id": 5, "dp": {"x" * 31: [{"v": 1}]}}, 5),
        ({"id": 5, "dp": {"t": 1}}, 5),
        ({"id": 5, "dp": {"t": [{"v": 1}, {}]}}, 5),
        ({"id": 5, "dp": {"t": [{"v": 1, "t": "now"}]}}, 5),
        ({"id": 5, "dp": {"t": [{"v": 1, "t": 10**12}]}}, 5),
    ],
)
def test_what_is_wrong_is_rejected_with_98(console: RunningConsole, streamer: Device, content: Any, id_: int) -> None:
    with thing_online(console, streamer, f"{POST}/rejected") as it:
        it.say(POST, content)
        assert it.hear() == (f"{POST}/rejected", {"id": id_, "err_code": 98, "err_msg": "Illegal Data"})
        assert it.is_there()
    assert console.call(console.platform.streams, streamer.id) == []


def test_topics_of_its_own_alone(console: RunningConsole, streamer: Device) -> None:
    with thing_online(console, streamer) as it:
        assert it.subscribe("cmd/#", "cmd/request/+", f"{POST}/accepted", "thing/#", "thing/property/set") == (
            b"\0\0\0\x80\x80"
        )
        it.say("thing/property/post", {"id": "1", "version": "1.0", "params": {}})
        assert it.is_closed()
    assert "a device with data streams does not publish to that" in errors(console, streamer.id)[-1][1]


def test_responses_nobody_waits_for(console: RunningConsole, streamer: Device) -> None:
    with thing_online(console, streamer, "cmd/response/+/rejected") as it:
        it.say("cmd/response/77", b"x")
        assert it.hear() == ("cmd/response/77/rejected", {"err_code": 113})
        it.say("cmd/response/77", bytes(1025))
        assert it.hear() == ("cmd/response/77/rejected", {"err_code": 99})
    assert until(lambda: [note for note in notes(console, streamer.id) if "no call" in note])
