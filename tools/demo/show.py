"""What the demo tells: lines with the seconds since the start, in colour where the output is a terminal."""

import sys
import time

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ..api.text import harmless
from ..language import _, listed, named, padded
from ..packets.explain import Explained, in_hex
from .film import Film

_MOST_BYTES = 12  # of a field that are shown


class Show:
    def __init__(self, secrets: tuple[str, ...], film: Film | None = None) -> None:
        """secrets: what is not to be shown. film: takes what is shown."""
        wide = None if sys.stdout.isatty() else 1000  # a file's lines are not to be wrapped
        self._console = Console(highlight=False, width=wide)
        self._secrets = secrets
        self._film = film
        self._start = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def line(self, what: str, text: str, style: str = "") -> None:
        self._row(padded(what, 8) + " ", Text(harmless(text), style))

    def console_line(self, text: str) -> None:
        """A line of the board's console."""
        for secret in self._secrets:
            text = text.replace(secret, "*" * len(secret))
        self._row(_("board") + " | ", Text(harmless(text), "dim"), "dim")

    def packet(self, packet: Explained) -> None:
        """A packet, byte by byte."""
        parts = _parts(packet)
        width = max((len(part) for part, _ in parts), default=0)
        for i, (part, words) in enumerate(parts):
            what = "" if i else packet.type
            self._row(f"{what:<8} ", Text(f"{part:{width}}  ", "cyan"), words=Text(harmless(words), "cyan"))

    def plain(self, text: str, style: str = "") -> None:
        """Without the time."""
        self._print(Text(text, style))

    def _row(self, what: str, text: Text, style: str = "bold", words: Text | None = None) -> None:
        """The time, what it is about and the text; what is too long for a terminal goes on under its beginning."""
        row = Table.grid()
        row.add_column(no_wrap=True)
        row.add_column(no_wrap=words is not None, overflow="fold")
        prefix = Text.assemble((f"{self.elapsed():7.2f} s  ", "dim"), (what, style))
        row.add_row(prefix, text, *(() if words is None else (words,)))
        self._print(row)

    def _print(self, shown: RenderableType) -> None:
        self._console.print(shown)
        if self._film:
            self._film.take(shown, self.elapsed())


def _parts(packet: Explained) -> list[tuple[str, str]]:
    """Bytes in hex, and what they are; the length of a string goes with the string, the fixed header is one part."""
    parts = []
    before = ""
    for field in packet.fields:
        data = f"{before} {_cut(in_hex(field))}".lstrip()
        before = ""
        if field.name in ("packet type", "length"):
            before = data
        elif field.name == "remaining length":
            parts.append((data, _("{type}, {field} bytes follow").format(type=packet.type, field=field.value)))
        else:
            parts.append((data, named(_(field.name), _meaning(field.value, field.meaning, field.bits))))
    return parts


def _cut(data: str) -> str:
    """Its beginning, where it is long: a token is."""
    return data if len(data) <= 3 * _MOST_BYTES else f"{data[: 3 * _MOST_BYTES - 1]} …"


def _meaning(value: str, meaning: str, bits: tuple[tuple[str, str, str], ...]) -> str:
    if bits:
        after = named("", "").strip()  # the name of a flag
        return listed(words.partition(after)[0] for _bit, setting, words in bits if setting.strip("0"))
    return value + _(" ({name})").format(name=meaning) if meaning else value
