"""How the tools of the same user find the keys of a console that runs on this computer: in a file named after its HTTP
port, which nobody else can read and which goes when the console does."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class LocalKeys:
    """The api-key of the old platform, and the account of the current one. All but the id are secrets."""

    api_key: str
    user_id: str
    user_key: str


def _path(port: int) -> Path:
    return platformdirs.user_data_path("onenet", appauthor=False) / f"console-{port}.key"


@contextlib.contextmanager
def published_keys(port: int, keys: LocalKeys) -> Iterator[None]:
    """While it lasts, local_keys(port) are these; unless the user's folder can't be written, which is no harm."""
    path = _path(port)
    new = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(keys), file)
        new.replace(path)
    try:
        yield
    finally:
        if local_keys(port) == keys:  # else another console has taken the port over
            with contextlib.suppress(OSError):
                path.unlink()


def local_keys(port: int) -> LocalKeys | None:
    """Those of this user's console whose HTTP API is on that port; None if there is none."""
    try:
        return LocalKeys(**json.loads(_path(port).read_text()))
    except (OSError, ValueError, TypeError):
        return None
