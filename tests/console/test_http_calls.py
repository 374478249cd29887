"""The calls of the HTTP API beside those for devices, points and commands: streams, files, keys, topics."""

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import httpx
import pytest
from console_client import PRODUCT, dp, online, publish, raw_device, until
from http_client import Api
from onenet_tools.console import file_table
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from studio_client import make_token


@pytest.fixture
def api(console: RunningConsole) -> Iterator[Api]:
    it = Api(console, console.platform.master_key)
    yield it
    it.http.close()


def test_a_stream_is_made_described_and_removed(console: RunningConsole, api: Api, device: Device) -> None:
    path = f"/devices/{device.id}/datastreams"
    errno, data = api.ask("POST", path, {"id": "speed", "tags": ["mobile"], "unit": "meter", "unit_symbol": "m"})
    assert (errno, list(data), len(data["ds_uuid"])) == (0, ["ds_uuid"], 36)
    assert api.ask("POST", path, {"id": "speed"}) == (11, "datastream exists: speed")
    for body, errno in (({}, 7), ({"id": ""}, 6), ({"id": "x" * 257}, 6), ({"id": "a", "tags": "x"}, 6)):
        assert api.ask("POST", path, body)[0] == errno
    made = api.get(f"{path}/speed")
    assert (made["unit"], made["unit_symbol"], "current_value" in made) == ("meter", "m", False)
    assert api.ask("PUT", f"{path}/speed", {"unit_symbol": "m/s"}) == (0, None)
    assert api.ask("PUT", f"{path}/none", {"unit": "x"}) == (8, "datastream not found: none")
    api.ask("POST", f"/devices/{device.id}/datapoints", b'{"speed":5,"a/b":1}', type=3)
    made = api.get(f"{path}/speed")
    assert (made["unit"], made["unit_symbol"], made["current_value"]) == ("meter", "m/s", 5)
    assert api.get(f"/devices/{device.id}")["datastreams"][1]["unit_symbol"] == "m/s"
    for name in ("speed", "a/b"):
        assert api.ask("DELETE", f"{path}/{name}") == (0, None)
    assert api.get(path) == []
    assert api.get(f"/devices/{device.id}/datapoints")["count"] == 0
    with online(console, device.id, device.auth_info) as it:  # and it may begin anew
        it.send(publish("$dp", dp(3, '{"speed":6}'), 1))
        it.receive("PUBACK")
    assert [(stream["id"], stream["unit"]) for stream in api.get(path)] == [("speed", "")]


def test_points_are_removed(api: Api, device: Device) -> None:
    path = f"/devices/{device.id}/datapoints"
    streams = [
        {"id": name, "datapoints": [{"at": f"2020-01-01T00:00:{i:02}", "value": i} for i in range(10)]}
        for name in ("a", "b")
    ]
    api.ask("POST", path, {"datastreams": streams})
    assert api.ask("DELETE", path) == (7, "datastream_id, start or end is required")

    def left(name: str) -> list[int]:
        found = api.get(path, start="2019-01-01T00:00:00", datastream_id=name)["datastreams"]
        return [point["value"] for stream in found for point in stream["datapoints"]]

    assert api.ask("DELETE", path, datastream_id="a", start="2020-01-01T00:00:03", duration=4) == (0, None)
    assert (left("a"), left("b")) == ([0, 1, 2, 7, 8, 9], list(range(10)))
    assert api.ask("DELETE", path, start="2020-01-01T00:00:08") == (0, None)
    assert (left("a"), left("b")) == ([0, 1, 2, 7], list(range(8)))
    assert [stream["current_value"] for stream in api.get(f"/devices/{device.id}/datastreams")] == [7, 7]
    assert api.ask("DELETE", path, datastream_id="a") == (0, None)
    streams = api.get(f"/devices/{device.id}/datastreams")
    assert [(stream["id"], stream.get("current_value")) for stream in streams] == [("a", None), ("b", 7)]


