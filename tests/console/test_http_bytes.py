"""The very bytes of the HTTP API's answers, as curl gets them: programs on boards read them with strstr and sscanf."""

import re
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from console_client import PATIENCE, online, publish
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
Curl = Callable[..., str]


@pytest.fixture
def curl(console: RunningConsole) -> Curl:
    def ask(path: str, *options: str, key: str = "") -> str:
        """The body, as text."""
        headers = ["-H", f"api-key: {key or console.platform.master_key}"]
        command = ["curl", "--silent", "--show-error", "--max-time", f"{PATIENCE:g}", *headers, *options]
        done = subprocess.run([*command, console.url + path], capture_output=True, check=True)
        return done.stdout.decode()

    return ask


def test_registering(console: RunningConsole, curl: Curl) -> None:
    path = f"/register_de?register_code={console.platform.register_code}"
    got = curl(path, "-d", '{"sn":"201608160001","title":"0001"}')
    # As RT-Thread's package has logged it, and as sscanf("…\"device_id\":\"%[^\"]\",\"key\":\"%[^\"]\"") reads it.
    assert re.fullmatch(r'\{"errno":0,"data":\{"device_id":"\d+","key":"[A-Za-z0-9=]+"\},"error":"succ"\}', got), got
    refused = curl(path, "-d", '{"sn":"201608160001","title":"0001"}')
    assert refused == '{"errno":6,"error":"invalid parameter: auth_info exists::201608160001"}'
    assert curl(f"{path}&allow_dup=true", "-d", '{"sn":"201608160001","title":"0001"}') == got


def test_status_and_detail(curl: Curl, device: Device) -> None:
    told = f'{{"title":"a device","online":false,"id":"{device.id}"}}'
    assert curl(f"/devices/status?devIds={device.id}") == (
        f'{{"errno":0,"data":{{"devices":[{told}],"total_count":1}},"error":"succ"}}'
    )
    detail = (
        r'\{"errno":0,"data":\{"protocol":"MQTT","create_time":"TIME","online":false,"location":\{"lat":0,"lon":0\},'
        rf'"id":"{device.id}","auth_info":"{device.auth_info}","datastreams":\[\],"title":"a device","desc":"",'
        r'"tags":\[\]\},"error":"succ"\}'
    )
    assert re.fullmatch(detail.replace("TIME", TIME), curl(f"/devices/{device.id}"))
    listed = curl(f"/devices?device_id={device.id}")
    assert listed.startswith('{"errno":0,"data":{"per_page":30,"devices":[{"private":true,"protocol":"MQTT",')
    assert listed.endswith('"tags":[]}],"total_count":1,"page":1},"error":"succ"}')


def test_points_and_streams(curl: Curl, device: Device) -> None:
    point = '{"datastreams":[{"id":"温度","datapoints":[{"at":"2020-01-01T00:00:00","value":22.5}]}]}'
    assert curl(f"/devices/{device.id}/datapoints", "-d", point) == '{"errno":0,"error":"succ"}'
    assert curl(f"/devices/{device.id}/datapoints") == (
        '{"errno":0,"data":{"count":1,"datastreams":[{"datapoints":[{"at":"2020-01-01 00:00:00.000","value":22.5}],'
        '"id":"温度"}]},"error":"succ"}'
    )
    assert curl(f"/devices/datapoints?devIds={device.id}") == (
        f'{{"errno":0,"data":{{"devices":[{{"title":"a device","id":"{device.id}","datastreams":'
        '[{"at":"2020-01-01 00:00:00.000","id":"温度","value":22.5}]}]},"error":"succ"}'
    )
    stream = (
        r'\{"update_at":"2020-01-01 00:00:00","unit":"","id":"温度","unit_symbol":"","create_time":"TIME",'
        r'"current_value":22.5\}'
    ).replace("TIME", TIME)
    assert re.fullmatch(
        rf'\{{"errno":0,"data":\[{stream}\],"error":"succ"\}}', curl(f"/devices/{device.id}/datastreams")
    )
    one = curl(f"/devices/{device.id}/datastreams/%E6%B8%A9%E5%BA%A6")
    assert re.fullmatch(rf'\{{"errno":0,"data":{stream},"error":"succ"\}}', one)
    assert curl(f"/devices/{device.id}/datapoints", "-d", "{").startswith('{"errno":4,"error":"invalid JSON')


def test_a_command_from_sending_to_its_reply(console: RunningConsole, curl: Curl, device: Device) -> None:
    offline = f'{{"errno":10,"error":"device not online: {device.id}"}}'
    assert curl(f"/cmds?device_id={device.id}", "-d", "on") == offline
    with online(console, device.id, device.auth_info) as it:
        sent = curl(f"/cmds?device_id={device.id}", "-d", "on")
        assert re.fullmatch(rf'\{{"errno":0,"data":\{{"cmd_uuid":"{UUID}"\}},"error":"succ"\}}', sent)
        uuid = it.receive("PUBLISH").topic[6:]
        assert curl(f"/cmds/{uuid}") == '{"errno":0,"data":{"status":2,"desc":"command sent"},"error":"succ"}'
        it.send(publish(f"$crsp/{uuid}", b"ok", 1))
        it.receive("PUBACK")
    replied = '{"errno":0,"data":{"status":4,"desc":"Command Response Received"},"error":"succ"}'
    assert curl(f"/cmds/{uuid}") == replied
    assert curl(f"/cmds/{uuid}/resp") == "ok"
    assert re.fullmatch(
        rf'\{{"errno":0,"data":\{{"page":1,"per_page":30,"total_count":1,"items":\[\{{"cmd_uuid":"{uuid}",'
        rf'"device_id":{device.id},"expire_time":"{TIME}","status":4,"send_time":"{TIME}","confirm_time":"{TIME}",'
        r'"confirm_body":"6f6b","body":"6f6e"\}\]\},"error":"succ"\}',
        curl(f"/cmds/history/{device.id}?start=2020-01-01T00:00:00"),
    )


def test_a_command_that_is_waited_for(
    console: RunningConsole, curl: Curl, device: Device, beside: Callable[..., "Future[str]"]
) -> None:
    """As the document of the call prints it, which no answer that anybody has logged contradicts."""
    path = f"/v1/synccmds?device_id={device.id}&timeout=30"
    assert curl(path, "-d", "on") == '{"errno":13,"error":"device not online"}'
    with online(console, device.id, device.auth_info) as it:
        asking = beside(curl, path, "-d", "on")
        uuid = it.receive("PUBLISH").topic[6:]
        it.send(publish(f"$crsp/{uuid}", b"ok"))
        told = f'"data":{{"cmd_uuid":"{uuid}","cmd_resp":"b2s="}}'
        assert asking.result() == f'{{"errno":0,"error":"success",{told}}}'


def test_refusals(curl: Curl) -> None:
    assert curl("/devices/1", key="wrong") == '{"errno":3,"error":"auth failed"}'
    assert curl("//devices/1") == '{"errno":8,"error":"device not found: 1"}'
    assert curl("/devices", "-X", "PATCH") == (
        '{"errno":8,"error":"no such call: PATCH /devices; there is GET, POST /devices"}'
    )
