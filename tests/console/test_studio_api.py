"""The HTTP API of the current platform: its calls, their codes, and devices that answer, late or not at all."""

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from console_client import notes, until
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import CommandStatus, Device
from onenet_tools.console.studio import things
from onenet_tools.console.studio.products import Protocol
from studio_client import ThingDevice, device_token, make_token, thing_online

ALL = "thing/#"
MODEL = Path(__file__).with_name("thing_model.json").read_text(encoding="utf-8")


class Api:
    """The calls of somebody with a token, about a device."""

    def __init__(self, console: RunningConsole, device: Device, token: str) -> None:
        self.http = httpx.Client(base_url=console.url, headers={"authorization": token}, timeout=30)
        self._device = device

    def ask(self, method: str, path: str, **values: Any) -> tuple[int, Any]:
        """Code, and data or msg."""
        values = {"product_id": self._device.product_id, "device_name": self._device.name, **values}
        response = self.http.request(method, path, **{"params" if method == "GET" else "json": values})
        return self.opened(response)

    @staticmethod
    def opened(response: httpx.Response) -> tuple[int, Any]:
        assert response.status_code == 200
        envelope = response.json()
        assert len(envelope["request_id"]) == 32
        if envelope["code"]:
            assert "data" not in envelope
            return envelope["code"], envelope["msg"]
        assert envelope["msg"] == "succ"
        return 0, envelope.get("data")

    def get(self, path: str, **values: Any) -> Any:
        """The data of a call that is to succeed."""
        code, data = self.ask("GET", path, **values)
        assert code == 0, data
        return data

    def post(self, path: str, **values: Any) -> Any:
        code, data = self.ask("POST", path, **values)
        assert code == 0, data
        return data


@pytest.fixture
def account_token(console: RunningConsole) -> str:
    account = console.call(console.platform.studio.products.account)
    return make_token(account.user_key, f"userid/{account.user_id}", version="2022-05-01", method="sha1")


@pytest.fixture
def api(console: RunningConsole, board: Device, account_token: str) -> Iterator[Api]:
    it = Api(console, board, account_token)
    yield it
    it.http.close()


@pytest.fixture
def modelled(console: RunningConsole, board: Device) -> Device:
    """The board, once its product has a thing model."""
    console.call(console.platform.studio.load_model, board.product_id, MODEL)
    return board


@pytest.fixture
def beside() -> Iterator[Callable[..., "Future[Any]"]]:
    """Runs a call while the test plays the device."""
    with ThreadPoolExecutor(4) as pool:
        yield pool.submit


def reply(it: ThingDevice, rest: str, **more: Any) -> Any:
    """Answers what the platform asks on this topic; returns its params."""
    topic, asked = it.hear()
    assert (topic, asked["version"]) == (rest, "1.0") and asked["id"].isdigit() and len(asked["id"]) <= 13
    it.say(f"{rest}_reply", {"id": asked["id"], "code": 200, "msg": "success", **more})
    return asked["params"]


# Who may


def test_whose_token_opens_what(console: RunningConsole, board: Device, account_token: str) -> None:
    product = console.call(console.platform.studio.products.find, board.product_id)
    other = console.call(console.platform.studio.add_product)
    res = f"products/{product.id}"
    read, write = ("GET", "/device/detail"), ("POST", "/thingmodel/set-device-desired-property")
    for token, may_read, may_write in (
        (account_token, True, True),
        (make_token(product.access_key, res, version="2022-05-01"), True, True),
        (make_token(product.access_key, res), True, True),
        (device_token(board), True, False),
        (device_token(board, version="2022-05-01"), False, False),
        (make_token(other.access_key, f"products/{other.id}", version="2022-05-01"), False, False),
        (make_token(other.access_key, res, version="2022-05-01"), False, False),
        (make_token(product.access_key, res, 1700000000, version="2022-05-01"), False, False),
        (make_token(product.access_key, "userid/123456", version="2022-05-01"), False, False),
        (product.access_key, False, False),
        (board.auth_info, False, False),
        (console.platform.master_key, False, False),
        ("", False, False),
    ):
        api = Api(console, board, token)
        for (method, path), allowed in ((read, may_read), (write, may_write)):
            code, answer = api.ask(method, path, params={"on": True})
            assert code == (0 if allowed else 10403), (token, path)
            assert allowed or answer.startswith("authentication failed:invalid authorization")
            assert product.access_key not in str(answer) and (allowed or board.auth_info not in str(answer))
        api.http.close()


