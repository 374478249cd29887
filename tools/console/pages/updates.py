"""What happens on the platform, brought to one open page in batches."""

import asyncio
from collections.abc import Callable

from nicegui import Client

from ..model import Event
from ..platform import Platform

_PAUSE = 0.3  # seconds between two batches to one page


class Updates:
    """Hands the events a page wants to `handle`: the first at once, the next together after a pause.

    Ends by itself when the page's client is gone.
    """

    def __init__(
        self,
        platform: Platform,
        client: Client,
        wanted: Callable[[Event], bool],
        handle: Callable[[list[Event]], None],
    ) -> None:
        self._client = client
        self._wanted = wanted
        self._handle = handle
        self._waiting: list[Event] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last = float("-inf")
        self._end = platform.listen(self._take)
        client.on_delete(self.end)

    def end(self) -> None:
        self._end()
        if self._timer:
            self._timer.cancel()

    def _take(self, event: Event) -> None:
        if not self._wanted(event):
            return
        self._waiting.append(event)
        if not self._timer:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._last + _PAUSE), self._flush)

    def _flush(self) -> None:
        self._timer = None
        self._last = asyncio.get_running_loop().time()
        events, self._waiting = self._waiting, []
        with self._client:
            self._handle(events)
