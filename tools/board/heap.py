"""What a board says of its heap: micropython.mem_info() and qstr_info(), with a line "HEAP …" before them."""

import re
from dataclasses import dataclass

MARK = (
    '__import__("gc").collect();print("HEAP {0}");'
    '__import__("micropython").mem_info();__import__("micropython").qstr_info()\n'
)
"""A line of a program that says how the heap is at that place: `{0}` is what to call it, in words."""

_BLOCK = 16  # bytes
_SAYS = re.compile(
    r"^HEAP (.*)$\n(?:(?!HEAP ).*\n)*?GC: total: \d+, used: \d+, free: (\d+)\n.*max free sz: (\d+)\n"
    r"(?:(?!HEAP ).*\n)*?qstr pool: n_pool=\d+, n_qstr=(\d+)",
    re.M,
)


@dataclass(frozen=True)
class Heap:
    """How it is at one moment: bytes free, the largest free piece, and the names that MicroPython has taken in."""

    where: str
    free: int
    largest: int
    names: int


def heaps(log: str) -> list[Heap]:
    """All that a board has said of it."""
    return [Heap(m[1], int(m[2]), int(m[3]) * _BLOCK, int(m[4])) for m in _SAYS.finditer(log)]
