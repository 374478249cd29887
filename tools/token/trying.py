"""Which key has signed a token; and if none has as it should be, by which of the usual mistakes one has."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from ..files import use_board_libraries
from ..language import _
from .reading import SIZES, Token, TokenError

use_board_libraries()

from onenet.token import EXPIRES, key_bytes, quoted, token  # noqa: E402

METHODS = ("sha256", "sha1", "md5")


def make_token(key: str, resource: str, expires: str | None, method: str, version: str) -> str:
    """The token, made by the code that the board makes it with; expires: None for the year 2100. Raises TokenError."""
    try:
        return str(token(key, resource, expires or EXPIRES, method, version))
    except ValueError as error:
        raise TokenError(str(error)) from error


@dataclass(frozen=True)
class Verdict:
    """Whether a key signs a token. `mistake`: in words what was done wrong if it does only so; "" for none found."""

    signs: bool
    mistake: str = ""


def try_key(key: str, said: Token) -> Verdict:
    """Raises TokenError for a token whose signature cannot be checked here, and a key that is none."""
    if said.method not in METHODS:
        why = (
            _("this tool has no sm2")
            if said.method == "sm2"
            else _("there is no such method; there are {sizes}").format(sizes=", ".join(SIZES))
        )
        raise TokenError(_("the signature can't be checked: {why}").format(why=why))
    if is_key(key) and _signature(key_bytes(key), said) == said.signature:
        return Verdict(True)
    for words, signature in _mistaken(key, said):
        if signature == said.signature:
            return Verdict(False, words)
    if not is_key(key):
        raise TokenError(_("a key must be base64, as the platform shows it"))
    return Verdict(False)


def is_key(key: str) -> bool:
    try:
        return bool(key_bytes(key))
    except ValueError:
        return False


def _signature(
    key: bytes,
    said: Token,
    method: str | None = None,
    resource: str | None = None,
    version: str | None = None,
    order: str = "{et}\n{method}\n{res}\n{version}",
) -> str:
    """By CPython's own hmac, with what differs from what the token says."""
    chosen = method or said.method
    text = order.format(
        et=said.expires,
        method=chosen,
        res=said.resource if resource is None else resource,
        version=version or said.version,
    )
    return base64.b64encode(hmac.new(key, text.encode(), getattr(hashlib, chosen)).digest()).decode()


def _mistaken(key: str, said: Token) -> Iterator[tuple[str, str]]:
    """(the mistake in words, the signature it makes): what people and programs get wrong."""
    if key:
        yield _("the key was used as text; it must be decoded from base64 first"), _signature(key.encode(), said)
    if not is_key(key):
        return
    secret = key_bytes(key)
    encoded = quoted(said.resource)
    yield _("what was signed has res URL-encoded; it must be plain there"), _signature(secret, said, resource=encoded)
    for version in ("2018-10-31", "2022-05-01", "2020-05-29"):
        yield (
            _("what was signed has version {version}").format(version=version),
            _signature(secret, said, version=version),
        )
    for method in METHODS:
        yield _("what was signed says {method}").format(method=method), _signature(secret, said, method=method)
    product = "/".join(said.resource.split("/")[:2])
    yield (
        _("what was signed is for {product}, but res says {resource}").format(product=product, resource=said.resource),
        _signature(secret, said, resource=product),
    )
    yield _("the lines end with a newline too much"), _signature(secret, said, version=said.version + "\n")
    yield (
        _("the order is wrong: it must be et, method, res, version"),
        _signature(secret, said, order="{version}\n{res}\n{et}\n{method}"),
    )
