"""What a deploy has to do: which files go to the board, which leave it, and in which words that is left there."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from .. import __version__
from ..files import board_modules
from .inventory import MANIFEST, STAGING, Inventory
from .program import OURS, Form

RECORD = f"{STAGING}/record"
FINISH = f"{STAGING}/finish.py"
"""What boot.py runs while there is a RECORD; it goes with it."""
_SHORT = 16  # hex digits of a hash in the manifest


@dataclass(frozen=True)
class Rom:
    """A ROMFS image: its bytes and the modules in it, by the names they would have on the file system."""

    image: bytes
    modules: tuple[str, ...]

    @property
    def digest(self) -> str:
        return _hash(self.image)


@dataclass(frozen=True)
class Plan:
    """Names are those on the board."""

    moves: dict[str, bytes]
    """Files that become others, or new; the manifest comes last."""
    deletes: list[str]
    """Files that go."""
    to_send: dict[str, bytes]
    """Of the moves those that are not in the staging folder yet."""
    leftovers: list[str]
    """Files in the staging folder that nobody wants any more."""
    keep: dict[str, str]
    """Files that somebody has edited on the board, and the names under which they stay."""

    @property
    def record(self) -> bytes:
        """As boot.py reads it."""
        lines = [f"+{name}" for name in self.moves] + [f"-{name}" for name in self.deletes]
        return "".join(f"{line}\n" for line in lines).encode()

    def room(self, block: int) -> int:
        """Bytes that it takes on the board until it is finished."""
        files = [*self.to_send.values(), self.record]
        return sum((len(data) // block + 1) * block for data in files) + 5 * block


def staged(name: str) -> str:
    """Where a file waits; boot.py has the same rule."""
    return f"{STAGING}/{name.replace('/', '+')}"


def make_plan(form: Form, files: Mapping[str, bytes], there: Inventory, rom: Rom | None = None) -> Plan:
    """What makes `there` hold these files, and none that would be loaded in place of those in the ROMFS image."""
    wanted = {name: _hash(data) for name, data in files.items()}
    moves = {name: data for name, data in files.items() if there.hashes.get(name) != wanted[name]}
    # A .py file comes before the .mpy of the same module, and both before one in ROMFS.
    deletes = {other_form(name) for name in files} | {name for name in there.deployed if name.startswith(OURS)}
    deletes |= {name for module in board_modules() for name in (module, other_form(module))}  # some are in others now
    if rom or there.frozen:
        deletes |= {name for name in there.hashes if name.startswith(OURS)}
    if rom:
        deletes |= {name for module in rom.modules for name in (module, other_form(module))}
    deletes = {name for name in deletes if name in there.hashes and name not in files}
    manifest = {"version": __version__, "form": form.value, "files": {n: h[:_SHORT] for n, h in wanted.items()}}
    if rom:
        manifest["rom"] = rom.digest[:_SHORT]
    if moves or deletes or manifest != there.manifest:
        moves[MANIFEST] = json.dumps(manifest).encode()
    waiting = {staged(name): _hash(data) for name, data in moves.items()}
    in_staging = {name: digest for name, digest in there.hashes.items() if name.startswith(f"{STAGING}/")}
    return Plan(
        moves=moves,
        deletes=sorted(deletes),
        to_send={name: data for name, data in moves.items() if in_staging.get(staged(name)) != _hash(data)},
        leftovers=sorted((name for name in in_staging if name not in waiting), key=lambda name: name != RECORD),
        keep={name: f"{name}.old" for name in ("main.py", "boot.py") if name in moves and _edited(name, there)},
    )


def _edited(name: str, there: Inventory) -> bool:
    """Whether the file on the board is not what a deploy has put there."""
    digest = there.hashes.get(name)
    return digest is not None and digest[:_SHORT] != there.deployed.get(name)


def other_form(name: str) -> str:
    """The name under which the same module would be in its other form."""
    if name.endswith(".mpy"):
        return name.removesuffix("mpy") + "py"
    return name.removesuffix("py") + "mpy" if name.endswith(".py") else ""


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
