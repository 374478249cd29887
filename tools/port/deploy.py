"""Brings a program to a board such that at any moment it starts either the old one or the new one, and never a mixture.

The files go into a staging folder, those that are different. Then one rename makes a record valid that says where each
belongs and what is to be deleted; boot.py does what it says before main.py runs, again and again until it is done. All
of this happens in safe mode, where no program runs and no watchdog: in a start of its own, for only a reset stops a
watchdog, and only for one, so that whatever happens here, the next reset starts a program. A new program that does not
come online is replaced by the old one in the same way.
"""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .. import __version__
from ..files import board_directory
from ..language import _
from . import certificate, names, romfs
from .advice import pins_of_the_flash
from .connection import Connection, Gone
from .errors import PortError
from .inventory import ESP8266, STAGING, Inventory, take_inventory
from .many import Report
from .plan import FINISH, RECORD, Plan, make_plan, other_form, staged
from .program import OURS, Form, in_form
from .put_back import Before, before_the_deploy, plan_of
from .rehearsal import Rehearsal, line_that_imports
from .safe_mode import copy_on_board, enter_safe_mode, make_staging
from .start import Lines, NotOnline, Start
from .tracebacks import as_written
from .way_in import get_in
from .words import translated

_LOOK = 0.05  # seconds between looks for a port that comes and goes
_FINISHING = 1.0  # seconds that boot.py may take to move the files of a small deploy


@dataclass(frozen=True)
class Deployment:
    """What is wanted."""

    files: dict[str, Path]
    """Those of sources()."""
    form: Form | None
    """None for what suits the board: ROMFS on an ESP8266, .mpy elsewhere."""
    timeout: float
    """Seconds for the board to come online, 0 for not to wait."""
    keep: bool = False
    """Stay with the new program also if it does not come online."""
    program: Mapping[str, Path] | None = None
    """Of the files those that are the user's own."""
    rehearsal: Rehearsal = field(default_factory=Rehearsal)
    """What came of trying the program out."""
    wake: float = 0.0
    """Seconds to wait for a board in deep sleep to wake, 0 for one that does not sleep."""


def deploy(port: str, wanted: Deployment, report: Report) -> str:
    """Does it; returns what came of it. Raises PortError, also where the board does not come online."""
    with _opened(port, wanted.wake, report) as connection:
        done, before = _replace(connection, wanted, report)
        report.line(done)
        connection.hard_reset()
        if not wanted.timeout:
            return done
        report.stage(_("starting"))
        try:
            device = wait_online(connection, report, wanted.timeout)
        except NotOnline as error:
            raise PortError(str(error) + _("; ") + _afterwards(connection, wanted, before, error, report)) from error
        return _("online as device {device}").format(device=device)


def _opened(port: str, wake: float, report: Report) -> Connection:
    """The port, also where it is there only while the board is awake, as that of a chip with USB of its own. Raises
    PortError."""
    deadline = time.monotonic() + wake
    told = False
    while True:
        try:
            return Connection(port)
        except PortError as error:
            if time.monotonic() > deadline:
                raise
            if not told:
                report.line(_("{error}; waiting {wake:.0f} s for the board to wake").format(error=error, wake=wake))
                told = True
        report.progress(0, 1)
        time.sleep(_LOOK)


def _replace(connection: Connection, wanted: Deployment, report: Report) -> tuple[str, Before | None]:
    """From the old program running to the new one ready to start; what was done, and what was there before."""
    report.stage(_("stopping the program"))
    before = None
    try:
        boot_kept = enter_safe_mode(connection, report, wanted.files.get("boot.py"), wanted.wake)
        report.stage(_("comparing"))
        there = take_inventory(
            connection,
            {certificate.ONENET_FILE, *(name for file in wanted.files for name in (file, other_form(file)))},
        )
        _check_names(connection, wanted, there, report)
        plan = _plan(connection, wanted, there, report)
        if not plan.moves and not plan.deletes:
            return _("the board has all of version {version} already").format(version=__version__), None
        if wanted.timeout and not wanted.keep:
            before = before_the_deploy(connection, plan, there, boot_kept, report)
        _commit(connection, plan, report)
        sent = sum(map(len, plan.to_send.values()))
        return _("version {version} is on the board: {count} files, {sent:.1f} KB sent").format(
            version=__version__, count=len(plan.to_send), sent=sent / 1024
        ), before
    except BaseException:
        # Not left at a prompt, if it can be helped; a board that is out of reach waits for somebody to reset it.
        with contextlib.suppress(PortError):
            connection.interrupt(patience=3)
            connection.hard_reset()
        raise


def _afterwards(
    connection: Connection, wanted: Deployment, before: Before | None, error: NotOnline, report: Report
) -> str:
    """What becomes of a program that is not online: the old one comes back where that may help. Says it in words."""
    if wanted.keep:
        return _("the new program stays, and goes on trying: onenet monitor --port {port}").format(port=connection.port)
    if not error.by_program:
        return _("the program stays, for no other would do better")
    if before is None or not before.has_program:
        return _("there is no other program to put back")
    try:
        report.stage(_("putting the old program back"))
        enter_safe_mode(connection, report)
        there = take_inventory(connection, before.files)
        plan = plan_of(before, there)
        _commit(connection, plan, report)
        connection.hard_reset()
        if "boot.py" in plan.moves:  # our own boot.py does it, and has then to make way for the old one
            _await_finished(connection, report)
            connection.hard_reset()
    except PortError as trouble:
        return _("the old program could not be put back: {trouble}").format(trouble=trouble)
    return _("the old program is back on the board; to stay with the new one: onenet deploy --keep")


