"""`onenet monitor`: a board's log as it comes, which survives that the cable is pulled out, and stops nothing."""

import re
import time
from collections.abc import Iterator
from datetime import datetime

import segno
from rich.console import Console
from rich.text import Text

from ..clock import zone
from ..failures import complain
from ..language import N_, _
from ..packets.explain import PacketReader
from ..packets.show import in_line
from .connection import Connection, Gone
from .start import PROMPT, Lines, NotOnline, Start
from .tracebacks import as_written
from .words import explain, translated

_WIFI = re.compile(
    r"WIFI:T:WPA;S:.{1,64};P:.{8,63};;$"
)  # what phones know: of the board's own access point, firmware/setup.py
_LINE = re.compile(r"(-?\d+) (\w[\w ]*): (.*)")
_TRACE = re.compile(r"-?\d+ trace: ([<>]) ((?:[0-9a-f]{2}|\*\*)*)$")
_BAD = re.compile("refused|wrong|lost|failed|no answer|not in reach|closed|error|dropped|Traceback|safe mode|crashed")
_GOOD = re.compile("online|joined")
_DARK_ON_LIGHT = "bright_white on black"  # full blocks are the light ones
_UNDER = " " * 13
"""Under the time of day."""
_HINT_AFTER = 20.0  # seconds online without a packet
_HOW = N_("no packets come from the board; have it show them: onenet config --trace --port {}")


def run_monitor(port: str, until_online: bool, packets: bool, timeout: float | None) -> int:
    """Shows the log until Ctrl-C, the time is up, or the board is online or cannot be; returns the exit status.

    0: Ctrl-C, the time is up without anything to wait for, or online; 1: not online. Raises PortError.
    """
    console = Console(highlight=False)
    show = Show(console, packets)
    deadline = None if timeout is None else time.monotonic() + timeout
    start = Start(port)
    try:
        with Connection(port) as connection:
            show.note(
                _("{port}; Ctrl-C ends this, and leaves the board alone; times are of {zone}").format(
                    port=connection.port, zone=zone()
                )
            )
            for line, complete in lines_of(connection, show, deadline):
                if complete:
                    show.line(line)
                if until_online and line:
                    start.feed(line)
                if until_online and start.settled:
                    break
    except KeyboardInterrupt:
        show.note(_("ended; the program on the board goes on"))
        return 0
    except NotOnline as error:
        complain(_("not online: {error}").format(error=error) + (_("; ") + error.meanwhile if error.meanwhile else ""))
        return 1
    if until_online and start.online:
        show.note(_("online as device {online}").format(online=start.online), "bold green")
        return 0
    if until_online:
        complain(_("not online after {timeout:g} s: {reason}").format(timeout=timeout, reason=start.reason))
    return 1 if until_online else 0


def lines_of(connection: Connection, show: "Show", deadline: float | None) -> Iterator[tuple[str, bool]]:
    """What the board says, line by line, and the beginning of one that is a prompt, or of none where nothing comes;
    until the deadline."""
    lines = Lines()
    prompt = False
    connection.press_enter()  # the program answers how things are, and so does a prompt
    while deadline is None or time.monotonic() < deadline:
        try:
            data = connection.read()
        except Gone:
            show.note(_("{port} is gone; waiting for the board to come back").format(port=connection.port), "yellow")
            if not _come_back(connection, deadline):
                return
            show.note(_("back, at {port}").format(port=connection.port), "green")
            lines = Lines()
            connection.press_enter()
            continue
        for line in lines.feed(data):
            yield line, True
        was, prompt = prompt, lines.rest.endswith(PROMPT)
        if prompt and not was:
            yield lines.rest, False
        else:
            yield "", False
        show.idle(connection.port)


def _come_back(connection: Connection, deadline: float | None) -> bool:
    while not connection.reopen():
        if deadline is not None and time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


class Show:
    """Lines with the time of day, in colour where the output is a terminal; packets explained, if wanted."""

    def __init__(self, console: Console, packets: bool) -> None:
        self._console = console
        self._readers = {">": PacketReader(), "<": PacketReader()} if packets else {}
        self._in_step: set[str] = set()
        """Directions of which a whole packet was seen."""
        self._online_at: float | None = None

    def note(self, text: str, style: str = "bold") -> None:
        """Words of our own."""
        self._print(Text(f"-- {text}", style))

    def line(self, text: str) -> None:
        """A line of the board's."""
        if _WIFI.match(text):
            self._qr_code(text)
            return
        trace = _TRACE.match(text)
        if trace and self._readers:
            self._online_at = None
            self._packets(trace[1], trace[2])
            return
        found = _LINE.match(text)
        if not found:
            self._print(Text(as_written(text), "red" if _BAD.search(text) else ""))
            self._translate(text)
            if words := explain(text):  # an error in a traceback
                self.note(words, "yellow")
            return
        ticks, subject, words = found.groups()
        style = "red" if _BAD.search(words) else "green" if _GOOD.match(words) else ""
        self._print(Text.assemble((f"{int(ticks) / 1000:9.3f} ", "dim"), (f"{subject}: ", "cyan"), (words, style)))
        self._translate(text, style)
        if subject == "mqtt" and words.startswith("connecting"):
            self._readers = {direction: PacketReader() for direction in self._readers}
        if subject == "mqtt" and words.startswith("online"):
            self._online_at = time.monotonic()

    def _translate(self, text: str, style: str = "") -> None:
        """Under what the board says, the same in the reader's language."""
        if said := translated(text):
            self._console.print(Text(f"{_UNDER}{said}", style), soft_wrap=True)

    def idle(self, port: str) -> None:
        """To be called often: says once what to do if packets are wanted and none come."""
        if self._readers and self._online_at and time.monotonic() - self._online_at > _HINT_AFTER:
            self._online_at = None
            self.note(_(_HOW).format(port), "yellow")

    def _qr_code(self, text: str) -> None:
        """Two rows in a line, dark on light whatever the terminal's colours are; 33 columns for a Wi-Fi."""
        code = segno.make(text, error="l", micro=False)
        rows = [list(row) for row in code.matrix_iter(border=2)]
        if len(rows) > self._console.width:
            self.note(_("this window is too narrow for the QR code that a phone could join by"), "yellow")
            return
        rows += [[0] * len(rows[0])] * (len(rows) % 2)
        for upper, lower in zip(rows[::2], rows[1::2], strict=True):
            line = "".join(" ▄▀█"[2 * (not above) + (not below)] for above, below in zip(upper, lower, strict=True))
            self._console.print(Text(line, _DARK_ON_LIGHT), soft_wrap=True)

    def _packets(self, direction: str, digits: str) -> None:
        # What the board has masked is asterisks here, too
        data = bytes.fromhex(digits.replace("**", "2a"))
        for explained in self._readers[direction].feed(data):
            if explained.broken and direction not in self._in_step:  # began to watch in the middle of a packet
                self._readers[direction] = PacketReader()
                return
            self._in_step.add(direction)
            arrow = _("board → platform ") if direction == ">" else _("platform → board ")
            self._console.print(in_line(explained, f"{_now()} {arrow}"))

    def _print(self, text: Text) -> None:
        self._console.print(Text.assemble((f"{_now()} ", "dim"), text), soft_wrap=True)


def _now() -> str:
    return datetime.now().strftime("%H:%M:%S.%f")[:-3]
