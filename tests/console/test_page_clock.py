"""All times of a page are the console's, in whatever zone the browser is: values, lists, charts and what one types."""

import contextlib
import re
import time
from datetime import datetime, timedelta, timezone

import pytest
from browser import PATIENCE
from onenet_tools.console.database import microseconds
from onenet_tools.datapoints import DataPoint, written_time

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system's zone is not a program's to set")

MEASURED = datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
SPAN = f"&start={MEASURED.timestamp() - 7200:.0f}000&end={MEASURED.timestamp() + 600:.0f}000"
IN_BOGOTA = "2026-02-02 23:05:06"


@pytest.fixture
def console_in_bogota(console, monkeypatch):
    """The console in UTC-05:00, and no clock is changed there."""
    monkeypatch.setenv("TZ", "America/Bogota")
    time.tzset()
    yield console
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def page_in(console_in_bogota, one_browser):
    """A page in a browser of that zone."""

    @contextlib.contextmanager
    def page_in(zone, path):
        with contextlib.closing(one_browser.program.new_context(locale="en-US", timezone_id=zone)) as context:
            context.set_default_timeout(PATIENCE * 1000)
            page = context.new_page()
            page.goto(console_in_bogota.url + path)
            page.wait_for_function("window.did_handshake")
            yield page

    return page_in


@pytest.fixture
def measured(console, device):
    async def store():
        times = (MEASURED - timedelta(minutes=minutes) for minutes in range(0, 90, 5))
        points = [DataPoint("warm", 20 + at.minute / 10, written_time(microseconds(at))) for at in times]
        await console.platform.store_points(device.id, points)

    console.call(store)
    return device


def chart_of(page):
    """Its pixels, once it is drawn."""
    page.locator("canvas").first.wait_for()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("() => [...document.querySelectorAll('canvas')].map(it => it.toDataURL())")


@pytest.mark.parametrize("path", ["/device/{}", "/device/{}/stream?stream=warm" + SPAN])
def test_a_page_is_the_same_in_every_zone(page_in, measured, path):
    found = {}
    for zone in ("America/Bogota", "Asia/Kathmandu", "Pacific/Auckland"):
        with page_in(zone, path.format(measured.id)) as page:
            expect(page.get_by_text(IN_BOGOTA).first).to_be_visible()
            found[zone] = (chart_of(page), page.locator("main, .content").last.inner_text())
            said = page.locator("footer").inner_text()
        if zone == "America/Bogota":
            assert said == "Times are of UTC-05:00."
        elif zone == "Asia/Kathmandu":
            assert said == "Times are of UTC-05:00, as on the console's computer, and not of UTC+05:45, this browser's."
    charts = {tuple(charts) for charts, _ in found.values()}
    times = {tuple(re.findall(r"\d\d:\d\d:\d\d", text)) for _, text in found.values()}
    assert len(charts) == len(times) == 1


def test_a_span_is_typed_and_moved_in_the_consoles_time(page_in, measured):
    with page_in("Asia/Kathmandu", f"/device/{measured.id}/stream?stream=warm{SPAN}") as page:
        since, until = page.get_by_label("from", exact=True), page.get_by_label("to", exact=True)
        expect(since).to_have_value("2026-02-02T21:05:06")
        since.fill("2026-02-02T22:05:06")
        until.fill("2026-02-02T23:05:00")
        page.get_by_role("button", name="Show", exact=True).click()
        start, end = (round((MEASURED - timedelta(seconds=seconds)).timestamp()) for seconds in (3600, 6))
        expect(page).to_have_url(re.compile(f"start={start}000&end={end}000"))
        expect(page.locator(".rows tbody tr").first).to_contain_text("2026-02-02 23:00:06")
        box = page.locator(".history-chart").bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        expect(page.locator(".facts thead")).to_contain_text(re.compile("2026-02-02 22:[23]"))
        page.mouse.wheel(0, -400)
        expect(since).to_have_value(re.compile("2026-02-02T22:[0-4]"))
        expect(since).not_to_have_value("2026-02-02T22:05:06")
