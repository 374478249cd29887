"""Triggers tell a web hook, or the console, of data points that somebody waits for."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest
from console_client import notes, until
from http_client import Api
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device, TriggerFired

PATIENCE = 60.0


class Hook:
    """A web hook."""

    def __init__(self) -> None:
        self.told: Queue[Any] = Queue()
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    it = Hook()
    yield it
    it.close()


@pytest.fixture
def api(console: RunningConsole) -> Iterator[Api]:
    it = Api(console, console.platform.master_key)
    yield it
    it.http.close()


def measure(api: Api, device: Device, *values: Any) -> None:
    for value in values:
        assert api.ask("POST", f"/devices/{device.id}/datapoints", {"t": value}, type=3) == (0, None)


def told(hook: Hook, count: int) -> list[Any]:
    """The values of so many messages; no more may come."""
    values = [hook.told.get(timeout=PATIENCE)["current_data"][0]["value"] for _ in range(count)]
    with pytest.raises(Empty):
        hook.told.get(timeout=0.2)
    return sorted(values)  # several hooks are called at once


def test_the_calls(api: Api, device: Device) -> None:
    said = {"title": "hot", "ds_id": "t", "url": "http://127.0.0.1:9/", "type": ">", "threshold": 30}
    errno, data = api.ask("POST", "/triggers", {**said, "dev_ids": [device.id]})
    assert errno == 0
    path = f"/triggers/{data['trigger_id']}"
    found = api.get(path)
    assert list(found) == ["create_time", "dev_ids", "threshold", "id", "title", "type", "ds_id", "url"]
    assert (found["dev_ids"], found["threshold"], found["id"]) == ([device.id], 30, data["trigger_id"])
    assert api.ask("PUT", path, {"ds_id": "t", "threshold": 40}) == (0, None)
    assert api.get(path)["threshold"] == 40
    assert found["id"] in [it["id"] for it in api.get("/triggers")["triggers"]]
    assert api.ask("DELETE", path) == (0, None)
    assert api.ask("GET", path)[0] == 8
    assert api.ask("GET", "/triggers/x")[0] == 8
    for wrong, errno in (
        ({"title": ""}, 6),
        ({"type": "is"}, 6),
        ({"threshold": "30"}, 6),
        ({"threshold": True}, 6),
        ({"type": "inout"}, 6),
        ({"type": "frozen", "threshold": 0}, 6),
        ({"url": "file:///etc/passwd"}, 6),
        ({"url": "local:9"}, 6),
        ({"dev_ids": device.id}, 6),
    ):
        assert api.ask("POST", "/triggers", {**said, **wrong})[0] == errno, wrong
    assert api.ask("POST", "/triggers", {"title": "x"})[0] == 7


@pytest.mark.parametrize(
    ("kind", "threshold", "values", "fires"),
    [
        (">", 30, [30, 31, "32", "text", True, 29], [31, "32"]),
        ("<", 30, [30, 31, 29], [29]),
        (">=", 30, [29, 30, 31], [30, 31]),
        ("<=", 30, [30, 31, 29], [29, 30]),
        ("inout", {"lolmt": 40, "uplmt": 52}, [39, 40, 52, 53, 54], [40, 53]),
        ("change", None, [1, 1, 2, 2], [2]),
    ],
)
def test_a_web_hook_is_told(
    api: Api, device: Device, hook: Hook, kind: str, threshold: Any, values: list[Any], fires: list[Any]
) -> None:
    said = {"title": "x", "ds_id": "t", "url": hook.url, "type": kind, "threshold": threshold, "dev_ids": [device.id]}
    number = api.ask("POST", "/triggers", said)[1]["trigger_id"]
    measure(api, device, *values)
    got = [hook.told.get(timeout=PATIENCE) for _ in fires]
    assert sorted((it["current_data"][0]["value"] for it in got), key=str) == sorted(fires, key=str)
    assert got[0]["trigger"] == {"id": number, "threshold": threshold, "type": kind}
    (current,) = got[0]["current_data"]
    assert (current["dev_id"], current["ds_id"], current["at"][-1]) == (device.id, "t", "Z")
    with pytest.raises(Empty):
        hook.told.get(timeout=0.2)
    api.ask("DELETE", f"/triggers/{number}")


def test_silence_and_its_end(api: Api, device: Device, hook: Hook) -> None:
    said = {"title": "x", "ds_id": "t", "url": hook.url, "threshold": 0.5, "dev_ids": [device.id]}
    numbers = [api.ask("POST", "/triggers", {**said, "type": kind})[1]["trigger_id"] for kind in ("frozen", "live")]
    measure(api, device, 1)
    assert hook.told.get(timeout=PATIENCE)["trigger"]["type"] == "frozen"
    measure(api, device, 2)
    assert hook.told.get(timeout=PATIENCE)["trigger"]["type"] == "live"
    for number in numbers:
        api.ask("DELETE", f"/triggers/{number}")


def test_the_console_alone_is_told_and_a_hook_that_fails_is_noted(
    console: RunningConsole, api: Api, device: Device, hook: Hook
) -> None:
    heard: list[Any] = []
    end = console.call(console.platform.listen, heard.append)
    hook.close()
    for url in ("local", hook.url):
        said = {"title": "hot", "ds_id": "t", "url": url, "type": ">", "threshold": 30, "dev_ids": [device.id]}
        assert api.ask("POST", "/triggers", said)[0] == 0
    measure(api, device, 31)
    until(lambda: len([it for it in heard if isinstance(it, TriggerFired)]) == 2, patience=PATIENCE)
    fired = next(it for it in heard if isinstance(it, TriggerFired))
    assert (fired.device_id, fired.title, fired.stream, fired.value) == (device.id, "hot", "t", 31)

    def noted(words: str) -> bool:
        return any(words in note for note in notes(console, device.id))

    until(lambda: noted("(hot): t is 31") and noted(f"not told to {hook.url}"), patience=PATIENCE)
    console.call(end)
