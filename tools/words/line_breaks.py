"""Where a line of Chinese may end on a terminal: after any character, but before no mark that closes.

rich ends lines at spaces alone, and cuts off what a table's column has no room for: of Chinese, which has no spaces,
the better part of a command's help.
"""

import re

from rich import _wrap
from rich.text import Text

_OPENING = "\uff08\u201c\u2018\u300a\u3010"
_CLOSING = "\uff0c\u3002\u3001\uff1b\uff1a\uff01\uff1f\uff09\u201d\u2019\u300b\u3011\u2026"
_WIDE = "\u2e80-\u2fff\u3003-\u3007\u3040-\u9fff\uf900-\ufaff\uff0d-\uff19\uff21-\uffef"
_UNBROKEN = re.compile(
    rf"\s*(?:[{_OPENING}]*(?:[{_WIDE}]|[^\s{_OPENING}{_CLOSING}{_WIDE}]+)[{_CLOSING}]*|[{_OPENING}{_CLOSING}]+)\s*"
)
"""What stays in one line. It finds something in whatever is left of a text: rich goes on until it does not."""


def set_line_breaks() -> None:
    """Has rich 14 and 15 break lines so, in this process."""
    _wrap.re_word = _UNBROKEN
    Text.rstrip_end = _rstrip_end  # type: ignore[method-assign, assignment]


def _rstrip_end(text: Text, size: int) -> None:
    """Takes away the spaces at its end that are beyond `size` columns; rich's own counts a wide character as one."""
    spaces = len(text.plain) - len(text.plain.rstrip())
    beyond = min(spaces, text.cell_len - size)
    if beyond > 0:
        text.right_crop(beyond)
