"""Makes packages and shows them: what `onenet package` does."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .. import __version__
from ..port.chips import CHIPS
from ..port.errors import PortError
from ..port.names import check_sent
from ..port.plan import Rom
from ..port.program import Dialect, Form, architecture_number, find_program, in_form, sources
from ..port.rehearsal import rehearse
from ..port.romfs import image
from .package import Package, make_package, read_package

KEY = "ONENET_UPDATE_KEY"
_MPY = 6 | 3 << 8
"""The form of .mpy files that MicroPython 1.23 and later load: version 6.3."""
_SHORTEST_KEY, _LONGEST_KEY = 16, 64  # as firmware/config.py has it
_ROM_HALF = 160 * 1024  # of an ESP8266's ROMFS, in MicroPython's own image


@dataclass(frozen=True)
class Wanted:
    """The options of `onenet package`."""

    chip: str
    version: str | None
    base: Path | None
    key: Path | None
    source: bool
    stays: int
    patience: int
    output: Path | None


def make(files: Sequence[Path], wanted: Wanted) -> int:
    """Makes the file and says what is in it; returns the exit status. Raises PortError."""
    chip = next((chip for chip in CHIPS if chip.key == wanted.chip.lower().replace("-", "")), None)
    if chip is None:
        raise PortError(f"there is no chip {wanted.chip}; there are {', '.join(chip.key for chip in CHIPS)}")
    small = chip.key == "esp8266"
    if small and wanted.source:
        raise PortError("an ESP8266 has not the memory to load the modules from files; leave out --source")
    program = find_program(files)
    check_sent(program)
    key = find_key(wanted.key)
    rehearsal = rehearse(program)
    form = Form.ROMFS if small else Form.SOURCE if wanted.source else Form.MPY
    dialect = Dialect(_MPY | architecture_number(chip.arch) << 10)
    contents, rom = contents_of(program, form, dialect)
    if rom and len(rom.image) > _ROM_HALF:
        raise PortError(f"the modules take {len(rom.image) // 1024} KB of ROMFS, and boards have room for 160 KB")
    version = wanted.version or __version__
    base = read_package(wanted.base.read_bytes(), str(wanted.base)) if wanted.base else None
    platform = "esp8266" if small else "esp32"
    made = make_package(version, platform, form, dialect, contents, rom, base, wanted.stays, wanted.patience)
    if key:
        made = made.signed(key)
    path = wanted.output or Path("build", "package", f"{version}-{chip.key}.pkg")
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_bytes(made.data)
    new.replace(path)
    print(f"the program is {program['main.py'].resolve()}")
    for words in rehearsal.careful:
        print(f"careful: {words}")
    print(f"{path}: version {version} for {chip.name}, {_contents(made)}, {_signature(made)}")
    print(f"digest {made.digest}")
    return 0


def contents_of(program: dict[str, Path], form: Form, dialect: Dialect) -> tuple[dict[str, bytes], Rom | None]:
    """The files of a board with this program, and where its modules are in a ROMFS, that. Raises PortError."""
    if form is not Form.ROMFS:
        return in_form(form, sources(program), dialect), None
    compiled = in_form(Form.MPY, sources(program), dialect)
    modules = {name: data for name, data in compiled.items() if name.endswith(".mpy")}
    others = {name: data for name, data in compiled.items() if name not in modules}
    return others, Rom(image(modules), tuple(modules))


def show_package(path: Path, key: Path | None) -> int:
    """Prints what is in this package; returns the exit status, 1 for one that is not signed by the key that is given.
    Raises PortError."""
    data = path.read_bytes()
    made = read_package(data, str(path))
    head = made.head
    secret = find_key(key)
    right = not secret or made.is_signed_by(secret)
    words = _signature(made) + ("" if not secret else ", by this key" if right else ", but not by this key")
    table = Table("", "file", "bytes", "SHA-256", title=f"version {head['version']} for {head['chip']}")
    names = {"+": "", "=": "stays", "!": "for the swap", "@": "ROMFS"}
    for entry in made.entries:
        table.add_row(names[entry.kind], entry.name, f"{entry.size:,}", entry.digest[:16])
    console = Console(highlight=False)
    console.print(table)
    least = ".".join(map(str, head["micropython"]))
    mpy = f", .mpy {head['mpy'] & 0xFF}.{head['mpy'] >> 8 & 3}" if head["mpy"] else ""
    print(f"{_contents(made)}; {words}; needs MicroPython {least}{mpy}")
    print(f"to be trusted it has to stay online for {head['stays']} s, within {head['patience']} s")
    print(f"digest {made.digest}, file {hashlib.sha256(data).hexdigest()}")
    return 0 if right else 1


def find_key(path: Path | None) -> str:
    """The update_key in this file, else in the environment; empty for none. Raises PortError."""
    key = path.read_text("utf-8").strip() if path else os.environ.get(KEY, "").strip()
    if ((path or key) and not len(key) >= _SHORTEST_KEY) or len(key.encode()) > _LONGEST_KEY:
        raise PortError(
            f"{path or KEY}: an update_key has {_SHORTEST_KEY} to {_LONGEST_KEY} characters; make one: "
            'python3 -c "import secrets; print(secrets.token_urlsafe(24))"'
        )
    return key


def _contents(made: Package) -> str:
    count = sum(entry.kind == "+" for entry in made.entries)
    stay = sum(entry.kind == "=" for entry in made.entries)
    parts = f"{count} files" + (f", {stay} stay as in version {made.head['from']}" if made.head["from"] else "")
    rom = ", modules in a ROMFS" if made.head["form"] == "romfs" else ""
    return f"{len(made.data) / 1024:.1f} KB: {parts}{rom}"


def _signature(made: Package) -> str:
    return "signed" if made.signature else "not signed"