def test_binary_data(console: RunningConsole, api: Api, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_table, "FILES_KEPT", 3)
    where = {"device_id": device.id, "datastream_id": "pic"}
    assert api.ask("POST", "/bindata", b"x", **where) == (8, "datastream not found: pic")
    api.ask("POST", f"/devices/{device.id}/datastreams", {"id": "pic"})
    errno, data = api.ask("POST", "/bindata", b"<script>\x00\xff", **where, desc="a picture")
    assert errno == 0
    index = data["index"]
    assert index.startswith(f"{device.id}_")
    assert index.endswith("_pic")
    read = api.http.get(f"/bindata/{index}")
    assert (read.content, read.headers["content-type"]) == (b"<script>\x00\xff", "application/octet-stream")
    assert api.get(f"/devices/{device.id}/datastreams/pic")["current_value"] == {"index": index}
    with online(console, device.id, device.auth_info) as it:
        for i in range(3):
            it.send(publish("$dp", b'\x02\x00\x0f{"ds_id":"pic"}\0\0\0\3\xff\xd8%c' % i, 1))
            it.receive("PUBACK")
            found = api.get(f"/devices/{device.id}/datastreams/pic")["current_value"]["index"]
            assert api.http.get(f"/bindata/{found}").content == b"\xff\xd8%c" % i
    assert api.ask("GET", f"/bindata/{index}") == (8, f"binary data not found: {index}")  # the oldest
    assert api.ask("POST", "/bindata", b"x" * 819_200, **where)[0] == 0
    assert api.ask("POST", "/bindata", b"x" * 819_201, **where)[0] == 5
    assert api.ask("POST", "/bindata", b"x", device_id=device.id)[0] == 7
    _, other = console.call(console.platform.register, "somebody else's", "x")
    assert Api(console, other).ask("GET", f"/bindata/{found}") == (3, "auth failed")


def test_devices_are_found_by_tag_and_day(api: Api) -> None:
    for tags in (["china", "mobile"], ["china"]):
        api.ask("POST", "/devices", {"title": f"with {len(tags)} tags", "tags": tags, "private": False})
    every = api.get("/devices", tag="china")
    assert every["total_count"] == 2
    assert api.get("/devices", tag="china,mobile")["total_count"] == 1
    assert api.get("/devices", tag="none")["total_count"] == 0
    assert api.get("/devices", private="false", key_words="with ")["total_count"] == 2
    today = every["devices"][0]["create_time"][:10]
    assert api.get("/devices", begin=today, end=today, tag="china")["total_count"] == 2
    assert api.get("/devices", end="2020-01-01")["total_count"] == 0
    assert api.get("/devices", begin="2099-01-01")["total_count"] == 0
    assert api.ask("GET", "/devices", begin="yesterday") == (6, "begin: must be like 2016-06-20")


def test_a_registered_device_describes_itself(console: RunningConsole, api: Api) -> None:
    anybody, code = Api(console, None), console.platform.register_code
    device_id = anybody.ask("POST", "/register_de", {"sn": "77"}, register_code=code)[1]["device_id"]
    said = {"sn": "77", "title": "on the roof", "tags": ["roof"], "location": {"lon": 106, "lat": 29}}
    assert anybody.ask("PUT", "/register_attr", said, register_code=code) == (0, None)
    device = api.get(f"/devices/{device_id}")
    assert (device["title"], device["tags"], device["location"]) == ("on the roof", ["roof"], {"lon": 106, "lat": 29})
    assert anybody.ask("PUT", "/register_attr", {"sn": "none"}, register_code=code)[0] == 8
    assert anybody.ask("PUT", "/register_attr", said, register_code="wrong")[0] == 3