def test_nobody_learns_which_products_there_are(console: RunningConsole, board: Device) -> None:
    api = Api(console, board, make_token(board.auth_info, "products/noSuchProduct1", version="2022-05-01"))
    assert api.ask("GET", "/product/detail", product_id="noSuchProduct1")[0] == 10403


@pytest.mark.parametrize(
    ("method", "path", "values", "code"),
    [
        ("GET", "/device/detail", {"device_name": "nobody"}, 10410),
        ("GET", "/device/detail", {"product_id": "noSuchProduct1"}, 10408),
        ("GET", "/device/detail", {"product_id": None}, 10001),
        ("GET", "/device/list", {"limit": 101}, 10001),
        ("GET", "/device/list", {"limit": 0}, 10001),
        ("GET", "/device/list", {"offset": "x"}, 10001),
        ("POST", "/device/create", {"device_name": "board1"}, 10406),
        ("POST", "/device/create", {"device_name": "a/b"}, 10001),
        ("POST", "/device/update", {"desc": ""}, 10001),
        ("POST", "/device/update", {"desc": "x" * 65}, 10001),
        ("GET", "/device/event-log", {}, 10001),
        ("GET", "/thingmodel/query-device-property-history", {"identifier": "t"}, 10001),
        ("GET", "/thingmodel/query-thing-model", {}, 10417),
        ("POST", "/thingmodel/set-device-property", {"params": {"on": True}}, 10421),
        ("POST", "/thingmodel/set-device-property", {"params": []}, 10001),
        ("POST", "/thingmodel/set-device-property", {"params": {}}, 10001),
        ("POST", "/thingmodel/query-device-property-detail", {"params": ["on"]}, 10421),
        ("POST", "/thingmodel/query-device-property-detail", {"params": "on"}, 10001),
        ("POST", "/thingmodel/call-service", {"identifier": "s", "params": {}}, 10421),
        ("POST", "/thingmodel/call-service", {"identifier": "s/x", "params": {}}, 10001),
        ("POST", "/thingmodel/call-service", {"identifier": "s", "params": 1}, 10001),
        ("POST", "/thingmodel/query-device-desired-property", {"params": {}}, 10001),
    ],
)
def test_codes(api: Api, method: str, path: str, values: dict[str, Any], code: int) -> None:
    assert api.ask(method, path, **values)[0] == code


def test_what_is_no_json(api: Api) -> None:
    for content in (b"", b"no JSON", b"[]", b"\xff"):
        response = api.http.post("/device/create", content=content)
        assert api.opened(response)[0] == 10001


# Devices


def test_devices(console: RunningConsole, api: Api, board: Device) -> None:
    made = api.post("/device/create", device_name="board2")
    assert base64.b64decode(made["sec_key"])
    two = console.call(console.platform.studio.device, board.product_id, "board2")
    assert two.auth_info == made["sec_key"]
    assert api.get("/device/detail", device_name="board2")["status"] == 2
    with thing_online(console, two):
        listed = api.get("/device/list", device_name="", limit=100)["list"]
        assert [(it["name"], it["status"]) for it in listed] == [("board1", 2), ("board2", 1)]
    until(lambda: api.get("/device/detail", device_name="board2")["status"] == 0)
    assert [it["name"] for it in api.get("/device/list", device_name="", offset=1)["list"]] == ["board2"]
    assert [it["name"] for it in api.get("/device/list", device_name="board1")["list"]] == ["board1"]
    api.post("/device/update", device_name="board2", desc="by the window")
    assert api.get("/device/detail", device_name="board2")["desc"] == "by the window"
    assert api.post("/device/reset-seckey", device_name="board2")["sec_key"] != made["sec_key"]
    api.post("/device/delete", device_name="board2")
    assert api.ask("GET", "/device/detail", device_name="board2")[0] == 10410


