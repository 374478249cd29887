"""What the pages look like: nothing cut, broken, over each other or empty, wide and on a phone, in both languages.

That is found here in the fonts of whatever computer it is; pages are compared with pictures of them in
test_pictures.py.
"""

import re
from pathlib import Path

import pytest
from onenet_tools.console.sample import fill

expect = pytest.importorskip("playwright.sync_api").expect

FAULTS = Path(__file__).with_name("looks.js").read_text(encoding="utf-8")
WIDE, PHONE = (1400, 900), (390, 844)
PAGES = ["devices", "device", "thing", "stream", "streams", "place", "connect", "sheet", "teacher", "nowhere"]


@pytest.fixture
def browser(browser):
    """Chromium says of reading a picture that it could be faster; and of a page that is not there, 404."""
    yield browser
    browser.faults[:] = [fault for fault in browser.faults if not re.search("^Canvas2D|404", fault)]


@pytest.fixture(scope="module")
def sample(console):
    return fill(console)


def looks(page):
    """Once all is drawn."""
    page.wait_for_function(
        "[...document.querySelectorAll('.chart, .history-chart')].every("
        "it => !it.checkVisibility() || it.querySelector('canvas'))"
    )
    if page.locator(".history-chart").count():
        expect(page.locator(".rows tbody tr").first).to_be_visible()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate(FAULTS)


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_pages(browser, sample, name, size, language):
    with browser.open(sample.pages()[name], language=language, size=size) as page:
        assert looks(page) == []
        page.emulate_media(color_scheme="dark")
        assert looks(page) == []


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_dialogs_on_a_phone(browser, sample, language):
    chinese = language == "zh-CN"
    old = sample.pages()["device"]
    for path, press in [
        ("/", "添加设备" if chinese else "Add device"),
        ("/", "添加产品" if chinese else "Add product"),
        ("/", "批量添加" if chinese else "Add many"),
        (old, "添加规则" if chinese else "Add rule"),
        (old, "添加控件" if chinese else "Add control"),
        (old, "config.json"),
        (old, "编辑" if chinese else "Edit"),
        (old, "删除" if chinese else "Remove"),
        (sample.pages()["stream"], "编辑" if chinese else "Edit"),
        (sample.pages()["stream"], "删除" if chinese else "Remove"),
    ]:
        with browser.open(path, language=language, size=PHONE) as page:
            page.get_by_role("button", name=press, exact=True).click()
            dialog = page.get_by_role("dialog")
            expect(dialog).to_be_visible()
            # Quasar's, from when it is there until it has come to rest; its animation begins somewhat later.
            expect(dialog.locator(".q-dialog__inner")).not_to_have_class(re.compile("animating"))
            assert looks(page) == [], (path, press)


@pytest.mark.parametrize(
    ("style", "fault"),
    [
        (".content { width: 2000px; }", "the page is"),
        (".device-title { height: 1rem; overflow: hidden; }", "cut: "),
        (".soft { color: #9aa5af !important; }", "pale: "),
        (".search::placeholder { color: #b0b8c0 !important; }", "pale: "),
        (".card { max-width: 6rem; } .card * { white-space: nowrap; }", "sticks out"),
        (".card > h2 { margin-bottom: -2.5rem; }", "over each other"),
        ("h2 { width: 3rem; overflow-wrap: anywhere; }", "broken: "),
        (
            ".card { display: flex; flex-direction: column; height: 900px; justify-content: space-between; }",
            "a hole of",
        ),
    ],
)
def test_faults_are_found(browser, sample, style, fault):
    with browser.open(sample.pages()["devices"], size=PHONE) as page:
        page.add_style_tag(content=style)
        assert any(re.match(fault, found) for found in looks(page))


def test_a_cut_chart_is_found(browser, sample):
    with browser.open(sample.pages()["device"]) as page:
        assert looks(page) == []
        page.evaluate(
            "() => { const it = document.querySelector('canvas'); it.getContext('2d').fillRect(0, 0, 3, it.height); }"
        )
        assert [fault for fault in page.evaluate(FAULTS) if fault.startswith("cut at the edge")] != []
