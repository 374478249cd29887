"""When a device was online over the last day and the last week: a strip for each, and the share of the time."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from .frame import box, part
from .words import Words

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)

Span = tuple[datetime, datetime]


class Presence:
    """The strips. Each is one element, however often a device came and went: a gradient with hard edges."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._strips = []
        with box(classes="presence"):
            for name, length in ((words.last_day, _DAY), (words.last_week, _WEEK)):
                part("span", name, "soft")
                strip = box(classes="strip")
                strip.props["role"] = "img"
                self._strips.append((name, length, strip, part("span", classes="share")))

    def show(self, spans: Sequence[Span], now: datetime) -> None:
        """spans: when it was online, in order."""
        for name, length, strip, share in self._strips:
            start = now - length
            parts = [((first - start) / length, (last - start) / length) for first, last in spans if last > start]
            parts = [(max(0.0, first), min(1.0, last)) for first, last in parts]
            share.text = f"{_percent(sum(last - first for first, last in parts))} %"
            strip.style["background-image"] = _gradient(parts)
            strip.props["aria-label"] = self._words.online_share.format(span=name, share=share.text)
            strip.update()


def spans_online(statuses: Sequence[tuple[bool, datetime]], is_online: bool, now: datetime) -> list[Span]:
    """From its comings and goings, oldest first. One that came and did not go before it came again, or is not there
    now, was there when the console lost its power: for how long nobody knows, and it counts for nothing."""
    spans = [(at, next_at) for (online, at), (next_online, next_at) in pairwise(statuses) if online and not next_online]
    if is_online and statuses and statuses[-1][0]:
        spans.append((statuses[-1][1], now))
    return spans


def _percent(share: float) -> str:
    """Neither all nor nothing where that is not so."""
    percent = 100 * share
    return f"{percent:.1f}" if 0.05 <= percent < 1 or 99 <= percent < 99.95 else f"{percent:.0f}"


def _gradient(parts: Iterable[tuple[float, float]]) -> str:
    edges = []
    for first, last in ((f"{100 * first:.3f}%", f"{100 * last:.3f}%") for first, last in parts):
        edges.append(f"transparent {first}, currentColor {first} {last}, transparent {last}")
    return f"linear-gradient(to right, {', '.join(edges)})" if edges else "none"
