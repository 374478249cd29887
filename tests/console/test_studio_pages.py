"""The pages of the current platform in a real browser: products, thing models, and what a device can be asked."""

import contextlib
import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from onenet_tools.console.studio import things
from onenet_tools.console.studio.products import Protocol
from studio_client import thing_online

expect = pytest.importorskip("playwright.sync_api").expect

MODEL = Path(__file__).with_name("thing_model.json")
HOSTILE = "<img src=x onerror=hacked=1>{{constructor.constructor('hacked=1')()}}"


@pytest.fixture
def product(console):
    added = console.call(console.platform.studio.add_product, "Greenhouse")
    yield added
    console.call(console.platform.studio.remove_product, added.id)


@pytest.fixture
def modelled(console, board):
    console.call(console.platform.studio.load_model, board.product_id, MODEL.read_text(encoding="utf-8"))
    return board


@contextlib.contextmanager
def obedient(console, device):
    """A device that answers whatever it is asked, and then posts what was set."""
    with thing_online(console, device, "thing/#") as it:
        ended = threading.Event()
        asked = []

        def obey():
            while not ended.is_set():
                try:
                    topic, message = it.hear()
                except (OSError, EOFError):
                    return
                if topic.endswith("/reply"):
                    continue
                asked.append((topic, message["params"]))
                it.say(f"{topic}_reply", {"id": message["id"], "code": 200, "msg": "success", "data": {"ok": True}})
                if topic.endswith("property/set"):
                    params = {name: {"value": value} for name, value in message["params"].items()}
                    it.say("thing/property/post", {"id": "1", "version": "1.0", "params": params})

        thread = threading.Thread(target=obey)
        thread.start()
        try:
            yield it, asked
        finally:
            ended.set()
            it.socket.shutdown(2)
            thread.join()


def post(it, **values):
    params = {name: {"value": value} for name, value in values.items()}
    it.say("thing/property/post", {"id": "1", "version": "1.0", "params": params})


def control(page, name):
    return page.locator(".control", has=page.get_by_role("heading", name=name))


def test_from_a_product_to_its_boards_config(console, browser):
    with browser.open() as page:
        page.get_by_role("button", name="Add product").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Title").fill("Window sill")
        dialog.get_by_label("Product ID").fill("short")
        dialog.get_by_role("button", name="Add product").click()
        expect(dialog.get_by_role("alert")).to_contain_text("8 to 32 letters and digits")
        dialog.get_by_label("Product ID").fill("aBcDeF1234")
        dialog.get_by_role("button", name="Add product").click()
        listed = page.locator(".product", has_text="Window sill")
        expect(listed).to_contain_text("aBcDeF1234")
        product = console.call(console.platform.studio.products.find, "aBcDeF1234")
        assert product.access_key not in "".join(browser.heard)
        listed.get_by_role("button", name="Show: Access key").click()
        expect(listed.locator(".secret")).to_have_text(product.access_key)

        listed.get_by_role("button", name="Load a thing model").click()
        page.get_by_label("Load a thing model").set_input_files({"name": "x", "mimeType": "x/x", "buffer": b"no JSON"})
        expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("it is not JSON")
        page.get_by_label("Load a thing model").set_input_files(MODEL)
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(listed).to_contain_text("Properties: 10, events: 1, services: 2")

        page.get_by_role("button", name="Add device").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("combobox", name="Product").click()
        page.get_by_role("option", name="Window sill").click()
        dialog.get_by_label("Device name").fill("a b")
        dialog.get_by_role("button", name="Add, and show").click()
        expect(dialog.get_by_role("alert")).to_contain_text("device name: must be")
        dialog.get_by_label("Device name").fill("board1")
        dialog.get_by_role("button", name="Add, and show").click()
        config = json.loads(page.locator("textarea").input_value())
        device = console.call(console.platform.studio.device, "aBcDeF1234", "board1")
        assert (
            config.items()
            >= {
                "platform": "studio",
                "device_name": "board1",
                "product_id": "aBcDeF1234",
                "device_key": device.auth_info,
                "port": console.mqtt_port,
            }.items()
        )
        page.get_by_role("button", name="Close").click()
        with thing_online(console, device):
            expect(page.locator(f'[data-device="{device.id}"]')).to_contain_text("board1 · aBcDeF1234 · online since")
        expect(listed).to_contain_text("Devices1")
        listed.get_by_role("button", name="Remove").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(listed).to_have_count(0)
        expect(page.locator(f'[data-device="{device.id}"]')).to_have_count(0)


