"""Where the api-key comes from. Never from the command line: that is kept in the shell's history, and everybody on the
computer can see it.

A console on this computer has its own key, which this user's tools find by themselves. The key of any other platform is
in the environment, or kept in a file by `onenet login`, or asked for.
"""

import getpass
import json
import os
import sys
import tempfile
from pathlib import Path

import httpx
import platformdirs

from ..console.keyfile import local_key
from .client import is_loopback
from .failures import ApiError

VARIABLE = "ONENET_API_KEY"


def find_key(url: str) -> str:
    """The api-key for the platform at that URL; empty if it is a console on this computer that somebody else has
    started. Raises ApiError if there is none and nobody to ask."""
    if is_loopback(url):
        return local_key(_port(url)) or _kept().get(url, "")
    key = os.environ.get(VARIABLE) or _kept().get(url)
    if key:
        return key
    if not sys.stdin.isatty():
        raise ApiError(f"no api-key for {url}: set {VARIABLE}, or keep one with onenet login")
    return ask_key(url)


def ask_key(url: str) -> str:
    """Asks without echo; without a terminal, takes the first line of stdin. Raises ApiError if nothing comes."""
    if sys.stdin.isatty():
        key = getpass.getpass(f"api-key for {url} (not shown): ").strip()
    else:
        key = sys.stdin.readline().strip()
    if not key:
        raise ApiError(f"no api-key for {url} was given")
    return key


def keep_key(url: str, key: str | None) -> Path:
    """Keeps it for this URL, or forgets it if None; returns the file, which is only this user's. Raises ApiError."""
    keys = _kept()
    keys.pop(url, None)
    if key is not None:
        keys[url] = key
    path = _file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:  # it is made with mode 0600
            json.dump(keys, file, indent=2)
        os.replace(file.name, path)
    except OSError as error:
        raise ApiError(f"{path} can't be written: {error.strerror}") from error
    return path


def _kept() -> dict[str, str]:
    path = _file()
    try:
        keys = json.loads(path.read_text())
        return {str(url): str(key) for url, key in keys.items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ApiError(f"{path} can't be read: {error.strerror}") from error
    except (AttributeError, ValueError) as error:
        raise ApiError(f"{path} is damaged: remove it, and keep the key anew with onenet login") from error


def _file() -> Path:
    return platformdirs.user_config_path("onenet", appauthor=False) / "keys.json"


def _port(url: str) -> int:
    parsed = httpx.URL(url)
    return parsed.port or (443 if parsed.scheme == "https" else 80)
