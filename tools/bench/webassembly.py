"""MicroPython with 32-bit words, as on a board: the webassembly build from npm, run by node.

It has no native emitter, so viper functions are compiled as plain ones.
"""

import base64
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..compile.mpy import shipped_source
from .peers import cross_compile

_PACKAGE = "@micropython/micropython-webassembly-pyscript"
_VERSION = "1.29.0-6"
_SCRIPT = Path(__file__).with_name("webassembly.js")

# The first step of a program whose modules are in files["/romfs.img"]. The image is on the heap here, before anything
# is counted; a board has it in flash.
ROMFS_SETUP = """
import vfs
vfs.mount(vfs.VfsRom(open("/romfs.img", "rb").read()), "/rom")
"""


class WebAssemblyError(Exception):
    """Why there are no 32-bit figures: what to install, or the last line of what went wrong."""


class WebAssembly:
    """`build` is the folder into which npm installs it, once. Raises WebAssemblyError."""

    def __init__(self, build: Path) -> None:
        self._node, npm = shutil.which("node"), shutil.which("npm")
        if self._node is None or npm is None:
            raise WebAssemblyError("node and npm are not installed (sudo apt-get install nodejs npm)")
        folder = build / f"webassembly-{_VERSION}"
        self._module = folder / "node_modules" / _PACKAGE / "micropython.mjs"
        if not self._module.exists():
            folder.mkdir(parents=True, exist_ok=True)
            command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
            done = subprocess.run([*command, f"{_PACKAGE}@{_VERSION}"], capture_output=True, text=True, check=False)
            if done.returncode or not self._module.exists():
                raise WebAssemblyError(f"npm cannot install {_PACKAGE}: {_last_line(done)}")

    @property
    def version(self) -> str:
        return _VERSION

    def run(self, files: Mapping[str, bytes], steps: Sequence[str], patience: float = 60) -> str:
        """What the steps print, one after the other in one interpreter that has these files."""
        assert self._node
        task = {
            "module": str(self._module.resolve()),
            "files": {name: base64.b64encode(content).decode() for name, content in files.items()},
            "steps": list(steps),
        }
        try:
            done = subprocess.run(
                [self._node, _SCRIPT],
                input=json.dumps(task),
                capture_output=True,
                text=True,
                timeout=patience,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise WebAssemblyError("hang") from error
        if done.returncode:
            raise WebAssemblyError(_last_line(done))
        return done.stdout


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1][:200] if lines else f"exit status {done.returncode}"


def plain_mpy(source: Path, name: str) -> bytes:
    """The module as .mpy, ours with shortened names, but without machine code, its viper functions as plain ones."""
    return plain_mpy_of(shipped_source(source), name)


def plain_mpy_of(text: str, name: str) -> bytes:
    """The same of a module that is this text."""
    text = re.sub(r"^@micropython\.(viper|native)\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\bptr(8|16|32)?\(", "(", text)
    text = re.sub(r"\buint\(", "int(", text)
    with tempfile.TemporaryDirectory() as folder:
        plain, target = Path(folder, "plain.py"), Path(folder, "plain.mpy")
        plain.write_text(text, "utf-8")
        cross_compile(plain, target, name)
        return target.read_bytes()
