"""Where the api-key comes from, and on the current platform the token. Never from the command line: that is kept in the
shell's history, and everybody on the computer can see it.

A console on this computer has its own keys, which this user's tools find by themselves. The key of any other platform
is in the environment, or kept in a file by `onenet login`, or asked for.
"""

import getpass
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import httpx
import platformdirs

from ..console.keyfile import local_keys
from ..language import _
from ..system_words import reason
from ..token.reading import TokenError
from ..token.trying import is_key, make_token
from .failures import ApiError
from .requests import is_loopback

VARIABLE = "ONENET_API_KEY"
ACCESS_KEY = "ONENET_ACCESS_KEY"
"""The same for the access_key of a product of the current platform."""

USER_KEY = "ONENET_USER_KEY"
"""And of the user, whom all products belong to."""

_VERSION = "2022-05-01"
_LASTS = 3600  # seconds: a token is made for each run


def find_key(url: str) -> str:
    """The api-key for the platform at that URL; empty if it is a console on this computer that somebody else has
    started. Raises ApiError if there is none and nobody to ask."""
    if is_loopback(url):
        local = local_keys(_port(url))
        return local.api_key if local else _kept().get(url, "")
    key = os.environ.get(VARIABLE) or _kept().get(url)
    if key:
        return key
    if not sys.stdin.isatty():
        raise ApiError(
            _(
                "no api-key for {url}: set {variable}, or keep one with onenet login; or for a product "
                "of the current platform, whose ID has letters: --product ID"
            ).format(url=url, variable=VARIABLE)
        )
    return ask_key(url)


def find_token(url: str, product_id: str, user_id: str = "") -> str:
    """A token for that product of the current platform, made with its access_key, or the user's where a user id is
    given; with the account's key for a console on this computer. Raises ApiError if there is no key and nobody to ask,
    or what there is is none."""
    expires = f"{int(time.time()) + _LASTS}"
    local = local_keys(_port(url)) if is_loopback(url) else None
    if local:
        return make_token(local.user_key, f"userid/{local.user_id}", expires, "sha256", _VERSION)
    variable, option = (USER_KEY, f"--user {user_id}") if user_id else (ACCESS_KEY, f"--product {product_id}")
    whose = (
        _("user {user_id}").format(user_id=user_id)
        if user_id
        else _("product {product_id}").format(product_id=product_id)
    )
    key = os.environ.get(variable) or _kept().get(place(url, product_id, user_id))
    if not key:
        if not sys.stdin.isatty():
            raise ApiError(
                _("no access_key of {whose} at {url}: set {variable}, or keep it with onenet login {option}").format(
                    whose=whose, url=url, variable=variable, option=option
                )
            )
        key = ask_key(url, product_id, user_id)
    try:
        resource = f"userid/{user_id}" if user_id else f"products/{product_id}"
        return make_token(key, resource, expires, "sha256", _VERSION)
    except TokenError as error:
        raise ApiError(_("access_key of {whose}: {error}").format(whose=whose, error=error)) from error


def place(url: str, product_id: str = "", user_id: str = "") -> str:
    """What the key of a platform, or of a product or user there, is kept under."""
    return f"{url} userid/{user_id}" if user_id else f"{url} {product_id}" if product_id else url


def key_name(url: str, product_id: str = "", user_id: str = "") -> str:
    """What people call this key."""
    if user_id:
        return _("access_key of user {user_id} at {url}").format(user_id=user_id, url=url)
    if product_id:
        return _("access_key of product {product_id} at {url}").format(product_id=product_id, url=url)
    return _("api-key for {url}").format(url=url)


def ask_key(url: str, product_id: str = "", user_id: str = "") -> str:
    """Asks without echo; without a terminal, takes the first line of stdin. Raises ApiError if nothing comes."""
    what = key_name(url, product_id, user_id)
    asked = getpass.getpass(_("{what} (not shown): ").format(what=what)) if sys.stdin.isatty() else sys.stdin.readline()
    key = asked.strip()
    if not key:
        raise ApiError(_("no {what} was given").format(what=what))
    if (product_id or user_id) and not is_key(key):
        kind = _("a token, which is made from it") if "res=" in key else _("none, which is base64")
        raise ApiError(_("what was given for {what} is {kind}").format(what=what, kind=kind))
    return key


def keep_key(where: str, key: str | None) -> Path:
    """Keeps it under the name that place() gives, or forgets it if None; returns the file, which is only this user's.
    Raises ApiError."""
    keys = _kept()
    keys.pop(where, None)
    if key is not None:
        keys[where] = key
    path = _file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            json.dump(keys, file, indent=2)
        os.replace(file.name, path)
    except OSError as error:
        raise ApiError(_("{path} can't be written: {strerror}").format(path=path, strerror=reason(error))) from error
    return path


def _kept() -> dict[str, str]:
    path = _file()
    try:
        keys = json.loads(path.read_text())
        return {str(url): str(key) for url, key in keys.items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ApiError(_("{path} can't be read: {strerror}").format(path=path, strerror=reason(error))) from error
    except (AttributeError, ValueError) as error:
        raise ApiError(
            _("{path} is damaged: remove it, and keep the key anew with onenet login").format(path=path)
        ) from error


def _file() -> Path:
    return platformdirs.user_config_path("onenet", appauthor=False) / "keys.json"


def _port(url: str) -> int:
    parsed = httpx.URL(url)
    return parsed.port or (443 if parsed.scheme == "https" else 80)