def test_the_product_and_its_model(console: RunningConsole, api: Api, modelled: Device) -> None:
    assert api.get("/product/detail")["data_protocol"] == "onejson"
    assert api.get("/thingmodel/query-thing-model") == json.loads(MODEL)


# Properties


def test_values_are_json_in_text(console: RunningConsole, api: Api, board: Device) -> None:
    assert api.get("/thingmodel/query-device-property") == []
    with thing_online(console, board, ALL) as it:
        params = {"on": True, "n": 40, "f": 2.5, "s": "text", "o": {"x": 1}, "a": [1]}
        it.ask("thing/property/post", {name: {"value": each, "time": 1706673129818} for name, each in params.items()})
    found = {it["identifier"]: it for it in api.get("/thingmodel/query-device-property")}
    assert {name: (it["value"], it["data_type"]) for name, it in found.items()} == {
        "on": ("true", "bool"),
        "n": ("40", "int32"),
        "f": ("2.5", "double"),
        "s": ('"text"', "string"),
        "o": ('{"x":1}', "struct"),
        "a": ("[1]", "array"),
    }
    assert found["on"]["time"] == 1706673129818 and found["on"]["access_mode"] == "读写"


def test_with_a_model_all_properties_are_listed_and_checked(
    console: RunningConsole, api: Api, modelled: Device
) -> None:
    with thing_online(console, modelled, ALL) as it:
        assert it.ask("thing/property/post", {"temp": {"value": 25}, "mode": {"value": 2}})["code"] == 200
        for identifier, wrong in (
            ("temp", "25"),
            ("temp", 86),
            ("temp", -41),
            ("temp", True),
            ("level", 2.5),
            ("level", 1 << 31),
            ("lamp", 1),
            ("mode", 3),
            ("mode", "1"),
            ("label", "12345678901"),
            ("label", "温度温度"),
            ("label", 5),
            ("place", {"x": 1, "z": 2}),
            ("place", {"x": "1"}),
            ("place", 1),
            ("curve", [1, 2, 3, 4]),
            ("curve", [10]),
            ("curve", 1),
            ("bits", 16),
            ("born", "today"),
            ("none", 1),
        ):
            answer = it.ask("thing/property/post", {"temp": {"value": 30}, identifier: {"value": wrong}})
            assert answer["code"] == 100 and f"identifier: {identifier}, error: " in answer["msg"], (identifier, wrong)
        right = {"place": {"x": 1, "y": 2.5}, "curve": [1, 2, 9], "bits": 15, "born": "1706673129818", "odd": [None]}
        right |= {"label": "1234567890", "lamp": False, "level": 100}
        assert it.ask("thing/property/post", {name: {"value": each} for name, each in right.items()})["code"] == 200
        assert it.ask("thing/event/post", {"alarm": {"value": {"level": 2}}})["code"] == 200
        for event, value in (("alarm", {"level": 4}), ("alarm", {"n": 1}), ("none", {})):
            assert it.ask("thing/event/post", {event: {"value": value}})["code"] == 100
    found = api.get("/thingmodel/query-device-property")
    assert [it["identifier"] for it in found][:4] == ["temp", "lamp", "level", "mode"]
    assert (found[0]["value"], found[0]["name"], found[0]["access_mode"]) == ("25", "温度", "只读")
    console.call(console.platform.studio.add_device, modelled.product_id, "silent")
    assert not any("value" in it for it in api.get("/thingmodel/query-device-property", device_name="silent"))


