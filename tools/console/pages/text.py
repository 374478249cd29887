"""What devices send, made fit to be shown: short, in characters every page can carry, never as markup.

The pages put all of it into text nodes. What is done here is against the rest: 64 KB in a cell, lone surrogates that no
UTF-8 can carry, control characters nobody sees, numbers no chart can draw.
"""

import json
from datetime import datetime
from typing import Any

from ...clock import in_table

_PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"} | {127: 0x2421}


def shown(text: str, longest: int = 200) -> str:
    """`text` in at most `longest` characters, cut with an ellipsis; control characters as pictures of them."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return cut.translate(_PICTURES).encode("utf-8", "replace").decode()


def shown_value(value: Any, longest: int = 200) -> str:
    """A data point's value: text as it is, else as JSON."""
    if isinstance(value, str):
        return shown(value, longest)
    return shown(json.dumps(value, ensure_ascii=False), longest)


def shown_bytes(data: bytes, longest: int = 200) -> str:
    """As text if it is UTF-8, else in hex. A NUL at the end is C's, no part of the text."""
    try:
        return shown((data[:-1] if data[-1:] == b"\0" and len(data) > 1 else data).decode(), longest)
    except UnicodeDecodeError:
        return shown(data[:longest].hex(" "), longest)


def shown_time(at: datetime) -> str:
    """In this computer's time, whose zone the page says; the date only if it is not today's."""
    date, _, time = in_table(at)[:19].partition(" ")
    return time if date == in_table(datetime.now())[:10] else f"{date} {time}"


def milliseconds(at: datetime) -> int:
    """Since 1970, as browsers count."""
    return int(at.timestamp() * 1000)
