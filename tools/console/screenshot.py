"""A picture of the console's page, as a browser shows it."""

import shutil
from pathlib import Path

from ..language import _
from ..system_words import reason

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
"""That let Chromium run anywhere, and call nobody."""
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class ScreenshotError(Exception):
    """There is no picture; says why."""


def find_chromium() -> str | None:
    """Path of Chromium or Chrome; None if neither is installed."""
    return next((path for program in _PROGRAMS if (path := shutil.which(program))), None)


def screenshot(
    url: str,
    path: Path,
    *,
    size: tuple[int, int] = (1280, 1000),
    language: str = "en-US",
    dark: bool = False,
    wait_for: str = ".chart canvas",
    seconds: float = 15,
) -> None:
    """Writes a PNG of the page at `url`, once what `wait_for` selects is there, by default a chart that is drawn.

    size: of the window, in pixels; seconds: how long to wait. Raises ScreenshotError, also where Playwright or Chromium
    is not installed.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise ScreenshotError(_("no screenshot: Playwright is missing: pip install playwright")) from error
    chromium = find_chromium()
    if not chromium:
        raise ScreenshotError(_("no screenshot: Chromium is missing: sudo apt-get install chromium (Debian)"))
    try:
        with (
            sync_playwright() as playwright,
            playwright.chromium.launch(executable_path=chromium, args=FLAGS) as browser,
        ):
            page = browser.new_page(
                viewport={"width": size[0], "height": size[1]},
                locale=language,
                color_scheme="dark" if dark else "light",
            )
            page.set_default_timeout(seconds * 1000)
            page.goto(url)
            page.locator(wait_for).first.wait_for()
            path.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=path)
    except Error as error:
        raise ScreenshotError(
            _("no screenshot of {url}: {message}").format(url=url, message=error.message.splitlines()[0])
        ) from error
    except OSError as error:
        raise ScreenshotError(
            _("no screenshot: {path} can't be written: {strerror}").format(path=path, strerror=reason(error))
        ) from error
