"""Makes of a large heap one of a chip's size: so many bytes free in one piece, and a small table of names.

What the shims themselves keep stays outside that: they lie in a ROMFS, and what they have made is older than the limit.
Needs MicroPython for 32 bits: objects, blocks of the heap and small integers are those of a chip then. Call find_heap()
while the host's file system is still there, leave() last of all.
"""

import gc
import uctypes

_POOL = 10  # entries of the table of names that counts as the one before; the next one has twice as many

_start = _end = 0  # of the memory the heap is in
_kept = None


def find_heap():
    global _start, _end
    mine = id([]) & 0x7FFFFFFF  # id() is one bit short, the highest
    with open("/proc/self/maps") as maps:
        for line in maps:
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            if start <= mine < end or start <= mine | 0x80000000 < end:
                _start, _end = start, end


def leave(size, threshold):
    """Leaves `size` bytes free, and sets gc.threshold() as the port's _boot.py does."""
    global _kept
    _restart_names()
    _kept = [_fill_holes(), None]
    gc.collect()
    _kept[1] = bytearray(gc.mem_free() - size - 16)  # in blocks of 16, zeros that the collector soon has seen
    gc.collect()
    gc.threshold(threshold)


def _restart_names():
    """The table of names doubles each time it is full. The shims have filled some; the next one shall be as small as
    the first that a program fills on a chip: MICROPY_ALLOC_QSTR_ENTRIES_INIT, doubled once."""
    newest = None
    for at in range(_start + 15 & ~15, _end - 32, 16):
        entries = _word(at + 8)
        if not 20 <= entries <= 1280 or _word(at + 16) != at + 24 + 4 * entries or _word(at + 20) <= at:
            continue  # no qstr_pool_t: py/qstr.h
        if newest is None or _word(at + 4) > _word(newest + 4):
            newest = at
    if newest is None:
        raise RuntimeError("no table of names found")
    entries = uctypes.bytearray_at(newest + 8, 2)
    entries[0], entries[1] = _POOL, 0


def _word(at):
    b = uctypes.bytearray_at(at, 4)
    return b[0] | b[1] << 8 | b[2] << 16 | b[3] << 24


def _fill_holes():
    """What fills the holes between the shims' objects, so that all that is free is one piece.

    A look costs a collection, and to look before each block was most of a board's start: so many are filled at once as
    are surely missing. The last ones are filled one at a time, between what the looks' exceptions take: programs had
    some 40 bytes more where these, too, came at once.
    """
    gc.collect()
    gc.collect()
    filling = None
    sure = 1024  # blocks; halved until it is 8
    while sure >= 16:
        if _is_one_piece_but_for(sure):
            gc.collect()  # the piece that was tried
            sure >>= 1
            continue
        left = sure
        while left:  # range() would take blocks itself
            filling = (filling,)
            left -= 1
    while not _is_one_piece_but_for(0):
        filling = (filling,)
    return filling


def _is_one_piece_but_for(blocks):
    """Whether no more than so many blocks lie in holes, beside those that an exception takes."""
    try:
        bytearray(gc.mem_free() - 256 - 16 * blocks)
    except MemoryError:
        return False
    return True
