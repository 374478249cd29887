"""The HTTP API, asked with httpx: its paths, its errors, its limits."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from console_client import DEVICE, dp, online, publish, raw_device
from http_client import Api
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin


@pytest.fixture
def api(console: RunningConsole) -> Iterator[Api]:
    it = Api(console, console.platform.master_key)
    yield it
    it.http.close()


@pytest.fixture
def history(api: Api, device: Device) -> Device:
    """A device with 250 points of a and b, one each second from 2020-01-01 00:00:00 on, and one of c."""
    streams = [
        {"id": name, "datapoints": [{"at": f"2020-01-01T00:{i // 60:02}:{i % 60:02}", "value": i} for i in range(250)]}
        for name in ("a", "b")
    ]
    streams.append({"id": "c", "datapoints": [{"at": "2019-12-31T23:59:59.5", "value": {"deep": ["x"]}}]})
    assert api.ask("POST", f"/devices/{device.id}/datapoints", {"datastreams": streams}) == (0, None)
    return device


def points(data: Any) -> dict[str, list[tuple[str, Any]]]:
    return {it["id"]: [(point["at"], point["value"]) for point in it["datapoints"]] for it in data["datastreams"]}


# Keys


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/devices"),
        ("POST", "/devices"),
        ("GET", f"/devices/{DEVICE}"),
        ("PUT", f"/devices/{DEVICE}"),
        ("DELETE", f"/devices/{DEVICE}"),
        ("GET", f"/devices/status?devIds={DEVICE}"),
        ("GET", f"/devices/datapoints?devIds={DEVICE}"),
        ("GET", f"/devices/{DEVICE}/datapoints"),
        ("POST", f"/devices/{DEVICE}/datapoints"),
        ("GET", f"/devices/{DEVICE}/datastreams"),
        ("GET", f"/devices/{DEVICE}/datastreams/a"),
        ("POST", f"/cmds?device_id={DEVICE}"),
        ("POST", "/mqtt?topic=a"),
    ],
)
def test_nothing_without_the_right_key(console: RunningConsole, device: Device, method: str, path: str) -> None:
    _, other = console.call(console.platform.register, "somebody else", "x")
    for key, errno, words in ((None, 2, "api-key is required"), ("wrong", 3, "auth failed"), (other, 3, "auth failed")):
        assert Api(console, key).ask(method, path, b"{}") == (errno, words)


def test_a_devices_own_key_is_for_its_own_things(console: RunningConsole, device: Device) -> None:
    own, key = console.call(console.platform.register, "own", "x")
    it = Api(console, key)
    assert it.ask("POST", f"/devices/{own.id}/datapoints", b'{"t":1}', type=3) == (0, None)
    assert it.get(f"/devices/{own.id}/datastreams")[0]["current_value"] == 1
    assert it.get("/devices/status", devIds=own.id)["devices"][0]["id"] == own.id
    uuid = it.ask("POST", "/cmds", b"x", device_id=own.id, timeout=60)[1]["cmd_uuid"]
    assert it.get(f"/cmds/{uuid}") == {"status": 1, "desc": "command created"}
    for path in (f"/devices/{device.id}", f"/devices/{device.id}/datapoints", "/devices"):
        assert it.ask("GET", path)[0] == 3
    assert it.ask("GET", "/devices/status", devIds=f"{own.id},{device.id}")[0] == 3
    assert it.ask("DELETE", f"/devices/{own.id}")[0] == 3


def test_devices_of_the_current_platform_are_not_known_here(api: Api, board: Device) -> None:
    assert board.id not in [device["id"] for device in api.get("/devices", per_page=100)["devices"]]
    assert api.get("/devices/status", devIds=board.id) == {"total_count": 0, "devices": []}
    own = f"/devices/{board.id}"
    for method, path, content in (
        ("GET", own, None),
        ("PUT", own, {"title": "x"}),
        ("DELETE", own, None),
        ("GET", f"{own}/datapoints", None),
        ("POST", f"/cmds?device_id={board.id}", b"x"),
    ):
        assert api.ask(method, path, content) == (8, f"device not found: {board.id}")


# Devices


def test_a_device(console: RunningConsole, api: Api) -> None:
    about = {"desc": "on the desk", "tags": ["china"], "location": {"lon": 106, "lat": 29}, "other": {"v": "1"}}
    errno, data = api.ask("POST", "/devices", {"title": "温度 1", "protocol": "MQTT", "auth_info": "sn-1", **about})
    assert errno == 0
    device_id = data["device_id"]
    device = api.get(f"/devices/{device_id}")
    assert device.pop("create_time")[:2] == "20"
    told = {"id": device_id, "title": "温度 1", "protocol": "MQTT", "online": False, "auth_info": "sn-1"}
    assert device == {**told, **about, "datastreams": []}
    with online(console, device_id, "sn-1") as it:
        it.send(publish("$dp", dp(3, '{"t":1}'), 1))
        it.receive("PUBACK")
        device = api.get(f"/devices/{device_id}")
        assert device["online"] is True
        assert [(stream["id"], stream["unit"]) for stream in device["datastreams"]] == [("t", "")]
        assert api.get("/devices/status", devIds=f"{device_id},1,{DEVICE}") == {
            "total_count": 2,
            "devices": [
                {"id": device_id, "title": "温度 1", "online": True},
                {"id": DEVICE, "title": "config.json.example", "online": False},
            ],
        }
        assert api.ask("PUT", f"/devices/{device_id}", {"title": "new", "desc": "there"}) == (0, None)
        changed = api.get(f"/devices/{device_id}")
        assert (changed["title"], changed["desc"], changed["tags"]) == ("new", "there", ["china"])
        assert api.ask("DELETE", f"/devices/{device_id}") == (0, None)
        assert it.is_closed()
    assert api.ask("GET", f"/devices/{device_id}") == (8, f"device not found: {device_id}")


def test_the_list_of_devices(api: Api, new_device: Callable[[str], Device]) -> None:
    made = [new_device(f"listed {i}") for i in range(5)]
    data = api.get("/devices", key_words="listed", per_page=2, page=2)
    assert (data["total_count"], data["page"], data["per_page"]) == (5, 2, 2)
    every = [
        it["id"]
        for page in (1, 2, 3)
        for it in api.get("/devices", key_words="listed", per_page=2, page=page)["devices"]
    ]
    assert sorted(every) == sorted(device.id for device in made)
    assert api.get("/devices", device_id=f"{made[0].id},{made[1].id},5")["total_count"] == 2
    assert api.get("/devices", auth_info=made[3].auth_info)["devices"][0]["id"] == made[3].id
    assert api.get("/devices", online="true")["total_count"] == 0


@pytest.mark.parametrize(
    ("content", "errno", "words"),
    [
        (b"", 9, "body is required"),
        (b"{", 4, "invalid JSON"),
        (b"[1]", 4, "must be an object"),
        (b'{"a":' * 5000, 4, "invalid JSON"),
        ({}, 7, "title is required"),
        ({"title": 5}, 6, "title: must be text"),
        ({"title": ""}, 6, "title: must be 1 to 64"),
        ({"title": "x" * 65}, 6, "title: must be 1 to 64"),
        ({"title": "x\x00"}, 6, "title: must be 1 to 64"),
        ({"title": "x", "auth_info": "136928831"}, 6, "invalid parameter: auth_info exists::136928831"),
        ({"title": "x", "auth_info": "x" * 513}, 6, "auth_info: must be 1 to 512"),
        ({"title": "x", "tags": "a"}, 6, "tags: must be list"),
        (b" " * 65536, 5, "body: at most 65535 bytes"),
    ],
)
def test_what_can_not_be_a_device(api: Api, content: Any, errno: int, words: str) -> None:
    got, error = api.ask("POST", "/devices", content)
    assert (got, words in error) == (errno, True), error


def test_a_device_registers_itself(console: RunningConsole) -> None:
    anybody, code = Api(console, None), console.platform.register_code
    errno, first = anybody.ask("POST", "/register_de", {"sn": "abc"}, register_code=code)
    assert errno == 0
    again: dict[str, Any] = {"content": {"sn": "abc", "title": "again"}, "register_code": code}
    assert anybody.ask("POST", "/register_de", **again) == (6, "invalid parameter: auth_info exists::abc")
    assert anybody.ask("POST", "/register_de", **again, allow_dup="false")[0] == 6
    assert anybody.ask("POST", "/register_de", **again, allow_dup="true") == (0, first)
    with raw_device(console) as it:
        assert it.log_in(first["device_id"], "458945", first["key"]) == 0
    assert console.call(console.platform.device, first["device_id"]).title == "auto_register"
    assert anybody.ask("POST", "/register_de", {"mac": "00:11:22:33:44:55"}, register_code=code)[0] == 0
    for content, given, errno in (
        ({"sn": "abc"}, "wrong", 3),
        ({"sn": "abc"}, "", 7),
        ({}, code, 7),
        ({"sn": ""}, code, 6),
        ({"sn": "x" * 513}, code, 6),
        ({"mac": "x" * 33}, code, 6),
        ({"sn": "x", "title": "x" * 33}, code, 6),
        ({"sn": "136928831"}, code, 6),  # the auth_info of another device
    ):
        assert anybody.ask("POST", "/register_de", content, register_code=given)[0] == errno


# Data points


def test_without_a_time_the_latest_of_each(api: Api, history: Device) -> None:
    path = f"/devices/{history.id}/datapoints"
    latest = "2020-01-01 00:04:09.000"
    data = api.get(path)
    assert data["count"] == 3
    assert points(data) == {
        "a": [(latest, 249)],
        "b": [(latest, 249)],
        "c": [("2019-12-31 23:59:59.500", {"deep": ["x"]})],
    }
    assert points(api.get(path, datastream_id="b,none")) == {"b": [(latest, 249)]}
    assert [value for _, value in points(api.get(path, datastream_id="a", limit=3))["a"]] == [249, 248, 247]
    assert api.get("/devices/datapoints", devIds=history.id)["devices"][0]["datastreams"][0] == {
        "id": "a", "at": latest, "value": 249
    }  # fmt: skip


def test_a_window_of_time(api: Api, history: Device) -> None:
    path = f"/devices/{history.id}/datapoints"

    def values(**params: Any) -> list[Any]:
        return [value for _, value in points(api.get(path, datastream_id="a", **params)).get("a", [])]

    assert values(start="2020-01-01T00:00:00") == list(range(100))
    assert values(start="2020-01-01T00:00:00", limit=6000) == list(range(250))
    assert values(start="2020-01-01T00:00:10", end="2020-01-01T00:00:13") == [10, 11, 12]
    assert values(start="2020-01-01T00:00:10", duration=3) == [10, 11, 12]
    assert values(end="2020-01-01T00:00:10", duration=3) == [9, 8, 7]
    assert values(end="2020-01-01T00:00:10", duration=3, sort="ASC") == [7, 8, 9]
    assert values(start="2020-01-01T00:00:00", sort="DESC", limit=3) == [249, 248, 247]
    assert values(duration=60) == []
    assert values(start="2021-01-01 00:00:00") == []
    assert api.get(path, start="2019-12-31T00:00:00", end="2020-01-01T00:00:01")["count"] == 3


@pytest.mark.parametrize("sort", ["ASC", "DESC"])
def test_a_cursor_leads_through_all_of_them(api: Api, history: Device, sort: str) -> None:
    path = f"/devices/{history.id}/datapoints"
    found: list[tuple[str, str, Any]] = []
    cursor = {}
    for _ in range(8):
        data = api.get(path, start="2019-01-01T00:00:00", limit=71, sort=sort, **cursor)
        found += [(name, at, json.dumps(value)) for name, all_of_it in points(data).items() for at, value in all_of_it]
        if "cursor" not in data:
            break
        assert data["count"] == 71
        cursor = {"cursor": data["cursor"]}
    assert "cursor" not in data
    assert len(found) == len(set(found)) == 501
    for name, count in (("a", 250), ("b", 250), ("c", 1)):
        times = [at for stream, at, _ in found if stream == name]
        assert len(times) == count
        assert times == sorted(times, reverse=sort == "DESC")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"limit": 0}, "limit: must be a number from 1 to 6000"),
        ({"limit": 6001}, "limit: must be"),
        ({"limit": "x"}, "limit: must be"),
        ({"limit": "1" * 5000}, "limit: must be"),
        ({"start": "yesterday"}, "start: must be like 2015-01-10T08:00:35"),
        ({"end": "2015-13-10T08:00:35"}, "end: must be like"),
        ({"duration": -1}, "duration: must be"),
        ({"duration": "9" * 15}, "duration: too long"),
        ({"sort": "UP"}, "sort: must be ASC or DESC"),
        ({"cursor": "nonsense"}, "cursor: must be one that came"),
    ],
)
def test_wrong_parameters_are_named(api: Api, history: Device, params: dict[str, Any], words: str) -> None:
    errno, error = api.ask("GET", f"/devices/{history.id}/datapoints", **params)
    assert (errno, words in error) == (6, True), error


@pytest.mark.parametrize(
    ("content", "kind", "errno"),
    [
        (b'{"t":1}', 3, 0),
        (b'{"t":{"2015-03-22T22:31:12":22.5}}', 4, 0),
        (b",;t,2015-03-22 22:31:12,22.5", 5, 0),
        (b'{"t":1}', 1, 4),
        (b'{"t":1}', 2, 6),
        (b'{"t":1}', 7, 6),
        (b"", 3, 9),
        (b'{"t":NaN}', 3, 4),
        (b"\xff", 3, 4),
        (b'{"t":"' + b"x" * 65536 + b'"}', 3, 5),
    ],
)
def test_data_points_over_http(api: Api, device: Device, content: bytes, kind: int, errno: int) -> None:
    assert api.ask("POST", f"/devices/{device.id}/datapoints", content, type=kind)[0] == errno
    assert len(api.get(f"/devices/{device.id}/datastreams")) == (not errno)


def test_streams(api: Api, history: Device) -> None:
    every = api.get(f"/devices/{history.id}/datastreams")
    assert [(it["id"], it["current_value"], it["update_at"]) for it in every] == [
        ("a", 249, "2020-01-01 00:04:09"),
        ("b", 249, "2020-01-01 00:04:09"),
        ("c", {"deep": ["x"]}, "2019-12-31 23:59:59"),
    ]
    assert api.get(f"/devices/{history.id}/datastreams", datastream_ids="b,x") == [every[1]]
    assert api.get(f"/devices/{history.id}/datastreams/b") == every[1]
    assert api.ask("GET", f"/devices/{history.id}/datastreams/x")[0] == 8


# Commands and messages


def test_a_command(console: RunningConsole, api: Api, device: Device) -> None:
    assert api.ask("POST", "/cmds", b"led=on", device_id=device.id) == (10, f"device not online: {device.id}")
    assert api.ask("POST", "/cmds", b"led=on", device_id="5") == (8, "device not found: 5")
    with online(console, device.id, device.auth_info) as it:
        errno, data = api.ask("POST", "/cmds", b"\x00\xff", device_id=device.id, qos=1)
        assert errno == 0
        uuid = data["cmd_uuid"]
        assert len(uuid) == 36
        assert it.receive("PUBLISH").topic == f"$creq/{uuid}"
        assert api.get(f"/cmds/{uuid}") == {"status": 2, "desc": "command sent"}
        assert api.ask("GET", f"/cmds/{uuid}/resp")[0] == 16
        it.send(publish(f"$crsp/{uuid}", b"<script>\x00\xff", 1))
        it.receive("PUBACK")
        assert api.get(f"/cmds/{uuid}")["status"] == 4
        response = api.http.get(f"/cmds/{uuid}/resp")
        assert response.content == b"<script>\x00\xff"
        assert response.headers["content-type"] == "application/octet-stream"
    assert api.ask("GET", "/cmds/none")[0] == 8
    assert api.ask("GET", "/cmds/none/resp")[0] == 8


@pytest.mark.parametrize(
    ("content", "params", "errno"),
    [
        (b"", {}, 9),
        (b"x" * 65535, {"timeout": 60}, 0),
        (b"x" * 65536, {"timeout": 60}, 5),
        (b"x", {"timeout": 2678400}, 0),
        (b"x", {"timeout": 2678401}, 6),
        (b"x", {"timeout": -1}, 6),
        (b"x", {"qos": 2}, 6),
        (b"x", {"device_id": ""}, 7),
    ],
)
def test_the_bounds_of_a_command(api: Api, device: Device, content: bytes, params: dict[str, Any], errno: int) -> None:
    assert api.ask("POST", "/cmds", content, **{"device_id": device.id, **params})[0] == errno


def test_a_message_to_a_topic(console: RunningConsole, api: Api, device: Device) -> None:
    with online(console, device.id, device.auth_info) as it:
        it.send(b"\x82\x08\x00\x01\x00\x03a/b\x00")
        it.receive("SUBACK")
        assert api.ask("POST", "/mqtt", b"\x00hello", topic="a/b") == (0, None)
        assert it.receive("PUBLISH").payload == b"\x00hello"
    for topic, errno in (("", 7), ("$dp", 6), ("a/#", 6), ("a" * 1025, 6)):
        assert api.ask("POST", "/mqtt", b"x", topic=topic)[0] == errno
    assert api.ask("POST", "/mqtt", b"", topic="a")[0] == 9


# Other web sites


def test_other_web_sites_are_kept_out(console: RunningConsole, api: Api) -> None:
    port = console.http_port

    def status(**headers: str) -> int:
        return api.http.get("/devices", headers=headers).status_code

    assert status() == 200
    for host in ("localhost", "127.0.0.1", "[::1]", "192.168.1.7", "api.heclouds.com"):
        assert status(host=f"{host}:{port}") == 200
        assert status(host=f"{host}:{port}", origin=f"http://{host}:{port}") == 200
    for host in ("evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example"):
        assert status(host=f"{host}:{port}") == 403
    for origin in ("http://evil.example", "null", "http://localhost:1", f"http://evil.example:{port}"):
        assert status(host=f"localhost:{port}", origin=origin) == 403
    assert api.http.get("/").headers["x-frame-options"] == "DENY"
    socket = f"ws://localhost:{port}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(InvalidStatus, match="403"):
        connect(socket, origin=Origin("http://evil.example"))


def test_what_is_not_there_is_no_fault_of_the_servers(console: RunningConsole, api: Api) -> None:
    for method, path, words in (
        ("GET", "/none", "no such call: GET /none"),
        ("DELETE", "/cmds", "no such call: DELETE /cmds; there is POST /cmds"),
        ("PUT", "/mqtt", "no such call: PUT /mqtt; there is POST /mqtt"),
        ("PATCH", "/devices/1", "no such call: PATCH /devices/1; there is DELETE, GET, PUT /devices/1"),
        ("PATCH", "/", "no such call: PATCH /"),
        ("GET", "/openapi.json", "no such call: GET /openapi.json"),
    ):
        errno, error = api.ask(method, path)
        assert (errno, error.split(";")[0]) == (8, words.split(";")[0])
        assert words in error
    for method, path in (("PUT", "/device/create"), ("DELETE", "/thingmodel/none"), ("GET", "/datapoint/none")):
        answer = httpx.request(method, console.url + path)
        assert answer.status_code == 200
        assert (answer.json()["code"], answer.json()["msg"][:13]) == (10001, "no such call:")
    page = httpx.get(f"{console.url}/none")
    assert (page.status_code, page.headers["content-type"][:9]) == (404, "text/html")