def test_keys(console: RunningConsole, api: Api, device: Device) -> None:
    def made(permissions: Any, **more: Any) -> str:
        errno, data = api.ask("POST", "/keys", {"title": "a key", "permissions": permissions, **more})
        assert errno == 0, data
        return str(data["key"])

    resource = {"dev_id": device.id}
    path = f"/devices/{device.id}/datapoints"
    api.ask("POST", path, b'{"a":1,"b":2}', type=3)
    whole = Api(console, made([{"resources": [resource], "access_methods": ["get", "post"]}]))
    assert whole.ask("GET", path)[0] == whole.ask("POST", path, b'{"a":1}', type=3)[0] == 0
    assert whole.ask("PUT", f"/devices/{device.id}", {"title": "x"})[0] == 3
    some = Api(console, made([{"resources": [{**resource, "ds_id": "a"}]}], access_methods=["get"]))
    assert some.get(path, datastream_id="a")["count"] == 1
    for params in ({}, {"datastream_id": "a,b"}, {"datastream_id": "b"}):
        assert some.ask("GET", path, **params)[0] == 3
    assert some.ask("GET", "/devices")[0] == 3
    none = Api(console, made([{"resources": [resource]}]))  # without access_methods it may do nothing
    assert none.ask("GET", path)[0] == 3
    sdk = Api(console, made([{"resources": [resource]}, {"access_methods": ["get"]}]))  # as Python's SDK writes it
    assert sdk.ask("GET", path)[0] == 0

    key = whole.http.headers["api-key"]
    (shown,) = api.get("/keys", key=key)["keys"]
    assert list(shown) == ["title", "create_time", "key", "permissions"]
    assert shown["permissions"] == [{"access_methods": ["get", "post"], "resources": [resource]}]
    assert api.get("/keys", device_id=device.id)["total_count"] == 4
    with raw_device(console) as it:
        assert it.log_in(device.id, PRODUCT, key) == 0
    assert api.ask("PUT", f"/keys/{key}", {"title": "new", "permissions": [{"resources": [resource]}]}) == (
        0,
        {"key": key},
    )
    assert whole.ask("GET", path)[0] == 3
    assert api.ask("DELETE", f"/keys/{key}") == (0, None)
    assert api.ask("DELETE", f"/keys/{key}") == (8, "api-key not found")
    for body in ({"title": "x", "permissions": {}}, {"title": "x", "permissions": [{"resources": [{}]}]}):
        assert api.ask("POST", "/keys", body)[0] == 6
    assert whole.ask("POST", "/keys", {"title": "x", "permissions": []})[0] == 3


def test_topics(console: RunningConsole, api: Api, device: Device) -> None:
    assert api.ask("POST", "/mqtt/topic", {"name": "topic/test/01"}) == (0, None)
    assert api.ask("POST", "/mqtt/topic", {"name": "topic/test/01"})[0] == 12
    assert api.ask("POST", "/mqtt/topic", {"name": "a/#"})[0] == 6
    with online(console, device.id, device.auth_info) as it:
        it.send(b"\x82\x08\x00\x01\x00\x03a/b\x00")
        it.receive("SUBACK")
        assert {"topic/test/01", "a/b"} <= set(api.get("/mqtt/topic", per_page=1000)["topics"])
        assert api.get(f"{console.url}//mqtt/topic_device", topic="a/b", page=1, per_page=100) == {
            "per_page": 100,
            "devices": [int(device.id)],
            "total_count": 1,
            "page": 1,
        }
    until(lambda: api.get("/mqtt/topic_device", topic="a/b")["devices"] == [])
    assert api.ask("DELETE", "/mqtt/topic", name="topic/test/01") == (0, None)
    assert api.ask("DELETE", "/mqtt/topic", name="topic/test/01") == (8, "topic not found: topic/test/01")


def test_a_command_that_is_waited_for(
    console: RunningConsole, api: Api, device: Device, beside: Callable[..., "Future[Any]"]
) -> None:
    def command(content: bytes, **params: Any) -> Any:
        params = {"device_id": device.id, "timeout": "5", **params}
        return api.http.post("/v1/synccmds", params=params, content=content, timeout=60).json()

    assert command(b"x", device_id="1") == {"errno": 12, "error": "device not found"}
    assert command(b"x") == {"errno": 13, "error": "device not online"}
    with online(console, device.id, device.auth_info) as it:
        asking = beside(command, b"led=on\xff")
        got = it.receive("PUBLISH")
        assert got.payload == b"led=on\xff"
        uuid = got.topic.removeprefix("$crsp/").removeprefix("$creq/")
        it.send(publish(f"$crsp/{uuid}", b"x" * 1024))  # too long, so that nobody has replied yet
        it.send(publish(f"$crsp/{uuid}", b"\x00done"))
        done = base64.b64encode(b"\x00done").decode()
        assert asking.result() == {"errno": 0, "error": "success", "data": {"cmd_uuid": uuid, "cmd_resp": done}}
        assert api.get(f"/cmds/{uuid}")["status"] == 4
        assert command(b"nobody answers") == {"errno": 14, "error": "cmd response timeout"}
    for params, errno in (({"timeout": 4}, 6), ({"timeout": 31}, 6), ({"timeout": ""}, 7), ({"device_id": ""}, 7)):
        assert command(b"x", **params)["errno"] == errno
    assert (command(b"")["errno"], command(b"x" * 1024)["errno"]) == (9, 5)
    _, other = console.call(console.platform.register, "another's", "x")
    assert Api(console, other).ask("POST", "/v1/synccmds", b"x", device_id=device.id, timeout=5) == (3, "auth failed")


