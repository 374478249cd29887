"""`onenet crashes`: what a board's program has failed with, as the board has kept it in flash."""

from datetime import datetime, timezone

from rich.console import Console
from rich.text import Text

from ..api.text import harmless
from ..clock import in_table, zone
from ..language import _
from .connection import Connection
from .crash_file import FILE, Failure, parse
from .tracebacks import as_written
from .way_in import get_in
from .words import explain


def run_crashes(port: str, clear: bool) -> int:
    """Shows the failures a board has kept, oldest first, and with `clear` deletes them; returns the exit status.

    The program is stopped for it, and started again. Raises PortError.
    """
    console = Console(highlight=False)
    with Connection(port) as connection:
        get_in(connection, lambda words: console.print(words, soft_wrap=True))
        try:
            text = (connection.read_file(FILE) or b"").decode(errors="replace")
            if clear and text:
                connection.exec(f"import os\nos.remove({FILE!r})")
        finally:
            connection.hard_reset()
    failures = parse(text)
    for failure in failures:
        console.print(_shown(failure), soft_wrap=True)
    if not failures:
        console.print(_("the board at {port} has kept no failure").format(port=port))
    elif clear:
        console.print(_("deleted {count} from the board").format(count=len(failures)))
    return 0


def _shown(failure: Failure) -> Text:
    shown = Text.assemble((_when(failure.when), "bold"), f"  {harmless(failure.cause)}")
    if failure.in_a_row > 1:
        shown.append(_(", {in_a_row} times in a row").format(in_a_row=failure.in_a_row))
    for line in map(as_written, failure.traceback.splitlines()):
        shown.append(f"\n  {harmless(line)}", "red" if line == failure.error else "")
    if words := explain(failure.error):
        shown.append(f"\n  {words}", "yellow")
    return shown.append("\n")


def _when(utc: str) -> str:
    """In this computer's time, as the log of onenet monitor has it, with its zone."""
    if not utc:
        return _("at an unknown time")
    return f"{in_table(datetime.fromisoformat(utc).replace(tzinfo=timezone.utc))} {zone()}"
