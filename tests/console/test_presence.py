"""When a device was online: the strips of its page, and what they are made of."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from browser import MqttDevice
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from onenet_tools.console.pages.presence import spans_online

expect = pytest.importorskip("playwright.sync_api").expect

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


@pytest.mark.parametrize(
    ("statuses", "is_online", "spans"),
    [
        ([], False, []),
        ([(False, 2)], False, []),
        ([(True, 3), (False, 2)], False, [(3, 2)]),
        ([(True, 3), (False, 2), (True, 1)], True, [(3, 2), (1, 0)]),
        ([(True, 3), (True, 1)], True, [(1, 0)]),  # the console lost its power in between
        ([(True, 3)], False, []),
    ],
)
def test_spans(statuses: list[tuple[bool, float]], is_online: bool, spans: list[tuple[float, float]]) -> None:
    told = [(online, ago(hours)) for online, hours in statuses]
    assert spans_online(told, is_online, NOW) == [(ago(first), ago(last)) for first, last in spans]


def test_the_page_shows_a_day_and_a_week(
    console: RunningConsole, browser: Any, new_device: Callable[[str], Device]
) -> None:
    device = new_device("came and went")
    now = datetime.now(timezone.utc)
    for came, hours in ((True, 72), (False, 36), (True, 12), (False, 6)):
        console.call(partial(console.platform.store.set_since, device.id, came, now - timedelta(hours=hours)))
    with browser.open(f"/device/{device.id}") as page:
        strips = page.locator(".presence .strip")
        expect(strips).to_have_count(2)
        for strip, name in zip(strips.all(), ("24 hours", "7 days"), strict=True):
            expect(strip).to_have_attribute("aria-label", f"online 25 % of the last {name}")
        drawn = strips.first.evaluate("strip => getComputedStyle(strip).backgroundImage")
        assert [round(float(edge)) for edge in re.findall(r"([\d.]+)%", drawn)] == [50, 50, 75, 75]
        page.get_by_text("When it came and went").click()
        listed = page.locator("details", has_text="When it came and went").locator("li")
        expect(listed).to_have_count(4)
        with MqttDevice(console, device):
            expect(listed).to_have_count(5)
