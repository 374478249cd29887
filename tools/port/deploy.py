"""Brings a program to a board such that at any moment it starts either the old one or the new one, and never a mixture.

The files go into a staging folder, those that are different. Then one rename makes a record valid that says where each
belongs and what is to be deleted; boot.py does what it says before main.py runs, again and again until it is done. All
of this happens in safe mode, where no program runs and no watchdog: in a start of its own, for only a reset stops a
watchdog, and only for one, so that whatever happens here, the next reset starts a program.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..files import board_directory
from .connection import Connection, Gone
from .errors import PortError, Stopped
from .inventory import STAGING, Inventory, knows_records, take_inventory
from .many import Report
from .plan import FINISH, RECORD, Plan, make_plan, other_form, staged
from .program import OURS, Form, in_form
from .start import Lines, Start

_ATTEMPTS = 3  # to get into safe mode: a watchdog may come in between
_SAFE_MODE_PATIENCE = 6.0  # seconds from a reset to safe mode
_ONCE = "/safe_mode_once"

_COPY = """
with open({0!r},'rb') as f, open({1!r},'wb') as g:
 while 1:
  d=f.read(512)
  if not d:break
  g.write(d)
"""


@dataclass(frozen=True)
class Deployment:
    """What is wanted. `files` are those of sources(), `timeout` is seconds for the board to come online, 0 for not to
    wait."""

    files: dict[str, Path]
    form: Form
    timeout: float


def deploy(port: str, wanted: Deployment, report: Report) -> str:
    """Does it; returns what came of it. Raises PortError, also where the board does not come online."""
    with Connection(port) as connection:
        done = _replace(connection, wanted, report)
        report.line(done)
        connection.hard_reset()
        if not wanted.timeout:
            return done
        report.stage("starting")
        device = wait_online(connection, report, wanted.timeout)
        return f"online as device {device}"


def _replace(connection: Connection, wanted: Deployment, report: Report) -> str:
    """From the old program running to the new one ready to start."""
    report.stage("stopping the program")
    connection.interrupt(while_waiting=_alive(report))
    try:
        _enter_safe_mode(connection, report)
        report.stage("comparing")
        there = take_inventory(connection, {name for file in wanted.files for name in (file, other_form(file))})
        plan = _plan(connection, wanted, there, report)
        if not plan.moves and not plan.deletes:
            return f"the board has all of version {__version__} already"
        _send(connection, plan, report)
        connection.exec(f"os.rename('{RECORD}.new','{RECORD}')")
        return _summary(plan)
    except BaseException:
        # Not left at a prompt, if it can be helped; a board that is out of reach waits for somebody to reset it.
        with contextlib.suppress(PortError):
            connection.interrupt(patience=3)
            connection.hard_reset()
        raise


def _plan(connection: Connection, wanted: Deployment, there: Inventory, report: Report) -> Plan:
    """What is to be done on the file system. A ROMFS image is written on the way, beside the one in force."""
    from . import romfs

    sources = wanted.files
    if there.frozen:
        report.line("our modules are frozen into this MicroPython, and are not sent")
        sources = {name: path for name, path in sources.items() if not name.startswith(OURS)}
    if wanted.form is Form.ROMFS:
        files, rom = romfs.split(sources, there)
        at = romfs.write_rom(connection, rom, there, report)
        return make_plan(Form.ROMFS, files | romfs.file_for(at), there, rom)
    files = in_form(wanted.form, sources, there.dialect)
    if there.has_image or there.rom_at is not None:  # its modules would be loaded in place of these
        files |= romfs.file_for(-1)
    return make_plan(wanted.form, files, there)


def _summary(plan: Plan) -> str:
    sent = sum(map(len, plan.to_send.values()))
    return f"version {__version__} is on the board: {len(plan.to_send)} files, {sent / 1024:.1f} KB sent"


# Into safe mode


def _enter_safe_mode(connection: Connection, report: Report) -> None:
    """Resets the board into a start without program and watchdog, and takes its raw REPL."""
    for attempt in range(_ATTEMPTS):
        try:
            _ask_for_safe_mode(connection, report)
            _await_safe_mode(connection, report)
            connection.interrupt(while_waiting=_alive(report))
            # Where our Ctrl-C came before boot.py had seen the file
            connection.exec(f"import os\nif {_ONCE[1:]!r} in os.listdir('/'):os.remove({_ONCE!r})")
            if not connection.eval("'_not_reset' in globals()"):
                return
        except Stopped:
            raise
        except PortError:
            if attempt == _ATTEMPTS - 1:
                raise
    raise PortError(f"the board at {connection.port} does not reset; press its reset button and try again")


def _alive(report: Report) -> Callable[[], None]:
    """Something to call now and then, which raises Stopped after Ctrl-C."""
    return lambda: report.progress(0, 1)


def _ask_for_safe_mode(connection: Connection, report: Report) -> None:
    """As far as the reset that begins it."""
    connection.interrupt(while_waiting=_alive(report))
    there = connection.exists("/boot.py")
    if not (there and knows_records(connection)):
        connection.clear()  # or there may not be enough memory
        _bring_boot(connection, there)
        if there:
            report.line("boot.py on the board was another one; it is kept as boot.py.old")
    connection.exec("_not_reset=1")
    # In one go: this may be killed at any moment, and then the next reset is to start the program
    connection.begin(f"import machine\nopen({_ONCE!r},'w').close()\nmachine.reset()")


def _bring_boot(connection: Connection, another_there: bool) -> None:
    """Everything else needs it, so it comes first, by a rename of its own."""
    new = f"/{staged('boot.py')}"
    _make_staging(connection)
    connection.write_file(new, (board_directory() / "boot.py").read_bytes())
    if another_there:
        connection.exec(_COPY.format("/boot.py", "/boot.py.old"))
    connection.exec(f"os.rename({new!r},'/boot.py')")


def _await_safe_mode(connection: Connection, report: Report) -> None:
    """Until boot.py has told that main.py is not run. Where that cannot be heard, Ctrl-C does as well."""
    said = b""
    deadline = time.monotonic() + _SAFE_MODE_PATIENCE
    while b"safe mode:" not in said and time.monotonic() < deadline:
        report.progress(0, 1)
        try:
            said += connection.read()
        except Gone:
            connection.reopen()


# Sending


def _make_staging(connection: Connection) -> None:
    connection.exec(f"import os\nif {STAGING!r} not in os.listdir('/'):os.mkdir('/{STAGING}')")


def _send(connection: Connection, plan: Plan, report: Report) -> None:
    """Fills the staging folder, up to a record that is not valid yet."""
    for name in plan.leftovers:
        connection.exec(f"os.remove({name!r})")
    block, free = connection.eval("(lambda s:(s[0],s[0]*s[3]))(os.statvfs('/'))")
    if plan.room(block) > free:
        raise PortError(
            f"the board at {connection.port} has {free // 1024} KB of flash free, and {plan.room(block) // 1024} KB "
            f"are needed; delete files: mpremote connect {connection.port} fs rm :NAME"
        )
    _make_staging(connection)
    report.stage("sending")
    finish = (board_directory() / "firmware/finish.py").read_bytes()
    files = {staged(name): data for name, data in plan.to_send.items()} | {FINISH: finish, f"{RECORD}.new": plan.record}
    total = sum(map(len, files.values()))
    done = 0

    def sent(n: int) -> None:
        nonlocal done
        done += n
        report.progress(done, total)

    for path, data in files.items():
        connection.write_file(path, data, sent)
    for name, kept in plan.keep.items():
        connection.exec(_COPY.format(name, kept))
        report.line(f"{name} on the board was edited there; it is kept as {kept}")


# Whether it starts


def wait_online(connection: Connection, report: Report, timeout: float) -> str:
    """Shows the log until the board is online; returns its device id. Raises PortError if it does not get there."""
    start = Start(connection.port)
    lines = Lines()
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        report.progress(0, 1)
        try:
            data = connection.read()
        except Gone:
            if connection.reopen():
                connection.press_enter()  # in case it has said meanwhile that it is online
            continue
        for line in lines.feed(data):
            if line:
                report.line(f"  {line}")
            start.feed(line)
        if lines.rest.endswith(">>> "):
            start.feed(lines.rest)
        if start.online:
            return start.online
    raise PortError(
        f"not online after {timeout:g} s: {start.reason}; it goes on trying: onenet monitor --port {connection.port}"
    )
