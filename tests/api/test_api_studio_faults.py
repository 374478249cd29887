"""What the client of the current platform makes of answers that are documented in two ways, or that fail."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from onenet_tools.api.failures import ApiError
from onenet_tools.api.studio import StudioClient

TOKEN = "version=2022-05-01&res=products%2Fp&sign=s3cret"
VALUE = {"identifier": "temp", "time": 1706673129818, "value": "25.1"}


def envelope(data: Any = None, code: int = 0, msg: str = "succ") -> httpx.Response:
    return httpx.Response(200, json={"code": code, "msg": msg, "request_id": "r", "data": data})


class Platform:
    """Gives one answer after the other, the last again and again, and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)
        transport = httpx.MockTransport(self._answer)
        self.client = StudioClient("https://api.example", TOKEN, "aBcDeF1234", pause=0.001, transport=transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize("data", [[VALUE], {"list": [VALUE]}])
def test_lists_come_alone_or_in_an_object(data: Any) -> None:
    platform = Platform(envelope(data))
    [point] = platform.client.latest("board1")
    assert (point.stream, point.at, point.value) == ("temp", "2024-01-31 11:52:09.818", 25.1)
    request = platform.requests[0]
    assert request.headers["authorization"] == TOKEN
    assert dict(request.url.params) == {"product_id": "aBcDeF1234", "device_name": "board1"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("40", 40),
        ('"text"', "text"),
        ("bare text", "bare text"),
        ("", ""),
        (5, 5),
        ('{"x":1}', {"x": 1}),
    ],
)
def test_values_are_json_in_text_or_what_they_are(text: Any, value: Any) -> None:
    platform = Platform(envelope([{**VALUE, "value": text}]))
    assert [point.value for point in platform.client.latest("board1")] == [value]


def test_a_property_without_a_value_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Platform(envelope([{"identifier": "temp"}, {**VALUE, "value": None}])).client.latest("board1") == []


@pytest.mark.parametrize("failure", [envelope(code=10500, msg="internal"), httpx.Response(503), httpx.ReadTimeout("")])
def test_a_get_is_tried_again_where_the_platform_fails(failure: httpx.Response | Exception) -> None:
    platform = Platform(failure, failure, envelope([VALUE]))
    assert len(platform.client.latest("board1")) == 1
    assert len(platform.requests) == 3


def test_but_not_where_it_refuses() -> None:
    platform = Platform(envelope(code=10403, msg=f"authentication failed: {TOKEN}"))
    with pytest.raises(ApiError, match="refuses the token for product aBcDeF1234") as raised:
        platform.client.latest("board1")
    assert len(platform.requests) == 1 and "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.set("board1", {"lamp": True}),
        lambda client: client.set_desired("board1", {"lamp": True}),
        lambda client: client.call("board1", "open", {}),
        lambda client: client.ask("board1", b"door=open", 5),
    ],
)
@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (httpx.Response(502), "may have been sent"),
        (httpx.ReadTimeout("slow"), "may have been sent"),
        (envelope(code=10500, msg="internal"), "code 10500"),
    ],
)
def test_what_changes_something_is_never_repeated(
    ask: Callable[[StudioClient], Any], failure: httpx.Response | Exception, words: str
) -> None:
    platform = Platform(failure)
    with pytest.raises(ApiError, match=words):
        ask(platform.client)
    assert [request.method for request in platform.requests] == ["POST"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"errno": 0}),
        envelope(5),
        envelope({"list": 5}),
        envelope([5]),
        envelope([{"identifier": "t", "value": "1", "time": "now"}]),
        envelope([{"identifier": "t", "value": "1", "time": 10**30}]),
    ],
)
def test_strange_answers(answer: httpx.Response) -> None:
    with pytest.raises(ApiError, match="does not answer as OneNET does"):
        Platform(answer).client.latest("board1")


def test_a_command_without_a_reply() -> None:
    state = Platform(envelope(code=10411, msg="设备响应超时")).client.ask("board1", b"x", 5)
    assert (state.reply, state.over) == (None, True)


KEY = "MDEyMzQ1Njc4OWFiY2RlZmdoaWpBQkNERUZHSElKfiE="


@pytest.mark.parametrize(
    ("answers", "is_new", "calls"),
    [
        ([envelope({"sec_key": KEY})], True, ["create"]),
        ([envelope({"did": "1", "sec_key": KEY, "device_name": "a"})], True, ["create"]),
        ([envelope({"did": "1"}), envelope({"sec_key": KEY})], True, ["create", "detail"]),
        ([envelope(None), envelope({"sec_key": KEY})], True, ["create", "detail"]),
        ([envelope(code=10406, msg="exists"), envelope({"sec_key": KEY})], False, ["create", "detail"]),
        (
            [envelope(code=10500), envelope(code=10406), envelope({"sec_key": KEY})],
            False,
            ["create", "create", "detail"],
        ),
    ],
)
def test_a_device_is_made_whatever_the_answer_has(
    answers: list[httpx.Response], is_new: bool, calls: list[str]
) -> None:
    platform = Platform(*answers)
    assert platform.client.create("board1") == (KEY, is_new)
    assert [request.url.path.rpartition("/")[2] for request in platform.requests] == calls


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([envelope({"sec_key": "no key!"})], "the key of device board1 is none"),
        ([envelope([1])], "a device in another form"),
        ([envelope(None), envelope({})], "a device in another form"),
        ([envelope(code=10403)], "refuses the token"),
        ([envelope(code=10408)], "has no product aBcDeF1234"),
        ([envelope(code=10500)], "can't do that for device board1"),
    ],
)
def test_a_device_that_is_not_made(answers: list[httpx.Response], words: str) -> None:
    with pytest.raises(ApiError, match=words) as raised:
        Platform(*answers).client.create("board1")
    assert "no key!" not in str(raised.value)
