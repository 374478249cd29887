"""The Chinese of what was put together in English elsewhere: by a board, by typer, or by a console that speaks English
to programs. The texts of the catalogue, with gaps where values go, are held against it."""

import functools
import gettext
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..language import ENGLISH, N_, catalogue, spoken

BOARD = "board"
"""The context of what a board says."""

_GAP = re.compile(r"%[-+0-9.]*[sdrgxfX]|\{\w*(?:![rs])?(?::[^{}]*)?\}")
_IN_GAP = {"d": r"([-+]?\d+)", "g": r"([-+.\de]+)", "f": r"([-+.\d]+)"}
"""What stands for such a gap of %; anything does for others."""
_FEW_LETTERS = 6
"""A text with fewer of its own, as "%s to %s", is only taken where its gaps hold a word each, or a text in quotes."""
_WITH_ERROR = re.compile(r"(.+?)( \([A-Z]\w*Error\b.*\))", re.DOTALL)
"""Words, and the error they explain, as the board has it."""
_WITH_CODE = re.compile(r"(.+?) \(code (\d+)\)", re.DOTALL)
"""Why a console refuses, and the code by which it says so."""
_CODE = N_(" (code {code})")
_ENDS = re.compile(r"(?=[,;:( ])|$")
"""Where one text may end and another begin."""
_DEPTH = 4
"""What fills a gap may be such a text itself, and so on, so deep."""


class _Template(NamedTuple):
    pattern: re.Pattern[str]
    """With a group for each run of gaps that nothing stands between."""
    runs: tuple[int, ...]
    """How many gaps each of them is."""
    pieces: tuple[str, ...]
    """Of the translation, around its gaps."""
    order: tuple[int, ...]
    """Which gap of the English text goes into each."""
    has_words: bool
    """Whether there is more to it than gaps and punctuation."""


def rendered(text: str, context: str = "") -> str:
    """The text in the language that counts; as it is, where nothing in the catalogue is like it. context: BOARD where a
    board has said it."""
    return explanation(text, context) or text


def explanation(text: str, context: str = "") -> str:
    """The same, but "" where nothing is like it, or the language is English."""
    return _translated(text, spoken(), context, _DEPTH) if spoken() != ENGLISH else ""


@functools.lru_cache(4096)
def _translated(text: str, language: str, context: str, depth: int) -> str:
    if not depth:
        return ""
    if (found := _WITH_ERROR.fullmatch(text)) and (words := _translated(found[1], language, context, depth)):
        return words + found[2]
    if (found := _WITH_CODE.fullmatch(text)) and (words := _translated(found[1], language, context, depth)):
        return words + catalogue(language).gettext(_CODE).format(code=found[2])
    for template in _templates(language, context):
        found = template.pattern.fullmatch(text)
        if not found:
            continue
        values: list[str] = []
        known = template.has_words
        for value, gaps in zip(found.groups(), template.runs, strict=True):
            parts = _parts(value, gaps, language, context, depth - 1)
            said = [_value(part, language, context, depth - 1) for part in parts]
            known = known or said != parts
            values += said
        if known:
            filled = (piece + values[gap] for piece, gap in zip(template.pieces, template.order, strict=False))
            return "".join(filled) + template.pieces[-1]
    return ""


def _value(text: str, language: str, context: str, depth: int) -> str:
    """What stands in a gap: words, as those of an error, in this language too; a name, of one word, as it is."""
    return (_translated(text, language, context, depth) if " " in text else "") or text


def _parts(text: str, gaps: int, language: str, context: str, depth: int) -> list[str]:
    """What is in each of the gaps, cut where a text begins, or ends, that is known; else all in the first."""
    if gaps > 1:
        ends = [found.start() for found in _ENDS.finditer(text)]
        for cut in ends:
            if _translated(text[cut:], language, context, depth):
                return [*_parts(text[:cut], gaps - 1, language, context, depth), text[cut:]]
        for cut in reversed(ends):
            if _translated(text[:cut], language, context, depth):
                return [text[:cut], *_parts(text[cut:], gaps - 1, language, context, depth)]
    return [text, *[""] * (gaps - 1)]


@functools.cache
def _templates(language: str, context: str) -> tuple[_Template, ...]:
    """Those with the most words of their own first."""
    words = {text: words for text, words in _entries(catalogue(language), context) if _GAP.sub("", text).strip()}
    return tuple(_template(text, words[text]) for text in sorted(words, key=_weight, reverse=True))


def _entries(texts: gettext.NullTranslations, context: str) -> Iterator[tuple[str, str]]:
    for key, translation in getattr(texts, "_catalog", {}).items():
        where, mark, text = key.rpartition("\4") if isinstance(key, str) else ("", "", "")
        if text and where == context and (mark or not context):
            yield text, translation


def _weight(text: str) -> int:
    return len(_GAP.sub("", text))


def _template(text: str, translation: str) -> _Template:
    gaps, plain = _GAP.findall(text), _plain(text)
    letters = sum(map(str.isalpha, "".join(plain)))
    anything = r"(\"[^\"]*\"|\S*?)" if 0 < letters < _FEW_LETTERS else "(.*?)"
    pattern, runs = re.escape(plain[0]), list[int]()
    for place, gap in enumerate(gaps):
        if place and not plain[place]:
            runs[-1] += 1
        else:
            alone = not plain[place + 1] and place + 1 < len(gaps)
            pattern += anything if alone or gap[0] != "%" else _IN_GAP.get(gap[-1], anything)
            runs.append(1)
        pattern += re.escape(plain[place + 1])
    order = []
    left = list(enumerate(gaps))
    for gap in _GAP.findall(translation):
        place = next(place for place, one in left if one == gap)
        left = [one for one in left if one[0] != place or gap.startswith("{")]
        order.append(place)
    return _Template(
        re.compile(pattern, re.DOTALL),
        tuple(runs),
        tuple(_plain(translation)),
        tuple(order),
        letters > 1,
    )


def _plain(text: str) -> list[str]:
    """What stands around the gaps, as it will be read."""
    doubled = ("{{", "{"), ("}}", "}"), ("%%", "%")
    return [functools.reduce(lambda piece, pair: piece.replace(*pair), doubled, piece) for piece in _GAP.split(text)]
