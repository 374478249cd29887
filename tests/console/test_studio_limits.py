"""How much the current platform takes from a device, and what becomes of more."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from console_client import errors, notes, until
from mqtt import packet
from onenet_tools.console.console import ConsoleError, RunningConsole, running_console
from onenet_tools.console.model import Device
from onenet_tools.console.studio.own_topics import OwnTopics
from onenet_tools.console.studio.rules import Rate, Rules
from studio_api import Api, reply
from studio_client import PINGREQ, built, connack, device_token, make_token, thing_online

PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PINGREQ_TYPE = 3, 8, 10, 12
POST = b"$sys/p/d/thing/property/post"


@pytest.fixture(scope="module")
def console() -> Iterator[RunningConsole]:
    """In the platform's own time."""
    with running_console() as it:
        yield it


@pytest.fixture
def rules(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> Rules:
    mine = Rules()
    monkeypatch.setattr(console.platform.studio, "rules", mine)
    return mine


def test_the_rules_are_those_of_the_document() -> None:
    rules = Rules()
    assert (rules.logins, rules.login_span, rules.uplink_pause, rules.topics, rules.set_pause) == (3, 5, 1, 10, 1)
    assert (rules.subscriptions_a_second, rules.unsubscriptions_a_second, rules.pings_a_second) == (10, 10, 1)
    assert (rules.bytes_a_second, rules.most_payload) == (512 * 1024, 256 * 1024)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("logins=100", "logins", 100),
        ("uplink_pause=0", "uplink_pause", 0.0),
        ("set_pause=0.5", "set_pause", 0.5),
        ("answers_count=false", "answers_count", False),
        ("login_excess=code 3", "login_excess", "code 3"),
    ],
)
def test_a_rule_can_be_changed(text: str, name: str, value: Any) -> None:
    rules = Rules()
    rules.change(text)
    assert getattr(rules, name) == value and type(getattr(rules, name)) is type(value)


