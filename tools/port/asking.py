"""What `onenet config` asks a person, who may be nobody, and until when."""

from collections.abc import Callable

import typer

from ..api.text import harmless
from ..language import N_, _
from .asking_broker import ask_for_broker, keys_of, looks_like_address, with_address
from .asking_proof import proof_in, token_problems, token_warning
from .asking_tls import ask_for_tls
from .board_config import (
    DP,
    KEYS,
    LEGACY,
    MQTT,
    STUDIO,
    Config,
    as_typed,
    first_ssid,
    for_platform,
    password_of,
    platform_for,
    platform_of,
    problems,
    problems_of,
    with_network,
    with_proof,
)
from .changes import WIFI_PASSWORD, Changes
from .errors import PortError
from .hosts import host_problems

_OF_ADDRESS = {"host", "port", "transport", "path", "tls"}
_NAME = ("device_name", N_("Device name"))
_NAMES = {LEGACY: ("device_id", N_("Device ID")), STUDIO: _NAME, DP: _NAME, MQTT: _NAME}
_KEY = N_("Key of the device (or a token, or access_key=… of the product)")
_PROTOCOLS = {"onejson": STUDIO, "物模型": STUDIO, "streams": DP, "stream": DP, "数据流": DP}
_PROOF = {LEGACY: N_("Auth-info (or api-key) of the device"), STUDIO: _KEY, DP: _KEY}
_PROOF_FROM = {LEGACY: "ONENET_AUTH_INFO", STUDIO: "ONENET_DEVICE_KEY", DP: "ONENET_DEVICE_KEY"}

Ask = Callable[[str, str, bool], str]
"""Asks for a text: the question, what Enter alone means, whether it is a secret."""


def prompt(question: str, default: str, secret: bool) -> str:
    """Asks at the terminal."""
    shown = _("as it is") if secret else default
    asked = harmless(f"{question} [{shown}]" if default else question)
    empty = "" if default or secret else None
    while True:
        answer = str(typer.prompt(asked, default=empty, hide_input=secret, show_default=False))
        if answer.isprintable():
            return answer or default
        typer.echo(_("  must not contain control characters; was an arrow key pressed?"), err=True)


def asked(config: Config, there: Config, changes: Changes, ask: Ask, secure: bool) -> Config:
    """The configuration with what was asked for: what is missing; with no changes at all, or for another platform than
    the one that is there, everything that matters. secure: whether the board can have TLS."""
    config = _ask_for_network(config, there, changes, ask)
    return _ask_for_device(config, there, changes, ask, secure)


def complete(config: Config, there: Config, changes: Changes) -> Config:
    """The configuration, where nobody can be asked. Raises PortError, with nothing secret in it, where something is
    missing or wrong."""
    if changes.ssid and WIFI_PASSWORD not in changes.secrets and password_of(there, changes.ssid) is None:
        raise PortError(
            _(
                "nothing was written: the password of {ssid} is missing; give it in "
                "ONENET_WIFI_PASSWORD, empty for an open network"
            ).format(ssid=changes.ssid)
        )
    return checked(config, changes)


def checked(config: Config, changes: Changes) -> Config:
    """The configuration, which is right. Raises PortError, as complete() does."""
    found = as_typed(problems(config)) or [
        *(token_problems(config) if "token" in changes.secrets else []),
        *host_problems(config),
    ]
    if found:
        raise PortError(_("nothing was written: {found}{hint}").format(found=_("; ").join(found), hint=_hint(config)))
    return config


def _ask_for_network(config: Config, there: Config, changes: Changes, ask: Ask) -> Config:
    ssid = first_ssid(config)
    if not ssid or not changes.anything:
        ssid = ask(_("Wi-Fi network"), ssid, False)
    elif WIFI_PASSWORD in changes.secrets or password_of(there, ssid) is not None:
        return config  # all said, or known before
    known = changes.secrets.get(WIFI_PASSWORD, password_of(there, ssid))
    while True:
        question = _("Password of {name}") if known else _("Password of {name} (Enter for none)")
        password = ask(question.format(name=ssid), known or "", True)
        asked = with_network(config, ssid, password)
        wrong = problems_of("wifi", asked)
        if not wrong:
            return asked
        typer.echo("  " + _("; ").join(wrong), err=True)
        known = None