def test_switches_sliders_and_lists_set_what_can_be_written(console, browser, modelled):
    with obedient(console, modelled) as (it, asked), browser.open(f"/device/{modelled.id}") as page:
        post(it, lamp=False, level=40, mode=1, temp=25)
        lamp, level, mode = control(page, "灯 · lamp"), control(page, "亮度 · level"), control(page, "模式 · mode")
        expect(lamp.locator(".value")).to_have_text("关")
        expect(level.locator(".value")).to_have_text("40 %")
        expect(level).to_contain_text("0 to 100 %")
        expect(page.locator(".control", has_text="temp")).to_have_count(0)
        temp = page.get_by_role("article", name="温度 · temp")
        expect(temp).to_contain_text("25℃")
        expect(temp).to_contain_text("-40 to 85")

        lamp.get_by_role("switch").click()
        expect(lamp.locator(".value")).to_have_text("开")
        expect(lamp.get_by_role("status")).to_have_text("The device has answered.")
        level.locator("[tabindex]").first.focus()
        page.keyboard.press("ArrowRight")
        expect(level.locator(".value")).to_have_text("45 %")
        mode.get_by_role("combobox").click()
        page.get_by_role("option", name="night").click()
        expect(mode.locator(".value")).to_have_text("night")
        label = control(page, "标签 · label")
        label.get_by_role("textbox").fill("12345678901")
        label.get_by_role("button", name="Set").click()
        expect(label.get_by_role("status")).to_contain_text("10411: 属性设置失败:identifier: label")
        label.get_by_role("textbox").fill("north")
        label.get_by_role("button", name="Set").click()
        expect(label.locator(".value")).to_have_text("north")
        place = control(page, "位置 · place")
        place.get_by_role("textbox").fill("{x: 1}")
        place.get_by_role("button", name="Set").click()
        expect(place.get_by_role("status")).to_contain_text("That is not JSON")
        place.get_by_role("textbox").fill('{"x": 1}')
        place.get_by_role("button", name="Set").click()
        expect(place.locator(".value")).to_have_text('{"x": 1}')
        page.get_by_role("button", name="Ask the device").click()
        expect(page.get_by_text('Answered: {"ok": true}').first).to_be_visible()
        expect(page.locator(".commands li", has_text='set {"level": 45}')).to_contain_text('"code": 200')
    values = [params for topic, params in asked if topic == "thing/property/set"]
    assert values == [{"lamp": True}, {"level": 45}, {"mode": 2}, {"label": "north"}, {"place": {"x": 1}}]


def test_what_the_device_does_not_take_goes_back(console, browser, modelled, monkeypatch):
    monkeypatch.setattr(things, "SET_PATIENCE", 0.2)
    with browser.open(f"/device/{modelled.id}") as page:
        lamp = control(page, "灯 · lamp")
        lamp.get_by_role("switch").click()
        expect(lamp.get_by_role("status")).to_contain_text("10421: the device is offline")
        expect(lamp.get_by_role("switch")).not_to_be_checked()
        level = control(page, "亮度 · level")
        level.locator("[tabindex]").first.focus()
        page.keyboard.press("PageUp")
        expect(level.get_by_role("status")).to_contain_text("10421: the device is offline")
        expect(level.get_by_role("slider")).to_have_attribute("aria-valuenow", "0")
        with thing_online(console, modelled, "thing/#"):
            expect(page.locator("h1 + .badge")).to_have_text("Online")
            lamp.get_by_role("switch").click()
            expect(lamp.get_by_role("status")).to_contain_text("10411: no answer within")
            expect(lamp.get_by_role("switch")).not_to_be_checked()