def test_history(console: RunningConsole, api: Api, board: Device) -> None:
    start = 1706673000000
    with thing_online(console, board, ALL) as it:
        points = [{"value": i, "time": start + 1000 * i} for i in range(50)]
        assert it.ask("thing/history/post", [{"properties": {"n": points}}])["code"] == 200

    def history(**more: Any) -> list[int]:
        values = {"identifier": "n", "start_time": start, "end_time": start + 49000, **more}
        found = api.get("/thingmodel/query-device-property-history", **values)["list"]
        assert all(point["time"] == start + 1000 * int(point["value"]) for point in found)
        return [int(point["value"]) for point in found]

    assert history() == list(range(49, 39, -1))
    assert history(sort=1, limit=100) == list(range(50))
    assert history(sort=1, offset=10, limit=3) == [10, 11, 12]
    assert history(end_time=start + 5000, limit=2) == [5, 4]
    assert history(start_time=start + 49001, end_time=start + 60000) == []


def test_events(console: RunningConsole, api: Api, modelled: Device) -> None:
    start = 1706673000000
    with thing_online(console, modelled, ALL) as it:
        for i in range(3):
            it.ask("thing/event/post", {"alarm": {"value": {"level": i + 1}, "time": start + i}})
    found = api.get("/device/event-log", start_time=start, end_time=start + 1)["list"]
    assert found[0] == {
        "event_type": 2,
        "identifier": "alarm",
        "name": "告警",
        "time": start + 1,
        "value": '{"level": 2}',
    }
    assert len(found) == 2
    assert api.get("/device/event-log", start_time=start, end_time=start + 9, event_type=3)["list"] == []


# What the device is asked


def test_set_waits_for_the_devices_reply(
    console: RunningConsole, api: Api, board: Device, beside: Callable[..., "Future[Any]"]
) -> None:
    with thing_online(console, board, ALL) as it:
        asking = beside(api.post, "/thingmodel/set-device-property", params={"on": True})
        assert reply(it, "thing/property/set") == {"on": True}
        answer = asking.result()
        assert (answer["code"], answer["msg"]) == (200, "success") and answer["id"].isdigit()
        asking = beside(api.post, "/thingmodel/set-device-property", params={"on": 2})
        reply(it, "thing/property/set", code=100, msg="no")
        assert (asking.result()["code"], asking.result()["msg"]) == (100, "no")  # the caller has to look
        asking = beside(api.ask, "POST", "/thingmodel/set-device-property", params={"on": 2})
        reply(it, "thing/property/set", code="200")
        assert asking.result() == (500, "thing/property/set_reply: its code is no number")
    newest, _, oldest = console.call(console.platform.commands, board.id)
    assert oldest.payload == b'set {"on": true}' and oldest.status is CommandStatus.REPLIED
    assert json.loads(oldest.reply)["code"] == 200 and 0 < oldest.seconds < 10 and newest.reply


def test_get_asks_the_device(
    console: RunningConsole, api: Api, board: Device, beside: Callable[..., "Future[Any]"]
) -> None:
    with thing_online(console, board, ALL) as it:
        asking = beside(api.post, "/thingmodel/query-device-property-detail", params=["temp"])
        assert reply(it, "thing/property/get", data={"temp": 25.1}) == ["temp"]
        assert asking.result() == {"temp": 25.1}
        asking = beside(api.ask, "POST", "/thingmodel/query-device-property-detail", params=["temp"])
        reply(it, "thing/property/get", code=100, msg="no such thing")
        assert asking.result() == (500, "the device answers with code 100: no such thing")