def _ask_for_device(config: Config, there: Config, changes: Changes, ask: Ask, secure: bool) -> Config:
    """Who the device is. Of which platform it is shows in the product's ID, in whose place a broker's address stands
    for that broker."""
    before = platform_of(config)
    if before != MQTT and _wanted("product_id", config, changes):
        config = _ask_for_product(config, changes, ask, secure)
    platform = platform_of(config)
    everything = not changes.anything or not there or platform_of(there) != platform
    if platform == MQTT:
        said = _OF_ADDRESS & config.keys() if before != MQTT else set(changes.values)
        return ask_for_broker(config, {*said, *changes.secrets}, everything, ask, secure)
    name, question = _NAMES[platform]
    question = _(question)
    if _wanted(name, config, changes):
        config = _ask_for_key(config, name, question, ask)
    known = next((key for key in KEYS[platform] if key in config), None)
    if not known or _wanted(known, config, changes):
        config = _ask_for_proof(config, platform, known, ask)
    if secure and everything and platform != LEGACY and "tls" not in changes.values:
        config = ask_for_tls(config, ask)
    return config


def _wanted(key: str, config: Config, changes: Changes) -> bool:
    return key not in config or not changes.anything or bool(problems_of(key, config))


def _ask_for_product(config: Config, changes: Changes, ask: Ask, secure: bool) -> Config:
    default = config.get("product_id")
    while True:
        question = _("Product ID") if "platform" in config else _("Product ID, or the address of a broker of your own")
        answer = ask(question, default if isinstance(default, str) else "", False).strip()
        if "platform" not in changes.values and looks_like_address(answer):
            try:
                return with_address(for_platform(config, MQTT), keys_of(answer), secure)
            except PortError as error:
                typer.echo(f"  {error}", err=True)
                continue
        here = platform_of(config) if "platform" in changes.values else platform_for(answer, config)
        if here is None:
            typer.echo(_("  product_id: must be digits, or letters and digits on OneNET's current platform"), err=True)
        else:
            given = {key: value for key, value in changes.values.items() if key in ("host", "port")}
            asked = for_platform(config, here) | given | {"product_id": answer}
            wrong = problems_of("product_id", asked)
            if not wrong:
                if here == LEGACY:
                    return asked
                typer.echo(_("  with letters: of OneNET's current platform: device name and key"), err=True)
                return asked if "platform" in changes.values else _ask_for_protocol(asked, ask)
            typer.echo("  " + _("; ").join(wrong), err=True)
        default = None


def _ask_for_protocol(config: Config, ask: Ask) -> Config:
    """What the product's page calls 数据协议: it was chosen when the product was made."""
    before = "streams" if platform_of(config) == DP else "onejson"
    while True:
        answer = ask(_("Its data protocol (数据协议), onejson or streams"), before, False).strip().lower()
        if answer in _PROTOCOLS:
            kept = {key: config[key] for key in ("host", "port") if key in config}
            return for_platform(config, _PROTOCOLS[answer]) | kept
        typer.echo(_("  must be onejson (OneJSON, a thing model) or streams (数据流)"), err=True)


def _ask_for_key(config: Config, key: str, question: str, ask: Ask) -> Config:
    default = config.get(key)
    while True:
        asked = config | {key: ask(question, default if isinstance(default, str) else "", False).strip()}
        wrong = problems_of(key, asked)
        if not wrong:
            return asked
        typer.echo("  " + _("; ").join(wrong), err=True)
        default = None


def _ask_for_proof(config: Config, platform: str, known: str | None, ask: Ask) -> Config:
    default = config.get(known) if known else None
    while True:
        answer = ask(_(_PROOF[platform]), default if isinstance(default, str) else "", True)
        key = KEYS[platform][0]
        if known and answer == default:
            key = known
        elif platform != LEGACY:
            key, answer = proof_in(answer)
        asked = with_proof(config, key, answer)
        wrong = problems_of(key, asked) or token_problems(asked)
        if not wrong:
            if warning := token_warning(asked):
                typer.echo(f"  {warning}", err=True)
            return asked
        typer.echo("  " + _("; ").join(wrong), err=True)
        default = None


def _hint(config: Config) -> str:
    """How to say what is missing, where nobody can be asked."""
    platform = platform_of(config)
    proof = [key for key in KEYS.get(platform, ()) if key in config]
    wanted = [
        (_("--ssid and ONENET_WIFI_PASSWORD"), "wifi" in config),
        ("--device-id", _NAMES.get(platform, _NAMES[LEGACY])[0] in config),
    ]
    if platform == MQTT:
        wanted.append(("--host", "host" in config))
    else:
        wanted.append(("--product-id", "product_id" in config))
        wanted.append((_PROOF_FROM.get(platform, _PROOF_FROM[LEGACY]), bool(proof)))
    missing = [words for words, there in wanted if not there]
    return _(" (give {missing})").format(missing=", ".join(missing)) if missing else ""
