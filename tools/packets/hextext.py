"""Bytes as people write them down."""

import re
from itertools import zip_longest

from ..language import _

_C_ARRAY = re.compile(r"\{([^{}]*)(?:\}|$)")
_COMMENT = re.compile(r"/\*.*?\*/|(?://|#)[^\n]*", re.DOTALL)
_BETWEEN = re.compile(r"(?:[\s,;:\-]|\\x|\b0x)+", re.IGNORECASE)
_DUMP_LINE = re.compile(r"\s*([0-9a-f]{4,}):?(?:\s+(.*))?", re.IGNORECASE)


def parse_hex(text: str) -> bytes:
    r"""Takes 10 28, 0x10,0x28, 1028, 10:28, \x10\x28, an array of C and what hexdump -C, xxd and Wireshark print.

    Raises ValueError with what is no hex.
    """
    data = _from_dump(text)
    if data:
        return data
    text = _COMMENT.sub(" ", text)
    array = _C_ARRAY.search(text)
    found = bytearray()
    for token in filter(None, _BETWEEN.split(array[1] if array else text)):
        shown = token if len(token) <= 24 else token[:24] + "…"
        if strange := re.search("[^0-9a-fA-F]", token):
            raise ValueError(
                _("{shown!r} is no hex: it has {strange!r}; write bytes as 10 28 or 0x10,0x28").format(
                    shown=shown, strange=strange[0]
                )
            )
        if len(token) > 1 and len(token) % 2:
            raise ValueError(
                _("{shown!r} has {count} hex digits, where a byte has two").format(shown=shown, count=len(token))
            )
        found += bytes.fromhex(token.zfill(2))
    return bytes(found)


def _from_dump(text: str) -> bytes | None:
    """The bytes of a hex dump: lines that begin with the offset of their first byte, from 0 on. None if it is none."""
    lines = [_DUMP_LINE.fullmatch(line) for line in text.splitlines() if line.strip()]
    data = bytearray()
    for line, following in zip_longest(lines, lines[1:]):
        if line is None or int(line[1], 16) != len(data):
            return None
        size = int(following[1], 16) - len(data) if following else None
        part = _bytes_of_dump(line[2] or "", size)
        if part is None:
            return None
        data += part
    return bytes(data)


def _bytes_of_dump(part: str, size: int | None) -> bytes | None:
    """So many bytes, after which there may be the characters they are; without a size, up to two spaces."""
    if size is None:
        found = re.match(r"(?:[0-9a-f]{2}\s?)*(?=\s|$)", part, re.IGNORECASE)
    else:
        found = re.match(rf"(?:[0-9a-f]{{2}}\s*){{{size}}}", part, re.IGNORECASE) if 0 < size < 256 else None
    return bytes.fromhex(found[0]) if found else None
