"""How the tools of the same user find the api-key of a console that runs on this computer: in a file named after its
HTTP port, which nobody else can read and which goes when the console does."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs


def _path(port: int) -> Path:
    return platformdirs.user_data_path("onenet", appauthor=False) / f"console-{port}.key"


@contextlib.contextmanager
def published_key(port: int, key: str) -> Iterator[None]:
    """While it lasts, local_key(port) is this key; unless the user's folder can't be written, which is no harm."""
    path = _path(port)
    new = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(key)
        new.replace(path)
    try:
        yield
    finally:
        if local_key(port) == key:  # else another console has taken the port over
            with contextlib.suppress(OSError):
                path.unlink()


def local_key(port: int) -> str | None:
    """The api-key of this user's console whose HTTP API is on that port; None if there is none."""
    try:
        return _path(port).read_text()
    except OSError:
        return None
