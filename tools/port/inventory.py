"""What is on a board already: which MicroPython, how much room, and which of the files that matter to a deploy.

A board may have 12 KB of heap to spare and no 7 KB in one piece: it is asked in short sentences, and answers so.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..language import _
from .connection import Connection
from .program import OURS, Dialect
from .versions import check_version

STAGING = "deploy"
"""Folder on the board for files that are on their way; boot.py knows it too."""
MANIFEST = "deployed.json"
"""File on the board that says what was deployed: version, form, and hashes by file name."""
ROM_FILE = "romfs"
"""File on the board that says where in the partition the ROMFS image in force begins."""
ESP8266 = "esp8266"
_IMAGE = b"\xd2\xcd\x31"
_KNOWS_RECORDS = "deploy/record"
"""Word in a boot.py that brings a deploy to its end."""
_LARGEST_DEFAULT = 400  # bytes of a boot.py that MicroPython itself has written
_DOES_NOTHING = {
    "import esp", "esp.osdebug(None)", "import os, machine", "import uos, machine", "import gc", "gc.collect()",
}  # fmt: skip
"""The lines of code in such a boot.py: modules/inisetup.py of the ports."""

_IDENTITY = """
import sys
i=sys.implementation
print(repr((i.name,tuple(i.version[:3]),getattr(i,'_mpy',0),getattr(i,'_machine',sys.platform),sys.platform)))
"""
_ROM = """
import vfs
d=vfs.rom_ioctl(2,0) if hasattr(vfs,'rom_ioctl') and vfs.rom_ioctl(1)>0 else 0
print(repr(None if isinstance(d,int) else bytes(memoryview(d)[:3])))
d=None
"""
_FROZEN = """
import sys
p=sys.path[:]
sys.path[:]=['.frozen']
try:
 import onenet
 print(1)
except ImportError:print(0)
sys.path[:]=p
"""
_LIST = """
import os
for e in os.ilistdir({!r}):print(repr((e[0],e[1]&0x4000)))
"""


@dataclass(frozen=True)
class Identity:
    """Which MicroPython runs on a board."""

    version: tuple[int, ...]
    dialect: Dialect
    machine: str
    platform: str
    """As sys.platform: esp32 or esp8266."""


@dataclass(frozen=True)
class Inventory:
    """A board as it is."""

    identity: Identity
    block: int
    free: int
    """Bytes of file system that are free; a file takes whole blocks."""
    has_rom: bool
    """There is a partition for ROMFS."""
    rom_at: int | None
    """Where in it the image in force begins, as ROM_FILE says: -1 for none, None if there is no such file."""
    has_image: bool
    """There is an image at its beginning, which MicroPython mounts by itself."""
    hashes: dict[str, str]
    """SHA-256 in hex, by file name, of our files and those asked for."""
    names: frozenset[str] = frozenset()
    """Files and folders at the root and in /lib, as "main.py", "lib/mqtt/"."""
    manifest: dict[str, Any] = field(default_factory=dict)
    """What MANIFEST holds; empty if there is none, or it is broken."""
    frozen: bool = False
    """Our modules are frozen into its MicroPython."""

    @property
    def deployed(self) -> dict[str, str]:
        """The hashes of what the last deploy brought, in short, by file name."""
        files = self.manifest.get("files")
        return files if isinstance(files, dict) else {}


def identify(connection: Connection) -> Identity:
    """Asks MicroPython what it is, in words that every version understands. Raises PortError if it is too old."""
    name, version, mpy, machine, platform = connection.value_of(_IDENTITY)
    if name == "micropython":  # others count differently
        check_version(version, _("the board at {port}").format(port=connection.port))
    return Identity(version, Dialect(mpy), machine, platform)


def take_inventory(connection: Connection, names: Collection[str]) -> Inventory:
    """Looks at our folders and the files of these names. The board is at its raw REPL."""
    names = {*names, "boot.py", "main.py", "config.json", MANIFEST, ROM_FILE}
    connection.prepare()
    identity = identify(connection)
    connection.exec("import os\nos.chdir('/')")
    block, free = connection.eval("(lambda s:(s[0],s[0]*s[3]))(os.statvfs('/'))")
    rom = connection.value_of(_ROM)
    files, folders = _walk(connection, {name.rpartition("/")[0] for name in names} | {"lib"})
    ours = [name for name in files if name in names or name.startswith((*OURS, f"{STAGING}/"))]
    hashes = {name: connection.exec(f"print(_hash({name!r}))").strip() for name in sorted(ours)}
    return Inventory(
        identity=identity,
        block=block,
        free=free,
        has_rom=rom is not None,
        rom_at=_rom_at(connection) if ROM_FILE in hashes else None,
        has_image=rom == _IMAGE,
        hashes=hashes,
        names=frozenset(
            name
            for name in [*files, *(f"{folder}/" for folder in folders)]
            if "/" not in name.removeprefix("lib/")[:-1]
        ),
        manifest=_manifest(connection) if MANIFEST in hashes else {},
        frozen=bool(connection.value_of(_FROZEN)),
    )


def _walk(connection: Connection, wanted: Iterable[str]) -> tuple[list[str], list[str]]:
    """The files and the folders in the root, in our folders, and in these and what is above them."""
    look_into = {folder[:at] for name in wanted for folder in [f"{name}/"] for at in range(len(folder))}
    files: list[str] = []
    folders: list[str] = []
    left = [""]
    while left:
        inside = left.pop()
        for line in connection.exec(_LIST.format(inside or "/")).splitlines():
            name, is_folder = connection.literal(line)
            path = f"{inside}/{name}" if inside else name
            (folders if is_folder else files).append(path)
            if is_folder and (path in look_into or f"{path}/".startswith((*OURS, f"{STAGING}/"))):
                left.append(path)
    return files, folders


def knows_records(connection: Connection) -> bool:
    """Whether the boot.py on the board finishes deploys and has a safe mode for one start."""
    return bool(connection.eval(f"any({_KNOWS_RECORDS!r} in l for l in open('/boot.py'))"))


def boot_is_default(connection: Connection) -> bool:
    """Whether the boot.py on the board is the one that MicroPython writes by itself, and does nothing."""
    if connection.eval("__import__('os').stat('/boot.py')[6]") > _LARGEST_DEFAULT:
        return False
    text = (connection.read_file("/boot.py") or b"").decode(errors="replace")
    return all(line.startswith("#") or line in _DOES_NOTHING for line in text.splitlines() if line.strip())


def _rom_at(connection: Connection) -> int | None:
    try:
        return int(connection.read_file(ROM_FILE) or b"")
    except ValueError:  # somebody's own file
        return None


def _manifest(connection: Connection) -> dict[str, Any]:
    try:
        manifest = json.loads(connection.read_file(MANIFEST) or b"")
    except ValueError:  # somebody's own file
        return {}
    return manifest if isinstance(manifest, dict) else {}
