"""The console's pages in a real browser, with real devices."""

import csv
import io
import json
import re
import threading
import time
from functools import partial

import httpx
import pytest
from browser import PATIENCE, MqttDevice, connect_packet, say
from onenet_tools.console.screenshot import ScreenshotError, screenshot

expect = pytest.importorskip("playwright.sync_api").expect

HOSTILE = [
    "<img src=x onerror=hacked=1>",
    "</script><script>hacked=1</script>",
    "{{constructor.constructor('hacked=1')()}}",
    "`${hacked=1}`",
    ":style",
    "__proto__",
    "';hacked=1;//",
    "{a|<b>bold</b>}\\u0000",
]


@pytest.fixture
def device(console):
    added = console.call(console.platform.add_device, "Window sensor")
    yield added
    if console.call(console.platform.store.device, added.id):
        console.call(console.platform.remove_device, added.id)


def card(page, device):
    return page.locator(f'[data-device="{device.id}"]')


def stream(page, name):
    return page.get_by_role("article", name=name, exact=True)


def tick(page, name):
    box = page.get_by_role("checkbox", name=name)
    box.click()
    expect(box).to_be_checked()  # once the console has said so


def test_device_comes_online_and_goes_without_a_reload(console, browser, device):
    with browser.open() as page:
        born = page.evaluate("window.born")
        expect(card(page, device)).to_contain_text("never online yet")
        expect(page.get_by_role("button", name="Online 0")).to_be_visible()
        started = time.monotonic()
        with MqttDevice(console, device) as board:
            expect(card(page, device)).to_contain_text("online since")
            shown_after = time.monotonic() - started
            expect(page.get_by_role("button", name="Online 1")).to_be_visible()
            board.post(temperature=22.5)
            expect(card(page, device)).to_contain_text("temperature22.5")
        expect(card(page, device)).to_contain_text("last seen")
        expect(page.get_by_role("button", name="Online 0")).to_be_visible()
        assert page.evaluate("window.born") == born
    print(f"shown online {shown_after:.2f} s after CONNECT was begun")


def test_chart_moves_with_the_data(console, browser, device):
    with MqttDevice(console, device) as board:
        board.post(temperature=20.0625)
        board.post(temperature=21.5, cause="power on")
        with browser.open(f"/device/{device.id}") as page:
            chart = stream(page, "temperature").locator(".chart")
            expect(chart).to_have_attribute("data-points", "2")
            canvas = chart.locator("canvas")
            canvas.wait_for()
            page.wait_for_function(
                "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(x => x)",
                arg=canvas.element_handle(),
            )
            before = canvas.evaluate("canvas => canvas.toDataURL()")
            assert "20.0625" in "".join(browser.heard)
            browser.heard.clear()
            board.post(temperature=30.25)
            expect(chart).to_have_attribute("data-points", "3")
            expect(chart).to_have_attribute("aria-label", re.compile("3 points .* lowest 20.0625, highest 30.25"))
            expect(stream(page, "temperature").locator(".last")).to_have_text("30.25")
            page.wait_for_function(
                "([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas.element_handle(), before]
            )
            board.post(pressure=1013, cause="watchdog")
            expect(stream(page, "pressure").locator(".chart")).to_have_attribute("data-points", "1")
            expect(stream(page, "cause").locator(".last")).to_have_text("watchdog")
            expect(stream(page, "cause").locator("ol")).to_contain_text("power on")
            expect(stream(page, "cause").locator("canvas")).to_have_count(0)
            assert "20.0625" not in "".join(browser.heard)  # it is there already


def test_command_is_answered_with_its_round_trip(console, browser, device):
    with browser.open(f"/device/{device.id}") as page:
        page.get_by_label("Command").fill("led=on")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert")).to_contain_text("offline")
        tick(page, "if offline")
        page.keyboard.press("Tab")
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".commands li")).to_contain_text("waits for the device")
        with MqttDevice(console, device):
            expect(page.locator(".commands li .reply")).to_have_text("led=on")
            page.get_by_label("Command").fill("<b>2</b>")
            page.keyboard.press("Enter")
            newest = page.locator(".commands li").first
            expect(newest.locator(".payload")).to_have_text("<b>2</b>")
            expect(newest.locator(".reply")).to_have_text("<b>2</b>")
            expect(newest.locator(".took")).to_have_text(re.compile(r"^[\d,.]+ ms$"))
            tick(page, "as hex")
            page.get_by_label("Command").fill("00 fe")
            page.get_by_role("button", name="Send").click()
            expect(newest.locator(".reply")).to_have_text("00 fe")
            page.get_by_label("Command").fill("no hex")
            page.get_by_role("button", name="Send").click()
            expect(page.get_by_role("alert")).to_contain_text("not hex")


