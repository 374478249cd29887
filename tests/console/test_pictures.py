"""Each page beside a picture of it, wide in light and on a phone in dark, in both languages.

The pictures in looks/ are small, in a font of their own (a part of Noto Sans CJK), without what changes from run to
run: what is compared is where things are and which colours they have. What is wrong within a page is in test_looks.py.
Where pages have been changed, take the pictures anew and look at them:

    LOOKS=new python -m pytest tests/console/test_pictures.py
"""

import base64
import os
from pathlib import Path

import pytest
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
    ":root { --accent: #7b1fa2 !important; }",
    ".card { display: none; }",
    "body { background: #888 !important; }",
    "h1 { font-size: 4rem !important; }",
]


@pytest.fixture(scope="module")
def sample(console):
    return fill(console)


@pytest.fixture(scope="module")
def picture_of(console, one_browser, sample):
    """Takes a picture of a page."""

    def take(name, language, size, scheme, style=""):
        context = one_browser.program.new_context(
            locale=language,
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=SCALE,
            color_scheme=scheme,
        )
        page = context.new_page()
        page.goto(console.url + sample.pages()[name])
        page.wait_for_function("window.did_handshake")
        if page.locator(".history-chart").count():
            page.locator(".rows tbody tr").first.wait_for()
        page.wait_for_function(
            "[...document.querySelectorAll('.chart, .history-chart')].every("
            "it => !it.checkVisibility() || it.querySelector('canvas'))"
        )
        page.evaluate(STILL.read_text(encoding="utf-8"), FONT)
        if style:
            page.add_style_tag(content=style)
        taken = page.screenshot()
        context.close()
        return taken

    return take


@pytest.fixture(scope="module")
def difference(one_browser):
    page = one_browser.program.new_page()

    def compare(one, other):
        urls = ["data:image/png;base64," + base64.b64encode(png).decode() for png in (one, other)]
        return page.evaluate(COMPARE.read_text(encoding="utf-8"), urls)

    yield compare
    page.close()


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_pages(picture_of, difference, name, size, language, scheme):
    kept = FOLDER / f"{name}-{size[0]}-{language[:2]}-{scheme}.png"
    taken = picture_of(name, language, size, scheme)
    if os.environ.get("LOOKS") == "new":
        kept.write_bytes(taken)
    differs = difference(kept.read_bytes(), taken)
    if differs > TOLERANCE:
        TAKEN.mkdir(parents=True, exist_ok=True)
        (TAKEN / kept.name).write_bytes(taken)
        pytest.fail(f"{differs:.1%} of {TAKEN / kept.name} is not as in {kept}")


@pytest.mark.parametrize("style", CHANGES)
def test_changes_are_seen(picture_of, difference, style):
    kept = (FOLDER / "device-390-zh-dark.png").read_bytes()
    assert difference(kept, picture_of("device", "zh-CN", PHONE, "dark", style)) > TOLERANCE
