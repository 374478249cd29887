"""docs/config.md: the defaults of its tables, and what a board says a value must be, out of the board's own check.

What a key is for stands in the page, by hand, in each language; a key that the check has got comes in with the check's
words alone, and one that it has lost goes.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from ..port.board_module import board_module

Keys = dict[str, tuple[Any, str]]
"""A key's default, None for none, and what it must be."""

MODULES = ("config", "config_studio", "config_mqtt")
"""Of the board's, whose keys the tables of the page have, one after the other."""

_KEY = re.compile(r"`([a-z_]+)`")
_GIVEN = {False: "must be given", True: "必填"}


def keys_of(module: str) -> Keys:
    """The keys that one of MODULES checks."""
    return {key: (default, right) for key, (default, right, _) in board_module(module)._KEYS.items()}


def written(text: str, chinese: bool = False) -> str:
    """The page with its tables as the board checks today."""
    tables = iter(MODULES)
    keys: Keys | None = None
    lines: list[str] = []
    for line in text.splitlines():
        cells = _cells(line)
        if keys is None and len(cells) == 4 and cells[0] in ("key", "键"):
            keys = keys_of(next(tables))
        elif keys is not None and not line.startswith("|"):
            lines += _rows([], keys, chinese)
            keys = None
        elif keys is not None and cells:
            lines += _rows(cells, keys, chinese)
            continue
        lines.append(line)
    return "\n".join(lines) + "\n"


def _cells(line: str) -> list[str]:
    """Of a row of a table; none where it is no such row."""
    return [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []


def _rows(cells: list[str], keys: Keys, chinese: bool) -> Iterator[str]:
    """The row anew, and its keys taken out of `keys`; or without one a row for each that is left."""
    if not cells:
        for key in list(keys):
            yield from _rows([f"`{key}`", "", ""], keys, chinese)
        return
    there = {key: keys.pop(key) for key in _KEY.findall(cells[0]) if key in keys}
    if there:
        defaults = [_default(default, chinese) for default, _ in there.values()]
        if len(set(defaults)) == 1:
            defaults = defaults[:1]
        words = list(dict.fromkeys(right for _, right in there.values()))
        named = _KEY.findall(cells[0]) == list(there)
        title = cells[0] if named else _join([f"`{key}`" for key in there], chinese)
        yield f"| {title} | {_join(defaults, chinese)} | {cells[2]} | {'; '.join(words)} |"


def _join(parts: list[str], chinese: bool) -> str:
    return ("、" if chinese else ", ").join(parts)


def _default(value: Any, chinese: bool) -> str:
    return _GIVEN[chinese] if value is None else f"`{json.dumps(value)}`"
