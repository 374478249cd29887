"""How far a long run is: a bar where somebody looks at a terminal, and else a line now and then."""

import sys
import threading
import time

from rich.console import Console
from rich.progress import Progress

_QUIET = 20.0  # seconds between two lines


class Counted:
    """A context. advance() may be called from any thread."""

    def __init__(self, words: str, total: int, show: bool) -> None:
        console = Console(stderr=True, highlight=False)
        self._bar = Progress(console=console, disable=not show or not console.is_terminal)
        self._task = self._bar.add_task(words, total=total)
        self._words = words
        self._total = total
        self._done = 0
        self._lines = show and not console.is_terminal
        self._began = self._told = time.monotonic()
        self._lock = threading.Lock()

    def __enter__(self) -> "Counted":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self) -> None:
        with self._lock:
            self._done += 1
            self._bar.advance(self._task)
            now = time.monotonic()
            if self._lines and now > self._told + _QUIET:
                self._told = now
                print(
                    f"{now - self._began:5.0f} s  {self._words}: {self._done} of {self._total}",
                    file=sys.stderr,
                    flush=True,
                )
