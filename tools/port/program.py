"""The files that make up a program for a board, in the form they go there: compiled, or as they are."""

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..compile.mpy import CompileError, compile_files
from ..files import INSTEAD, ON_REQUEST, SETUP, board_directory, board_modules, is_left_out, source_for
from ..language import _
from .errors import PortError

OURS = ("firmware/", "lib/mqtt/", "lib/onenet/")
"""Folders on the board in which everything comes from here."""
_AS_THEY_ARE = ("boot.py", "main.py")  # MicroPython runs these from source only

_SETUP = re.compile(r"^#\s*onenet:\s*setup\b", re.MULTILINE)
_UMQTT = re.compile(r"^\s*(?:import|from)\s+(?:[\w., ]*\b)?umqtt\b", re.MULTILINE)

_ARCHITECTURES = (
    "", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa", "xtensawin",
    "rv32imc", "rv64imc",
)  # fmt: skip


class Form(Enum):
    """How modules are on a board."""

    MPY = "mpy"
    SOURCE = "source"
    ROMFS = "romfs"


@dataclass(frozen=True)
class Dialect:
    """The .mpy files that a MicroPython loads, from its sys.implementation._mpy; `_mpy` 0 if it loads none."""

    mpy: int

    @property
    def architecture(self) -> str:
        """As mpy-cross names it; empty if it runs no machine code."""
        number = self.mpy >> 10 & 0xF
        return _ARCHITECTURES[number] if number < len(_ARCHITECTURES) else ""

    def check(self, name: str, compiled: bytes) -> None:
        """Raises PortError if it does not load this file."""
        version, sub, has_code = compiled[1], compiled[2] & 3, compiled[2] >> 2 & 0xF
        if has_code and self.architecture == "xtensa":
            raise PortError(
                _(
                    "{name} has machine code, for which an ESP8266 has next to no room, and which may not "
                    "read constants from its flash; take @micropython.viper, native and asm_… out of it; "
                    "nothing was sent"
                ).format(name=name)
            )
        mine = f"{self.mpy & 0xFF}.{self.mpy >> 8 & 3}"
        if self.mpy & 0xFF != version or (has_code and self.mpy >> 8 & 3 != sub):
            raise PortError(
                _(
                    "MicroPython on the board loads .mpy files of version {mine}, and mpy-cross here makes "
                    "{version}.{sub} ({name}); put another MicroPython on it: onenet flash, or use: onenet "
                    "deploy --source"
                ).format(mine=mine, version=version, sub=sub, name=name)
            )


XTENSA = Dialect(6 | 3 << 8 | 9 << 10)
"""What MicroPython 1.23 and later loads on an ESP8266."""


def architecture_number(name: str) -> int:
    """The number in sys.implementation._mpy of a processor, as mpy-cross names it."""
    return _ARCHITECTURES.index(name)


def find_program(files: Iterable[Path]) -> dict[str, Path]:
    """The user's own files, by their names on the board; a folder goes with all that is in it.

    Where main.py is not among them, it is that of the current folder, else the one that comes with this package.
    Raises PortError.
    """
    found: dict[str, Path] = {}
    for path in files:
        if path.is_dir():
            inside = [file for file in sorted(path.rglob("*")) if file.is_file()]
            hidden = ("__pycache__", ".")
            kept = [file for file in inside if not any(p.startswith(hidden) for p in file.relative_to(path).parts)]
            found.update({file.relative_to(path.parent).as_posix(): file for file in kept})
        elif path.is_file():
            found[path.name] = path
        else:
            raise PortError(_("there is no file {path}").format(path=path))
    for name in found:
        if name in ("boot.py", "config.json") or name.startswith(OURS):
            raise PortError(
                _("{name} on the board is not for a program to replace; give the file another name").format(name=name)
            )
    here = Path("main.py")
    found.setdefault("main.py", here if here.is_file() else board_directory() / "main.py")
    return found


def sources(program: dict[str, Path]) -> dict[str, Path]:
    """All files a board needs, by their names on it: ours, and the program's."""
    directory = board_directory()
    names = ["boot.py", *board_modules(), *asked_for(program)]
    return {name: directory / name for name in names} | program


def asked_for(program: dict[str, Path]) -> list[str]:
    """What of ours goes only to boards whose program imports it: lib/umqtt/, unless it brings its own."""
    if any(name.removeprefix("lib/").startswith(("umqtt/", "umqtt.")) for name in program):
        return []
    texts = [path.read_text("utf-8", "replace") for name, path in program.items() if name.endswith(".py")]
    if not any(_UMQTT.search(text) for text in texts):
        return []
    folder = board_directory() / ON_REQUEST
    return [f"{ON_REQUEST}{path.name}" for path in sorted(folder.glob("*.py"))]


def in_form(form: Form, files: dict[str, Path], dialect: Dialect) -> dict[str, bytes]:
    """What these files are on the board, by their names there; what of ours no such board loads is left out, and on an
    ESP8266 the access point's page where main.py has no line "# onenet: setup". Raises PortError."""
    arch = dialect.architecture
    dropped = {name for name, path in files.items() if is_left_out(arch, name, path)}
    if arch == "xtensa" and "main.py" in files and _SETUP.search(files["main.py"].read_text("utf-8", "replace")):
        dropped = dropped - SETUP | INSTEAD
    files = {name: path for name, path in files.items() if name not in dropped}
    if form is Form.SOURCE:
        return {name: source_for(dialect.architecture, name, path).read_bytes() for name, path in files.items()}
    to_compile = {name: path for name, path in files.items() if name.endswith(".py") and name not in _AS_THEY_ARE}
    if not dialect.mpy:
        raise PortError(_("MicroPython on the board loads no .mpy files; use: onenet deploy --source"))
    if not dialect.architecture:
        raise PortError(
            _("mpy-cross does not know the board's processor (number {mpy}); use: onenet deploy --source").format(
                mpy=dialect.mpy >> 10 & 0xF
            )
        )
    done = {name: path.read_bytes() for name, path in files.items() if name not in to_compile}
    with tempfile.TemporaryDirectory(prefix="deploy-") as folder:
        try:
            for module in compile_files(to_compile, dialect.architecture, Path(folder)):
                compiled = module.path.read_bytes()
                dialect.check(module.name, compiled)
                done[module.name.removesuffix(".py") + ".mpy"] = compiled
        except CompileError as error:
            raise PortError(str(error)) from error
    return done
