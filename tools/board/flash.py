"""The image file that holds the board's littlefs, and how to reach into it while no board runs on it."""

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ..language import _
from .errors import BoardError
from .executable import find_micropython

SHIMS = Path(__file__).parent / "shims"
_BLOCK = 4096
_MINIMUM = 4 * _BLOCK
_TIMEOUT = 120  # seconds for the interpreter to copy; a few would do

Content = bytes | str | os.PathLike[str]

# Runs in MicroPython. A host directory stands at /host; what is copied goes from or to it.
_COPY = """
import os, sys, vfs
sys.path[:] = [{shims!r}]
from _flash import Flash, mount
from _port_{chip} import BOOT
host = vfs.VfsPosix({directory!r})
vfs.umount('/')
mount(Flash(open({fd}, 'r+b'), {size}), BOOT)
vfs.mount(host, '/host')
def copy(source, target):
    try:
        os.mkdir(target)
    except OSError:
        pass
    for entry in os.ilistdir(source):
        name, kind = entry[0], entry[1]
        if source == '/' and name == 'host':
            continue
        a, b = source.rstrip('/') + '/' + name, target.rstrip('/') + '/' + name
        if kind & 0x4000:
            copy(a, b)
        else:
            with open(a, 'rb') as f, open(b, 'wb') as g:
                while True:
                    data = f.read(4096)
                    if not data:
                        break
                    g.write(data)
copy({source!r}, {target!r})
"""


class FlashImage:
    """An image file, opened and locked; created blank, as a new chip, if there is none.

    Raises BoardError if another board has it, or if its size is not one of a flash chip.
    """

    def __init__(self, path: Path, size: int, chip: str = "esp32") -> None:
        self.path = path
        self._chip = chip
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BoardError(
                    _("{path} is in use by another virtual board; stop that one first").format(path=path)
                ) from error
            self.size = os.fstat(self._fd).st_size
            if self.size == 0:
                self._fill_blank(size)
            if self.size < _MINIMUM or self.size % _BLOCK:
                raise BoardError(
                    _("{path} has {size} bytes; a flash image is a multiple of {block}").format(
                        path=path, size=self.size, block=_BLOCK
                    )
                )
        except BaseException:
            os.close(self._fd)
            raise

    def _fill_blank(self, size: int) -> None:
        if size < _MINIMUM or size % _BLOCK:
            raise BoardError(
                _("the flash size must be a multiple of {block} and at least {minimum}, not {size}").format(
                    block=_BLOCK, minimum=_MINIMUM, size=size
                )
            )
        block = b"\xff" * _BLOCK
        with open(self.path, "r+b") as file:
            file.writelines(block for _ in range(size // _BLOCK))
        self.size = size

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def put(self, files: Mapping[str, Content]) -> None:
        """Write files, with the directories they need. str is text, a path is a host file's content."""
        with tempfile.TemporaryDirectory(prefix="board-") as directory:
            for name, content in files.items():
                target = Path(directory, *_parts(name))
                target.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, bytes):
                    target.write_bytes(content)
                elif isinstance(content, str):
                    target.write_bytes(content.encode())
                else:
                    target.write_bytes(Path(content).read_bytes())
            self._copy("/host", "/", directory)

    def read(self) -> dict[str, bytes]:
        """All files: absolute names to contents."""
        with tempfile.TemporaryDirectory(prefix="board-") as directory:
            self._copy("/", "/host", directory)
            root = Path(directory)
            return {
                "/" + path.relative_to(root).as_posix(): path.read_bytes()
                for path in sorted(root.rglob("*"))
                if path.is_file()
            }

    def _copy(self, source: str, target: str, directory: str) -> None:
        script = _COPY.format(
            shims=str(SHIMS),
            chip=self._chip,
            directory=directory,
            fd=self._fd,
            size=self.size,
            source=source,
            target=target,
        )
        done = subprocess.run(
            [str(find_micropython()), "-c", script],
            pass_fds=(self._fd,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_TIMEOUT,
            check=False,
        )
        if done.returncode:
            words = done.stdout.decode(errors="replace").strip().splitlines() or [_("no message")]
            raise BoardError(_("{path}: cannot copy: {words}").format(path=self.path, words=words[-1]))


def _parts(name: str) -> tuple[str, ...]:
    parts = PurePosixPath("/", name).parts[1:]
    if not parts or ".." in parts:
        raise BoardError(_("{name!r} is not the name of a file on the board").format(name=name))
    return parts
