"""Explained packets on a terminal, as C and as JSON."""

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..language import _, listed, named, padded
from ..words.wide_pictures import in_columns
from .cursor import NOT_READ, count
from .explain import Explained, Field, in_hex
from .sniff import Sniffed

_COLOURS = ("cyan", "green", "yellow", "magenta", "bright_blue")
_WRONG = "bold red"
_CAREFUL = "yellow"
_ROOMY = 96  # columns from which on eight bytes stand in a row, else four
_MOST_BYTES = 96  # of a field that are shown
_WIDTH = 100


def packet(explained: Explained, width: int, offset: int = 0) -> RenderableType:
    """One packet: what it is, its bytes, a table of its fields, and what is wrong with it or to be careful of.

    Bytes have the colour of their field. width: columns there are; offset: where it begins, if not at 0.
    """
    fields = [(field, _style(explained, field, i)) for i, field in enumerate(explained.fields)]
    where = _(" at byte {offset}").format(offset=offset) if offset else ""
    kind = explained.type or _("No packet")
    head = listed([f"{kind}{where}", count(explained.size, "byte")])
    parts: list[RenderableType] = [
        Text(head if explained.broken else named(head, explained.summary), "bold"),
        Text(" ").join(Text(" ".join(_bytes(field)), style) for field, style in fields if field.data),
        _table(fields, 8 if width >= _ROOMY else 4),
    ]
    if explained.error:
        parts.append(Text(_("error: {error}").format(error=explained.error), _WRONG))
    if explained.warning:
        parts.append(Text(_("careful: {warning}").format(warning=explained.warning), _CAREFUL))
    return Group(*parts)


def in_line(explained: Explained, prefix: str) -> Table:
    """One packet in a line, or a few beside `prefix` and its type."""
    words = Text("" if explained.broken else explained.summary)
    if explained.error:
        words.append(("" if explained.broken else _("; ")) + explained.error, _WRONG)
    if explained.warning:
        words.append(_("; ") + explained.warning, _CAREFUL)
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_column(no_wrap=True)
    line.add_column(overflow="fold")
    kind = padded(explained.type or _("no packet"), 11)
    line.add_row(Text.assemble((prefix, "dim"), (kind, "bold")), words)
    return line


def print_exchanged(explained: Explained, sent: bool) -> None:
    """One packet of a conversation: sent ones in a line, for who sent them knows them."""
    if sent:
        terminal().print(in_line(explained, _("sent: ")))
    else:
        terminal().print(_("received:"), style="dim")
        print_packet(explained)


def show_sniffed(found: Iterable[Sniffed], fields: bool, as_json: bool) -> int:
    """What a capture has, a line for each; returns how many packets there were."""
    packets = 0
    every: list[dict[str, Any]] = []
    console = terminal()
    for one in found:
        packets += one.explained is not None
        if as_json:
            every.append({**vars(one), "explained": as_dict(one.explained) if one.explained else None})
            continue
        arrow = "→" if one.from_client else "←"
        prefix = f"{one.time:10.4f} {one.connection:>3} {arrow} "
        if not one.explained:
            where = _(" to {server}").format(server=one.server) if one.remark == _("connects") else ""
            who = one.client if one.from_client else one.server
            console.print(Text(f"{prefix}{who} {one.remark}{where}", "dim"))
        else:
            console.print(in_line(one.explained, prefix))
            if fields:
                console.print(Padding(packet(one.explained, console.width - 4), (0, 0, 1, 4)))
    if as_json:
        print_json(every)
    return packets


def c_array(explained: Explained) -> str:
    """Its bytes as an array of C, a line for each field."""
    lines = []
    for field in explained.fields:
        if field.data:
            row = " ".join(f"0x{byte:02X}," for byte in field.data)
            words = f"{field.name}: {field.value}".replace("*/", "* /").encode("ascii", "replace").decode()
            lines.append(f"    {row} /* {words} */")
    return "\n".join([f"static const unsigned char {explained.type.lower()}[] = {{", *lines, "};"])


def as_dict(explained: Explained) -> dict[str, Any]:
    """All there is to know, for json.dumps(). In hex, bytes of secrets are **."""
    return {
        "type": explained.type,
        "size": explained.size,
        "hex": in_hex(explained),
        "summary": explained.summary,
        "error": explained.error,
        "error_at": explained.error_at,
        "broken": explained.broken,
        "warning": explained.warning,
        "fields": [
            {
                "offset": field.offset,
                "hex": in_hex(field),
                "name": field.name,
                "value": field.value,
                "meaning": field.meaning,
                "clause": field.clause,
                "secret": field.secret,
                "bits": [{"bits": bits, "set": setting, "meaning": words} for bits, setting, words in field.bits],
            }
            for field in explained.fields
        ],
    }


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def print_packet(explained: Explained, offset: int = 0) -> None:
    console = terminal()
    console.print(packet(explained, console.width, offset))


def terminal() -> Console:
    """The terminal, no wider than tables are."""
    console = Console(highlight=False)
    console.width = min(console.width, _WIDTH)
    return console


def save_picture(explained: Explained, path: Path, title: str) -> None:
    """The packet as it looks on a terminal of 100 columns, an SVG. Raises OSError."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), highlight=False)
    console.print(packet(explained, _WIDTH))
    path.write_text(in_columns(console.export_svg(title=title)), encoding="utf-8")


def _style(explained: Explained, field: Field, i: int) -> str:
    at = explained.error_at
    if at >= 0 and (field.name == NOT_READ or field.offset <= at < field.offset + len(field.data)):
        return _WRONG
    return _COLOURS[i % len(_COLOURS)]


def _bytes(field: Field) -> list[str]:
    """In hex, the first ones of many."""
    shown = in_hex(field).split()
    return (
        shown
        if len(shown) <= _MOST_BYTES
        else [*shown[: _MOST_BYTES - 8], _("… {len} more").format(len=len(shown) - _MOST_BYTES + 8)]
    )


def _table(fields: Iterable[tuple[Field, str]], in_row: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(_("at"), justify="right", no_wrap=True)
    table.add_column(_("bytes"), no_wrap=True, min_width=9)
    table.add_column(_("field"), max_width=20)
    table.add_column(_("meaning"), overflow="fold")
    table.add_column(_("clause"), style="dim", max_width=10)
    for field, style in fields:
        table.add_row(
            f"{field.offset}", Text(_rows(field, in_row), style), _(field.name), _meaning(field), field.clause
        )
        for bits, pattern, words in _patterns(field):
            table.add_row("", Text(pattern, style), Text(bits, "dim"), Text(words))
    return table


def _rows(field: Field, in_row: int) -> str:
    shown = _bytes(field)
    return "\n".join(" ".join(shown[at : at + in_row]) for at in range(0, len(shown), in_row))


def _meaning(field: Field) -> Text:
    return Text.assemble((field.value, "bold"), f"  {field.meaning}" if field.meaning else "")


def _patterns(field: Field) -> Iterator[tuple[str, str, str]]:
    """For each of its bits or groups of bits: which, where they stand in the byte, as 1... ...., and what they mean."""
    for bits, setting, words in field.bits:
        first = int(bits.partition("-")[0])
        pattern = f"{'.' * (7 - first)}{setting}".ljust(8, ".")
        yield (
            (_("bits {bits}") if "-" in bits else _("bit {bits}")).format(bits=bits),
            f"{pattern[:4]} {pattern[4:]}",
            words,
        )