def test_what_devices_send_stays_text(console, browser):
    title = HOSTILE[0] + HOSTILE[1][:30]
    device = console.call(console.platform.add_device, title)
    values = {name: name for name in HOSTILE} | {
        "long": "x" * 40_000,
        "big": 1.5e308,
        "deep": {"a": [1, {"<b>": None}]},
    }
    with MqttDevice(console, device) as board, browser.open("/") as home:
        board.post_json(json.dumps(values).replace("\\\\u0000", "\\u0000"))
        board.post_json('{"rtl": "\\u202e\\u0007evil"}')
        board.publish(HOSTILE[1], HOSTILE[0].encode())
        expect(card(home, device)).to_contain_text(title)
        expect(card(home, device)).to_contain_text("and 8 more")
        with browser.open(f"/device/{device.id}") as page:
            assert title in page.title()
            expect(page.get_by_role("heading", name=title)).to_be_visible()
            for name in HOSTILE[:-1]:
                expect(stream(page, name).locator(".last")).to_have_text(name)
            expect(stream(page, "long").locator(".last")).to_have_text(re.compile("^x{199}…$"))
            expect(stream(page, "rtl").locator(".last")).to_have_text("\u202e\u2407evil")
            board.post(**dict.fromkeys(HOSTILE[:-1], 5))
            for name in HOSTILE[:-1]:
                expect(stream(page, name).locator(".last")).to_have_text("5")
                expect(stream(page, name).locator("canvas")).to_have_count(1)
            stream(page, HOSTILE[0]).locator("canvas").hover()
            page.get_by_label("Command").fill(HOSTILE[0])
            page.keyboard.press("Enter")
            expect(page.locator(".commands li .reply")).to_have_text(HOSTILE[0])
            page.get_by_role("button", name=f"PUBLISH {HOSTILE[1]}").click()
            expect(page.locator(".details")).to_contain_text(HOSTILE[1])
            assert page.locator("main img, main script, main b").count() == 0
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert home.evaluate("window.hacked") == 0
    console.call(console.platform.remove_device, device.id)


def test_secrets_come_with_a_click_and_not_before(console, browser, device):
    keys = [device.auth_info, console.platform.master_key, console.platform.register_code]
    with MqttDevice(console, device) as board, browser.open("/") as page:
        page.get_by_role("button", name="Show: Master key").wait_for()
        board.post(temperature=1)
        expect(card(page, device)).to_contain_text("temperature")
        assert [key for key in keys if key in "".join(browser.heard) + page.content()] == []
        page.get_by_role("button", name="Show: Master key").click()
        expect(page.get_by_text(keys[1])).to_be_visible()
        page.get_by_role("button", name="Hide: Master key").click()
        expect(page.get_by_text(keys[1])).to_have_count(0)
        with browser.open(f"/device/{device.id}") as page:
            page.get_by_role("button", name="CONNECT", exact=False).last.click()
            expect(page.locator(".details pre")).to_contain_text("** ** **")
            page.get_by_role("button", name="Edit").click()
            page.get_by_role("button", name="Cancel").click()
            expect(page.get_by_role("dialog")).to_have_count(0)
            assert [key for key in keys if key in "".join(browser.heard) + page.content()] == []
            page.get_by_role("button", name="Show: Auth-info").click()
            expect(page.get_by_text(device.auth_info)).to_be_visible()


