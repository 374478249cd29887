"""The books of a soak: what the board has said that it measured, took and has in RAM, and what came of it.

It knows nothing of boards and brokers; it is told, and judges. A value is "boot:number", boot being another word for
each start of the board, and the numbers of a start count from 1.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Start:
    """What one start of the board has said."""

    measured: int = 0
    """The number of its last value."""
    taken: list[int] = field(default_factory=list)
    """Numbers that put() accepted, in their order."""
    refused: int = 0
    safe: int = 0
    """Of the first so many of those taken it is certain that a reset leaves them, or that they had arrived."""
    dropped: int = 0
    """As the board's own outbox counts."""


class Ledger:
    """All of its methods may be called from any thread."""

    def __init__(self, again_at_reset: int) -> None:
        """again_at_reset: how many values may come again after a reset, for a chunk in flash was sent in part."""
        self._lock = threading.Lock()
        self._again_at_reset = again_at_reset
        self._starts: dict[str, Start] = {}
        self._sent: Counter[str] = Counter()  # how often each value has reached the broker
        self._arrived: set[str] = set()  # what a subscriber has got
        self._flash: set[str] = set()
        self._order: list[str] = []  # all that put() accepted
        self._in_rtc: set[str] = set()  # may be in RTC memory, and nowhere else that outlives the power
        self._rtc_lost: set[str] = set()  # of these, what was there when it was lost
        self._losses = self._allowed = 0

    # What the board says

    def put(self, value: str, taken: bool) -> None:
        boot, _, number = value.partition(":")
        with self._lock:
            start = self._start(boot)
            start.measured = max(start.measured, int(number))
            if taken:
                start.taken.append(int(number))
                self._order.append(value)
            else:
                start.refused += 1

    def in_ram(self, boot: str, most: int, dropped: int) -> None:
        """So many of the values it has taken are in RAM at most, and they are the last ones: all others are in flash,
        or have arrived."""
        with self._lock:
            start = self._start(boot)
            start.dropped = dropped
            self._make_safe(boot, start, len(start.taken) - most)
            # What RTC memory has brought back is older than what this start has taken, so the same is true of it.
            self._in_rtc.intersection_update(self._order[-most:] if most else ())

    def saved(self) -> None:
        """All that the start under way has taken is in RTC memory or flash, or has arrived."""
        with self._lock:
            if self._starts:
                boot, start = next(reversed(self._starts.items()))
                self._in_rtc.update(f"{boot}:{number:05}" for number in start.taken[start.safe :])
                self._make_safe(boot, start, len(start.taken))

    def _start(self, boot: str) -> Start:
        if boot not in self._starts:
            if self._starts:
                self._allowed += self._again_at_reset
            self._starts[boot] = Start()
        return self._starts[boot]

    def _make_safe(self, boot: str, start: Start, count: int) -> None:
        for number in start.taken[start.safe : max(start.safe, count)]:
            value = f"{boot}:{number:05}"
            if not self._sent[value]:
                self._flash.add(value)
        start.safe = max(start.safe, count)

    # What happens

    def loss(self, under_way: int) -> None:
        """A connection is lost, and so many values in a batch that may come again."""
        with self._lock:
            self._losses += 1
            self._allowed += under_way

    def lose_rtc(self) -> None:
        """RTC memory is lost, as with the power."""
        with self._lock:
            self._rtc_lost |= self._in_rtc
            self._in_rtc.clear()

    def allow(self, count: int) -> None:
        """So many more may come twice, for flash could not be told what was sent."""
        with self._lock:
            self._allowed += count

    def sent(self, value: str) -> None:
        """It has reached the broker."""
        with self._lock:
            self._sent[value] += 1

    def arrived(self, value: str) -> None:
        """A subscriber has got it."""
        with self._lock:
            self._arrived.add(value)

    # What comes of it

    def tally(self) -> "Tally":
        with self._lock:
            tally = Tally(resets=max(0, len(self._starts) - 1), losses=self._losses, allowed=self._allowed)
            last = next(reversed(self._starts), "")
            for boot, start in self._starts.items():
                tally.measured += start.measured
                tally.taken += len(start.taken)
                tally.refused += start.refused
                tally.dropped += start.dropped
                for i, number in enumerate(start.taken):
                    value = f"{boot}:{number:05}"
                    if value in self._arrived:
                        tally.delivered += 1
                    elif (boot != last and i >= start.safe) or value in self._rtc_lost:
                        tally.gone += 1
                    else:
                        tally.missing.append(value)
            tally.flash = len(self._flash)
            tally.again = sum(count - 1 for count in self._sent.values())
            return tally


@dataclass
class Tally:
    """What the books say at one moment."""

    resets: int = 0
    losses: int = 0
    """Of connections."""
    measured: int = 0
    taken: int = 0
    """By put()."""
    flash: int = 0
    """Of these, what was in flash before it was sent."""
    delivered: int = 0
    gone: int = 0
    """With RAM, at a reset; or with RTC memory, when the power went."""
    refused: int = 0
    """By put(): the outbox was full."""
    dropped: int = 0
    """By the board's own count."""
    again: int = 0
    """How often a value came that had come before."""
    allowed: int = 0
    missing: list[str] = field(default_factory=list)
    """Taken, and in flash or in the RAM of a board that runs; and nobody has got them yet."""

    def problems(self) -> list[str]:
        """What must not be in the end, a line each."""
        found = []
        if self.missing:
            found.append(f"{len(self.missing)} lost: {', '.join(sorted(self.missing)[:9])}")
        if self.again > self.allowed:
            found.append(f"{self.again} came again, and {self.allowed} may have")
        if self.dropped < self.refused:  # there may be more: the board's own streams are refused, too
            found.append(f"the board says it has dropped {self.dropped}, and put() has refused {self.refused}")
        if not self.delivered:
            found.append("nothing arrived")
        return found
