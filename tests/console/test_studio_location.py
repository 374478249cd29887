"""Where devices of the current platform are: what they report of access points and cells, and what the calls answer."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from onenet_tools.console.studio.system_model import CELLS, WIFI
from onenet_tools.model.thing_model import read_model
from studio_api import Api
from studio_client import thing_online

ALL = "thing/#"
MACS = {"macs": "FC:D7:33:55:92:6A,-77|B8:F8:83:E6:24:60,-60"}
CELL = [{"mcc": 460, "mnc": 0, "lac": 6217, "cid": 134567, "ss": -70, "networkType": 1}]
START = int(datetime(2026, 3, 2, 8, tzinfo=timezone(timedelta(hours=8))).timestamp() * 1000)


def report(console: RunningConsole, board: Device, identifier: str, values: list[Any]) -> None:
    """One a minute from START."""
    points = [{"value": value, "time": START + 60_000 * i} for i, value in enumerate(values)]
    with thing_online(console, board, ALL) as it:
        assert it.ask("thing/history/post", [{"properties": {identifier: points}}])["code"] == 200


def test_where_it_was_last(console: RunningConsole, api: Api, board: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("latest-location", "latest-wifi-location"):
        assert api.ask("GET", f"/fuse-lbs/{path}") == (0, None)
    report(console, board, WIFI, [MACS, MACS, {"macs": ""}, {"imsi": "1"}, "nowhere"])
    found = api.get("/fuse-lbs/latest-wifi-location")
    assert found == {"at": "2026-03-02 08:01:00.000", "lon": "106.48881", "lat": "29.62518"}
    assert api.ask("GET", "/fuse-lbs/latest-location") == (0, None)
    report(console, board, CELLS, [CELL, []])
    assert api.get("/fuse-lbs/latest-location")["at"] == "2026-03-02 08:00:00.000"
    assert float(api.get("/fuse-lbs/latest-location")["accuracy"]) == 20
    monkeypatch.setattr(console.platform.studio.rules, "longitude", 0.0)  # to have it set back
    console.call(console.platform.change_rule, "longitude=121.5")
    assert api.get("/fuse-lbs/latest-wifi-location")["lon"] == "121.5"


def test_its_trail(console: RunningConsole, api: Api, board: Device) -> None:
    report(console, board, WIFI, [MACS] * 12)

    def trail(**more: Any) -> tuple[int, list[str]]:
        values = {"start": "2026-03-02T08:00:00.000", "end": "2026-03-03T00:00:00", **more}
        found = api.get("/fuse-lbs/get-wifi-trail", **values)
        return found["total_count"], [it["at"][14:16] for it in found["items"]]

    assert trail() == (12, [f"{i:02}" for i in range(10)])
    assert trail(page=2) == (12, ["10", "11"])
    assert trail(per_page=2, sort="DESC") == (12, ["11", "10"])
    assert trail(start="2026-03-02T08:05:00", end="2026-03-02T08:06:00.001") == (2, ["05", "06"])
    here = {"minLon": "106", "maxLon": "107", "minLat": "29", "maxLat": "30"}
    assert trail(**here)[0] == 12 and trail(**(here | {"maxLat": "29.5"}))[0] == 0
    assert api.get("/fuse-lbs/get-wifi-trail")["total_count"] == 0  # since Monday, and that was long ago
    assert api.get("/fuse-lbs/get-trail", start="2026-03-02")["total_count"] == 0
    for wrong in ({"start": "yesterday"}, {"sort": "up"}, {"page": 0}, here | {"minLon": "west"}):
        assert api.ask("GET", "/fuse-lbs/get-wifi-trail", **wrong)[0] == 10001, wrong
    assert api.ask("GET", "/fuse-lbs/get-wifi-trail", device_name="nobody")[0] == 10410


def test_the_platforms_own_function_points(console: RunningConsole, api: Api, board: Device) -> None:
    """They are what a model takes in, and so what such a report is checked against."""
    found = api.get("/thingmodel/query-system-thing-model")
    assert [it["identifier"] for it in found["properties"]] == [CELLS, WIFI] and found["events"] is None
    model = read_model(json.dumps(found))
    assert model.properties[WIFI].system and not model.properties[WIFI].writable
    assert model.properties[WIFI].type.objection(MACS) == "" and model.properties[CELLS].type.objection(CELL) == ""
    assert model.properties[WIFI].type.objection({"ssid": "x"})
    assert model.properties[CELLS].type.objection([{"mcc": "x"}])
    console.call(console.platform.studio.load_model, board.product_id, json.dumps(found))
    report(console, board, WIFI, [MACS])
    assert api.get("/fuse-lbs/latest-wifi-location")["lat"] == "29.62518"


def test_devices_of_which_another_account_is_to_have_some(api: Api, board: Device) -> None:
    path, tel = "/device/movedevice", "13800138000"
    assert api.post(path, device_name=[board.name], target_user_tel=tel)["move_id"].isdigit()
    assert api.get("/device/detail")["name"] == board.name  # nobody has agreed
    for values, code in (
        ({"device_name": ["nobody"], "target_user_tel": tel}, 10410),
        ({"device_name": board.name, "target_user_tel": tel}, 10001),
        ({"device_name": [], "target_user_tel": tel}, 10001),
        ({"device_name": [board.name], "target_user_tel": "12"}, 10001),
        ({"device_name": [board.name]}, 10001),
    ):
        assert api.ask("POST", path, **values)[0] == code, values
