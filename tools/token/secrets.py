"""Where keys and tokens come from: a file, the environment, or a prompt without echo. Never from the command line: that
is kept in the shell's history, and everybody on the computer can see it."""

import getpass
import os
import sys
from pathlib import Path

from ..language import _
from .reading import TokenError
from .trying import is_key

KEY = "ONENET_KEY"
TOKEN = "ONENET_TOKEN"


def find_token(file: Path | None) -> str:
    """The token in the file (`-` for stdin), else in ONENET_TOKEN, else asked for. Raises TokenError, OSError."""
    if file is None and TOKEN in os.environ:
        return os.environ[TOKEN]
    text = _asked("token", TOKEN) if file is None else _text(file)
    if not text.strip():
        raise TokenError(_("no token was given"))
    return text


def find_key(file: Path | None, whose: str) -> str:
    """One key: the first in the file (`-` for stdin), else in ONENET_KEY, else asked for. Raises TokenError,
    OSError."""
    if file is not None:
        return _keys(_text(file))[0][1]
    key = os.environ.get(KEY) or _asked(_("key of {whose}").format(whose=whose), KEY)
    if not key.strip():
        raise TokenError(_("no key was given"))
    return key.strip()


def find_keys(file: Path | None) -> list[tuple[str, str]]:
    """(name, key) of each in the file, else in ONENET_KEY, else asked for until there are no more. Raises TokenError,
    OSError."""
    if file is not None:
        return _keys(_text(file))
    if os.environ.get(KEY):
        return [(KEY, os.environ[KEY].strip())]
    found: list[tuple[str, str]] = []
    while key := _asked(
        _("key {len}").format(len=len(found) + 1) + (_(", or Enter if that is all") if found else ""), KEY
    ).strip():
        found.append((_("key {len}").format(len=len(found) + 1), key))
        if not sys.stdin.isatty():
            break
    if not found:
        raise TokenError(_("no key was given"))
    return found


def _keys(text: str) -> list[tuple[str, str]]:
    """Lines KEY or NAME=KEY; a key ends with = itself."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, key = line.partition("=")
        named = equals and not is_key(line) and key.strip("=")
        found.append((name.strip(), key.strip()) if named else (_("line {number}").format(number=number), line))
    if not found:
        raise TokenError(_("the file has no key in it"))
    return found


def _text(file: Path) -> str:
    name = str(file)
    if not file.exists() and ("sign=" in name or (len(name) > 20 and is_key(name))):
        raise TokenError(_("a key or token does not belong on the command line, but into a file, say"))
    try:
        return sys.stdin.read() if name == "-" else file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise TokenError(_("{file} is not UTF-8").format(file=file)) from error


def _asked(what: str, variable: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(_("{what} (not shown): ").format(what=what))
    line = sys.stdin.readline()
    if not line:
        raise TokenError(
            _("no {split}: set {variable}, or name a file").format(split=what.split(",")[0], variable=variable)
        )
    return line
