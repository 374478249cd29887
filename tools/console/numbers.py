"""Which values can be drawn: JSON's numbers, and text that reads as one."""

import math
import re
from typing import Any

BIGGEST = 1e300
"""What a chart's arithmetic still bears is less."""

_NUMBER = re.compile(r"[+-]?\d{1,300}(\.\d{1,300})?([eE][+-]?\d{1,3})?", re.ASCII)


def number_of(value: Any) -> float | None:
    """The number to draw for a value: JSON's numbers and text that reads as one. None for all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < BIGGEST else None