def test_desired_values_wait_and_can_be_forgotten(console, browser, modelled):
    with browser.open(f"/device/{modelled.id}") as page:
        page.get_by_role("button", name="Desired", exact=True).click()
        expect(page.get_by_text("A desired value waits")).to_be_visible()
        lamp = control(page, "灯 · lamp")
        lamp.get_by_role("switch").click()
        expect(lamp).to_contain_text("to be true (version 1)")
        expect(lamp.get_by_role("status")).to_have_text("Kept for the device.")
        with thing_online(console, modelled, "thing/#") as it:
            assert it.ask("thing/property/desired/get", ["lamp"])["data"]["lamp"] == {"value": True, "version": 1}
            it.ask("thing/property/desired/delete", {"lamp": {"version": 1}})
            expect(lamp).not_to_contain_text("to be true")
        level = control(page, "亮度 · level")
        level.locator("[tabindex]").first.focus()
        page.keyboard.press("ArrowRight")
        expect(level).to_contain_text("to be 5 (version 1)")
        level.get_by_role("button", name="Forget").click()
        expect(level).not_to_contain_text("to be 5")
        assert console.call(console.platform.store.desired.all, modelled.id) == {}


def test_services_and_events(console, browser, modelled):
    with obedient(console, modelled) as (it, asked), browser.open(f"/device/{modelled.id}") as page:
        blink = page.locator("form.service", has_text="blink")
        blink.get_by_role("button", name="Call").click()
        expect(page.get_by_text("10415: ")).to_be_visible()
        blink.get_by_role("textbox").fill('{"n": 3}')
        blink.get_by_role("button", name="Call").click()
        expect(page.get_by_text('Answered: {"ok": true}')).to_be_visible()
        it.say("thing/event/post", {"id": "1", "version": "1.0", "params": {"alarm": {"value": {"level": 3}}}})
        events = page.locator("section.card", has=page.get_by_role("heading", name="Events"))
        expect(events).to_contain_text("告警")
        expect(events).to_contain_text('{"level": 3}')
    assert asked == [("thing/service/blink/invoke", {"n": 3})]


def test_without_a_model_values_are_json(console, browser, board):
    with obedient(console, board) as (_, asked), browser.open(f"/device/{board.id}") as page:
        expect(page.get_by_text("This product has no thing model")).to_be_visible()
        values = page.get_by_label("Values, such as")
        values.fill("[1]")
        page.get_by_role("button", name="Set", exact=True).click()
        expect(page.get_by_text("That is not JSON")).to_be_visible()
        values.fill('{"led": true}')
        page.get_by_role("button", name="Set", exact=True).click()
        expect(page.get_by_role("article", name="led")).to_contain_text("true")
        page.get_by_label("Service", exact=True).fill("blink")
        page.get_by_role("button", name="Call").click()
        expect(page.get_by_text('Answered: {"ok": true}')).to_be_visible()
        page.get_by_role("button", name="Desired", exact=True).click()
        values.fill('{"wish": 1}')
        page.get_by_role("button", name="Set", exact=True).click()
        wish = page.locator(".control.desired", has_text="wish")
        expect(wish).to_contain_text("to be 1 (version 1)")
        wish.get_by_role("button", name="Forget").click()
        expect(wish).to_have_count(0)
    assert asked[:2] == [("thing/property/set", {"led": True}), ("thing/service/blink/invoke", {})]


def test_a_device_with_data_streams_gets_commands(console, browser, product):
    streams = console.call(console.platform.studio.add_product, "Streams", "", Protocol.STREAM)
    device = console.call(console.platform.studio.add_device, streams.id, "streamer1")
    with browser.open(f"/device/{device.id}") as page:
        page.get_by_label("Command").fill("led=on")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert")).to_contain_text("offline")
        with thing_online(console, device, "cmd/#") as it:
            page.get_by_role("button", name="Send").click()
            got = it.receive("PUBLISH")
            it.say(f"cmd/response/{got.topic.rpartition('/')[2]}", b"done")
            expect(page.locator(".commands li .reply")).to_have_text("done")
            assert got.payload == b"led=on"


