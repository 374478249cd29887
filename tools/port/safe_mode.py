"""Gets a board into safe mode, where no program runs and no watchdog, for one start only: see boot.py."""

import contextlib
import time
from pathlib import Path

from ..files import board_directory
from ..language import _
from .connection import Connection, Gone
from .errors import PortError, Stopped
from .inventory import STAGING, boot_is_default, identify, knows_records
from .many import Report
from .versions import TooOld
from .way_in import get_in

_ATTEMPTS = 3  # a watchdog may come in between
_PATIENCE = 6.0  # seconds from a reset to safe mode
_ONCE = "/safe_mode_once"

_COPY = """
with open({0!r},'rb') as f, open({1!r},'wb') as g:
 while 1:
  d=f.read(256)
  if not d:break
  g.write(d)
"""


def enter_safe_mode(connection: Connection, report: Report, boot: Path | None = None, wake: float = 0.0) -> bool:
    """Stops whatever runs, resets the board into a start without program and watchdog, and takes its raw REPL.

    `boot` is the boot.py to put there first if the one on the board has no safe mode. True if that was the user's own,
    which is kept as boot.py.old. `wake`: seconds after which it wakes by itself, if it sleeps. Raises PortError; TooOld
    before anything is sent.
    """
    kept = False
    for attempt in range(_ATTEMPTS):
        get_in(connection, report.line, lambda: report.progress(0, 1), wake)
        try:
            identify(connection)
            kept |= _ask_for_safe_mode(connection, report, boot or board_directory() / "boot.py")
            _await_safe_mode(connection, report)
            connection.interrupt(while_waiting=lambda: report.progress(0, 1))
            # Where our Ctrl-C came before boot.py had seen the file
            connection.exec(f"import os\nif {_ONCE[1:]!r} in os.listdir('/'):os.remove({_ONCE!r})")
            if not connection.eval("'_not_reset' in globals()"):
                return kept
        except (Stopped, TooOld):
            raise
        except PortError:
            if attempt == _ATTEMPTS - 1:
                raise
            with contextlib.suppress(PortError):  # what the program has left may leave no memory to answer
                connection.clear()
    raise PortError(
        _("the board at {port} does not reset; press its reset button and try again").format(port=connection.port)
    )


def _ask_for_safe_mode(connection: Connection, report: Report, boot: Path) -> bool:
    """As far as the reset that begins it; true if another boot.py was there, and is kept."""
    keep = False
    there = connection.exists("/boot.py")
    if not (there and knows_records(connection)):
        connection.clear()  # or there may not be enough memory
        keep = there and not boot_is_default(connection)
        _bring_boot(connection, report, boot, keep)
    connection.exec("_not_reset=1")
    # In one go: this may be killed at any moment, and then the next reset is to start the program
    connection.begin(f"import machine\nopen({_ONCE!r},'w').close()\nmachine.reset()")
    return keep


def _bring_boot(connection: Connection, report: Report, boot: Path, keep: bool) -> None:
    """Everything else needs it, so it comes first, by a rename of its own."""
    new = f"/{STAGING}/boot.py"
    make_staging(connection)
    connection.write_file(new, boot.read_bytes(), lambda n: report.progress(0, 1))
    if keep:
        copy_on_board(connection, "/boot.py", "/boot.py.old")
        report.line(_("boot.py on the board was another one; it is kept as boot.py.old"))
    connection.exec(f"os.rename({new!r},'/boot.py')")


def make_staging(connection: Connection) -> None:
    connection.exec(f"import os\nif {STAGING!r} not in os.listdir('/'):os.mkdir('/{STAGING}')")


def copy_on_board(connection: Connection, name: str, to: str) -> None:
    connection.exec(_COPY.format(name, to))


def _await_safe_mode(connection: Connection, report: Report) -> None:
    """Until boot.py has told that main.py is not run. Where that cannot be heard, Ctrl-C does as well."""
    said = b""
    deadline = time.monotonic() + _PATIENCE
    while b"safe mode:" not in said and time.monotonic() < deadline:
        report.progress(0, 1)
        try:
            said += connection.read()
        except Gone:
            connection.reopen()
