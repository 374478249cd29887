"""A stream's page: any span of its history as chart and table, several streams over each other, in a real browser."""

import math
import random
import re
import time
from datetime import datetime, timedelta, timezone

import httpx
import pytest
from onenet_tools.console.database import microseconds
from onenet_tools.console.history import MOST, history
from onenet_tools.console.pages.places import place_in
from onenet_tools.datapoints import DataPoint, written_time

expect = pytest.importorskip("playwright.sync_api").expect

NOW = datetime.now(timezone.utc).replace(microsecond=0)


def point(stream, value, seconds):
    """That many seconds before now."""
    return DataPoint(stream, value, written_time(microseconds(NOW - timedelta(seconds=seconds))))


def store(console, device, points):
    async def run():
        await console.platform.store_points(device.id, points)

    console.call(run)


def ask(console, device, path="chart.json", **params):
    return httpx.get(f"{console.url}/device/{device.id}/{path}", params=params, timeout=60)


def ms(seconds):
    return round((NOW.timestamp() - seconds) * 1000)


def test_few_points_are_given_as_they_are(console, device):
    store(
        console, device, [point("t", "20.5", 30), point("t", 21, 20), point("t", "no number", 15), point("t", 22, 10)]
    )
    found = ask(console, device, stream="t").json()
    (stream,) = found["streams"]
    assert stream["rows"] == [[ms(30), 20.5], [ms(20), 21], [ms(10), 22]]
    assert not stream["gathered"]
    assert stream["facts"] == {"low": 20.5, "high": 22, "mean": pytest.approx(21.1667, abs=1e-3), "count": 3} | {
        "first": ms(30),
        "last": ms(10),
    }
    (stream,) = ask(console, device, stream="t", start=ms(25), end=ms(10)).json()["streams"]
    assert stream["facts"]["count"] == 1  # from the beginning to before the end
    assert [row[0] for row in stream["rows"]] == [ms(30), ms(20), ms(10)]  # the line leads out of the chart


def test_many_points_are_gathered_and_no_spike_is_lost(console, device):
    values = [math.sin(second / 500) for second in range(20_000)]
    values[12_345] = 99.0
    store(console, device, [point("t", value, 20_000 - second) for second, value in enumerate(values)])
    (stream,) = ask(console, device, stream="t", width=200).json()["streams"]
    assert stream["gathered"] and 150 <= len(stream["rows"]) <= 210
    assert max(row[3] for row in stream["rows"]) == 99.0
    assert min(row[2] for row in stream["rows"]) == pytest.approx(-1, abs=1e-3)
    assert all(low <= mean <= high for _, mean, low, high in stream["rows"])
    assert stream["facts"]["count"] == 20_000
    assert stream["facts"]["mean"] == pytest.approx(sum(values) / 20_000)


@pytest.mark.parametrize("pace", [1, 30])
def test_an_outage_is_a_gap(console, device, pace):
    seconds = [*range(0, 3600 * pace, pace), *range(5400 * pace, 7200 * pace, pace)]
    store(console, device, [point("t", 20, second) for second in seconds])
    (stream,) = ask(console, device, stream="t", width=300).json()["streams"]
    assert [row[1] for row in stream["rows"]].count(None) == 1
    assert stream["gathered"] == (len(seconds) > MOST)


def test_pauses_that_come_and_go_are_no_gaps(console, device):
    wild, at, points = random.Random(7), 0.0, []
    for _ in range(500):
        at += wild.uniform(1, 60)
        points.append(point("t", 20, at))
    store(console, device, points)
    (stream,) = ask(console, device, stream="t").json()["streams"]
    assert [row[1] for row in stream["rows"]].count(None) == 0


def test_what_is_asked_wrongly_is_refused(console, device):
    store(console, device, [point("t", 1, 5)])
    for params, status in [
        ({}, 422),
        ({"stream": "none"}, 404),
        ({"stream": ["t"] * 7}, 400),
        ({"stream": "t", "start": "x"}, 422),
        ({"stream": "t", "start": 2**60, "end": 2**61}, 422),
        ({"stream": "t", "width": 10**9}, 422),
    ]:
        assert ask(console, device, **params).status_code == status, params
    assert ask(console, device, stream="t", start=ms(0), end=ms(100)).status_code == 200  # an empty span
    assert ask(console, device, "values.json", stream="t", after="x").status_code == 422
    assert httpx.get(f"{console.url}/device/999999/chart.json?stream=t").status_code == 404


