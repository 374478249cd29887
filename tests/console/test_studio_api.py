"""The HTTP API of the current platform: its calls and their codes, who may use them, and what they tell."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from console_client import until
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from studio_api import MODEL, Api, reply
from studio_client import device_token, make_token, thing_online

ALL = "thing/#"

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


def test_many_devices_at_once(console: RunningConsole, api: Api, board: Device) -> None:
    made = api.post("/device/batch-create", devices=[{"name": "a"}, {"name": "b", "desc": "left"}, {"name": "a b"}])
    assert [(it["name"], it["desc"]) for it in made["list"]] == [("a", ""), ("b", "left")]
    assert api.post("/device/batch-create", devices=[{"name": "a"}]) == {"list": []}  # it is there already
    assert api.get("/device/detail", device_name="b")["sec_key"] == made["list"][1]["sec_key"]
    for devices in ([], [{}], [1], "a", [{"name": "c", "desc": 1}], [{"name": "x"}] * 501):
        assert api.ask("POST", "/device/batch-create", devices=devices)[0] == 10001


# What has been


def test_when_a_device_came_and_went(console: RunningConsole, api: Api, board: Device) -> None:
    period = {"start_time": 0, "end_time": 4102444800000}
    assert api.get("/device/status-history", **period) == {"list": [], "meta": {"limit": 10, "offset": 0}}
    for _ in range(2):
        with thing_online(console, board):
            pass
        until(lambda: not console.call(console.platform.device, board.id).online)
    found = until(lambda: len(it := api.get("/device/status-history", **period)["list"]) == 4 and it)
    assert [it["status"] for it in found] == [0, 1, 0, 1]
    assert found[3]["time"] <= found[0]["time"] and found[0]["time"] > 1_700_000_000_000
    some = api.get("/device/status-history", limit=2, offset=1, **period)
    assert (some["list"], some["meta"]) == (found[1:3], {"limit": 2, "offset": 1})
    assert api.get("/device/status-history", start_time=0, end_time=1)["list"] == []
    api.post("/device/delete")
    again = console.call(console.platform.studio.add_device, board.product_id, board.name)
    assert console.platform.store.statuses(again.id, 0, 2**62, 9, 0) == []


def test_what_a_device_was_asked(
    console: RunningConsole, api: Api, modelled: Device, beside: Callable[..., "Future[Any]"]
) -> None:
    period = {"start_time": 0, "end_time": 4102444800000}
    with thing_online(console, modelled, ALL) as it:
        asking = beside(api.post, "/thingmodel/set-device-property", params={"lamp": True})
        reply(it, "thing/property/set")
        asking.result()
        asking = beside(api.ask, "POST", "/thingmodel/query-device-property-detail", params=["temp"])
        reply(it, "thing/property/get", code=100, msg="no sensor")
        asking.result()
        asking = beside(api.post, "/thingmodel/call-service", identifier="blink", params={"n": 3})
        reply(it, "thing/service/blink/invoke", data={"ok": True})
        asking.result()
        api.post("/thingmodel/call-service", identifier="reboot", params={})
        it.hear()
    read, written = api.get("/device/operation-log", **period)["list"]
    assert (written["type"], written["request_body"], written["response_body"]) == (0, {"lamp": True}, "success")
    assert (read["type"], read["request_body"], read["response_body"]) == (1, ["temp"], "no sensor")
    assert int(written["request_time"]) <= int(written["response_time"])
    reboot, blink = api.get("/device/service-log", **period)["list"]
    assert (blink["identifier"], blink["function_name"], blink["type"]) == ("blink", "闪烁", 0)
    assert (json.loads(blink["request_body"]), json.loads(blink["response_body"])) == ({"n": 3}, {"ok": True})
    assert (blink["code"], blink["msg"]) == (200, "success")
    assert (reboot["type"], reboot["code"], reboot["response_body"], reboot["response_time"]) == (1, 0, "", "0")
    assert api.get("/device/service-log", limit=1, **period)["list"] == [reboot]
    assert api.get("/device/operation-log", start_time=0, end_time=1)["list"] == []
    assert api.ask("GET", "/device/service-log")[0] == 10001
