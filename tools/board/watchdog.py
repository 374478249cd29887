"""The watchdog timer, outside the program it watches."""

import asyncio
from collections.abc import Callable

_LOOKS = 16  # per timeout, so it bites at most a sixteenth late, and never early


class Watchdog:
    """Calls `bite` when `feeds()` has not changed for as long as start() said. Lives in the event loop."""

    def __init__(self, feeds: Callable[[], int], bite: Callable[[], None]) -> None:
        self._feeds = feeds
        self._bite = bite
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timeout = 0.0
        self._last = 0
        self._fed_at = 0.0

    def start(self, timeout: float) -> None:
        """Begin to watch, or watch with another timeout, in seconds."""
        self.stop()
        self._timeout = timeout
        self._last = self._feeds()
        self._fed_at = self._loop.time()
        self._look_again()

    def stop(self) -> None:
        """Only a reset does this."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _look_again(self) -> None:
        self._timer = self._loop.call_later(self._timeout / _LOOKS, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        feeds = self._feeds()
        if feeds != self._last:
            self._last = feeds
            self._fed_at = now
        if now - self._fed_at >= self._timeout:
            self._timer = None
            self._bite()
        else:
            self._look_again()
