"""What the client makes of answers the console never gives: of a platform that fails, of strangers in its place."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from onenet_tools.api.client import Client
from onenet_tools.api.failures import ApiError

KEY = "k3y=for/tests"
DEVICE = {"id": "1", "title": "one", "online": True, "create_time": "2026-01-31 12:00:00"}


def envelope(data: Any = None, errno: int = 0, error: str = "succ") -> httpx.Response:
    return httpx.Response(200, json={"errno": errno, "error": error, "data": data})


class Platform:
    """Gives one answer after the other, the last again and again, and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)
        self.client = Client("https://api.example", KEY, pause=0.001, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)


FAILURES = [httpx.Response(503, text="busy"), httpx.ReadTimeout("slow"), envelope(errno=15), httpx.Response(429)]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_get_is_tried_again(failure: httpx.Response | Exception) -> None:
    platform = Platform(failure, failure, envelope([{"id": "t", "current_value": 5, "update_at": "now"}]))
    assert [point.value for point in platform.client.latest("1")] == [5]
    assert len(platform.requests) == 3


@pytest.mark.parametrize(
    ("failure", "words"),
    list(
        zip(
            FAILURES,
            ["HTTP status 503", "no answer from api.example within 10 s", *["asked too often"] * 2],
            strict=True,
        )
    ),
)
def test_but_not_for_ever(failure: httpx.Response | Exception, words: str) -> None:
    platform = Platform(failure)
    with pytest.raises(ApiError, match=words):
        platform.client.device("1")
    assert len(platform.requests) == 3


@pytest.mark.parametrize("failure", [httpx.Response(502), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("gone")])
def test_a_command_is_never_repeated(failure: httpx.Response | Exception) -> None:
    platform = Platform(failure)
    with pytest.raises(ApiError, match="may have been sent"):
        platform.client.ask("1", b"door=open", 5)
    assert [request.method for request in platform.requests] == ["POST"]


def test_a_command_that_never_left_is_not_said_to_have_been_sent() -> None:
    with pytest.raises(ApiError, match="no connection") as raised:
        Platform(httpx.ConnectError("no way")).client.send("1", b"door=open")
    assert "may have been sent" not in str(raised.value)


def test_a_failure_after_sending_says_that_it_was_sent() -> None:
    platform = Platform(envelope({"cmd_uuid": "c-1"}), envelope(errno=1, error="internal"))
    with pytest.raises(ApiError, match=r"the command was sent, but then: .*internal"):
        platform.client.ask("1", b"door=open", 5)


def test_a_status_that_is_not_documented_ends_the_waiting() -> None:
    platform = Platform(envelope({"cmd_uuid": "c-1"}), envelope({"status": 3, "desc": "Send \x1b[31mfailed"}))
    state = platform.client.ask("1", b"x", 60)
    assert (state.reply, state.over, state.words) == (None, True, r"Send \u001b[31mfailed")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>log in to this Wi-Fi first</html>"),
        httpx.Response(302, headers={"Location": "https://elsewhere.example"}),
        httpx.Response(404, text="404 page not found"),
        httpx.Response(200, content=b"\xff\xfe\x00"),
        httpx.Response(200, text=""),
        httpx.Response(200, text="[]"),
        httpx.Response(200, text='{"errno": null}'),
        httpx.Response(200, text='{"errno": Infinity}'),
        httpx.Response(200, text="[" * 100_000),
        envelope(),
        envelope([]),
        envelope({"devices": None, "total_count": 1}),
        envelope({"devices": [DEVICE], "total_count": "many"}),
        envelope({"devices": [{"id": "1"}], "total_count": 1}),
        envelope({"devices": [DEVICE | {"online": "false"}], "total_count": 1}),
    ],
    ids=lambda answer: answer.content[:40].decode("latin-1"),
)
def test_what_is_not_the_platforms_answer_is_one_clear_error(answer: httpx.Response) -> None:
    with pytest.raises(ApiError, match=r"api\.example does not answer as OneNET does"):
        list(Platform(answer).client.devices())


def test_nor_is_what_is_not_packed_as_it_says() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))

    with pytest.raises(ApiError, match=r"api\.example does not answer in HTTP"):
        list(Platform(answer).client.devices())


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"datastreams": [{"id": "t", "datapoints": [{"value": 1}]}]},
        {"datastreams": [{"id": "t", "datapoints": 5}]},
        {"datastreams": {}, "cursor": {"a": []}},
    ],
)
def test_data_points_are_checked_too(data: Any) -> None:
    if data == {"datastreams": {}, "cursor": {"a": []}}:
        assert Platform(envelope(data)).client.history("1") == []
    else:
        with pytest.raises(ApiError, match="data points in another form"):
            Platform(envelope(data)).client.history("1")


