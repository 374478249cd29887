"""`onenet boards`: what is connected, and what of it can be told without stopping anybody's program.

The program of this project answers Enter with how things are, and a board without a program is at its prompt, where it
may be asked anything. Whatever else runs has to be stopped for that, which happens only if the user wants it.
"""

import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..api.text import harmless
from ..language import N_, _, ngettext
from .chips import CHIPS
from .connection import Connection, NoAnswer, Remote
from .crash_file import FILE, parse
from .errors import PortError
from .find import Port, nothing_there, usb_ports
from .flash import identify
from .start import ONLINE, PROMPT, Lines
from .versions import OLDEST

ANSWER = 2.0
"""Seconds for a program to answer Enter; a turn of its loop takes 0.2, a name that it looks up longer."""
STOP = 6.0
"""Seconds for a program to stop."""
_ONLINE = 24  # columns that the last one needs, borders included
_MORE = 0.3  # seconds that the rest of an answer may take
_SAYS = re.compile(r"-?\d+ mqtt: (.*)")
_VERSIONS = re.compile(
    r"\d+ device: version (\S+), MicroPython (\S+), (.*), ((?:[0-9a-f]{2}:){5}[0-9a-f]{2})"
    r"(?:; (\d+) failures? kept, the last: (.*))?$"
)

# What a board is asked, in pieces that fit the little heap an ESP8266 has left, and in words that old versions know.
_IS = "(lambda i:(i.name,tuple(i.version[:3]),getattr(i,'_machine','')))(__import__('sys').implementation)"
_MAC = "(lambda n:bytes(n.WLAN(n.STA_IF).config('mac')))(__import__('network'))"
_FILES = "__import__('os').listdir('/')"
_VERSION = "open('/deployed.json').read(40)"  # which it begins with
_SAFE = "'safe_mode' in globals()"
_WRONG = "'device' in globals() and getattr(device,'config',1) is None"
_STOPPED = N_("no: no program runs")


@dataclass(frozen=True)
class Seen:
    """A board, as far as it is known; "" for what is not."""

    port: str
    usb: str = ""
    """What is at the USB end of it."""
    chip: str = ""
    mac: str = ""
    micropython: str = ""
    version: str = ""
    """Of this project's program."""
    online: str = ""
    """In words."""
    runs: str = ""
    """What runs there: "ours", "nothing", or "" for something else."""
    trouble: str = ""
    """Why no more is known."""
    failures: str = ""
    """What its program has failed with, in words."""


def run_boards(named: Sequence[str], ask: bool) -> int:
    """Shows these boards, or all at USB. `ask`: stop the programs that say nothing, and start them again.

    Named boards are asked in any case. Raises PortError if there is nothing to show.
    """
    found = {port.device: port for port in usb_ports()}
    ports = [found.get(name, Port(name, "", "", False)) for name in named] or list(found.values())
    if not ports:
        raise PortError(nothing_there())
    with ThreadPoolExecutor(len(ports)) as pool:
        seen = list(pool.map(lambda port: _look(port, ask or bool(named), bool(named)), ports))
    if len(named) == 1 and seen[0].trouble:
        raise PortError(seen[0].trouble)
    console = Console(highlight=False)
    console.print(_table(seen, console.width))
    for board in seen:
        for words in (board.trouble, f"{board.port}: {board.failures}" if board.failures else ""):
            if words:
                console.print(Text(harmless(words)), soft_wrap=True)
    if any(not board.chip for board in seen) and not (ask or named):
        console.print(_("To know more: onenet boards --ask stops their programs for a second and starts them again."))
    return 0


def _look(port: Port, ask: bool, named: bool) -> Seen:
    seen = Seen(port.device, port.description, mac=port.mac)
    try:
        with Connection(port.device) as connection:
            seen = listen(connection, seen)
            if seen.runs == "nothing" or (ask and not seen.chip):
                return question(connection, seen)
        return seen
    except PortError as error:
        if not (named and isinstance(error, NoAnswer)):
            return replace(seen, trouble=str(error))
    try:
        board = identify(port.device)
    except PortError as error:
        return replace(seen, trouble=str(error))
    return replace(seen, chip=board.chip_name, mac=board.mac, micropython=_("none"), online=_("no"))