def test_another_title_and_key(console, browser, board):
    with browser.open(f"/device/{board.id}") as page:
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Title").fill("By the door")
        page.get_by_role("textbox", name="Device key").fill("no base64")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert").last).to_contain_text("must be base64")
        page.get_by_role("textbox", name="Device key").fill("YW5vdGhlciBrZXk=")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="By the door")).to_be_visible()
    assert console.call(console.platform.device, board.id).auth_info == "YW5vdGhlciBrZXk="


@pytest.mark.parametrize(("language", "words"), [("en-US", "Set properties"), ("zh-CN", "设置属性")])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(console, browser, modelled, language, words, width):
    with obedient(console, modelled) as (it, _):
        post(it, lamp=True, level=40, label="北", place={"x": 1, "y": 2.5})
        for path in ("/", f"/device/{modelled.id}"):
            with browser.open(path, language, (width, 900)) as page:
                expect(page.get_by_text(words if path != "/" else modelled.product_id).first).to_be_visible()
                assert page.evaluate("document.documentElement.scrollWidth") == width


def test_whatever_a_model_says_is_text(console, browser, board):
    file = json.loads(MODEL.read_text(encoding="utf-8"))
    for entry in (*file["properties"], *file["events"], *file["services"]):
        entry["name"] = entry["desc"] = HOSTILE
        specs = entry.get("dataType", {}).get("specs")
        if isinstance(specs, dict):
            for name in ("unit", "true", "false", "0"):
                if name in specs:
                    specs[name] = HOSTILE
    console.call(console.platform.studio.load_model, board.product_id, json.dumps(file))
    with obedient(console, board) as (it, _), browser.open(f"/device/{board.id}") as page:
        post(it, lamp=True, level=40, mode=0, temp=1)
        it.say("thing/event/post", {"id": "1", "version": "1.0", "params": {"alarm": {"value": {"level": 1}}}})
        expect(page.get_by_role("article", name=re.compile("temp$"))).to_be_visible()
        expect(page.get_by_text("<img src=x").first).to_be_visible()
        with browser.open() as home:
            expect(home.get_by_text("<img src=x").first).to_be_visible()


def test_the_config_of_a_board_with_data_streams(console, browser):
    studio = console.platform.studio
    product = console.call(studio.add_product, "", "", Protocol.STREAM)
    device = console.call(studio.add_device, product.id, "board1")
    with browser.open(f"/device/{device.id}") as page:
        page.get_by_role("button", name="config.json").click()
        expect(page.get_by_role("dialog")).to_contain_text('"platform": "dp"')


def test_what_another_program_does_to_products_appears_by_itself(console, browser):
    """onenet product and onenet device, beside the console that runs; its pages are not loaded again by hand."""
    store = console.platform.store

    def onenet(*arguments):
        command = [sys.executable, "-m", "onenet_tools", *arguments, "--data", str(store.path)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    with browser.open() as home:
        onenet("product", "add", "Balcony", "--id", "typedByHand1")
        entry = home.locator(".product", has_text="typedByHand1")
        expect(entry).to_contain_text("Balcony")
        onenet("device", "add", "board1", "--product", "typedByHand1")
        expect(entry).to_contain_text("Devices1")
        with browser.open("/device/typedByHand1:board1") as page:
            expect(page.get_by_role("heading", name="Set properties")).to_be_visible()
            expect(page.get_by_role("switch", name="灯 · lamp")).to_have_count(0)
            onenet("product", "model", "typedByHand1", str(MODEL))
            expect(page.get_by_role("switch", name="灯 · lamp")).to_be_visible()
        expect(entry).to_contain_text("Properties: 10")
        onenet("product", "remove", "typedByHand1", "--yes")
        expect(entry).to_have_count(0)


def test_a_model_without_services_has_no_card_for_them(console, browser, board):
    model = {"properties": [{"identifier": "n", "dataType": {"type": "int32", "specs": {"max": "2147483647"}}}]}
    console.call(console.platform.studio.load_model, board.product_id, json.dumps(model))
    with thing_online(console, board, "thing/#") as it, browser.open(f"/device/{board.id}") as page:
        post(it, n=1)
        expect(page.get_by_text("up to 2147483647").first).to_be_visible()
        expect(page.get_by_role("heading", name="Services")).to_have_count(0)