@pytest.mark.parametrize("data", [None, 5, {"t": 1}, [5], [{"current_value": 5}]])
def test_so_are_data_streams(data: Any) -> None:
    with pytest.raises(ApiError, match="data streams in another form"):
        Platform(envelope(data)).client.latest("1")


def test_errors_are_one_line_without_escape_sequences_and_without_the_key() -> None:
    words = f"auth failed\n\x1b]0;owned\x07 for {KEY}" + "!" * 1000
    with pytest.raises(ApiError) as raised:
        Platform(envelope(errno=3, error=words)).client.device("1")
    told = str(raised.value)
    assert "errno 3" in told
    assert r"\u001b]0;owned\u0007 for ***" in told
    assert KEY not in told and "\x1b" not in told and "\n" not in told and len(told) < 400


def test_a_page_is_asked_for_after_the_other() -> None:
    def page(request: httpx.Request) -> httpx.Response:
        first = 100 * (int(request.url.params["page"]) - 1)
        some = [DEVICE | {"id": str(number)} for number in range(first, min(first + 100, 250))]
        return envelope({"total_count": 250, "devices": some})

    platform = Platform(page)
    assert [state.id for state in platform.client.devices()] == [str(number) for number in range(250)]
    assert len(platform.requests) == 3


def test_a_cursor_that_leads_in_a_circle_is_not_followed_for_ever() -> None:
    points = [{"id": "t", "datapoints": [{"at": "2026-01-31 12:00:00", "value": 1}]}]
    platform = Platform(envelope({"count": 1, "cursor": "again", "datastreams": points}))
    assert len(platform.client.history("1")) == 2
    assert platform.requests[1].url.params["cursor"] == "again"


def test_a_limit_beyond_a_page_is_asked_for_in_pages() -> None:
    def page(request: httpx.Request) -> httpx.Response:
        done = int(request.url.params.get("cursor", "0"))
        count = int(request.url.params["limit"])
        points = [{"at": f"{10**6 - done - i:07}", "value": done + i} for i in range(count)]
        data = {"count": count, "cursor": str(done + count), "datastreams": [{"id": "t", "datapoints": points}]}
        return envelope(data)

    platform = Platform(page)
    found = platform.client.history("1", limit=7000)
    assert [point.value for point in found] == list(range(6999, -1, -1))
    assert [request.url.params["limit"] for request in platform.requests] == ["6000", "1000"]


def test_a_reply_is_the_bytes_as_they_are_even_if_they_look_like_an_error() -> None:
    content = json.dumps({"errno": 3, "error": "a device may say that"}).encode()
    platform = Platform(
        envelope({"cmd_uuid": "c-1"}), envelope({"status": 4, "desc": "ok"}), httpx.Response(200, content=content)
    )
    assert platform.client.ask("1", b"x", 5).reply == content
    assert platform.requests[2].url.path == "/cmds/c-1/resp"


@pytest.mark.parametrize("uuid", ["../devices/1", "", "a?b", "x" * 65])
def test_a_uuid_that_is_none_is_not_put_into_a_path(uuid: str) -> None:
    platform = Platform(envelope({"cmd_uuid": uuid}))
    with pytest.raises(ApiError, match="uuid"):
        platform.client.ask("1", b"x", 5)
    assert len(platform.requests) == 1


@pytest.mark.parametrize("key", ["two words", "schlüssel", "line\nbreak"])
def test_a_key_that_can_be_none_is_not_sent_and_not_shown(key: str) -> None:
    with pytest.raises(ApiError, match="api-key has characters") as raised:
        Client("https://api.example", key)
    assert key not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["", "api.heclouds.com", "ftp://api.heclouds.com", "http://", "http://a:b:c", "http://user:hunter2@host"]
)
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ApiError, match=r"URL|http://HOST") as raised:
        Client(url, KEY)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "carrier-pigeon://127.0.0.1"])
def test_a_proxy_that_cannot_be_used(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ApiError, match="proxy in the environment"):
        Client("https://api.example", KEY)
    Client("http://127.0.0.1:8080", KEY)  # no proxy leads there