def test_added_device_can_connect_with_the_config_shown(console, browser):
    with browser.open(size=(390, 844)) as page:
        page.get_by_role("button", name="Add device").click()
        page.get_by_role("button", name="Add, and show config.json").click()
        expect(page.get_by_role("alert")).to_have_text("Give it a title.")
        page.get_by_label("Title", exact=True).fill("Pupil <7>")
        page.get_by_label("Device ID").fill("12x")
        page.get_by_role("button", name="Add, and show config.json").click()
        expect(page.get_by_role("alert")).to_contain_text("digits")
        page.get_by_label("Device ID").fill("1234567")
        page.keyboard.press("Enter")
        config = json.loads(page.get_by_label("config.json", exact=True).input_value())
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_text("Copied.")).to_be_visible()
        assert json.loads(page.evaluate("navigator.clipboard.readText()")) == config
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert config["auth_info"] not in page.content()
        assert (config["host"], config["port"], config["device_id"]) == ("localhost", console.mqtt_port, "1234567")
        device = console.call(console.platform.device, "1234567")
        assert (config["product_id"], config["auth_info"]) == (device.product_id, device.auth_info)
        with MqttDevice(console, device):
            expect(card(page, device)).to_contain_text("online since")
        expect(card(page, device)).to_contain_text("Pupil <7>")
        console.call(console.platform.remove_device, device.id)
        expect(card(page, device)).to_have_count(0)


def test_device_is_edited_and_removed(console, browser, device):
    with browser.open(f"/device/{device.id}") as page:
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")  # as over plain HTTP
        page.get_by_role("button", name="config.json").click()
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_text("Copied.")).to_be_visible()
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Title").fill("Door sensor")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Door sensor")).to_be_visible()
        expect(page).to_have_title(re.compile("^Door sensor"))
        assert console.call(console.platform.device, device.id).auth_info == device.auth_info
        page.get_by_role("button", name="Edit").click()
        page.get_by_role("textbox", name="Auth-info").fill("another one")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert console.call(console.platform.device, device.id).auth_info == "another one"
        page.get_by_role("button", name="Remove").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("button", name="Remove").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_role("heading", name="Devices")).to_be_visible()
        expect(card(page, device)).to_have_count(0)


def test_page_of_a_device_that_is_removed_elsewhere_says_so(console, browser, device):
    with browser.open(f"/device/{device.id}") as page:
        console.call(console.platform.remove_device, device.id)
        expect(page.get_by_role("heading", name=f"No device {device.id}")).to_be_visible()
        browser.faults.clear()  # the browser tells of the 404


def test_what_is_not_there_is_said(console, browser, device):
    with browser.open("/nowhere/<b>") as page:
        expect(page.get_by_role("heading", name="There is no page /nowhere/<b>")).to_be_visible()
        page.get_by_role("link", name="All devices").click()
        expect(page.get_by_role("heading", name="Devices")).to_be_visible()
    for path in ("/device/999999", "/device/999999/points.csv", f"/device/{device.id}/points.csv?stream=none"):
        assert httpx.get(console.url + path).status_code == 404
    assert [fault for fault in browser.faults if "404" not in fault] == []
    browser.faults.clear()


def test_refused_logins_and_strangers_are_shown(console, browser, device):
    with browser.open() as page:
        assert say(console, connect_packet(device.id, device.product_id, "a wrong one")) == b"\x20\2\0\4"
        expect(card(page, device)).to_contain_text("password")
        assert say(console, connect_packet("31415926", device.product_id, "x")) == b"\x20\2\0\2"
        refused = page.locator(".packets li.bad", has_text="31415926")
        expect(refused.first).to_contain_text("CONNECT")
        assert say(console, b"GET / HTTP/1.1\r\n\r\n") == b""
        illegal = page.locator(".packets li.bad", has_text="not MQTT")
        illegal.get_by_role("button").click()
        expect(page.locator(".details pre")).to_contain_text("47 45")
        with MqttDevice(console, device):
            expect(card(page, device).locator(".trouble")).to_have_count(0)
        assert "a wrong one" not in "".join(browser.heard)
    with browser.open(f"/device/{device.id}") as page:
        expect(page.locator(".packets li.bad", has_text="password")).to_be_visible()


