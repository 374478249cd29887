"""A picture of the device's page, taken while the demo goes on."""

import importlib.util
import threading
from pathlib import Path

from ..console.screenshot import ScreenshotError, find_chromium, screenshot
from ..language import _

PATIENCE = 30.0  # seconds until there is a picture, or none


class Camera:
    """Takes one picture."""

    def __init__(self, url: str, path: Path | None) -> None:
        """The page, and the file for the picture; None for no picture at all."""
        self.failure: str | None = None
        """Why there is no picture."""
        self._url = url
        self._path = path
        self._thread: threading.Thread | None = None

    def shoot(self) -> None:
        """Begins to take it, unless that has been done before."""
        if self._path and not self._thread:
            self._thread = threading.Thread(target=self._take, args=[self._path], name="camera", daemon=True)
            self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether it is being taken."""
        return self._thread is not None and self._thread.is_alive()

    def _take(self, path: Path) -> None:
        try:
            screenshot(self._url, path, seconds=PATIENCE)
        except ScreenshotError as error:
            self.failure = str(error)


def what_is_missing() -> str | None:
    """What has to be installed before pictures can be taken; None if nothing."""
    if not find_chromium():
        return _("Chromium is not installed")
    if not importlib.util.find_spec("playwright"):
        return _("Playwright is not installed")
    return None
