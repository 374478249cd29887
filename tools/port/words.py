"""What the numbers of errors in a board's log mean, in the board's own words: see firmware/trouble.py."""

import re

from ..language import N_, _
from ..words.said import BOARD, explanation, rendered
from .board_module import board_module

_ERROR = re.compile(r"(?<!\()\bOSError: (?:\[Errno (-?\d+)\](?: (E[A-Z]+))?|\(?(-?\d+)\b)")
_LINE = re.compile(r"(?:-?\d+ \w[\w ]*: |- )(.*)", re.DOTALL)
_DRIVER = re.compile(r"\b(?:RuntimeError|OSError): (Wifi [A-Z][\w ]+)")
_DRIVER_WORDS = {
    "Wifi Unknown Error 0x0101": N_(
        "no memory left for Wi-Fi in the chip: reset the board; start Wi-Fi before all else"
    ),
    "Wifi Internal Error": N_("connect() came while it was connecting or joined already; disconnect() goes before"),
    "Wifi Not Started": N_("active(True) has to come before"),
}
_NO_ANSWER = N_(
    "no answer: from a sensor, is it at this pin, and powered? or from a server, is its address right, and it there?"
)


def explain(line: str, platform: str = "") -> str:
    """The meaning of the error in a line of a log or a traceback, and what to do; empty if there is none, or if the
    line says it already. platform: the board's sys.platform, where it is known: some numbers differ."""
    if found := _ERROR.search(line):
        number, name, alone = found.groups()
        if name == "ETIMEDOUT" and not found.start():  # the end of a traceback, and so the program's
            return _(_NO_ANSWER)
        return rendered(str(board_module("trouble").meaning(int(number or alone), name or "", platform)), BOARD)
    if found := _DRIVER.search(line):
        return next((_(words) for text, words in _DRIVER_WORDS.items() if found[1].startswith(text)), "")
    return ""


def translated(line: str) -> str:
    """What a line of a board's log says, which is English, in the reader's language; empty where that is English, or
    where nobody knows such a line."""
    found = _LINE.fullmatch(line)
    return explanation(found[1] if found else line, BOARD)
