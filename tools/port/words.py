"""What the numbers of errors in a board's log mean, in the board's own words: see firmware/trouble.py."""

import re

from .board_module import board_module

_ERROR = re.compile(r"(?<!\()\bOSError: (?:\[Errno (-?\d+)\](?: (E[A-Z]+))?|\(?(-?\d+)\b)")
_DRIVER = re.compile(r"\b(?:RuntimeError|OSError): (Wifi [A-Z][\w ]+)")
_DRIVER_WORDS = {
    "Wifi Unknown Error 0x0101": "no memory left for Wi-Fi in the chip: reset the board; start Wi-Fi before all else",
    "Wifi Internal Error": "connect() came while it was connecting or joined already; disconnect() goes before",
    "Wifi Not Started": "active(True) has to come before",
}
_NO_ANSWER = (
    "no answer: from a sensor, is it at this pin, and powered? or from a server, is its address right, and it there?"
)


def explain(line: str, platform: str = "") -> str:
    """The meaning of the error in a line of a log or a traceback, and what to do; empty if there is none, or if the
    line says it already. platform: the board's sys.platform, where it is known: some numbers differ."""
    if found := _ERROR.search(line):
        number, name, alone = found.groups()
        if name == "ETIMEDOUT" and not found.start():  # the end of a traceback, and so the program's
            return _NO_ANSWER
        return str(board_module("trouble").meaning(int(number or alone), name or "", platform))
    if found := _DRIVER.search(line):
        return next((words for text, words in _DRIVER_WORDS.items() if found[1].startswith(text)), "")
    return ""
