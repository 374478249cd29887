"""Devices, data points and replies on the terminal. All of it came from a network and is made harmless first."""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from .. import clock
from ..language import N_, _
from ..spreadsheet import in_cell
from .answers import CommandState, DataPoint, DeviceState
from .text import harmless, reply_text


def show_devices(states: Sequence[DeviceState], as_json: bool) -> None:
    if as_json:
        _print_json([vars(state) for state in states])
        return
    if not states:
        print(_("no devices yet"))
        return
    table = _table(N_("device"), N_("title"), N_("online"), N_("last data"), N_("created"))
    table.caption = _("times are of {zone}").format(zone=clock.zone())
    table.caption_justify = "left"
    for state in states:
        online = Text(_("online"), "green") if state.online else Text(_("offline"), "dim")
        _row(table, state.id, state.title, online, _time(state.last_data), _time(state.created))
    _print(table)


_WORDS = {
    "version": N_("program"),
    "micropython": "MicroPython",
    "machine": N_("board"),
    "up": N_("up, s"),
    "free_heap": N_("free heap"),
    "largest_block": N_("largest block"),
    "free_idf_heap": N_("ESP-IDF's heap"),
    "largest_idf_block": N_("its largest block"),
    "rssi": N_("RSSI, dBm"),
    "reset": N_("reset by"),
    "dropped": N_("points dropped"),
    "crashes": N_("failures"),
    "change": N_("change of config.json"),
    "alone": N_("in safe mode"),
}
"""What a board tells of itself, in the order it is shown."""


def show_boards(states: Mapping[str, Mapping[str, Any]], as_json: bool) -> None:
    """What boards tell of themselves, by their devices."""
    if as_json:
        _print_json([{"device": device, **state} for device, state in states.items()])
        return
    for device, state in states.items():
        table = _table(N_("device"), device)
        for key, words in _WORDS.items():
            if state.get(key) is not None:
                _row(table, _(words), _words(state[key]))
        _print(table)


def show_points(points: Sequence[DataPoint], as_csv: bool, as_json: bool) -> None:
    if as_json:
        _print_json([vars(point) for point in points])
    elif as_csv:
        _print_csv(points)
    elif not points:
        print(_("no data points"))
    else:
        table = _table(N_("stream"), _("at ({zone})").format(zone=clock.zone()), N_("value"))
        for point in points:
            _row(table, point.stream, _time(point.at), _words(point.value))
        _print(table)


def show_reply(state: CommandState) -> None:
    """The reply alone on stdout, so that it can be used; the rest on stderr."""
    assert state.reply is not None
    print(reply_text(state.reply))
    print(_("replied after {seconds:.2f} s").format(seconds=state.seconds), file=sys.stderr)


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """Shows how many there are while they come, if somebody watches."""
    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.completed} " + what)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda count: progress.update(task, completed=count)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Shows that something is waited for, if somebody watches."""
    with Console(stderr=True).status(what):
        yield


def _time(text: str, shown: Callable[[datetime], str] = clock.in_table) -> str:
    """A time of the platform's on our clock; what is none as it is."""
    when = clock.of_platform(text)
    return text if when is None else shown(when)


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(_(heading), overflow="fold")
    return table


def _row(table: Table, *cells: str | Text) -> None:
    table.add_row(*(cell if isinstance(cell, Text) else Text(harmless(cell)) for cell in cells))


def _print(table: Table) -> None:
    Console(highlight=False, markup=False, emoji=False).print(table)


def _print_json(entries: Sequence[dict[str, Any]]) -> None:
    """An array with an entry a line."""
    lines = ",\n".join(f"  {harmless(json.dumps(entry, ensure_ascii=False))}" for entry in entries)
    print(f"[\n{lines}\n]" if lines else "[]")


def _print_csv(points: Sequence[DataPoint]) -> None:
    clean: Callable[[str], str] = harmless if sys.stdout.isatty() else str
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("stream", "at", "value"))
    writer.writerows(
        (clean(_cell(point.stream)), clean(_time(point.at, clock.in_csv)), clean(_cell(point.value)))
        for point in points
    )


def _cell(value: Any) -> str:
    """As a spreadsheet may safely open it."""
    return in_cell(_words(value), number=not isinstance(value, str))
