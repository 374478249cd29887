"""The Chinese of what was put together in English elsewhere: by a board, by typer, or by a console that speaks English
to programs. The texts of the catalogue, with gaps where values go, are held against it."""

import functools
import gettext
import re
from collections.abc import Iterator
from typing import NamedTuple

from .language import ENGLISH, catalogue, spoken

_GAP = re.compile(r"%[-0-9.]*[sdrgx]|\{\w*(?:![rs])?(?::[^{}]*)?\}")
_DEPTH = 3
"""What fills a gap may be such a text itself, and so on, so deep."""


class _Template(NamedTuple):
    pattern: re.Pattern[str]
    pieces: tuple[str, ...]
    """Of the translation, around its gaps."""
    order: tuple[int, ...]
    """Which gap of the English text goes into each."""


def in_words(text: str, context: str = "") -> str:
    """The text in the language that counts; as it is, where nothing in the catalogue is like it. context: where it is
    from: "board", "typer", or "" for what is our own."""
    return _translated(text, context, _DEPTH) or text


def explained(text: str, context: str = "") -> str:
    """The same, but "" where nothing is like it, or the language is English."""
    return _translated(text, context, _DEPTH)


def _translated(text: str, context: str, depth: int) -> str:
    if spoken() == ENGLISH:
        return ""
    for template in _templates(spoken(), context):
        if found := template.pattern.fullmatch(text):
            values = [(depth and _translated(value, context, depth - 1)) or value for value in found.groups()]
            filled = (piece + values[gap] for piece, gap in zip(template.pieces, template.order, strict=False))
            return "".join(filled) + template.pieces[-1]
    return ""


@functools.cache
def _templates(language: str, context: str) -> tuple[_Template, ...]:
    """Those with the most words of their own first."""
    words = dict(_entries(catalogue(language), context))
    return tuple(_template(text, words[text]) for text in sorted(words, key=_weight, reverse=True))


def _entries(texts: gettext.NullTranslations, context: str) -> Iterator[tuple[str, str]]:
    for key, translation in getattr(texts, "_catalog", {}).items():
        where, mark, text = key.rpartition("\4") if isinstance(key, str) else ("", "", "")
        if text and where == context and (mark or not context):
            yield text, translation


def _weight(text: str) -> int:
    return len(_GAP.sub("", text))


def _template(text: str, translation: str) -> _Template:
    gaps = _GAP.findall(text)
    pattern = "(.*?)".join(map(re.escape, _plain(text)))
    order = []
    left = list(enumerate(gaps))
    for gap in _GAP.findall(translation):
        place = next((place for place, one in left if one == gap), 0)
        left = [one for one in left if one[0] != place] if gap.startswith("%") else left
        order.append(place)
    return _Template(re.compile(pattern, re.DOTALL), tuple(_plain(translation)), tuple(order))


def _plain(text: str) -> list[str]:
    """What stands around the gaps, as it will be read."""
    signs = (("{{", "{"), ("}}", "}")) if "{" in text else (("%%", "%"),)
    pieces = _GAP.split(text)
    for written, read in signs:
        pieces = [piece.replace(written, read) for piece in pieces]
    return pieces