def test_a_token_in_place_of_the_key(console: RunningConsole, device: Device) -> None:
    product, key = console.platform.product_id, console.platform.master_key

    def asked(token: str, path: str = f"/devices/{device.id}") -> Any:
        return httpx.get(console.url + path, headers={"Authorization": token}).json()

    whole = make_token(key, f"products/{product}", method="sha1")
    assert asked(whole)["data"]["id"] == device.id and asked(whole, "/devices")["errno"] == 0
    own = console.call(console.platform.store.credentials, device.id).api_key
    of_device = make_token(own, f"products/{product}/devices/{device.id}")
    assert asked(of_device)["data"]["id"] == device.id
    assert asked(of_device, "/devices") == {"errno": 3, "error": "auth failed"}
    for token, words in (
        (make_token(key, f"products/{product}", 1), "token, et: 1 was 1970-01-01"),
        (make_token(key, "products/1"), f"token, res: 'products/1' must be products/{product}"),
        (make_token(own, f"products/{product}"), "token, sign: is not made with the product's key"),
        (make_token(key, f"products/{product}/devices/{device.id}"), "token, sign: is made with the product's key"),
        (key, "token: has no version"),
    ):
        answer = asked(token)
        assert answer["errno"] == 3 and answer["error"].startswith(f"auth failed: {words}"), answer


def test_the_history_of_commands(api: Api, device: Device) -> None:
    path = f"/cmds/history/{device.id}"
    for i in range(3):
        api.ask("POST", "/cmds", b"%d" % i, device_id=device.id, timeout=60)
    found = api.get(path, start="2020-01-01T00:00:00", per_page=2)
    assert (found["total_count"], [bytes.fromhex(item["body"]) for item in found["items"]]) == (3, [b"2", b"1"])
    assert "send_time" not in found["items"][0]
    assert api.get(path, start="2099-01-01T00:00:00")["total_count"] == 0
    assert api.ask("GET", path) == (7, "start is required")


def test_a_devices_own_key_describes_the_device(console: RunningConsole) -> None:
    own, key = console.call(console.platform.register, "describes itself", "x")
    it = Api(console, key)
    assert it.ask("PUT", f"/devices/{own.id}", {"desc": "x"}) == (0, None)
    assert it.ask("POST", f"/devices/{own.id}/datastreams", {"id": "t", "unit": "K"})[0] == 0
    assert json.loads(it.http.get(f"/devices/{own.id}").text)["data"]["desc"] == "x"
    assert it.ask("POST", "/mqtt", b"x", topic="a")[0] == 3


def test_binary_data_that_come_at_once_are_kept_apart(console: RunningConsole, api: Api, device: Device) -> None:
    payloads = [b'\x02\x00\x0f{"ds_id":"pic"}\0\0\0\1%c' % i for i in range(20)]
    with online(console, device.id, device.auth_info) as it:
        it.send(b"".join(publish("$dp", payload, 1, i + 1) for i, payload in enumerate(payloads)))
        for _ in payloads:
            it.receive("PUBACK")
    points = console.call(console.platform.points, device.id, "pic")
    found = [api.http.get(f"/bindata/{point.value['index']}").content for point in points]
    assert found == [b"%c" % i for i in range(20)]
