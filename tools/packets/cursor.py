"""A walk over the bytes of a packet that makes a field of whatever it passes, and stops where something is wrong."""

from dataclasses import replace

from ..language import N_, _, ngettext
from .fields import Field

PASSWORD = N_("password")
"""Name of the field whose bytes are secret."""
NOT_READ = N_("not read")
"""Name of the one that holds what stands after a fault."""

_LONGEST_VALUE = 300  # characters of a text that is shown
_LONGEST_REST = 1024  # bytes after a fault that are kept

Bits = tuple[tuple[str, str, str], ...]


class Fault(Exception):
    """What is wrong at byte `at`, and what was expected there."""

    def __init__(self, at: int, what: str, expected: str = "") -> None:
        super().__init__(
            _("byte {at}: {what}").format(at=at, what=what)
            + (_("; expected {expected}").format(expected=expected) if expected else "")
        )
        self.at = at


class NotKept(Exception):
    """The rest of the packet was too long to keep. That is no fault of the packet."""


class Cursor:
    """A walk through `data`; of the packet, `left_out` more bytes were there."""

    def __init__(self, data: bytes, left_out: int, show_secrets: bool) -> None:
        self.data = data
        self.left_out = left_out
        self.fields: list[Field] = []
        self.at = 0
        self.start = 0
        """Where the bytes taken last begin."""
        self.end: int | None = None
        """Where the packet ends; None until its length is known."""
        self.within = N_("packet")
        self.type = ""
        """The packet's type as the standard spells it; empty until that is certain."""
        self.payload_fault: Fault | None = None
        self.warning: Fault | None = None
        """What is against the standard, but taken by servers and read here."""
        self.hide_rest = False
        """What follows may be a password, even if it can't be told where it begins."""
        self._show_secrets = show_secrets

    @property
    def left(self) -> int:
        """Bytes from here to the end of the packet, which must be known."""
        assert self.end is not None
        return self.end - self.at

    def take(self, size: int, name: str) -> bytes:
        """The next bytes, for note(). Raises Fault where packet or data end before them, NotKept."""
        if self.end is not None and size > self.left:
            left = count(self.left, "byte") if self.left else _("nothing")
            raise Fault(
                self.at,
                _("{left} left of the {within}").format(left=left, within=_(self.within)),
                _("{size} of {name}").format(size=count(size, "byte"), name=_(name)),
            )
        self.start = self.at
        part = self.data[self.at : self.at + size]
        self.at += len(part)
        if len(part) < size:
            self._partial(name, len(part), size)
        return part

    def _partial(self, name: str, there: int, size: int) -> None:
        if there:
            meaning = _("the rest was too long to keep") if self.left_out else _("the rest is missing")
            self._append(
                name,
                _("{there:,} of {size}").format(there=there, size=count(size, "byte")),
                meaning,
                secret=name == PASSWORD,
            )
        if self.left_out:
            raise NotKept
        missing = (
            _("{size:,} more of {name}").format(size=size - there, name=_(name))
            if there
            else _("{size} of {name}").format(size=count(size, "byte"), name=_(name))
        )
        raise Fault(len(self.data), _("the bytes end here"), missing)

    def note(self, name: str, value: str, meaning: str = "", clause: str = "", bits: Bits = ()) -> None:
        """Makes a field of the bytes taken last."""
        self._append(name, value, meaning, clause, bits)

    def note_password(self, value: bytes, meaning: str, clause: str) -> None:
        """Like note(); where secrets are not shown, only its length is."""
        text = (
            in_words(value) if self._show_secrets else _("{count}, not shown").format(count=count(len(value), "byte"))
        )
        self._append(PASSWORD, text, meaning, clause, secret=True)

    def note_rest(self, end: int) -> None:
        """Makes a field of what is left up to `end`, of its first bytes if it is long."""
        size = end - self.at
        if size:
            self.start = self.at
            self.at += min(size, _LONGEST_REST)
            self._append(NOT_READ, count(size, "byte"), secret=self.hide_rest)
            self.at = end

    def say(self, meaning: str) -> None:
        """Gives the last field its meaning."""
        self.fields[-1] = replace(self.fields[-1], meaning=meaning)

    def byte(self, name: str) -> int:
        return self.take(1, name)[0]

    def number(self, name: str, size: int = 2, clause: str = "") -> int:
        """A field that is a number, most significant byte first [1.5.2]."""
        value = int.from_bytes(self.take(size, name), "big")
        self.note(name, f"{value}", clause=clause)
        return value

    def prefixed(self, name: str, clause: str = "1.5.3", size: int = 2) -> bytes:
        """What stands after its length, for note(). Raises Fault where it is longer than the packet."""
        length = int.from_bytes(self.take(size, _("length of {name}").format(name=_(name))), "big")
        self.note(N_("length"), f"{length}", _("of {name}").format(name=_(name)), clause)
        if length > self.left:
            what = _("{length} of {name}, but {left:,} left of the {within}").format(
                length=count(length, "byte"), name=_(name), left=self.left, within=_(self.within)
            )
            raise Fault(self.start, what, _("no more than that"))
        return self.take(length, name)

    def _append(
        self, name: str, value: str, meaning: str = "", clause: str = "", bits: Bits = (), secret: bool = False
    ) -> None:
        secret = secret and not self._show_secrets
        data = self.data[self.start : self.at]
        self.fields.append(
            Field(self.start, b"*" * len(data) if secret else data, name, value, meaning, clause, secret, bits)
        )


def count(n: int, unit: str) -> str:
    """1 byte, 2,000 bytes."""
    words = {
        "byte": ngettext("{n:,} byte", "{n:,} bytes", n),
        "float": ngettext("{n:,} float", "{n:,} floats", n),
    }
    return words[unit].format(n=n)


def in_words(data: bytes, most: int = _LONGEST_VALUE) -> str:
    """The text that the bytes are, `most` characters of it, what can't be printed as escapes; if they are none, how
    many they are."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return count(len(data), "byte")
    if any(c < " " and c not in "\t\r\n" for c in text):
        return count(len(data), "byte")
    if len(text) > most:
        return f"{printable(text[:most])}… ({count(len(data), 'byte')})"
    return printable(text)


def printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