def listen(connection: Connection, seen: Seen) -> Seen:
    """Presses Enter and hears what the board says."""
    lines = Lines()
    connection.press_enter()
    deadline = time.monotonic() + ANSWER
    while time.monotonic() < deadline:
        for line in lines.feed(connection.read()):
            if found := _VERSIONS.match(line):
                version, micropython, machine, mac, count, last = found.groups()
                seen = replace(seen, version=version, micropython=micropython, chip=chip_in(machine), mac=mac)
                return replace(seen, failures=_failures(int(count), last)) if count else seen
            if found := _SAYS.match(line):
                online = ONLINE.match(found[1])
                words = (
                    _("yes, as {online}").format(online=online[1])
                    if online
                    else _("no: {found}").format(found=found[1])
                )
                seen = replace(seen, runs="ours", online=words)
                deadline = min(deadline, time.monotonic() + _MORE)
        if lines.rest.endswith(PROMPT):
            return replace(seen, runs="nothing", online=_(_STOPPED))
    return seen


def question(connection: Connection, seen: Seen) -> Seen:
    """Asks MicroPython. A program that runs is stopped for it, and started again."""
    connection.interrupt(STOP)
    try:
        name, version, machine = connection.eval(_IS)
        number = ".".join(map(str, version))
        files = connection.eval(_FILES)
        told = (
            re.match(r'{"version": "([^"]*)"', _asked(connection, _VERSION, "")) if "deployed.json" in files else None
        )
        seen = replace(
            seen,
            micropython=number if name == "micropython" else f"{name} {number}",
            chip=chip_in(machine),
            mac=":".join(f"{byte:02x}" for byte in _asked(connection, _MAC, b"")) or seen.mac,
            version=told[1] if told else "",
            failures=_kept(connection) if FILE.strip("/") in files else "",
        )
        return replace(seen, online=_why_offline(connection, version, files) or seen.online)
    finally:
        if seen.runs == "nothing":
            connection.leave()
        else:
            connection.hard_reset()


def _why_offline(connection: Connection, version: Sequence[int], files: Sequence[str]) -> str:
    """In words, for the column; or empty."""
    if tuple(version[:2]) < OLDEST:
        return _("no: MicroPython before {map}: onenet flash").format(map=".".join(map(str, OLDEST)))
    if _asked(connection, _SAFE, False):
        return _("no: safe mode")
    if _asked(connection, _WRONG, False):
        return _("no: config.json is wrong")
    return "" if "main.py" in files or "main.mpy" in files else _("no: no program yet: onenet deploy")


def _asked(connection: Connection, expression: str, otherwise: Any) -> Any:
    """The value of the expression there; the other one if it raises, as where there is no network."""
    try:
        return connection.eval(expression)
    except Remote:
        return otherwise


def _kept(connection: Connection) -> str:
    kept = parse((connection.read_file(FILE) or b"").decode(errors="replace"))
    if not kept:
        return ""
    when = _(" at {at}").format(at=kept[-1].when) if kept[-1].when else ""
    return _failures(len(kept), kept[-1].error + when)


def _failures(count: int, last: str) -> str:
    words = ngettext(
        "its program has failed, {count} time is kept; the last: {last}",
        "its program has failed, {count} times are kept; the last: {last}",
        count,
    )
    return words.format(count=count, last=last)


def chip_in(machine: str) -> str:
    """The chip in what MicroPython calls the machine, as in "Generic ESP32C3 module with ESP32C3"."""
    name = machine.rpartition(" with ")[2]
    return next((chip.name for chip in CHIPS if chip.name.replace("-", "") == name), name)


def _table(boards: Sequence[Seen], width: int) -> Table:
    """A line for each board; two where the terminal is too narrow for that."""
    rows = [
        [harmless(cell) or "?" for cell in (b.port, b.chip or b.usb, b.mac, b.micropython, b.version)] for b in boards
    ]
    headers = [_("port"), _("chip"), "MAC", "MicroPython", _("program")]
    columns = [max(map(len, cells)) + 3 for cells in zip(headers, *rows, strict=True)]
    if sum(columns) + _ONLINE > width:
        headers = [_("port") + "\nMAC", _("chip") + "\nMicroPython", _("program")]
        rows = [[f"{port}\n{mac}", f"{chip}\n{version}", ours] for port, chip, mac, version, ours in rows]
    table = Table(*headers, _("online"))
    for column in table.columns[2:-1]:
        column.no_wrap = True
    for column in table.columns:
        column.overflow = "fold"
    table.columns[-1].min_width = min(_ONLINE - 4, max(len(board.online) for board in boards))
    for board, row in zip(boards, rows, strict=True):
        style = "green" if board.online.startswith(_("yes")) else "red" if board.online.startswith(_("no")) else ""
        table.add_row(*map(Text, row), Text(board.online or "?", style))
    return table
