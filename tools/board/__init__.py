"""A virtual board: the real MicroPython with its own flash, behind a serial port, with faults a test brings about."""

import sys

from ..failures import NotOnWindows
from ..language import _

if sys.platform == "win32":
    raise NotOnWindows(
        _("a virtual board needs the pseudo-terminals of Linux or macOS; on Windows, run this in WSL (wsl --install)")
    )

from .board import FLASH_SIZE, VirtualBoard
from .cli import run_board
from .errors import BoardError
from .link import Connection, Link
from .state import PinMode, ResetCause
from .wifi import Wifi

__all__ = [
    "FLASH_SIZE",
    "BoardError",
    "Connection",
    "Link",
    "PinMode",
    "ResetCause",
    "VirtualBoard",
    "Wifi",
    "run_board",
]
