"""bench.png: the figures that tell most, a panel each, drawn with matplotlib, which only this needs."""

import importlib
from pathlib import Path
from typing import Any

from .peers import OURS
from .report import short, shown
from .results import Results
from .run import Absent

_PANELS = (
    ("publish_32_0", "Heap a QoS 0 publish takes, bytes (32-bit)"),
    ("received_32", "Heap a message received takes, bytes (32-bit)"),
    ("writes", "Socket writes a publish"),
    ("import_32", "Heap kept by import, bytes (32-bit)"),
    ("import_rom_32", "Heap kept by import from a ROMFS, bytes (32-bit)"),
    ("large_whole_32", "Heap a message of 4 KiB takes, bytes (32-bit)"),
    ("rate_publish_0", "QoS 0 publishes a second"),
    ("rate_publish_1", "QoS 1 publishes a second, one at a time"),
)
_OURS, _OTHERS = "#0b6e4f", "#9aa5b1"


def draw(results: Results, path: Path) -> str:
    """Draws what was measured; returns why it could not, empty if it could."""
    try:
        plt: Any = importlib.import_module("matplotlib.figure")
    except ModuleNotFoundError:
        return "matplotlib is not installed (pip install -r requirements/bench.txt)"
    keys = {case.key for case in results.cases}
    panels = [panel for panel in _PANELS if panel[0] in keys]
    if not panels:
        return "nothing was measured that it shows"
    rows = (len(panels) + 1) // 2
    figure = plt.Figure(figsize=(11, 0.6 + 2.5 * rows), layout="constrained")
    grid = figure.subplots(rows, 2, squeeze=False)
    for axes, (key, title) in zip(grid.flat, panels, strict=False):
        _bars(axes, results, key, title)
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_visible(False)
    figure.savefig(path, dpi=120)
    return ""


def _bars(axes: Any, results: Results, key: str, title: str) -> None:
    peers = list(reversed(results.peers))
    figures = [results.figure(key, peer) for peer in peers]
    numbers = [0.0 if isinstance(figure, Absent) else figure for figure in figures]
    bars = axes.barh(
        [short(peer) for peer in peers], numbers, color=[_OURS if peer is OURS else _OTHERS for peer in peers]
    )
    axes.bar_label(bars, labels=[shown(figure) for figure in figures], padding=3, fontsize=8)
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlim(0, max([*numbers, 1]) * 1.18)
    axes.xaxis.set_visible(False)
    axes.tick_params(labelsize=8, length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
