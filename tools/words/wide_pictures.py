"""Pictures that rich makes of a terminal, with Chinese in its columns."""

import html
import re

from rich.cells import cell_len

_TEXT = re.compile(r'<text ([^>]*) x="([\d.]+)"([^>]*) textLength="[\d.]+"([^>]*)>([^<]*)</text>')
_RUNS = re.compile(r"[\u1100-\uffff]+|(?:&#?\w+;|[^\u1100-\uffff])+")  # of wide characters, Chinese ones, and of others
_CELL = 12.2  # of a letter in rich's pictures: 0.61 of the font's 20 px


def in_columns(picture: str) -> str:
    """The SVG with each Chinese character as wide as two letters; rich has it in its place, but as wide as one."""
    return _TEXT.sub(_placed, picture)


def _placed(text: re.Match[str]) -> str:
    before, x, between, after, said = text.groups()
    pieces = []
    place = float(x)
    for run in _RUNS.findall(said):
        length = cell_len(html.unescape(run)) * _CELL
        pieces.append(f'<text {before} x="{place:g}"{between} textLength="{length:g}"{after}>{run}</text>')
        place = round(place + length, 1)
    return "".join(pieces)
