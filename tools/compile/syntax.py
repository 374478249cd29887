"""Syntax trees are made in one thread at a time.

CPython 3.11 keeps how deep it is in a tree for all threads together, and raises a SystemError where two are at it; and
what takes a second, and is kept, is not to be made for each of many boards at the same time.
"""

import ast
import threading
from typing import Any

LOCK = threading.RLock()
"""For whoever makes a tree while other threads may."""


def literal_eval(text: str) -> Any:
    """As ast.literal_eval() does it. Raises ValueError, SyntaxError."""
    with LOCK:
        return ast.literal_eval(text)
