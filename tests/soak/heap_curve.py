"""How the board's heap was in the course of a soak, whether it grew, and its picture."""

import importlib
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WARM_UP = 15.0
"""Seconds after a start that do not count: modules, names and buffers come in then."""
LEAST = 12
"""Samples of a start from which on it can be judged."""
GROWTH = 768
"""Bytes by which the middle of what is free may be less in the last third of a start than in its first: see judge()."""
PIECE = 0.6
"""The share of the largest free block that has to be left in the last third."""


@dataclass(frozen=True)
class Sample:
    """After a collection."""

    at: float
    """Seconds since the soak began."""
    start: int
    """Which start of the board, counted from 0."""
    since: float
    """Seconds since that start."""
    free: int
    largest: int


def judge(samples: Sequence[Sample]) -> list[str]:
    """What is wrong, a line each. Of the longest start that there are enough samples of, after the warm-up, the median
    of the last third is compared with that of the first: single samples differ by what is loaded at the moment, which
    a median does not see."""
    starts: dict[int, list[Sample]] = {}
    for sample in samples:
        if sample.since >= WARM_UP:
            starts.setdefault(sample.start, []).append(sample)
    longest = max(starts.values(), key=len, default=[])
    if len(longest) < LEAST:
        return [f"no start has the {LEAST} samples after {WARM_UP:g} s that it takes to judge the heap"]
    third = len(longest) // 3
    free = [statistics.median(one.free for one in part) for part in (longest[:third], longest[-third:])]
    largest = [statistics.median(one.largest for one in part) for part in (longest[:third], longest[-third:])]
    found = []
    if free[0] - free[1] > GROWTH:
        found.append(f"the heap grows: {free[0]:,.0f} bytes were free, and {free[1]:,.0f} in the end")
    if largest[1] < largest[0] * PIECE:
        found.append(f"the heap falls to pieces: the largest block had {largest[0]:,.0f} bytes, then {largest[1]:,.0f}")
    return found


@dataclass(frozen=True)
class Band:
    """A fault, to be drawn."""

    begin: float
    end: float
    name: str
    reset: bool


@dataclass(frozen=True)
class Count:
    """The books at one moment, to be drawn."""

    at: float
    taken: int
    delivered: int
    flash: int


def draw(samples: Sequence[Sample], bands: Sequence[Band], counts: Sequence[Count], title: str, path: Path) -> str:
    """Draws it; returns why it could not, empty if it could."""
    try:
        plt: Any = importlib.import_module("matplotlib.figure")
    except ModuleNotFoundError:
        return "matplotlib is not installed (pip install -r requirements/bench.txt)"
    figure = plt.Figure(figsize=(12, 7), layout="constrained")
    heap, books = figure.subplots(2, 1, sharex=True)
    for axes in (heap, books):
        for band in bands:
            if band.reset:
                axes.axvline(band.begin, color="#b3261e", linewidth=0.8, alpha=0.7)
            else:
                axes.axvspan(band.begin, band.end, color="#9aa5b1", alpha=0.25, linewidth=0)
        axes.spines[["top", "right"]].set_visible(False)
    for start in sorted({sample.start for sample in samples}):
        ours = [sample for sample in samples if sample.start == start]
        times = [sample.at for sample in ours]
        first = start == samples[0].start
        heap.plot(times, [one.free for one in ours], color="#0b6e4f", label="free" if first else None)
        heap.plot(times, [one.largest for one in ours], color="#c77700", label="largest block" if first else None)
    heap.set_ylim(bottom=0)
    heap.set_ylabel("bytes of heap")
    heap.set_title(title, loc="left", fontsize=10)
    times = [count.at for count in counts]
    books.plot(times, [count.taken for count in counts], color="#3b5bdb", label="accepted")
    books.plot(times, [count.delivered for count in counts], color="#0b6e4f", label="delivered")
    books.plot(times, [count.flash for count in counts], color="#c77700", label="kept in flash")
    books.set_ylabel("values")
    books.set_xlabel("seconds; grey: a fault, red: a reset")
    for axes in (heap, books):
        axes.legend(loc="lower right", fontsize=8, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    return ""
