"""The token that is a password on the current platform, checked as the platform does, with words for what is wrong.

    version=V&res=R&et=E&method=M&sign=S        the values percent-encoded
    S = base64(HMAC_M(base64 decoded key, E "\\n" M "\\n" R "\\n" V))

[manual], [SDK] dev_token.c. A check is another thing than a maker: it is not lib/onenet/token.py, so that one shows
what is wrong with the other.
"""

import binascii
import hmac
import time
from base64 import b64decode
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote_to_bytes

from ...clock import BEIJING
from ...language import _
from ..dialect import shown

FIELDS = ("version", "res", "et", "method", "sign")
"""In the order in which all makers write them. Whether the platform takes another is not known: the console doesn't."""

DEVICE_VERSION, ACCOUNT_VERSION = "2018-10-31", "2022-05-01"

METHODS = ("md5", "sha1", "sha256")
"""The platform knows sm2 as well [SDK]; the console can't check it."""

_UNRESERVED = "-._~"
_LONGEST_ET = 15  # digits


class TokenError(Exception):
    """The token is not accepted. part: which of its fields is wrong, or "token" for its form."""

    def __init__(self, part: str, words: str) -> None:
        super().__init__(
            f"{part}: {words}" if part == "token" else _("token, {part}: {words}").format(part=part, words=words)
        )
        self.part = part


@dataclass(frozen=True)
class Token:
    """A token of legal form. et in seconds since 1970."""

    version: str
    res: str
    et: int
    method: str
    sign: bytes

    def text(self, res: str = "") -> bytes:
        """What is signed; with another spelling of the resource, if given."""
        return "\n".join((str(self.et), self.method, res or self.res, self.version)).encode()

    def is_made_with(self, key: bytes, res: str = "") -> bool:
        return hmac.compare_digest(self.sign, hmac.new(key, self.text(res), self.method).digest())


@dataclass(frozen=True)
class Key:
    """A key in base64, with whose it is."""

    owner: str
    text: str

    @property
    def secret(self) -> bytes:
        return b64decode(self.text)


def parse(text: bytes) -> Token:
    """The token in a password or a header. Raises TokenError."""
    try:
        fields = [field.partition("=") for field in text.decode("ascii").split("&")]
    except UnicodeDecodeError as error:
        raise TokenError("token", _("has bytes beyond ASCII; its values are to be percent-encoded")) from error
    names = tuple(name for name, _equals, _text in fields)
    if names != FIELDS:
        missing = [name for name in FIELDS if name not in names]
        words = _("has no {missing}").format(missing=missing[0]) if missing else _("has these fields otherwise")
        raise TokenError("token", _("{words}; its form is version=…&res=…&et=…&method=…&sign=…").format(words=words))
    values = {name: _decoded(name, value) for name, _equals, value in fields}
    et, method = values["et"], values["method"]
    if not (et.isascii() and et.isdigit() and len(et) <= _LONGEST_ET and str(int(et)) == et):
        raise TokenError("et", _("{shown} is no number of seconds since 1970").format(shown=shown(et)))
    if method not in METHODS:
        raise TokenError(
            "method",
            _("{shown} must be one of {methods}, in lower case").format(
                shown=shown(method), methods=", ".join(METHODS)
            ),
        )
    try:
        sign = b64decode(values["sign"], validate=True)
    except binascii.Error as error:
        raise TokenError("sign", _("is not base64")) from error
    return Token(values["version"], values["res"], int(et), method, sign)


def check(token: Token, versions: Collection[str], key: Key, others: Callable[[], Collection[Key]]) -> None:
    """Raises TokenError where it is not one of these versions, has expired, or is not made with that key.

    others: keys that may have been taken for it.
    """
    if token.version not in versions:
        raise TokenError(
            "version",
            _("{shown} must be {versions} here").format(shown=shown(token.version), versions=" or ".join(versions)),
        )
    if token.et <= time.time():
        raise TokenError(
            "et", _("{et} was {beijing} Beijing time: it has expired").format(et=token.et, beijing=_beijing(token.et))
        )
    if not token.is_made_with(key.secret):
        raise TokenError("sign", _why_not(token, key, others()))


def _why_not(token: Token, key: Key, others: Collection[Key]) -> str:
    """What the maker of a wrong signature may have done."""
    if token.is_made_with(key.text.encode()):
        return _("is made with the text of {owner}, which is to be decoded from base64 first").format(owner=key.owner)
    if token.is_made_with(key.secret, quote(token.res, safe=_UNRESERVED)):
        return _("is made of the percent-encoded res; what is signed has it as it is")
    for other in others:
        if token.is_made_with(other.secret):
            return _("is made with {owner}, but res {shown} takes {owner_2}").format(
                owner=other.owner, shown=shown(token.res), owner_2=key.owner
            )
    return _("is not made with {owner}, or not of this et, method, res and version in this order").format(
        owner=key.owner
    )


def _decoded(name: str, value: str) -> str:
    """A value, which is to be percent-encoded in full: a + or / that is not may arrive as something else."""
    if not value:
        raise TokenError(name, _("is empty"))
    try:
        text = unquote_to_bytes(value).decode()
    except UnicodeDecodeError as error:
        raise TokenError(name, _("is not UTF-8")) from error
    if quote(text, safe=_UNRESERVED).lower() != value.lower():
        raise TokenError(name, _("must have everything but A-Z a-z 0-9 - . _ ~ percent-encoded, and nothing else"))
    return text


def _beijing(et: int) -> str:
    return datetime.fromtimestamp(et, BEIJING).strftime("%Y-%m-%d %H:%M:%S")
