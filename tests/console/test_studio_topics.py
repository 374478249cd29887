"""What a device with a thing model may say and subscribe to, and what it is answered."""

import json
from typing import Any

import pytest
from console_client import errors, notes, publish, until
from mqtt import packet
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device, ThingEvent
from studio_client import PINGREQ, built, thing_online

ALL = "thing/#"


def values(console: RunningConsole, device: Device) -> dict[str, list[tuple[Any, int]]]:
    """Value and time, in milliseconds, of all points."""
    streams = console.call(console.platform.streams, device.id)
    return {
        stream.id: [
            (point.value, round(point.at.timestamp() * 1000))
            for point in console.call(console.platform.points, device.id, stream.id)
        ]
        for stream in streams
    }


# Subscriptions


@pytest.mark.parametrize(
    ("topic", "code"),
    [
        ("thing/#", 0),
        ("#", 0),
        ("+/property/set", 0),
        ("thing/property/set", 0),
        ("thing/property/post/reply", 0),
        ("thing/property/desired/get/reply", 0),
        ("thing/service/+/invoke", 0),
        ("thing/service/reboot/invoke", 0),
        ("thing/history/post/reply", 0),
        ("thing/sub/login/reply", 0),
        ("ota/inform", 0),
        ("ota/#", 0),
        ("cmd/#", 0x80),
        ("cmd/request/+", 0x80),
        ("dp/post/json/accepted", 0x80),
        ("thing/property/put", 0x80),
        ("thing/property/set/more", 0x80),
        ("thing/property", 0x80),
    ],
)
def test_what_may_be_subscribed_to(console: RunningConsole, board: Device, topic: str, code: int) -> None:
    with thing_online(console, board) as it:
        assert it.subscribe(topic) == bytes([code])
        assert it.is_there()


def test_a_message_right_after_its_subscription_is_answered(console: RunningConsole, board: Device) -> None:
    """As boards send them, in one segment."""
    for i in range(20):
        with thing_online(console, board) as it:
            post = {"id": f"{i}", "version": "1.0", "params": {"n": {"value": i}}}
            subscribe = built(packet.subscribe, 7, [(it.topic(ALL), 0)])
            it.send(subscribe + publish(it.topic("thing/property/post"), json.dumps(post), 1))
            assert sorted(it.receive().name for _ in range(3)) == ["PUBACK", "PUBLISH", "SUBACK"]
            it.send(built(packet.unsubscribe, 8, [it.topic(ALL)]) + publish(it.topic("thing/property/post"), "{}", 1))
            assert sorted(it.receive().name for _ in range(2)) == ["PUBACK", "UNSUBACK"]
            assert it.is_there()


def test_ten_topics_and_eight_in_a_packet(console: RunningConsole, board: Device) -> None:
    with thing_online(console, board) as it:
        assert it.subscribe(*(f"thing/service/s{i}/invoke" for i in range(8))) == bytes(8)
        assert it.subscribe(*(f"thing/service/s{i}/invoke" for i in range(6, 12))) == b"\0\0\0\0\x80\x80"
        it.send(built(packet.subscribe, 7, [(it.topic("ota/inform"), 0)] * 9))
        assert it.is_closed()


@pytest.mark.parametrize("topic", ["a", "#", "+/+/+/thing/#", "$sys/#", "$sys/{product}/board2/thing/#", "$dp"])
def test_a_foreign_subscription_closes(console: RunningConsole, board: Device, topic: str) -> None:
    with thing_online(console, board) as it:
        it.send(built(packet.subscribe, 7, [(topic.format(product=board.product_id), 0)]))
        assert it.is_closed()
    assert "the device's own begin with $sys/" in until(lambda: errors(console, board.id))[-1][1]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (publish("a", "x"), "own begin with"),
        (publish("$dp", b"\3\0\2{}"), "own begin with"),
        (publish("$sys/{product}/board2/thing/property/post", "{}"), "own begin with"),
        (publish("$sys/{product}/board1/thing/property/put", "{}"), "does not publish to that"),
        (publish("$sys/{product}/board1/thing/property/set", "{}"), "does not publish to that"),
        (publish("$sys/{product}/board1/thing/service/a/b/invoke_reply", "{}"), "levels|does not publish"),
        (publish("$sys/{product}/board1/cmd/response/1", "{}"), "does not publish to that"),
        (publish("$sys/{product}/board1/dp/post/json", "{}"), "does not publish to that"),
        (publish("$sys/{product}/board1/thing/property/post", "{}", 2), "QoS 2"),
        (publish("$sys/{product}/board1/thing/property/post", "{}", retain=True), "keeps no messages"),
        (publish("$sys/{product}/board1/thing/property/post", bytes(262145)), "at most 262144"),
    ],
)
def test_what_closes_the_connection(
    console: RunningConsole, board: Device, data: bytes, words: str
) -> None:  # [MQTT-3.3.5-2], [MQTT-4.8.0-1]
    assert len(board.product_id) == 10
    data = data.replace(b"{product}", board.product_id.encode())
    with thing_online(console, board) as it:
        it.send(data)
        assert it.is_closed()
    said = until(lambda: [note for note in notes(console, board.id) if "closed: " in note])[-1]
    assert any(word in said for word in words.split("|")), said


