"""The board's clock and ticks, as the host side keeps them: counts beside its own monotonic time."""

import time

from .chips import Chip
from .state import ResetCause, State


class Clock:
    """Tells the interpreter where clock and ticks stand when it starts, and lets them jump."""

    def __init__(self, chip: Chip, state: State) -> None:
        self._chip = chip
        self._state = state
        self._skew = 0  # microseconds of board time, without jumps, less the host's monotonic time
        self._ticks_skew = 0  # microseconds of ticks less the host's monotonic time
        self._jumped = 0  # seconds

    def lose(self) -> None:
        """Start at the epoch of 2000, as with no power."""
        self._skew = -_monotonic_us()

    def reset(self, cause: ResetCause) -> None:
        """The chip starts."""
        if cause in self._chip.forgetful:
            self.lose()
        elif cause in self._chip.backward:
            self._skew -= _monotonic_us() + self._ticks_skew
        if cause is not ResetCause.SOFT:
            self._ticks_skew = -_monotonic_us()
            self._publish()

    def slept(self, seconds: float, really: float) -> None:
        """Deep sleep is over, in which the chip counted so many seconds while so many of the host's have passed."""
        self._skew += round((seconds - really) * 1000000)
        self._ticks_skew = -_monotonic_us()  # the run before ended as sleep began

    def skip(self, seconds: int) -> None:
        self._jumped += seconds
        self._ticks_skew += seconds * 1000000
        self._publish()

    def now_us(self) -> int:
        """Microseconds since 2000, without jumps."""
        return _monotonic_us() + self._skew

    def set_us(self, now: int) -> None:
        self._skew = now - _monotonic_us()

    def _publish(self) -> None:
        self._state.set_jump(self._ticks_skew, self._jumped)


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1000
