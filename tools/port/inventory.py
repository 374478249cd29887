"""What is on a board already: which MicroPython, how much room, and which of the files that matter to a deploy."""

import ast
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from .connection import Connection
from .program import OURS, Dialect

STAGING = "deploy"
"""Folder on the board for files that are on their way; boot.py knows it too."""
MANIFEST = "deployed.json"
"""File on the board that says what was deployed: version, form, and hashes by file name."""
ROM_FILE = "romfs"
"""File on the board that says where in the partition the ROMFS image in force begins."""
_IMAGE = b"\xd2\xcd\x31"
_KNOWS_RECORDS = "deploy/record"
"""Word in a boot.py that brings a deploy to its end."""

_LOOK = """
import os,sys,vfs
os.chdir('/')
def _rom():
 if not hasattr(vfs,'rom_ioctl') or vfs.rom_ioctl(1)<1:return None
 d=vfs.rom_ioctl(2,0)
 return None if isinstance(d,int) else bytes(memoryview(d)[:3])
def _at():
 try:
  with open(ROM_FILE) as f:return int(f.read())
 except (OSError,ValueError):return None
def _frozen():
 try:
  import onenet
  os.stat(onenet.__file__)
 except ImportError:pass
 except OSError:return True
 return False
s=os.statvfs('/')
print(repr({'mpy':getattr(sys.implementation,'_mpy',0),'block':s[0],'free':s[0]*s[3],
 'name':sys.implementation.name,'version':tuple(sys.implementation.version[:3]),
 'machine':getattr(sys.implementation,'_machine',sys.platform),'rom':_rom(),'rom_at':_at(),'frozen':_frozen()}))
def _look(d):
 for e in os.ilistdir(d):
  p=(d+'/' if d else '')+e[0]
  if e[1]&0x4000:
   if p in DEEP or (p+'/').startswith(FOLDERS):_look(p)
  elif p in FILES or p.startswith(FOLDERS):print(_hash(p),p)
_look('')
"""


@dataclass(frozen=True)
class Inventory:
    """A board as it is."""

    micropython: tuple[int, ...]
    machine: str
    dialect: Dialect
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
    """SHA-256 in hex, by file name."""
    manifest: dict[str, Any] = field(default_factory=dict)
    """What MANIFEST holds; empty if there is none, or it is broken."""
    knows_records: bool = False
    """Its boot.py finishes deploys."""
    frozen: bool = False
    """Our modules are frozen into its MicroPython."""

    @property
    def deployed(self) -> dict[str, str]:
        """The hashes of what the last deploy brought, in short, by file name."""
        files = self.manifest.get("files")
        return files if isinstance(files, dict) else {}


def take_inventory(connection: Connection, names: Collection[str]) -> Inventory:
    """Looks at our folders and the files of these names. The board is at its raw REPL."""
    names = {*names, "boot.py", "main.py", "config.json", MANIFEST, ROM_FILE}
    folders = (*OURS, f"{STAGING}/")
    deep = {name[:at] for name in {*names, *folders} for at in range(len(name)) if name[at] == "/"}
    connection.prepare()
    told = connection.exec(f"FILES={names!r}\nROM_FILE={ROM_FILE!r}\nFOLDERS={folders!r}\nDEEP={deep!r}\n{_LOOK}")
    first, *lines = told.splitlines()
    facts = ast.literal_eval(first)
    hashes = {name: digest for digest, name in (line.split(" ", 1) for line in lines)}
    return Inventory(
        micropython=facts["version"],
        machine=facts["machine"],
        dialect=Dialect(facts["mpy"]),
        block=facts["block"],
        free=facts["free"],
        has_rom=facts["rom"] is not None,
        rom_at=facts["rom_at"],
        frozen=facts["frozen"],
        has_image=facts["rom"] == _IMAGE,
        hashes=hashes,
        manifest=_manifest(connection) if MANIFEST in hashes else {},
        knows_records="boot.py" in hashes and knows_records(connection),
    )


def knows_records(connection: Connection) -> bool:
    """Whether the boot.py on the board finishes deploys and has a safe mode for one start."""
    return bool(connection.eval(f"{_KNOWS_RECORDS!r} in open('/boot.py').read()"))


def _manifest(connection: Connection) -> dict[str, Any]:
    try:
        manifest = json.loads(connection.read_file(MANIFEST) or b"")
    except ValueError:  # somebody's own file
        return {}
    return manifest if isinstance(manifest, dict) else {}
