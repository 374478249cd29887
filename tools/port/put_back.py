"""The program that a deploy replaces, kept here until the new one is online, so that it can come back."""

import hashlib
from dataclasses import dataclass

from ..language import _
from .connection import Connection
from .inventory import STAGING, Inventory
from .many import Report
from .plan import RECORD, Plan, staged


@dataclass(frozen=True)
class Before:
    """What a deploy changes, as it was."""

    files: dict[str, bytes | None]
    """Contents by name on the board; None for a file that was not there."""
    has_program: bool
    """There was a main.py."""


def before_the_deploy(connection: Connection, plan: Plan, there: Inventory, boot_kept: bool, report: Report) -> Before:
    """Reads from the board what this plan is going to change. `boot_kept`: the user's boot.py is boot.py.old by now."""
    has_program = "main.py" in there.hashes
    names = [*plan.moves, *plan.deletes] if has_program else []
    if names:
        report.stage(_("keeping the old program"))
    files: dict[str, bytes | None] = {}
    for number, name in enumerate(names):
        report.progress(number, len(names))
        files[name] = connection.read_file(name) if name in there.hashes else None
    if has_program and boot_kept:
        files["boot.py"] = connection.read_file("boot.py.old")
    files |= {kept: None for kept in plan.keep.values() if kept not in there.names}
    return Before(files, has_program)


def plan_of(before: Before, there: Inventory) -> Plan:
    """What makes the board as it was before."""
    old = {name: data for name, data in before.files.items() if data is not None}
    moves = {name: data for name, data in old.items() if there.hashes.get(name) != hashlib.sha256(data).hexdigest()}
    if "boot.py" in moves:  # from then on nobody may be there who finishes this
        moves["boot.py"] = moves.pop("boot.py")
    waiting = {staged(name) for name in moves}
    return Plan(
        moves=moves,
        deletes=sorted(name for name, data in before.files.items() if data is None and name in there.hashes),
        to_send=moves,
        leftovers=sorted(
            (name for name in there.hashes if name.startswith(f"{STAGING}/") and name not in waiting),
            key=lambda name: name != RECORD,
        ),
        keep={},
    )
