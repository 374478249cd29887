"""Rules: triggers that rest, wait for their time, and send commands; and the card they are made in."""

import time

import pytest
from browser import MqttDevice
from onenet_tools.console.failures import InvalidParameter
from onenet_tools.console.trigger_table import condition_in
from onenet_tools.datapoints import DataPoint

PATIENCE = 60.0


@pytest.fixture
def asked(console, monkeypatch):
    """Commands that were to be sent."""
    sent = []

    async def send(device_id, payload, seconds=0, qos=0):
        sent.append((device_id, payload))

    monkeypatch.setattr(console.platform, "send_command", send)
    return sent


@pytest.fixture
def rule(console, device):
    made = []

    def add(kind=">", threshold=30, url="local", **more):
        body = {"title": "hot", "ds_id": "t", "url": url, "type": kind, "threshold": threshold, "rule": more}
        made.append(console.call(console.platform.store.triggers.add, condition_in({**body, "dev_ids": [device.id]})))
        return made[-1]

    yield add
    for trigger in made:
        console.call(console.platform.store.triggers.remove, trigger.id)


def measure(console, device, *values):
    async def run():
        for value in values:
            await console.platform.store_points(device.id, [DataPoint("t", value)])

    console.call(run)


def log(console, device):
    return [(it.value, it.outcome) for it in console.call(console.platform.store.trigger_log.latest, device.id, 99)][
        ::-1
    ]


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_rule_rests_until_it_has_been_otherwise(console, device, rule, asked):
    rule(command="fan=on")
    measure(console, device, 29, 31, "32", "text", 33, 30, 34, 35)
    wait_for(lambda: len(log(console, device)) == 2)
    assert log(console, device) == [(31, "command 'fan=on' sent"), (34, "command 'fan=on' sent")]
    assert asked == [(device.id, b"fan=on")] * 2


def test_it_waits_for_its_time_and_needs_no_other_point(console, device, rule, asked):
    rule(seconds=2, command="fan=on")
    measure(console, device, 31, 29)  # too short
    measure(console, device, 40)
    wait_for(lambda: asked)
    wait_for(lambda: log(console, device))
    time.sleep(2.5)  # it looks every second, and is to rest
    assert log(console, device) == [(40, "command 'fan=on' sent")]


def test_what_can_not_be_sent_is_logged(console, device, rule):
    rule("<", 0, command="x" * 1000)
    rule("<", 0, url="http://127.0.0.1:9/", sound=True)
    console.call(console.platform.remove_device, device.id)
    other = console.call(console.platform.studio.add_product)
    thing = console.call(console.platform.studio.add_device, other.id, "board1")
    body = {"title": "cold", "ds_id": "t", "url": "local", "type": "<", "threshold": 0, "rule": {"command": "no JSON"}}
    trigger = console.call(console.platform.store.triggers.add, condition_in({**body, "dev_ids": [thing.id]}))
    measure(console, thing, -1)
    wait_for(lambda: log(console, thing))
    ((value, outcome),) = log(console, thing)
    assert value == -1 and outcome.startswith("command 'no JSON' not sent")
    console.call(console.platform.store.triggers.remove, trigger.id)


def test_silence(console, device, rule, asked):
    rule("frozen", 0.5, command="restart")
    measure(console, device, 1)
    wait_for(lambda: asked)
    assert asked == [(device.id, b"restart")]


def test_a_device_that_goes_offline(console, device, rule, asked):
    rule("offline", seconds=1, command="wake")
    with MqttDevice(console, device):
        measure(console, device, 31)  # which is of the stream t, and says nothing of the device
    wait_for(lambda: log(console, device))
    time.sleep(2.5)  # it looks every second, and is to rest
    assert log(console, device) == [(False, "command 'wake' sent")]
    assert asked == [(device.id, b"wake")]


def test_who_comes_back_in_time_is_not_told_of(console, device, rule):
    made = rule("offline", seconds=3000)
    held = console.platform._triggers._held
    console.call(lambda: console.platform.edit_device(device.id, title="never online yet"))
    assert (made.id, device.id) not in held
    for _ in range(2):
        with MqttDevice(console, device):
            wait_for(lambda: (made.id, device.id) not in held)
        wait_for(lambda: (made.id, device.id) in held)


def test_offline_is_a_rules_alone():
    """OneNET's triggers have no such type."""
    body = {"title": "x", "ds_id": "online", "url": "local", "type": "offline"}
    assert condition_in({**body, "rule": {}})["type"] == "offline"
    with pytest.raises(InvalidParameter, match=r"^type: must be one of"):
        condition_in(body)


def test_removed_devices_and_rules_are_forgotten(console, device, rule):
    made = rule(seconds=3000)
    measure(console, device, 31)
    held = console.platform._triggers._held
    wait_for(lambda: (made.id, device.id) in held)
    console.call(console.platform.remove_device, device.id)
    wait_for(lambda: (made.id, device.id) not in held)


@pytest.mark.parametrize(
    "wrong", [{"seconds": -1}, {"seconds": "1"}, {"command": 5}, {"sound": 1}, {"other": 1}, [], 5]
)
def test_wrong_rules_are_refused(wrong):
    with pytest.raises(InvalidParameter, match=r"^rule: "):
        condition_in({"title": "x", "ds_id": "t", "url": "local", "type": ">", "threshold": 1, "rule": wrong})


def test_a_rule_is_made_on_the_page_fires_sounds_and_is_removed(console, browser, device, asked):
    expect = pytest.importorskip("playwright.sync_api").expect
    measure(console, device, 20)
    with browser.open(f"/device/{device.id}") as page:
        page.get_by_role("button", name="Add rule").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Title").fill("too <hot>")
        dialog.get_by_label("Bound").fill("warm")
        dialog.get_by_role("button", name="Add rule").click()
        expect(dialog.get_by_role("alert")).to_have_text("Bound and seconds are to be numbers.")
        dialog.get_by_label("Bound").fill("30")
        dialog.get_by_role("textbox", name="Command").fill("fan=on")
        dialog.get_by_role("checkbox").click()
        dialog.get_by_role("button", name="Add rule").click()
        expect(page.get_by_text("t > 30 · Command fan=on · sound")).to_be_visible()
        measure(console, device, 31)
        page.wait_for_function("window.sounded === 1")
        page.get_by_text("What has happened").click()
        expect(page.get_by_text("command 'fan=on' sent", exact=True)).to_be_visible()
        page.get_by_role("button", name="Remove: too <hot>").click()
        expect(page.get_by_text("None yet: when a value is too high")).to_be_visible()
    assert asked == [(device.id, b"fan=on")]


def test_a_rule_for_a_device_that_has_sent_nothing_yet(console, browser, device, asked):
    expect = pytest.importorskip("playwright.sync_api").expect
    with browser.open(f"/device/{device.id}", language="zh-CN") as page:
        page.get_by_role("button", name="添加规则").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("界限", exact=True)).to_be_hidden()
        dialog.get_by_role("textbox", name="命令").fill("wake")
        dialog.get_by_role("button", name="添加规则").click()
        expect(page.get_by_text("设备离线 · 命令 wake")).to_be_visible()
        with MqttDevice(console, device):
            pass
        expect(page.get_by_text("设备离线: online = false")).to_be_visible()
    assert asked == [(device.id, b"wake")]
    console.call(
        lambda: [console.platform.store.triggers.remove(it.id) for it in console.platform.store.triggers.all()]
    )