def test_services(console: RunningConsole, api: Api, modelled: Device, beside: Callable[..., "Future[Any]"]) -> None:
    path = "/thingmodel/call-service"
    with thing_online(console, modelled, ALL) as it:
        asking = beside(api.post, path, identifier="blink", params={"n": 3})
        assert reply(it, "thing/service/blink/invoke", data={"ok": True}) == {"n": 3}
        assert asking.result() == {"ok": True}
        asking = beside(api.ask, "POST", path, identifier="blink", params={"n": 3})
        reply(it, "thing/service/blink/invoke", code=100)
        assert asking.result()[0] == 10415
        for identifier, params in (("blink", {}), ("blink", {"n": 10}), ("blink", {"n": 1, "m": 1}), ("none", {})):
            assert api.ask("POST", path, identifier=identifier, params=params)[0] == 10415
        assert api.post(path, identifier="reboot", params={}) == {}  # asynchronous: it answers whenever it likes
        reply(it, "thing/service/reboot/invoke")
        until(lambda: console.call(console.platform.commands, modelled.id)[0].reply)


def test_who_does_not_answer_in_time(
    console: RunningConsole, api: Api, board: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (things.SET_PATIENCE, things.SERVICE_PATIENCE) == (10, 5)
    for name in ("SET_PATIENCE", "SERVICE_PATIENCE", "GET_PATIENCE"):
        monkeypatch.setattr(things, name, 0.1)
    calls: list[tuple[str, dict[str, Any]]] = [
        ("/thingmodel/set-device-property", {"params": {"on": True}}),
        ("/thingmodel/query-device-property-detail", {"params": ["on"]}),
        ("/thingmodel/call-service", {"identifier": "s", "params": {}}),
    ]
    with thing_online(console, board, ALL) as it:
        for path, values in calls:
            assert api.ask("POST", path, **values) == (10411, "设备响应超时")
            topic, asked = it.hear()
            it.say(f"{topic}_reply", {"id": asked["id"], "code": 200})
            assert it.is_there()
    assert len([note for note in notes(console, board.id) if "no call of this id" in note]) == 3


def test_who_has_not_subscribed(console: RunningConsole, api: Api, board: Device) -> None:
    with thing_online(console, board, "thing/property/get") as it:
        answer = api.ask("POST", "/thingmodel/set-device-property", params={"on": True})
        assert answer == (10500, "device not subscribed")
        assert it.is_there()
    assert any("has not subscribed to thing/property/set" in note for note in notes(console, board.id))


def test_what_the_model_forbids_is_not_sent(console: RunningConsole, api: Api, modelled: Device) -> None:
    with thing_online(console, modelled, ALL) as it:
        for values, words in (
            ({"none": 1}, "属性设置失败:identifier: none, error: identifier not exist"),
            ({"temp": 1}, "属性设置失败:identifier: temp, error: is read only"),
            ({"level": 101}, "属性设置失败:identifier: level, error: must be at most 100"),
        ):
            for path in ("set-device-property", "set-device-desired-property"):
                assert api.ask("POST", f"/thingmodel/{path}", params=values) == (10411, words)
        assert api.ask("POST", "/thingmodel/query-device-property-detail", params=["none"])[0] == 10001
        assert it.is_there()


def test_desired_values(console: RunningConsole, api: Api, board: Device) -> None:
    api.post("/thingmodel/set-device-desired-property", params={"on": True, "n": 1})
    api.post("/thingmodel/set-device-desired-property", params={"on": False})
    asked = api.post("/thingmodel/query-device-desired-property", params=["on", "never set"])
    assert asked == {"on": {"value": False, "version": 2}}
    with thing_online(console, board, ALL) as it:  # it has to fetch them
        assert it.ask("thing/property/desired/get", ["on"])["data"] == {"on": {"value": False, "version": 2}}
        api.post("/thingmodel/set-device-desired-property", params={"on": True})  # online, they come by themselves
        assert reply(it, "thing/property/set") == {"on": True}
        assert it.ask("thing/property/desired/get", ["on"])["data"]["on"]["version"] == 3
    api.post("/thingmodel/delete-device-desired-property", params={"on": {"version": 1}})
    assert api.post("/thingmodel/query-device-desired-property", params=["on", "n"]) == {
        "n": {"value": 1, "version": 1}
    }
    api.post("/thingmodel/delete-device-desired-property", params=["n"])
    assert api.post("/thingmodel/query-device-desired-property", params=["n"]) == {}


def test_a_removed_device_leaves_no_desired_values_and_events(console: RunningConsole, api: Api, board: Device) -> None:
    api.post("/thingmodel/set-device-desired-property", params={"on": True})
    with thing_online(console, board, ALL) as it:
        it.ask("thing/event/post", {"alarm": {"value": {}}})
    api.post("/device/delete")
    again = console.call(console.platform.studio.add_device, board.product_id, board.name)
    assert console.call(console.platform.store.desired.all, again.id) == {}
    assert console.call(console.platform.store.events.latest, again.id, 10) == []


# Data-stream products


@pytest.fixture
def streams(console: RunningConsole, board: Device, account_token: str) -> Iterator[tuple[Api, Device]]:
    product = console.call(console.platform.studio.add_product, "", "", Protocol.STREAM)
    device = console.call(console.platform.studio.add_device, product.id, "streamer1")
    api = Api(console, device, account_token)
    yield api, device
    api.http.close()


def test_points_of_a_data_stream_product(console: RunningConsole, streams: tuple[Api, Device]) -> None:
    api, device = streams
    with thing_online(console, device, "dp/post/json/accepted") as it:
        it.say("dp/post/json", {"id": 1, "dp": {"temp": [{"v": 25.1, "t": 1700000000}, {"v": "x", "t": 1700000001}]}})
        it.hear()
    (found,) = api.get("/datapoint/current-datapoints")["devices"]
    newest = {"value": "x", "at": "2023-11-15 06:13:21.000", "at_timestamp": 1700000001000}
    assert found["datastreams"] == [{"id": "temp", **newest}]
    (stream,) = api.get("/datapoint/history-datapoints", datastream_id="temp")["datastreams"]
    assert [point["value"] for point in stream["datapoints"]] == ["x", 25.1] and stream["datapoints"][0] == newest
    period = {"start_time": 1700000000000, "end_time": 1700000000500}
    assert api.get("/datapoint/history-datapoints", **period)["count"] == 1


def test_commands_of_a_data_stream_product(
    console: RunningConsole, streams: tuple[Api, Device], beside: Callable[..., "Future[Any]"]
) -> None:
    api, device = streams

    def command(payload: bytes, **more: Any) -> tuple[int, Any]:
        values = {"product_id": device.product_id, "device_name": device.name, "timeout": 5, **more}
        return api.opened(api.http.post("/datapoint/synccmds", params=values, content=payload))

    assert command(b"x")[0] == 10421
    assert command(b"")[0] == 10001
    assert command(b"x", timeout=4)[0] == command(b"x", timeout=31)[0] == 10001
    with thing_online(console, device, "cmd/#") as it:
        asking = beside(command, b"led=on\xff")
        got = it.receive("PUBLISH")
        assert got.payload == b"led=on\xff"
        uuid = got.topic.rpartition("/")[2]
        it.say(f"cmd/response/{uuid}", b"\x00done")
        assert it.receive("PUBLISH").topic == it.topic(f"cmd/response/{uuid}/accepted")
        assert asking.result() == (0, {"cmd_uuid": uuid, "cmd_resp": base64.b64encode(b"\x00done").decode()})
        it.say(f"cmd/response/{uuid}", b"again")
        assert it.hear() == (f"cmd/response/{uuid}/rejected", {"err_code": 113})
    assert api.ask("POST", "/thingmodel/set-device-property", params={"on": 1})[0] == 10417
    assert api.ask("GET", "/thingmodel/query-device-property")[0] == 10417


def test_no_commands_to_a_product_with_a_thing_model(console: RunningConsole, api: Api, board: Device) -> None:
    with thing_online(console, board, ALL):
        values = {"product_id": board.product_id, "device_name": board.name}
        response = api.http.post("/datapoint/synccmds", params=values, content=b"x")
        assert api.opened(response) == (10500, "device not subscribed")
