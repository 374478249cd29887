"""A picture of the device's page, taken while the demo goes on."""

import importlib.util
import threading
from pathlib import Path

from ..console.screenshot import ScreenshotError, find_chromium, screenshot

PATIENCE = 30.0  # seconds until there is a picture, or none


class Camera:
    def __init__(self, url: str, path: Path | None) -> None:
        """The page to take, and the file; None for no picture at all."""
        self.path = path
        self.failure: str | None = None
        self._url = url
        self._thread: threading.Thread | None = None

    @property
    def ready(self) -> bool:
        """It is there, and has not been used."""
        return self.path is not None and self._thread is None

    def shoot(self) -> None:
        """Takes the picture in a thread of its own."""
        self._thread = threading.Thread(target=self._take, name="camera", daemon=True)
        self._thread.start()

    def busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _take(self) -> None:
        assert self.path
        try:
            screenshot(self._url, self.path, seconds=PATIENCE)
        except ScreenshotError as error:
            self.failure = str(error)


def what_is_missing() -> str | None:
    """What has to be installed before pictures can be taken; None if nothing."""
    if not find_chromium():
        return "Chromium is not installed"
    if not importlib.util.find_spec("playwright"):
        return "Playwright is not installed"
    return None