def test_packet_log_explains_and_pauses(console, browser, device):
    with browser.open(f"/device/{device.id}") as page:
        expect(page.get_by_text("No packets yet.")).to_be_visible()
        body = b"\x30\x0a\0\3$dp\3\0\2{}"[:2] + b"\0\3$dp\3\0\2{x"
        say(console, connect_packet(device.id, device.product_id, device.auth_info) + body)
        illegal = page.locator(".packets li.bad")
        expect(illegal).to_have_count(1)
        expect(illegal).to_contain_text("PUBLISH")
        illegal.get_by_role("button").focus()
        page.keyboard.press("Enter")
        expect(illegal.locator(".details")).to_contain_text("topic name")
        expect(illegal.locator("pre")).to_contain_text("24 64 70")
        page.get_by_role("button", name="Pause").click()
        count = page.locator(".packets li").count()
        with MqttDevice(console, device):
            expect(page.get_by_role("button", name=re.compile(r"Resume \([1-9]"))).to_be_visible()
            assert page.locator(".packets li").count() == count
            page.get_by_role("button", name="Resume").click()
            expect(page.locator(".packets li").first).to_contain_text("CONNACK")


def test_the_packet_log_warns_of_what_other_servers_refuse(console, browser, device):
    with browser.open(f"/device/{device.id}") as page:
        subscribe = b"\x80\x08\x00\x01\x00\x03a/b\x00"
        say(console, connect_packet(device.id, device.product_id, device.auth_info) + subscribe + b"\xe0\0")
        row = page.locator(".packets li", has_text="SUBSCRIBE")
        expect(row.locator(".badge")).to_have_text("careful")
        expect(row).to_contain_text("flags 0000")
        expect(page.locator(".packets li.bad")).to_have_count(0)
        row.get_by_role("button").click()
        expect(row.locator(".details p").first).to_contain_text("expected 0010")
        expect(row.locator(".details")).to_contain_text("topic filter")


def test_csv_has_all_points_and_no_formulas(console, browser, device):
    with MqttDevice(console, device) as board:
        for number in range(3):
            board.post(temperature=-20.5 - number)
        board.post(**{"=cmd|' /C calc'!A0": "@SUM(1)", "text": '+1+2,"quoted"\n中', "minus": "-7"})
        with browser.open(f"/device/{device.id}") as page:
            with page.expect_download() as download:
                stream(page, "temperature").get_by_role("link", name="as CSV").click()
            one = read_csv(download.value)
            with page.expect_download() as download:
                page.get_by_role("link", name="All as CSV").click()
            everything = read_csv(download.value)
            expect(page.locator("footer")).to_have_text(f"Times are of UTC{one[1][1][-6:]}.")
    assert [row[:1] + row[2:] for row in one] == [
        ["stream", "value"],
        *(["temperature", f"{-20.5 - n}"] for n in range(3)),
    ]
    values = {row[0]: row[2] for row in everything}
    assert values["'=cmd|' /C calc'!A0"] == "'@SUM(1)"
    assert values["text"] == '\'+1+2,"quoted"\n中'
    assert values["minus"] == "-7"
    assert len(everything) == 1 + 3 + 3


def read_csv(download):
    assert download.suggested_filename.endswith(".csv")
    data = download.path().read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_fits_a_phone_in_chinese_and_names_all_there_is_to_press(console, browser, device):
    with MqttDevice(console, device) as board:
        board.post(**{"temperature": 20, "a" * 200: "b" * 3000, "text": "word " * 300})
        for path, words in (("/", "设备"), (f"/device/{device.id}", "命令")):
            with browser.open(path, language="zh-CN", size=(390, 844)) as page:
                expect(page.get_by_role("heading", name=words, exact=True)).to_be_visible()
                assert page.evaluate("document.documentElement.lang") == "zh-CN"
                if path != "/":
                    page.locator(".packets button").last.click()
                    page.locator(".details pre").wait_for()
                assert page.evaluate("document.documentElement.scrollWidth") == 390
                nameless = page.locator("button, a, input:not(.hidden), [role=img], [role=checkbox]").evaluate_all(
                    "all => all.filter(it => !(it.innerText || it.ariaLabel || it.labels?.length))"
                    ".map(it => it.outerHTML)"
                )
                assert nameless == []
                assert page.locator("h1").count() == 1


