"""What a device of OneNET's current platform proves with who it is, as people paste it: keys of either level, tokens,
whole lines of a config.json; and what is wrong with a token for this device, which a board could only find out from the
platform's refusal."""

import re
from datetime import datetime, timedelta, timezone

from ..clock import in_table, zone
from ..language import _
from ..token.reading import Token, TokenError, read_token, span
from .board_config import Config

_SOON = timedelta(days=7)
_NAMED = re.compile(r"[\"']?(device_key|access_key|token)[\"']?\s*[:=]\s*(.*)", re.DOTALL)
_AROUND = " \t\"',;，"  # noqa: RUF001 - as an input method has it


def proof_in(text: str) -> tuple[str, str]:
    """The key of config.json, and its value: device_key unless it says another, or is a token."""
    text = text.strip(_AROUND)
    named = _NAMED.fullmatch(text)
    if named:
        return named[1], named[2].strip(_AROUND)
    return ("token" if "res=" in text or "sign=" in text else "device_key"), text


def token_of(config: Config) -> Token | None:
    """None where there is no token, or what is no token."""
    try:
        return read_token(str(config["token"]), datetime.now(timezone.utc)) if config.get("token") else None
    except TokenError:
        return None


def token_problems(config: Config) -> list[str]:
    """Why the platform will not take the configuration's token for its device."""
    token = token_of(config)
    if token is None:
        return []
    found = list(token.mistakes)
    if token.level == "user" or token.version == "2022-05-01":
        found.append(_("it is for the HTTP API, and no device logs in with it"))
    elif token.level:
        product, _slash, device = token.resource.removeprefix("products/").partition("/devices/")
        if product != config.get("product_id"):
            found.append(_("it is for product {product}").format(product=product))
        elif device and device != config.get("device_name"):
            found.append(_("it is for device {device}").format(device=device))
    return [_("token: {words}").format(words=words) for words in found]


def token_warning(config: Config) -> str:
    """That it ends soon; empty if it does not."""
    token = token_of(config)
    left = token.end - datetime.now(timezone.utc) if token and token.end else _SOON
    if token is None or token.end is None or not timedelta() < left < _SOON:
        return ""
    return _(
        "the token ends in {span}, {end}, and the board is offline "
        "from then on; with a key it makes one itself, which lasts"
    ).format(span=span(left), end=f"{in_table(token.end)[:16]} {zone()}")