def _await_finished(connection: Connection, report: Report) -> None:
    """Until boot.py has done what the record says. The board is at its raw REPL then."""
    time.sleep(_FINISHING)
    while True:
        get_in(connection, report.line, lambda: report.progress(0, 1))
        if not connection.exists(f"/{STAGING}"):
            return
        connection.hard_reset()  # our Ctrl-C was earlier


# What is to be done


def _check_names(connection: Connection, wanted: Deployment, there: Inventory, report: Report) -> None:
    """Raises PortError if something on the board would be loaded in place of ours, or the program lacks a module."""
    going = {name for file in wanted.files for name in (file, other_form(file))}
    names.check_present(sorted(there.names - going), connection.port)
    for words in pins_of_the_flash(wanted.program or {}, there.identity.machine):
        report.line(_("careful: {words}").format(words=words))
    at_hand = {names.module_of(name.removeprefix("lib/")) for name in there.names}
    for module in wanted.rehearsal.missing:
        top = module.partition(".")[0]
        if top not in at_hand and not connection.value_of(_IMPORTABLE.format(top)):
            raise PortError(
                _(
                    "{line_that_imports}: there is no module {module}, neither on the board nor in what is "
                    "sent; send it too: onenet deploy main.py {top}.py, or install it: mpremote connect "
                    "{port} mip install {top}; the program was not sent"
                ).format(
                    line_that_imports=line_that_imports(module, wanted.program or {}),
                    module=module,
                    top=top,
                    port=connection.port,
                )
            )


_IMPORTABLE = """
try:
 __import__({!r})
 print(1)
except ImportError:print(0)
"""


def _plan(connection: Connection, wanted: Deployment, there: Inventory, report: Report) -> Plan:
    """What is to be done on the file system. A ROMFS image is written on the way, beside the one in force."""
    ca, warning = certificate.on_board(connection, there.identity.platform, there.names)
    if warning:
        report.line(_("careful: {warning}").format(warning=warning))
    sources = wanted.files | ca
    if there.frozen:
        report.line(_("our modules are frozen into this MicroPython, and are not sent"))
        sources = {name: path for name, path in sources.items() if not name.startswith(OURS)}
    form = _form(wanted.form, there)
    if form is Form.ROMFS:
        files, rom = romfs.split(sources, there)
        at = romfs.write_rom(connection, rom, there, report)
        return make_plan(form, files | romfs.file_for(at), there, rom)
    files = in_form(form, sources, there.identity.dialect)
    if there.has_image or there.rom_at is not None:  # its modules would be loaded in place of these
        files |= romfs.file_for(-1)
    return make_plan(form, files, there)


def _form(wanted: Form | None, there: Inventory) -> Form:
    """In which form the modules go to the board. Raises PortError if it has not the memory for it."""
    small = there.identity.platform == ESP8266 and not there.frozen
    if small and wanted not in (None, Form.ROMFS):
        raise PortError(
            _(
                "an ESP8266 has not the memory to load the program's modules from files; leave out "
                "--{words}: they go into its ROMFS then, and run from flash"
            ).format(words="source" if wanted is Form.SOURCE else "mpy")
        )
    return wanted or (Form.ROMFS if small else Form.MPY)


# Sending


def _commit(connection: Connection, plan: Plan, report: Report) -> None:
    """Sends what is needed, and makes it valid: the next start is the new program's."""
    _send(connection, plan, report)
    connection.exec(f"os.rename('{RECORD}.new','{RECORD}')")


def _send(connection: Connection, plan: Plan, report: Report) -> None:
    """Fills the staging folder, up to a record that is not valid yet."""
    for name in plan.leftovers:
        connection.exec(f"os.remove({name!r})")
    block, free = connection.eval("(lambda s:(s[0],s[0]*s[3]))(os.statvfs('/'))")
    if plan.room(block) > free:
        raise PortError(
            _(
                "the board at {port} has {free} KB of flash free, and {room} KB are needed; delete "
                "files: mpremote connect {port} fs rm :NAME"
            ).format(port=connection.port, free=free // 1024, room=plan.room(block) // 1024)
        )
    make_staging(connection)
    report.stage(_("sending"))
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
        copy_on_board(connection, name, kept)
        report.line(_("{name} on the board was edited there; it is kept as {kept}").format(name=name, kept=kept))


# Whether it starts


def wait_online(connection: Connection, report: Report, timeout: float) -> str:
    """Shows the log until the board is online; returns its device id. Raises NotOnline if it does not get there."""
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
                report.line(f"  {as_written(line)}")
                if said := translated(line):
                    report.line(f"    {said}")
            start.feed(line)
        if lines.rest.endswith(">>> "):
            start.feed(lines.rest)
        if start.settled:
            return start.online
    if start.online:
        return start.online
    raise NotOnline(
        _("not online after {timeout:g} s: {reason}").format(timeout=timeout, reason=start.reason), start.by_program
    )
