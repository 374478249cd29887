"""A picture of the demo that moves: an SVG in which each line appears when it came."""

import io
import re
from pathlib import Path

from rich.console import Console, RenderableType

from ..words.wide_pictures import in_columns

_WIDTH = 112  # columns
_LINES = 32  # what comes later is not in it
_LEAST = 0.15  # seconds between two lines, to read them
_STILL = 6.0  # seconds it stands at the end, before it begins anew

_LINE = re.compile(r'<text class="([\w-]+)"([^>]*clip-path="url\(#[\w-]*line-(\d+)\)")')


class Film:
    """Takes what a terminal shows, and when."""

    def __init__(self) -> None:
        self._output = io.StringIO()
        self._console = Console(record=True, width=_WIDTH, file=self._output, highlight=False)
        self._times: list[float] = []  # of each line, in seconds

    def take(self, shown: RenderableType, seconds: float) -> None:
        """What is shown now, seconds after the start."""
        if len(self._times) >= _LINES:
            return
        self._console.print(shown)
        for _ in range(self._output.getvalue().count("\n") - len(self._times)):
            self._times.append(max(seconds, self._times[-1] + _LEAST if self._times else 0))

    def save(self, path: Path, title: str) -> None:
        """Writes the SVG. It stands still where the viewer wants no motion, or knows of none. Raises OSError."""
        length = self._times[-1] + _STILL if self._times else _STILL
        rules = []
        for i, time in enumerate(self._times):
            hidden, seen = f"{time / length:.2%}", f"{time / length + 0.001:.2%}"
            rules.append(f"@keyframes line{i} {{ 0%, {hidden} {{ opacity: 0 }} {seen} {{ opacity: 1 }} }}")
            rules.append(f".line{i} {{ animation: line{i} {length:.2f}s linear infinite }}")
        moving = "\n".join(["@media (prefers-reduced-motion: no-preference) {", *rules, "}"])
        picture = self._console.export_svg(title=title, unique_id="demo")
        picture = in_columns(picture)
        picture = _LINE.sub(r'<text class="\1 line\3"\2', picture).replace("</style>", f"{moving}\n    </style>", 1)
        path.write_text(picture, "utf-8")
