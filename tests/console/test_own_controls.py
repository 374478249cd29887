"""Buttons, switches and sliders of one's own, in a real browser with a real device."""

import pytest
from browser import MqttDevice

expect = pytest.importorskip("playwright.sync_api").expect


def add(page, kind, title, command, **more):
    page.locator(".own + button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill(title)
    dialog.get_by_role("combobox", name="Kind").click()
    page.get_by_role("option", name=kind).click()
    dialog.get_by_role("textbox", name="Command", exact=True).fill(command)
    for name, text in more.items():
        dialog.get_by_label(name.replace("_", " "), exact=True).fill(text)
    dialog.get_by_role("button", name="Add control").click()
    return dialog


def test_they_are_made_send_and_are_removed(console, browser, device):
    with MqttDevice(console, device), browser.open(f"/device/{device.id}") as page:
        dialog = add(page, "Button", "", "beep")
        expect(dialog.get_by_role("alert")).to_have_text("Give it a title and a command.")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_have_count(0)
        dialog = add(page, "Slider", "Level", "level")
        expect(dialog.get_by_role("alert")).to_contain_text("{value}")
        dialog.get_by_role("textbox", name="Command", exact=True).fill("level={value}")
        dialog.get_by_role("button", name="Add control").click()
        expect(dialog).to_have_count(0)
        expect(add(page, "Button", "<b>Beep</b>", "beep=1")).to_have_count(0)
        expect(add(page, "Switch", "Lamp", "led=on", Command_for_off="led=off")).to_have_count(0)
        newest = page.locator(".commands li .payload").first
        page.get_by_role("button", name="<b>Beep</b>", exact=True).click()
        expect(newest).to_have_text("beep=1")
        page.get_by_role("switch", name="Lamp").click()
        expect(newest).to_have_text("led=on")
        page.get_by_role("switch", name="Lamp").click()
        expect(newest).to_have_text("led=off")
        page.locator(".own-control .q-slider [tabindex]").first.focus()
        page.keyboard.press("ArrowRight")
        expect(newest).to_have_text("level=1")
    with browser.open(f"/device/{device.id}") as page:
        page.get_by_role("button", name="<b>Beep</b>", exact=True).click()
        expect(page.get_by_role("alert").first).to_contain_text("offline")
        for title in ("Level", "<b>Beep</b>", "Lamp"):
            page.get_by_role("button", name=f"Remove: {title}").click()
        expect(page.locator(".own-control")).to_have_count(0)
