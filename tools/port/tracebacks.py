"""Tracebacks of a board's, as the sources have it: modules on a board are merged, and their names short."""

import functools
import re

from ..compile.forgotten import forget_texts
from ..compile.mpy import CompileError, merged_board
from ..compile.shorten import function_at, shorten

_ARCHITECTURES = ("xtensawin", "xtensa")
"""An ESP8266's, which has a module of its own, may have other short names."""
_FRAME = re.compile(r'(\s*File ")([\w./]+)(", line )(\d+)(, in )(\w+)')


def as_written(line: str) -> str:
    """A line of a traceback with the source's own file, line and function, if it is of a module of ours as it is sent
    today, or of an ESP8266's main.py, whose name is not known there: see boot.py; else as it is."""
    line = line.replace('File "<string>", line', 'File "main.py", line', 1)
    frame = _FRAME.match(line)
    if not frame:
        return line
    for arch in _ARCHITECTURES:
        source, number = _source_of(arch, frame[2]), int(frame[4])
        if source is None or _function(arch, source, number, True) != frame[6]:
            continue
        module, there = merged_board(arch).origin(source, number)
        function = _function(arch, source, number, False)
        return f"{frame[1]}{module}{frame[3]}{there}{frame[5]}{function}{line[frame.end() :]}"
    return line


def _source_of(arch: str, module: str) -> str | None:
    path = module.replace(".", "/")
    candidates = (f"lib/{path}.py", f"lib/{path}/__init__.py", f"{path}.py", f"{path}/__init__.py")
    return next((name for name in candidates if name in _sources(arch, False)), None)


def _function(arch: str, source: str, line: int, short: bool) -> str:
    return function_at(_sources(arch, short)[source], line) or "<module>"


@functools.cache
def _sources(arch: str, short: bool) -> dict[str, str]:
    try:
        sources = merged_board(arch).sources
    except CompileError:  # a clone in which somebody is at work
        return {}
    return shorten(forget_texts(sources)) if short else sources
