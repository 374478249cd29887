"""What a device of the current platform is asked over the HTTP API: it answers, late or not at all."""

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from console_client import notes, until
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import CommandStatus, Device
from onenet_tools.console.studio import things
from onenet_tools.console.studio.products import Protocol
from studio_api import Api, reply
from studio_client import thing_online

ALL = "thing/#"

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
