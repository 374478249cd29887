"""Devices for a class: added from a list, and the sheet to print, in a real browser."""

import json

import pytest
import segno

expect = pytest.importorskip("playwright.sync_api").expect


def test_a_class_is_added_and_its_sheet_printed(console, browser):
    before = {device.id for device in console.call(console.platform.devices)}
    with browser.open() as page:
        page.get_by_role("button", name="Add many").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Titles, or CSV").fill(
            'title,id\nAnna <1>,4711,secret one\n"Li, Si"\n\nBen,x5\nAnna,4711\n'
        )
        dialog.get_by_label("Tags").fill("3b")
        dialog.get_by_role("button", name="Add many").click()
        expect(dialog.get_by_role("status")).to_have_text("2 added.")
        expect(dialog.get_by_role("alert")).to_contain_text("line 5: device id: must be")
        expect(dialog.get_by_role("alert")).to_contain_text("line 6: device id 4711: there is one already")
        dialog.get_by_label("CSV file").set_input_files(
            {"name": "class.csv", "mimeType": "text/csv", "buffer": "\ufeff名称\n王五\n".encode()}
        )
        expect(dialog.get_by_label("Titles, or CSV")).to_have_value("名称\n王五\n")
        dialog.get_by_role("button", name="Add many").click()
        expect(dialog.get_by_role("status")).to_have_text("1 added.")
        dialog.get_by_role("link", name="Sheet for the class").click()
        expect(page.get_by_role("heading", name="王五")).to_be_visible()
        slips = page.locator(".slip")
        page.get_by_role("link", name="3b").click()
        expect(slips).to_have_count(3)
        anna = page.locator(".slip", has_text="Anna <1>")
        expect(anna).to_contain_text("secret one")
        expect(anna).to_contain_text(f"--host localhost:{console.mqtt_port} --device-id 4711")
        settings = {"host": "localhost", "port": console.mqtt_port, "device_id": "4711"}
        settings |= {"product_id": console.platform.product_id, "auth_info": "secret one"}
        for caption, text in (
            ("Its page", f"http://localhost:{console.http_port}/device/4711"),
            ("config.json", json.dumps(settings)),
        ):
            code = anna.get_by_role("img", name=f"{caption}, QR")
            assert code.get_attribute("src") == segno.make(text).svg_data_uri(border=3, light="#fff")
            assert code.evaluate("it => it.complete && it.naturalWidth > 20")
        page.emulate_media(media="print")
        expect(page.get_by_role("button", name="Print")).to_be_hidden()
    for device in console.call(console.platform.devices):
        if device.id not in before:
            console.call(console.platform.remove_device, device.id)


def test_pupils_do_not_get_the_sheet(console, browser, monkeypatch):
    from onenet_tools.console.lock import Rights

    monkeypatch.setattr(console.platform.lock, "rights", lambda address, cookie: Rights(changes=False))
    with browser.open("/sheet") as page:
        expect(page.get_by_role("heading", name="Sheet for the class")).to_be_visible()
        expect(page.locator(".slip")).to_have_count(0)
    browser.faults.clear()  # the browser tells of the 404