# Properties and events


def test_properties_are_stored_with_their_times_and_answered(console: RunningConsole, board: Device) -> None:
    with thing_online(console, board, ALL) as it:
        at = 1706673129818
        assert it.ask("thing/property/post", {"temp": {"value": 25.1, "time": at}, "on": {"value": True}}) == {
            "code": 200,
            "msg": "success",
        }
        stored = values(console, board)
        assert stored["temp"] == [(25.1, at)] and stored["on"][0][0] is True
        it.say("thing/property/post", {"id": "9", "version": "1.0", "params": {"温度": {"value": "热"}}}, 1)
        assert {it.receive().name, it.receive().name} == {"PUBACK", "PUBLISH"}
        assert values(console, board)["温度"][0][0] == "热"


def test_a_reply_goes_to_who_has_subscribed_only(console: RunningConsole, board: Device) -> None:
    with thing_online(console, board, "thing/property/set") as it:
        it.say("thing/property/post", {"id": "1", "version": "1.0", "params": {"t": {"value": 1}}})
        until(lambda: values(console, board))
        assert it.is_there()
    assert any("has not subscribed to thing/property/post/reply" in note for note in notes(console, board.id))


@pytest.mark.parametrize(
    ("payload", "id_", "code", "words"),
    [
        (b"{}", None, 2403, "required msg id"),
        (b"no JSON", None, 2403, "required msg id"),
        (b"\xff", None, 2403, "required msg id"),
        (b"[1]", None, 2403, "required msg id"),
        (b'{"id":1,"params":{}}', None, 2403, "required msg id"),
        (b'{"id":"x"}', None, 2403, "required msg id"),
        (b'{"id":"12345678901234"}', None, 2403, "required msg id"),
        (b'{"id":"1","version":"1.0"}', "1", 100, "params: must be an object"),
        (b'{"id":"1","version":"1.0","params":{"t":5}}', "1", 100, "t: must be an object"),
        (b'{"id":"1","version":"1.0","params":{"t":{}}}', "1", 100, "t: has no value"),
        (b'{"id":"1","version":"1.0","params":{"t":{"value":1,"time":"now"}}}', "1", 100, "milliseconds"),
        (b'{"id":"1","version":"1.0","params":{"t":{"value":1,"time":-1}}}', "1", 100, "milliseconds"),
        (b'{"id":"1","version":"1.0","params":{"t":{"value":1,"time":1e300}}}', "1", 100, "milliseconds"),
    ],
)
def test_a_post_that_is_wrong_is_answered_in_words(
    console: RunningConsole, board: Device, payload: bytes, id_: str | None, code: int, words: str
) -> None:
    with thing_online(console, board, ALL) as it:
        it.say("thing/property/post", payload)
        topic, answer = it.hear()
        assert (topic, answer["id"], answer["code"]) == ("thing/property/post/reply", id_, code)
        assert words in answer["msg"]
        assert it.is_there()
    assert values(console, board) == {}


def test_without_a_version_it_says_success_and_stores_nothing(console: RunningConsole, board: Device) -> None:
    with thing_online(console, board, ALL) as it:
        it.say("thing/property/post", {"id": "1", "params": {"t": {"value": 1}}})
        assert it.hear()[1]["code"] == 200
        assert it.is_there()
    assert values(console, board) == {}
    assert any("not stored, though it says success" in note for note in notes(console, board.id))


def test_events(console: RunningConsole, board: Device) -> None:
    heard: list[object] = []
    console.call(console.platform.listen, heard.append)
    with thing_online(console, board, ALL) as it:
        params = {"alarm": {"value": {"level": 2}, "time": 1706673129818}}
        assert it.ask("thing/event/post", params)["code"] == 200
        assert it.ask("thing/event/post", {"alarm": {"value": 2}})["code"] == 100
    (event,) = console.call(console.platform.store.events.latest, board.id, 10)
    assert (event.identifier, event.value) == ("alarm", {"level": 2})
    assert round(event.at.timestamp() * 1000) == 1706673129818
    assert any(event in getattr(each, "events", ()) for each in heard) and isinstance(event, ThingEvent)


