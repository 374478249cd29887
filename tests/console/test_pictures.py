"""Each page beside pictures of it: wide and on a phone, light and dark, in both languages.

A page is loaded once in a language, and made narrow and dark while it is there, as a window is made smaller.

The pictures in looks/ are small, in a font of their own (a part of Noto Sans CJK), without what changes from run to
run: what is compared is where things are and which colours they have. What is wrong within a page is in test_looks.py.
Where pages have been changed, take the pictures anew and look at them:

    LOOKS=new python -m pytest tests/console/test_pictures.py
"""

import base64
import contextlib
import itertools
import os
from pathlib import Path

import pytest
from browser import PATIENCE
from onenet_tools.console.sample import fill
from test_looks import PAGES, PHONE, WIDE

FOLDER = Path(__file__).with_name("looks")
STILL, COMPARE = (FOLDER / f"{name}.js" for name in ("still", "compare"))
FONT = "data:font/woff2;base64," + base64.b64encode((FOLDER / "pages.woff2").read_bytes()).decode()
TAKEN = Path(__file__).parents[2] / "build" / "looks"
SCALE = 0.25
TOLERANCE = 0.02  # of a page: another Chromium draws its edges otherwise
CHANGES = [
    ".card { padding: 3rem; }",
    *(
        pytest.param(each, marks=pytest.mark.long)
        for each in (
            ":root { --accent: #7b1fa2 !important; }",
            ".card { display: none; }",
            "body { background: #888 !important; }",
        )
    ),
    "h1 { font-size: 4rem !important; }",
]


@pytest.fixture(scope="module")
def sample(console):
    return fill(console)


@pytest.fixture(scope="module")
def open_page(console, one_browser, sample):
    """A page in a window of its own."""

    @contextlib.contextmanager
    def opened(name, language):
        context = one_browser.program.new_context(
            locale=language, viewport={"width": WIDE[0], "height": WIDE[1]}, device_scale_factor=SCALE
        )
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        page.goto(console.url + sample.pages()[name])
        page.wait_for_function("window.did_handshake")
        if page.locator(".history-chart").count():
            page.locator(".rows tbody tr").first.wait_for()
        page.wait_for_function(
            "[...document.querySelectorAll('.chart, .history-chart')].every("
            "it => !it.checkVisibility() || it.querySelector('canvas'))"
        )
        yield page
        context.close()

    return opened


def picture(page, size, scheme):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    page.evaluate(STILL.read_text(encoding="utf-8"), FONT)
    return page.screenshot()


@pytest.fixture(scope="module")
def difference(one_browser):
    page = one_browser.program.new_page()

    def compare(one, other):
        urls = ["data:image/png;base64," + base64.b64encode(png).decode() for png in (one, other)]
        return page.evaluate(COMPARE.read_text(encoding="utf-8"), urls)

    yield compare
    page.close()


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
@pytest.mark.parametrize("name", PAGES)
def test_pages(open_page, difference, name, language):
    found = []
    with open_page(name, language) as page:
        for size, scheme in itertools.product((WIDE, PHONE), ("light", "dark")):
            kept = FOLDER / f"{name}-{size[0]}-{language[:2]}-{scheme}.png"
            taken = picture(page, size, scheme)
            if os.environ.get("LOOKS") == "new":
                kept.write_bytes(taken)
            differs = difference(kept.read_bytes(), taken)
            if differs > TOLERANCE:
                TAKEN.mkdir(parents=True, exist_ok=True)
                (TAKEN / kept.name).write_bytes(taken)
                found.append(f"{differs:.1%} of {TAKEN / kept.name} is not as in {kept}")
    assert found == []


@pytest.mark.parametrize("style", CHANGES)
def test_changes_are_seen(open_page, difference, style):
    kept = (FOLDER / "device-390-zh-dark.png").read_bytes()
    with open_page("device", "zh-CN") as page:
        page.add_style_tag(content=style)
        assert difference(kept, picture(page, PHONE, "dark")) > TOLERANCE