def test_class_room_is_searched(console, browser):
    def add():
        return [console.platform.add_device(f"pupil {number}") for number in range(1, 201)]

    pupils = console.call(add)
    try:
        with browser.open() as page:
            expect(page.locator(".device")).to_have_count(60)
            page.get_by_role("button", name="Next").click()
            expect(page.get_by_text("2 of 4")).to_be_visible()
            page.get_by_role("searchbox").fill("PUPIL 17")
            expect(page.locator(".device-title")).to_have_text(["pupil 17", *(f"pupil {n}" for n in range(170, 180))])
            page.get_by_role("searchbox").fill(pupils[4].id)
            expect(page.locator(".device-title")).to_have_text(["pupil 5"])
            page.get_by_role("searchbox").fill("")
            page.get_by_role("button", name="Online").click()
            expect(page.get_by_text("No device matches.")).to_be_visible()
            with MqttDevice(console, pupils[9]):
                expect(page.locator(".device-title")).to_have_text(["pupil 10"])
    finally:
        console.call(lambda: [console.platform.remove_device(pupil.id) for pupil in pupils])


def test_devices_are_ordered_and_found_by_tags(console, browser):
    pupils = [console.call(console.platform.add_device, title) for title in ("a", "b", "c")]
    for pupil in pupils[1:]:
        console.call(partial(console.platform.edit_device, pupil.id, about={"tags": ["3b", pupil.title]}))
    try:
        with browser.open() as page, MqttDevice(console, pupils[1]):
            titles = page.locator(".device-title")
            expect(titles).to_have_text(["b", "a", "c", "config.json.example"])
            page.get_by_label("Order").select_option("By title")
            expect(titles).to_have_text(["a", "b", "c", "config.json.example"])
            page.get_by_label("Order").select_option("Latest change first")
            expect(titles.first).to_have_text("b")
            page.get_by_label("Tags").select_option("3b")
            expect(titles).to_have_text(["b", "c"])
            with browser.open(f"/device/{pupils[0].id}") as other:
                other.get_by_role("button", name="Edit").click()
                other.get_by_label("Tags").fill("3b\uff0c new,3b")
                other.get_by_role("button", name="Save").click()
                expect(other.get_by_role("dialog")).to_have_count(0)
            expect(titles).to_have_text(["b", "a", "c"])
            expect(card(page, pupils[0])).to_contain_text("3bnew")
            with browser.open(f"/device/{pupils[1].id}") as other:
                other.get_by_text("When it came and went").click()
                expect(other.locator(".card", has_text="Broker").locator("details li")).to_have_count(1)
    finally:
        console.call(lambda: [console.platform.remove_device(pupil.id) for pupil in pupils])


def test_hundreds_of_streams_do_not_grow_the_page(console, browser, device):
    with MqttDevice(console, device) as board:
        board.post(**{f"stream{number:03}": number for number in range(400)})
        with browser.open(f"/device/{device.id}") as page:
            expect(page.get_by_role("article")).to_have_count(12)
            page.get_by_role("button", name="Next").click()
            expect(stream(page, "stream012")).to_be_visible()
            page.get_by_role("searchbox").fill("m399")
            expect(page.get_by_role("article")).to_have_count(1)
            board.post(stream399=17.5, stream400=1, other=2)
            expect(stream(page, "stream399").locator(".last")).to_have_text("17.5")
            page.get_by_role("searchbox").fill("")
            expect(page.get_by_text("1 of 34")).to_be_visible()
            expect(stream(page, "other")).to_be_visible()


def test_closed_pages_are_not_told_any_more(console, browser, device):
    listeners = console.platform._listeners
    before = set(listeners)
    with browser.open(f"/device/{device.id}"):
        pages = set(listeners) - before
        assert len(pages) == 1
    deadline = time.monotonic() + PATIENCE
    while pages & set(listeners):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_picture_of_a_page(console, browser, device, tmp_path):
    with MqttDevice(console, device) as board:
        board.post(temperature=20)
        failures = []

        def take():
            try:
                screenshot(f"{console.url}/device/{device.id}", tmp_path / "build" / "console.png")
            except ScreenshotError as error:
                failures.append(error)

        thread = threading.Thread(target=take)  # Playwright can't be begun twice in one
        thread.start()
        thread.join()
    assert failures == []
    assert (tmp_path / "build" / "console.png").read_bytes().startswith(b"\x89PNG")
