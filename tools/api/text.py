"""Text that came from a network, made fit for a terminal."""

import json
import unicodedata

_HARMFUL = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that move the cursor, start an escape sequence, or turn the direction of writing."""


def harmless(text: str, keep: str = "") -> str:
    r"""With \u001b and the like in place of what controls a terminal; the characters in `keep` stay."""
    return "".join(
        json.dumps(character)[1:-1]
        if unicodedata.category(character) in _HARMFUL and character not in keep
        else character
        for character in text
    )


def reply_text(reply: bytes) -> str:
    """A reply as text if it is text, else in hex. A NUL at the end is C's, no part of the text."""
    try:
        text = (reply[:-1] if reply[-1:] == b"\0" and len(reply) > 1 else reply).decode()
    except UnicodeDecodeError:
        return reply.hex(" ")
    return reply.hex(" ") if "\0" in text else harmless(text, keep="\n\t")