def test_values_are_paged_newest_first(console, device):
    store(console, device, [point(name, number, number) for number in range(40) for name in ("a", "b")])
    found, more = [], ""
    while True:
        page = ask(console, device, "values.json", stream=["a", "b"], after=more).json()
        found += page["rows"]
        more = page["more"]
        if not more:
            break
    assert [(row[0], row[1]) for row in found] == [(ms(number), i) for number in range(40) for i in (1, 0)]


def test_a_full_stream_is_drawn_while_the_console_works(console, device):
    """100,000 points: what the console does takes no turn of the event loop for itself."""
    for start in range(0, 100_000, 20_000):
        store(console, device, [point("t", start + n, 100_000 - start - n) for n in range(20_000)])
    started = time.monotonic()
    (stream,) = ask(console, device, stream="t", width=1000).json()["streams"]
    print(f"100,000 points in {len(stream['rows'])} steps after {time.monotonic() - started:.3f} s")
    assert stream["facts"]["count"] >= 99_000 and len(stream["rows"]) <= 1010


def test_the_chart_is_zoomed_moved_and_keeps_its_address(console, browser, device):
    store(console, device, [point("temperature", 20 + second % 7, second) for second in range(0, 7200, 5)])
    with browser.open(f"/device/{device.id}/stream?stream=temperature") as page:
        chart = page.locator(".history-chart")
        expect(chart).to_have_attribute("data-gathered", "true")
        expect(page.get_by_role("button", name="1 h", exact=True)).to_have_attribute("aria-pressed", "true")
        facts = page.locator(".facts tbody tr")
        expect(facts).to_contain_text(re.compile("[67][0-9][0-9]$"))  # points
        page.get_by_role("button", name="5 min", exact=True).click()
        expect(page).to_have_url(re.compile("span=300000"))
        expect(chart).to_have_attribute("data-gathered", "false")
        page.get_by_role("button", name="All", exact=True).click()
        expect(facts).to_contain_text("1440")
        chart.hover()
        page.mouse.wheel(0, -400)
        expect(page).to_have_url(re.compile("start=[0-9]+&end=[0-9]+"))
        expect(facts).not_to_contain_text("1440")
        zoomed = page.url
        page.mouse.down()
        box = chart.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2 + 200, box["y"] + box["height"] / 2, steps=5)
        page.mouse.up()
        page.wait_for_function("before => location.href !== before", arg=zoomed)
        moved = page.url
        page.get_by_role("button", name="Zoom in").click()
        page.wait_for_function("before => location.href !== before", arg=moved)
        page.get_by_label("from", exact=True).fill("2020-01-01T00:00:00")
        page.get_by_label("to", exact=True).fill("2019-01-01T00:00:00")
        page.get_by_role("button", name="Show", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("after the beginning")
        page.get_by_label("to", exact=True).fill("2020-02-01T00:00:00")
        page.get_by_role("button", name="Show", exact=True).click()
        expect(page.get_by_text("No values in this span of time.")).to_be_visible()
        again = page.url
    with browser.open(again.removeprefix(console.url)) as page:
        expect(page.get_by_text("No values in this span of time.")).to_be_visible()


def test_new_points_come_by_themselves(console, browser, device):
    store(console, device, [point("t", 20, 60)])
    with browser.open(f"/device/{device.id}/stream?stream=t") as page:
        expect(page.locator(".facts tbody tr td").first).to_have_text("20")
        store(console, device, [DataPoint("t", 33.25)])
        expect(page.locator(".facts tbody tr td").first).to_have_text("33.25")
        expect(page.locator(".rows tbody tr")).to_have_count(2)


def test_streams_lie_over_each_other(console, browser, device):
    store(console, device, [point(name, 1, s) for s in range(9) for name in ("warm", "<b>wet</b>", "{a|x}")])
    with browser.open(f"/device/{device.id}/stream?stream=warm") as page:
        page.get_by_label("Lay another stream over it").select_option("<b>wet</b>")
        expect(page.locator(".facts tbody tr")).to_have_count(2)
        expect(page.get_by_role("heading", level=1)).to_have_text(["<b>wet</b>", "warm"][1] + ", <b>wet</b>")
        page.get_by_label("Lay another stream over it").select_option("{a|x}")
        expect(page.locator(".facts tbody tr")).to_have_count(3)
        expect(page.locator(".rows tbody tr").first).to_be_visible()
        page.get_by_role("button", name="Take away: warm").click()
        expect(page.locator(".facts tbody tr")).to_have_count(2)
        assert page.locator("main b").count() == 0


def test_true_and_false_are_steps_and_places_are_a_table(console, browser, device):
    place = {"lon": 106.5, "lat": 29.6}
    store(console, device, [point("window", number % 2 == 0, 9 - number) for number in range(9)])
    store(console, device, [point("place", place, 5), point("place", {"lon": 106.75, "lat": 29.5}, 1)])
    with browser.open(f"/device/{device.id}") as page:
        window = page.get_by_role("article", name="window")
        expect(window.locator(".chart")).to_have_attribute("data-points", "9")
        expect(window.locator("canvas")).to_have_count(1)
        expect(window.locator(".last")).to_have_text("true")
        where = page.get_by_role("article", name="place")
        expect(where.locator(".last")).to_have_text("106.75000, 29.50000")
        expect(where.locator("tbody tr")).to_have_count(2)
        expect(where.locator("tbody tr").first).to_contain_text("106.75000")
        expect(where.locator("canvas")).to_have_count(0)
        window.get_by_role("link", name="window", exact=True).click()
        expect(page.locator(".facts tbody tr")).to_contain_text("true for 55.6 %")
    with browser.open(f"/device/{device.id}/stream?stream=place") as page:
        expect(page.get_by_role("columnheader", name="Longitude")).to_be_visible()
        expect(page.locator(".rows tbody tr").first).to_contain_text("106.75")
        expect(page.locator(".history-chart")).to_be_hidden()


def test_a_stream_is_renamed_hidden_and_removed(console, browser, device):
    store(console, device, [point("t1", 20, 5), point("t2", 21, 5)])
    with browser.open(f"/device/{device.id}/stream?stream=t1") as page:
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Shown as").fill("Window")
        page.get_by_label("Unit").fill("°C")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Window", exact=True)).to_be_visible()
        expect(page.locator(".facts tbody tr")).to_contain_text("°C")
        page.get_by_role("button", name="Edit").click()
        page.get_by_role("checkbox", name="hide it").click()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    with browser.open(f"/device/{device.id}") as page:
        expect(page.get_by_role("article")).to_have_count(1)
        page.get_by_role("button", name="Hidden (1)").click()
        expect(page.get_by_role("article", name="Window")).to_contain_text("°C")
        with browser.open(f"/device/{device.id}/stream?stream=t1") as other:
            other.get_by_role("button", name="Remove").click()
            other.get_by_role("dialog").get_by_role("button", name="Remove").click()
            expect(other.get_by_role("heading", name="Data streams")).to_be_visible()
        expect(page.get_by_role("article")).to_have_count(1)  # on the page that was open all the time
    assert [stream.id for stream in console.call(console.platform.described_streams, device.id)] == ["t2"]


def test_a_stream_that_has_fallen_silent_is_marked(console, browser, device):
    store(console, device, [point("dead", 1, 3600 + 10 * number) for number in range(9)])
    store(console, device, [point("alive", 1, 600 * number) for number in range(9)])
    with browser.open(f"/device/{device.id}") as page:
        expect(page.get_by_role("article", name="dead")).to_contain_text("Silent since")
        expect(page.get_by_role("article", name="alive").locator(".last")).to_have_text("1")
        expect(page.get_by_role("article", name="alive")).not_to_contain_text("Silent since")


def test_a_stream_that_is_not_there_is_said(console, browser, device):
    for path in (
        f"/device/{device.id}/stream?stream=none",
        f"/device/{device.id}/stream",
        "/device/99/stream?stream=t",
    ):
        with browser.open(path) as page:
            expect(page.get_by_role("heading", name=re.compile("^No "))).to_be_visible()
    browser.faults.clear()  # the browser tells of the 404


def test_history_of_a_stream_that_went_in_between(console, device):
    async def run():
        return await console.platform.store.aside(lambda db: history(device.id, "gone", 0, 1, 0, 50, db))

    assert console.call(run).entries == []


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"lon": 106.5, "lat": 29.6}, (106.5, 29.6)),
        ({"lng": "106.5", "lat": "-29.6", "ele": 5}, (106.5, -29.6)),
        ({"longitude": 0, "latitude": 0}, (0, 0)),
        ({"lon": 181, "lat": 0}, None),
        ({"lon": 1}, None),
        ([106.5, 29.6], None),
        ({"lon": True, "lat": None}, None),
    ],
)
def test_places(value, place):
    assert place_in(value) == place
