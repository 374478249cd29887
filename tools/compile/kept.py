"""What takes seconds to make and comes out the same each time is kept in the user's cache, by what it is made of.

A folder for each kind, in it a ZIP for each that was made, of which the least lately used go. Where nothing can be
written, all is made anew.
"""

import contextlib
import functools
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import platformdirs

_MOST = 60  # in one folder: the processors, times what a day's changes leave behind


def kept(kind: str, made_of: Iterable[bytes], make: Callable[[], Mapping[str, bytes]]) -> dict[str, bytes]:
    """What make() returned when it was first called for the same `made_of`, which names all that it depends on but the
    code of this package."""
    digest = hashlib.sha256(_code())
    for part in made_of:
        digest.update(b"%d:" % len(part) + part)
    path = platformdirs.user_cache_path("onenet") / kind / f"{digest.hexdigest()[:32]}.zip"
    with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(path) as file:
        found = {name: file.read(name) for name in file.namelist()}
        os.utime(path)
        return found
    made = dict(make())
    with contextlib.suppress(OSError):
        _keep(path, made)
    return made


def _keep(path: Path, made: Mapping[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent.parent, prefix="kept-") as folder:
        whole = Path(folder, path.name)
        with zipfile.ZipFile(whole, "w") as file:
            for name, content in made.items():
                file.writestr(name, content)
        whole.replace(path)
    old = sorted(path.parent.glob("*.zip"), key=lambda it: it.stat().st_mtime)[:-_MOST]
    for it in old:
        it.unlink(missing_ok=True)


@functools.cache
def _code() -> bytes:
    """A digest of the modules beside this one, which are what makes things, and of the one that chooses of what."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in [*sorted(here.glob("*.py")), here.parent / "files.py"]:
        digest.update(path.read_bytes())
    return digest.digest()
