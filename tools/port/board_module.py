"""Modules of the board that the host uses as they are, so that both say the same."""

import importlib
import sys
from functools import cache
from types import ModuleType
from typing import Any

from ..files import board_directory, use_board_libraries

_PACKAGE = "onenet_board"


@cache
def board_module(name: str) -> Any:
    """firmware/NAME.py, in a package of the host's: its own wants a board's modules."""
    if _PACKAGE not in sys.modules:
        use_board_libraries()
        package = sys.modules[_PACKAGE] = ModuleType(_PACKAGE)
        package.__path__ = [str(board_directory() / "firmware")]
    return importlib.import_module(f"{_PACKAGE}.{name}")
