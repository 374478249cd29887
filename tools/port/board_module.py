"""Modules of the board that the host uses as they are, so that both say the same."""

import importlib.util
from functools import cache
from typing import Any

from ..files import board_directory


@cache
def board_module(name: str) -> Any:
    """firmware/NAME.py alone; the package it is in wants a board's modules."""
    spec = importlib.util.spec_from_file_location(f"onenet_board_{name}", board_directory() / "firmware" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
