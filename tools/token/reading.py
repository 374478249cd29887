"""What a token says, and what is wrong with it; nothing here needs a key."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import unquote_to_bytes

from ..language import N_, N_n, _, ngettext

FIELDS = ("version", "res", "et", "method", "sign")
SIZES = {"md5": 16, "sha1": 20, "sha256": 32, "sm2": 64}
"""Bytes of a signature."""
_LEVELS = (
    ("device", re.compile(r"products/([^/]+)/devices/(.+)")),
    ("product", re.compile(r"products/([^/]+)")),
    ("user", re.compile(r"userid/([^/]+)")),
)
_VERSIONS = {"2018-10-31": N_("devices log in with it"), "2022-05-01": N_("for the HTTP API")}


class TokenError(Exception):
    """What cannot be done with a token or a key, in one line. It quotes neither."""


@dataclass(frozen=True)
class Token:
    """A token's fields, decoded. `mistakes` says what the platform will not take, a line each."""

    version: str
    resource: str
    expires: str
    method: str
    signature: str
    mistakes: tuple[str, ...]

    @property
    def level(self) -> str:
        """Whose it is by its form: "device", "product" or "user"; "" for none of them."""
        return next((level for level, form in _LEVELS if form.fullmatch(self.resource)), "")

    @property
    def whose(self) -> str:
        """The same in words, with the names."""
        for level, form in _LEVELS:
            found = form.fullmatch(self.resource)
            if found and level == "device":
                return _("device {found} of product {found_2}").format(found=found[2], found_2=found[1])
            if found:
                return f"{level} {found[1]}"
        return "nobody"

    @property
    def opens(self) -> str:
        """What it is good for, in words; "" if nothing is."""
        login = self.version == "2018-10-31"
        if self.level == "device":
            return _("this device logs in with it, or asks the HTTP API about itself") if login else ""
        if self.level == "product":
            return _("any device of the product logs in with it") if login else _("the HTTP API, for this product")
        return _("the HTTP API, for all products of the user") if self.level == "user" else ""

    @property
    def end(self) -> datetime | None:
        """When it ends; None where that is no time, or after the year 9999."""
        try:
            return datetime.fromtimestamp(int(self.expires), timezone.utc)
        except (ValueError, OverflowError, OSError):
            return None


def read_token(text: str, now: datetime) -> Token:
    """Reads a token as it is pasted, with what may stand around it. Raises TokenError for what is none at all."""
    text = text.strip().strip("\"'")
    if "=" not in text or not text.isprintable() or not ("res=" in text or "sign=" in text):
        raise TokenError(_("that is no token: one begins with version=2018-10-31&res=products%2F…"))
    values: dict[str, str] = {}
    mistakes = []
    for part in text.split("&"):
        name, _equals, raw = part.partition("=")
        if name not in FIELDS:
            mistakes.append(_("there is a field that no token has, or an & that is not encoded"))
            continue
        if name in values:
            mistakes.append(_("{name} is there twice").format(name=name))
        if re.search(r"[^A-Za-z0-9\-._~%]", raw):
            mistakes.append(_("{name} is not URL-encoded: / is %2F, + is %2B, = is %3D").format(name=name))
        try:
            values[name] = unquote_to_bytes(raw).decode()
        except UnicodeDecodeError:
            values[name] = ""
            mistakes.append(_("{name} is not UTF-8").format(name=name))
    mistakes += [_("{name} is missing").format(name=name) for name in FIELDS if name not in values]
    version, resource, expires, method, signature = (values.get(name, "") for name in FIELDS)
    token = Token(version, resource, expires, method, signature, ())
    mistakes += _mistakes(token, values, now)
    return Token(version, resource, expires, method, signature, tuple(dict.fromkeys(mistakes)))


def _mistakes(token: Token, values: dict[str, str], now: datetime) -> list[str]:
    """What is wrong with the values that are there."""
    found = []
    if "version" in values and token.version not in _VERSIONS:
        known = ", ".join(f"{version} ({_(use)})" for version, use in _VERSIONS.items())
        found.append(_("version is none that is known: {known}").format(known=known))
    if "res" in values and not token.level:
        found.append(_("res is none of products/ID/devices/NAME, products/ID and userid/ID"))
    if token.level == "device" and token.version == "2022-05-01":
        found.append(_("a device's token has version 2018-10-31"))
    if token.level == "user" and token.version == "2018-10-31":
        found.append(_("a user's token has version 2022-05-01"))
    if "et" in values:
        found += _time_mistakes(token, now)
    if "method" in values and token.method not in SIZES:
        found.append(_("method is none of {sizes}, in small letters").format(sizes=", ".join(SIZES)))
    if "sign" in values:
        found += _signature_mistakes(token)
    return found


def _time_mistakes(token: Token, now: datetime) -> list[str]:
    if not re.fullmatch(r"[0-9]+", token.expires):
        return [_("et is no number of seconds since 1970")]
    if int(token.expires) > 10**11:  # the year 5138
        return [_("et is in milliseconds, it seems; it must be in seconds")]
    if token.end and token.end <= now:
        return [_("it has expired, {span} ago").format(span=span(now - token.end))]
    return []


def _signature_mistakes(token: Token) -> list[str]:
    try:
        size = len(base64.b64decode(token.signature, validate=True))
    except (binascii.Error, ValueError):
        return [_("sign is no base64")]
    right = SIZES.get(token.method)
    return (
        [_("sign has {size} bytes; {method} makes {right}").format(size=size, method=token.method, right=right)]
        if right and size != right
        else []
    )


_UNITS = (
    (31557600, *N_n("{n} year", "{n} years")),
    (86400, *N_n("{n} day", "{n} days")),
    (3600, *N_n("{n} hour", "{n} hours")),
    (60, *N_n("{n} minute", "{n} minutes")),
    (1, *N_n("{n} second", "{n} seconds")),
)


def span(time: timedelta) -> str:
    """A span of time in words, in the largest unit that fits."""
    for seconds, one, many in _UNITS:
        count = int(time.total_seconds() // seconds)
        if count:
            return ngettext(one, many, count).format(n=count)
    return _("less than a second")