@pytest.mark.parametrize(
    "text",
    ["", "logins", "x=1", "logins=x", "logins=1.5", "logins=-1", "logins=true", "answers_count=1", "login_excess=x"],
)
def test_but_only_to_what_it_can_be(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|is not NAME=VALUE with one of qos_2, will, logins, login_span"):
        Rules().change(text)
    with pytest.raises(ConsoleError, match="--rule"), running_console(rules=[text], pages=False):
        pass


def test_a_rate_counts_within_spans_that_begin_with_what_comes() -> None:
    rate = Rate(5.0)
    assert [rate.take(at) for at in (100, 101, 104.9, 105, 105.1, 111)] == [1, 2, 3, 1, 2, 1]
    assert rate.next == 116


# Log-ins


def test_three_logins_in_five_seconds(console: RunningConsole, rules: Rules, board: Device) -> None:
    rules.login_span = 60.0
    token = device_token(board)
    assert [connack(console, board.name, board.product_id, token) for _ in range(3)] == [0, 0, 0]
    with pytest.raises(EOFError):
        connack(console, board.name, board.product_id, token)
    assert any("more than 3 log-ins within 60 s" in words for _, words in until(lambda: errors(console)))
    other = console.call(console.platform.studio.add_device, board.product_id, "board2")
    assert connack(console, other.name, other.product_id, device_token(other)) == 0


def test_the_other_guess_at_a_login_too_many(console: RunningConsole, rules: Rules, board: Device) -> None:
    rules.login_span, rules.logins, rules.login_excess, rules.refused_logins_count = 60.0, 1, "code 3", False
    wrong = make_token(board.auth_info, "products/x/devices/y")
    right = device_token(board)
    passwords = (wrong, wrong, right, right, wrong)
    assert [connack(console, board.name, board.product_id, it) for it in passwords] == [4, 4, 0, 3, 4]


# The pace


async def waits(console: RunningConsole, board: Device, packets: list[tuple[int, int, bytes]]) -> list[float]:
    """How long each of these waits, in seconds, where time passes in sleeps alone."""
    loop = asyncio.get_running_loop()
    now, slept = 1000.0, 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now, slept
        now, slept = now + max(seconds, 0), slept + max(seconds, 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "sleep", sleep)
        patch.setattr(loop, "time", lambda: now)
        dialect = OwnTopics(console.platform, board, None)  # type: ignore[arg-type]
        found = []
        for kind, size, topic in packets:
            slept = 0.0
            await dialect.pace(kind, size, topic)
            if kind == SUBSCRIBE:
                dialect.judge_filters([f"$sys/{board.product_id}/{board.name}/{i}" for i in range(size)])
            elif kind == UNSUBSCRIBE:
                dialect.unsubscribing(size)
            found.append(slept)
    return found


MESSAGE, ANSWER = (PUBLISH, 50, POST), (PUBLISH, 50, b"$sys/p/d/thing/property/set_reply")
PING = (PINGREQ_TYPE, 2, b"")


@pytest.mark.parametrize(
    ("packets", "expected", "changes"),
    [
        ([MESSAGE, MESSAGE, MESSAGE], [0, 1, 1], {}),
        ([MESSAGE, ANSWER, MESSAGE], [0, 1, 1], {}),
        ([MESSAGE, ANSWER, MESSAGE], [0, 0, 1], {"answers_count": False}),
        ([MESSAGE, PING, MESSAGE], [0, 0, 1], {}),
        ([PING, PING, PING], [0, 1, 0], {}),
        ([PING, PING, MESSAGE], [0, 1, 0], {}),
        ([(PUBLISH, 300_000, POST), (PUBLISH, 300_000, POST)], [0, 1], {"uplink_pause": 0.0}),
        ([(PUBLISH, 300_000, POST), (PUBLISH, 200_000, POST)], [0, 0], {"uplink_pause": 0.0}),
        ([(SUBSCRIBE, 8, b""), (SUBSCRIBE, 2, b""), MESSAGE], [0, 0, 0], {}),
        ([(SUBSCRIBE, 8, b""), (SUBSCRIBE, 3, b""), MESSAGE], [0, 0, 1], {}),
        ([(UNSUBSCRIBE, 8, b""), (UNSUBSCRIBE, 2, b""), PING], [0, 0, 0], {}),
        ([(UNSUBSCRIBE, 8, b""), (UNSUBSCRIBE, 3, b""), PING], [0, 0, 1], {}),
    ],
)
def test_what_comes_too_soon_waits(
    console: RunningConsole,
    rules: Rules,
    board: Device,
    packets: list[tuple[int, int, bytes]],
    expected: list[float],
    changes: dict[str, Any],
) -> None:
    for name, value in changes.items():
        setattr(rules, name, value)
    assert asyncio.run(waits(console, board, packets)) == pytest.approx(expected)


def test_messages_that_waited_are_taken_all_the_same(console: RunningConsole, rules: Rules, board: Device) -> None:
    rules.uplink_pause = 0.05
    with thing_online(console, board, "thing/#") as it:
        for i in range(5):
            it.say("thing/property/post", {"id": str(i), "version": "1.0", "params": {"n": {"value": i}}})
        assert [it.hear()[1]["code"] for _ in range(5)] == [200] * 5
    points = console.call(console.platform.points, board.id, "n")
    assert [point.value for point in points] == [0, 1, 2, 3, 4]


# Subscriptions


def test_ten_topics_at_most(console: RunningConsole, rules: Rules, board: Device) -> None:
    rules.subscriptions_a_second = 1000
    with thing_online(console, board) as it:
        names = [f"thing/service/s{i}/invoke" for i in range(11)]
        assert it.subscribe(*names[:8]) + it.subscribe(*names[8:]) == bytes(10) + b"\x80"
        assert it.subscribe(names[0]) == b"\0"  # held already


def test_more_than_ten_subscriptions_a_second_are_refused(console: RunningConsole, rules: Rules, board: Device) -> None:
    rules.topics, rules.subscriptions_a_second = 100, 3
    with thing_online(console, board) as it:
        names = [f"thing/service/s{i}/invoke" for i in range(5)]
        assert it.subscribe(*names) == bytes([0, 0, 0, 0x80, 0x80])
        assert it.subscribe(*names[3:]) == bytes(2)  # in the next second, for which it had to wait
        it.send(built(packet.unsubscribe, 8, [it.topic(name) for name in names]))
        assert it.receive().name == "UNSUBACK"


# Sets


def test_one_set_a_second(console: RunningConsole, rules: Rules, board: Device, api: Api, beside: Any) -> None:
    rules.set_pause, rules.uplink_pause = 60.0, 0.0
    things = console.platform.studio.things
    with thing_online(console, board, "thing/#") as it:
        asking = beside(api.post, "/thingmodel/set-device-property", params={"on": True})
        assert reply(it, "thing/property/set") == {"on": True}
        assert asking.result()["code"] == 200
        code, words = api.ask("POST", "/thingmodel/set-device-property", params={"on": False})
        assert (code, words) == (10411, "属性设置失败:identifier: on, error: more than one set a second")
        console.call(things.set_desired, board, {"on": False})  # kept, though it can't be sent at once
        until(lambda: [note for note in notes(console, board.id) if "desired values: 属性设置失败" in note])
        assert it.is_there()  # neither came
        assert it.ask("thing/property/desired/get", ["on"])["data"]["on"]["value"] is False


def test_answers_of_the_api_in_the_other_shape(rules: Rules, board: Device, api: Api) -> None:
    assert api.get("/thingmodel/query-device-property") == []
    rules.lists_alone = False
    assert api.get("/thingmodel/query-device-property") == {"list": []}


def test_pings_are_answered_late_and_not_refused(console: RunningConsole, rules: Rules, board: Device) -> None:
    with contextlib.ExitStack() as stack:
        it = stack.enter_context(thing_online(console, board))
        it.send(2 * PINGREQ)
        assert [it.receive().name for _ in range(2)] == ["PINGRESP"] * 2
