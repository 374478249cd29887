"""Tracebacks of a board's, as the sources have it: modules on a board are merged, and their names short."""

import functools
import re

from ..mpy import CompileError, merged_board
from ..shorten import function_at, shorten

_FRAME = re.compile(r'(\s*File ")([\w./]+)(", line )(\d+)(, in )(\w+)')


def as_written(line: str) -> str:
    """A line of a traceback with the source's own file, line and function, if it is of a module of ours as it is sent
    today, or of an ESP8266's main.py, whose name is not known there: see boot.py; else as it is."""
    line = line.replace('File "<string>", line', 'File "main.py", line', 1)
    frame = _FRAME.match(line)
    if not frame:
        return line
    source, number = _source_of(frame[2]), int(frame[4])
    if source is None or _function(source, number, True) != frame[6]:
        return line
    module, there = merged_board("xtensawin").origin(source, number)
    return f"{frame[1]}{module}{frame[3]}{there}{frame[5]}{_function(source, number, False)}{line[frame.end() :]}"


def _source_of(module: str) -> str | None:
    path = module.replace(".", "/")
    candidates = (f"lib/{path}.py", f"lib/{path}/__init__.py", f"{path}.py", f"{path}/__init__.py")
    return next((name for name in candidates if name in _sources(False)), None)


def _function(source: str, line: int, short: bool) -> str:
    return function_at(_sources(short)[source], line) or "<module>"


@functools.cache
def _sources(short: bool) -> dict[str, str]:
    try:
        sources = merged_board("xtensawin").sources
    except CompileError:  # a clone in which somebody is at work
        return {}
    return shorten(sources) if short else sources
