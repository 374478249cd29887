"""Makes packages and shows them: what `onenet package` does."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .. import __version__
from ..language import _
from ..port.chips import CHIPS, Chip
from ..port.errors import PortError
from ..port.names import check_sent
from ..port.plan import Rom
from ..port.program import Dialect, Form, architecture_number, find_program, in_form, sources
from ..port.rehearsal import Rehearsal, rehearse
from ..port.romfs import image
from .package import PATIENCE, STAYS, Package, make_package, read_package

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
    base: Path | None = None
    key: Path | None = None
    source: bool = False
    stays: int = STAYS
    patience: int = PATIENCE
    output: Path | None = None


def make(files: Sequence[Path], wanted: Wanted) -> int:
    """Makes the file and says what is in it; returns the exit status. Raises PortError."""
    chip = chip_of(wanted.chip)
    program = find_program(files)
    made, rehearsal = build(program, wanted)
    path = wanted.output or Path("build", "package", f"{made.head['version']}-{chip.key}.pkg")
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_bytes(made.data)
    new.replace(path)
    print(_("the program is {resolve}").format(resolve=program["main.py"].resolve()))
    for words in rehearsal.careful:
        print(_("careful: {words}").format(words=words))
    print(
        _("{path}: version {head} for {chip}, {contents}, {signature}").format(
            path=path, head=made.head["version"], chip=chip.name, contents=_contents(made), signature=_signature(made)
        )
    )
    print(_("digest {digest}").format(digest=made.digest))
    return 0


def chip_of(name: str) -> Chip:
    """Raises PortError where there is none of this name."""
    chip = next((chip for chip in CHIPS if chip.key == name.lower().replace("-", "")), None)
    if chip is None:
        raise PortError(
            _("there is no chip {name}; there are {chips}").format(
                name=name, chips=", ".join(chip.key for chip in CHIPS)
            )
        )
    return chip


def build(program: dict[str, Path], wanted: Wanted) -> tuple[Package, Rehearsal]:
    """The package with this program, by the names on the board, and what is to be said of it. Raises PortError."""
    chip = chip_of(wanted.chip)
    small = chip.key == "esp8266"
    if small and wanted.source:
        raise PortError(_("an ESP8266 has not the memory to load the modules from files; leave out --source"))
    check_sent(program)
    key = find_key(wanted.key)
    rehearsal = rehearse(program)
    form = Form.ROMFS if small else Form.SOURCE if wanted.source else Form.MPY
    dialect = Dialect(_MPY | architecture_number(chip.arch) << 10)
    contents, rom = contents_of(program, form, dialect)
    if rom and len(rom.image) > _ROM_HALF:
        raise PortError(
            _("the modules take {len} KB of ROMFS, and boards have room for 160 KB").format(len=len(rom.image) // 1024)
        )
    version = wanted.version or __version__
    base = read_package(wanted.base.read_bytes(), str(wanted.base)) if wanted.base else None
    platform = "esp8266" if small else "esp32"
    made = make_package(version, platform, form, dialect, contents, rom, base, wanted.stays, wanted.patience)
    return made.signed(key) if key else made, rehearsal


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
    words = _signature(made) + ("" if not secret else _(", by this key") if right else _(", but not by this key"))
    table = Table(
        "",
        _("file"),
        _("bytes"),
        "SHA-256",
        title=_("version {head} for {head_2}").format(head=head["version"], head_2=head["chip"]),
    )
    names = {"+": "", "=": _("stays"), "!": _("for the swap"), "@": "ROMFS"}
    for entry in made.entries:
        table.add_row(names[entry.kind], entry.name, f"{entry.size:,}", entry.digest[:16])
    console = Console(highlight=False)
    console.print(table)
    least = ".".join(map(str, head["micropython"]))
    mpy = (
        _(", .mpy {head}.{head_2}").format(head=head["mpy"] & 0xFF, head_2=head["mpy"] >> 8 & 3) if head["mpy"] else ""
    )
    print(
        _("{contents}; {words}; needs MicroPython {least}{mpy}").format(
            contents=_contents(made), words=words, least=least, mpy=mpy
        )
    )
    print(
        _("to be trusted it has to stay online for {head} s, within {head_2} s").format(
            head=head["stays"], head_2=head["patience"]
        )
    )
    print(_("digest {digest}, file {hexdigest}").format(digest=made.digest, hexdigest=hashlib.sha256(data).hexdigest()))
    return 0 if right else 1


_MAKE_KEY = 'python3 -c "import secrets; print(secrets.token_urlsafe(24))"'


def find_key(path: Path | None) -> str:
    """The update_key in this file, else in the environment; empty for none. Raises PortError."""
    key = path.read_text("utf-8").strip() if path else os.environ.get(KEY, "").strip()
    if ((path or key) and not len(key) >= _SHORTEST_KEY) or len(key.encode()) > _LONGEST_KEY:
        raise PortError(
            _("{where}: an update_key has {least} to {most} characters; make one: {command}").format(
                where=path or KEY, least=_SHORTEST_KEY, most=_LONGEST_KEY, command=_MAKE_KEY
            )
        )
    return key


def _contents(made: Package) -> str:
    count = sum(entry.kind == "+" for entry in made.entries)
    stay = sum(entry.kind == "=" for entry in made.entries)
    parts = _("{count} files").format(count=count) + (
        _(", {stay} stay as in version {head}").format(stay=stay, head=made.head["from"]) if made.head["from"] else ""
    )
    rom = _(", modules in a ROMFS") if made.head["form"] == "romfs" else ""
    return _("{len:.1f} KB: {parts}{rom}").format(len=len(made.data) / 1024, parts=parts, rom=rom)


def _signature(made: Package) -> str:
    return _("signed") if made.signature else _("not signed")
