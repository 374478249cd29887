"""`onenet boards`: what is connected, and what of it can be told without stopping anybody's program.

The program of this project answers Enter with how things are, and a board without a program is at its prompt, where it
may be asked anything. Whatever else runs has to be stopped for that, which happens only if the user wants it.
"""

import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..api.text import harmless
from .chips import CHIPS
from .connection import Connection
from .errors import PortError
from .find import Port, nothing_there, usb_ports
from .flash import identify
from .start import ONLINE, PROMPT, Lines

ANSWER = 2.0
"""Seconds for a program to answer Enter; a turn of its loop takes 0.2, a name that it looks up longer."""
STOP = 6.0
"""Seconds for a program to stop."""
_MORE = 0.3  # seconds that the rest of an answer may take
_SAYS = re.compile(r"\d+ mqtt: (.*)")
_VERSIONS = re.compile(r"\d+ device: version (\S+), MicroPython (\S+), (.*), ((?:[0-9a-f]{2}:){5}[0-9a-f]{2})$")

_ASK = """
def _boards():
 import sys
 try:
  import network
  mac=bytes(network.WLAN(network.STA_IF).config('mac'))
 except Exception:
  mac=b''
 try:
  import json
  with open('/deployed.json') as f:ours=json.load(f)['version']
 except Exception:
  ours=''
 device=globals().get('device')
 wrong=device and getattr(device,'config',1) is None
 state='safe mode' if 'safe_mode' in globals() else 'config.json is wrong' if wrong else ''
 i=sys.implementation
 return i.name,i.version[:3],getattr(i,'_machine',sys.platform),mac,ours,state
"""


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
    console.print(_table(seen))
    for board in seen:
        if board.trouble:
            console.print(Text(board.trouble), soft_wrap=True)
    if any(not board.chip for board in seen) and not (ask or named):
        console.print("To know more: onenet boards --ask stops their programs for a second and starts them again.")
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
        if not named or "no MicroPython answers" not in str(error):
            return replace(seen, trouble=str(error))
    try:
        board = identify(port.device)
    except PortError as error:
        return replace(seen, trouble=str(error))
    return replace(seen, chip=board.chip_name, mac=board.mac, micropython="none", online="no")


def listen(connection: Connection, seen: Seen) -> Seen:
    """Presses Enter and hears what the board says."""
    lines = Lines()
    connection.press_enter()
    deadline = time.monotonic() + ANSWER
    while time.monotonic() < deadline:
        for line in lines.feed(connection.read()):
            if found := _VERSIONS.match(line):
                version, micropython, machine, mac = found.groups()
                return replace(seen, version=version, micropython=micropython, chip=chip_in(machine), mac=mac)
            if found := _SAYS.match(line):
                online = ONLINE.match(found[1])
                words = f"yes, as {online[1]}" if online else f"no: {found[1]}"
                seen = replace(seen, runs="ours", online=words)
                deadline = min(deadline, time.monotonic() + _MORE)
        if lines.rest.endswith(PROMPT):
            return replace(seen, runs="nothing", online="no: no program runs")
    return seen


def question(connection: Connection, seen: Seen) -> Seen:
    """Asks MicroPython. A program that runs is stopped for it, and started again."""
    connection.interrupt(STOP)
    try:
        connection.exec(_ASK)
        name, version, machine, mac, ours, state = connection.eval("_boards()")
        connection.exec("del _boards")
    finally:
        if seen.runs == "nothing":
            connection.leave()
        else:
            connection.soft_reset()
    number = ".".join(str(part) for part in version)
    return replace(
        seen,
        micropython=number if name == "micropython" else f"{name} {number}",
        chip=chip_in(machine),
        mac=":".join(f"{byte:02x}" for byte in mac) or seen.mac,
        version=ours,
        online=f"no: {state}" if state else seen.online,
    )


def chip_in(machine: str) -> str:
    """The chip in what MicroPython calls the machine, as in "Generic ESP32C3 module with ESP32C3"."""
    name = machine.rpartition(" with ")[2]
    return next((chip.name for chip in CHIPS if chip.name.replace("-", "") == name), name)


def _table(boards: Sequence[Seen]) -> Table:
    table = Table("port", "chip", "MAC", "MicroPython", "program", "online")
    for column in table.columns[:5]:
        column.no_wrap = column.header != "chip"
    table.columns[-1].overflow = "fold"
    for board in boards:
        style = "green" if board.online.startswith("yes") else "red" if board.online.startswith("no") else ""
        cells = [board.port, board.chip or board.usb, board.mac, board.micropython, board.version]
        table.add_row(*(Text(harmless(cell) or "?") for cell in cells), Text(board.online or "?", style))
    return table