def test_pack_and_history_bring_what_waited(console: RunningConsole, board: Device) -> None:
    me = {"productID": board.product_id, "deviceName": board.name}
    with thing_online(console, board, ALL) as it:
        points = [{"value": i, "time": 1524448722000 + i} for i in range(50)]
        events = [{"value": {"n": i}, "time": 1524448722000 + i} for i in range(3)]
        entry = {"properties": {"temp": points}, "events": {"alarm": events}}
        assert it.ask("thing/history/post", [entry]) == {"code": 200, "msg": "success"}
        assert values(console, board)["temp"] == [(i, 1524448722000 + i) for i in range(50)]
        assert len(console.call(console.platform.store.events.latest, board.id, 10)) == 3
        pack = {"identity": me, "properties": {"hum": {"value": 40, "time": 1524448722000}}}
        assert it.ask("thing/pack/post", [pack])["code"] == 200
        assert values(console, board)["hum"] == [(40, 1524448722000)]
        for wrong in (
            [{"properties": {"temp": [{"value": 1}] * 101}}],
            [{"properties": {"a": [{"value": 1}] * 60, "b": [{"value": 1}] * 60}}],
            [{"identity": {**me, "deviceName": "sub1"}, "properties": {}}],
            [{}] * 11,
            [{"properties": {"temp": {"value": 1}}}],
            {"properties": {}},
        ):
            assert it.ask("thing/history/post", wrong)["code"] == 100
    assert set(values(console, board)) == {"temp", "hum"}


def test_a_device_has_a_bounded_number_of_properties(console: RunningConsole, board: Device) -> None:
    with thing_online(console, board, ALL) as it:
        for start in range(0, 500, 100):
            assert it.ask("thing/property/post", {f"p{start + i}": {"value": 1} for i in range(100)})["code"] == 200
        answer = it.ask("thing/property/post", {"one more": {"value": 1}})
        assert (answer["code"], "more than 500" in answer["msg"]) == (100, True)


# Desired values


def test_desired_values_wait_with_their_versions(console: RunningConsole, board: Device) -> None:
    desired = console.platform.store.desired
    console.call(desired.set, board.id, {"on": False, "mode": 3})
    console.call(desired.set, board.id, {"on": True})
    with thing_online(console, board, ALL) as it:
        assert it.ask("thing/property/desired/get", ["on", "never set"]) == {
            "code": 200,
            "msg": "success",
            "data": {"on": {"value": True, "version": 2}},
        }
        assert it.ask("thing/property/desired/delete", {"on": {"version": 1}})["code"] == 200  # older: ignored
        assert it.ask("thing/property/desired/get", ["on"])["data"]["on"]["version"] == 2
        assert it.ask("thing/property/desired/delete", {"on": {"version": 2}, "mode": {}})["code"] == 200
        assert it.ask("thing/property/desired/get", ["on", "mode"])["data"] == {}
        console.call(desired.set, board.id, {"on": 1})
        assert it.ask("thing/property/desired/get", ["on"])["data"] == {"on": {"value": 1, "version": 1}}
        assert it.ask("thing/property/desired/get", {"on": 1})["code"] == 100
        for wrong in (["on"], {"on": 1}, {"on": {"version": "1"}}, {"on": {"version": 0}}):
            assert it.ask("thing/property/desired/delete", wrong)["code"] == 100
    assert any("for it is newer: on has version 2" in note for note in notes(console, board.id))


# What is taken without more


def test_answers_nobody_waits_for_and_what_the_console_has_not(console: RunningConsole, board: Device) -> None:
    with thing_online(console, board, ALL) as it:
        it.say("thing/property/set_reply", {"id": "77", "code": 200, "msg": "success"})
        it.say("thing/service/x/invoke_reply", b"no JSON")
        it.say("thing/sub/login", {"id": "1", "version": "1.0", "params": {}})
        it.say("ota/inform_reply", {"id": "1", "code": 200, "message": "success"})
        it.say("cmp/property/post", {"id": "1", "version": "1.0", "params": {}})
        assert it.is_there()
    said = until(lambda: [note for note in notes(console, board.id) if "ignored" in note])
    assert len(said) == 3 and "no call of this id" in said[0] and "no sub-devices" in said[2], said


def test_the_session_does_not_outlive_the_connection(console: RunningConsole, board: Device) -> None:
    with thing_online(console, board, ALL) as it:
        assert it.is_there()
    with thing_online(console, board) as it:
        it.say("thing/property/post", {"id": "1", "version": "1.0", "params": {"t": {"value": 1}}})
        it.send(PINGREQ)
        assert it.receive().name == "PINGRESP"
    until(lambda: values(console, board))
    assert json.dumps(values(console, board)["t"][0][0]) == "1"
