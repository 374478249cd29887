"""One deep sleep of a board: how long its chip takes it for, and how long it is."""

import asyncio
import math
from collections.abc import Callable

_FOREVER = 1e8  # seconds, for a timer of asyncio's


class Sleep:
    """Begins at once, and calls `wake` at its end, if it has one.

    `seconds` are those that the chip is to count, math.inf without end. It counts by an oscillator that is off by the
    part `error`, and does not notice. The time of the world goes `speed` times as fast as the host's.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        seconds: float,
        error: float,
        speed: float,
        wake: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._error = error
        self._speed = speed
        self._began = loop.time()
        self._wake = wake
        self._is_over = False
        self._timer = loop.call_later(min(self._length / speed, _FOREVER), self.be_over)

    @property
    def ends(self) -> bool:
        return not math.isinf(self._seconds)

    @property
    def _length(self) -> float:
        return self._seconds * (1 + self._error)

    def be_over(self) -> None:
        self._is_over = True
        self._wake()

    def end(self) -> tuple[float, float, float]:
        """Also before its time. Returns seconds: what the chip has counted, what has passed in the world, and of the
        host's."""
        self._timer.cancel()
        really = self._loop.time() - self._began
        if self._is_over:
            return self._seconds, self._length, really
        speed = 1.0 if math.isinf(self._speed) else self._speed
        passed = min(really * speed, self._length)
        return passed / (1 + self._error), passed, really
