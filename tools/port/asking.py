"""What `onenet config` asks a person, who may be nobody, and until when."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from ..api.text import harmless
from .asking_broker import ask_for_broker, keys_of, looks_like_address
from .board_config import (
    DP,
    KEYS,
    LEGACY,
    MQTT,
    STUDIO,
    Config,
    first_ssid,
    for_platform,
    password_of,
    platform_of,
    platform_of_product,
    problems,
    problems_of,
    with_network,
    with_proof,
)
from .errors import PortError

if TYPE_CHECKING:
    from .configure import Changes

WIFI_PASSWORD = "wifi_password"
_NAME = ("device_name", "Device name")
_NAMES = {LEGACY: ("device_id", "Device ID"), STUDIO: _NAME, DP: _NAME, MQTT: _NAME}
_KEY = "Key of the device (or a token)"
_PROOF = {LEGACY: "Auth-info (or api-key) of the device", STUDIO: _KEY, DP: _KEY}
_PROOF_FROM = {LEGACY: "ONENET_AUTH_INFO", STUDIO: "ONENET_DEVICE_KEY", DP: "ONENET_DEVICE_KEY"}

Ask = Callable[[str, str, bool], str]
"""Asks for a text: the question, what Enter alone means, whether it is a secret."""


def prompt(question: str, default: str, secret: bool) -> str:
    """Asks at the terminal."""
    shown = "as it is" if secret else default
    asked = harmless(f"{question} [{shown}]" if default else question)
    empty = "" if default or secret else None
    while True:
        answer = str(typer.prompt(asked, default=empty, hide_input=secret, show_default=False))
        if answer.isprintable():
            return answer or default
        typer.echo("  must not contain control characters; was an arrow key pressed?", err=True)


def complete(config: Config, there: Config, changes: "Changes", ask: Ask | None) -> Config:
    """The configuration with what was asked for, if anybody can be asked: what is missing, or with no changes at all,
    everything that matters. Raises PortError, with nothing secret in it, where something is missing or wrong."""
    if ask:
        config = _ask_for_network(config, there, changes, ask)
        config = _ask_for_device(config, changes, ask)
    elif changes.ssid and WIFI_PASSWORD not in changes.secrets and password_of(there, changes.ssid) is None:
        raise PortError(
            f"nothing was written: the password of {changes.ssid} is missing; give it in ONENET_WIFI_PASSWORD, "
            "empty for an open network"
        )
    found = problems(config)
    if found:
        raise PortError(f"nothing was written: {'; '.join(found)}{_hint(config)}")
    return config


def _ask_for_network(config: Config, there: Config, changes: "Changes", ask: Ask) -> Config:
    ssid = first_ssid(config)
    if not ssid or not changes.anything:
        ssid = ask("Wi-Fi network", ssid, False)
    elif WIFI_PASSWORD in changes.secrets or password_of(there, ssid) is not None:
        return config  # all said, or known before
    known = changes.secrets.get(WIFI_PASSWORD, password_of(there, ssid))
    while True:
        password = ask(f"Password of {ssid}{'' if known else ' (Enter for none)'}", known or "", True)
        asked = with_network(config, ssid, password)
        wrong = problems_of("wifi", asked)
        if not wrong:
            return asked
        typer.echo("  " + "; ".join(wrong), err=True)
        known = None


def _ask_for_device(config: Config, changes: "Changes", ask: Ask) -> Config:
    """Who the device is. Of which platform it is shows in the product's ID, in whose place a broker's address stands
    for that broker."""
    before = platform_of(config)
    if before != MQTT and _wanted("product_id", config, changes):
        config = _ask_for_product(config, changes, ask)
    platform = platform_of(config)
    if platform == MQTT:
        said = {"host", "port"} & config.keys() if before != MQTT else set(changes.values)
        return ask_for_broker(config, {*said, *changes.secrets}, not changes.anything, ask)
    name, question = _NAMES[platform]
    if _wanted(name, config, changes):
        config = _ask_for_key(config, name, question, ask)
    known = next((key for key in KEYS[platform] if key in config), None)
    return _ask_for_proof(config, platform, known, ask) if not known or _wanted(known, config, changes) else config


def _wanted(key: str, config: Config, changes: "Changes") -> bool:
    return key not in config or not changes.anything or bool(problems_of(key, config))


def _ask_for_product(config: Config, changes: "Changes", ask: Ask) -> Config:
    default = config.get("product_id")
    while True:
        question = "Product ID" if "platform" in config else "Product ID, or the address of a broker of your own"
        answer = ask(question, default if isinstance(default, str) else "", False)
        if "platform" not in changes.values and looks_like_address(answer):
            return for_platform(config, MQTT) | keys_of(answer)
        here = platform_of(config) if "platform" in changes.values else platform_of_product(answer)
        if here is None:
            typer.echo("  product_id: must be digits, or letters and digits on OneNET's current platform", err=True)
        else:
            given = {key: value for key, value in changes.values.items() if key in ("host", "port")}
            asked = for_platform(config, here) | given | {"product_id": answer}
            wrong = problems_of("product_id", asked)
            if not wrong:
                if here != LEGACY:
                    typer.echo("  with letters: of OneNET's current platform: device name and key", err=True)
                return asked
            typer.echo("  " + "; ".join(wrong), err=True)
        default = None


def _ask_for_key(config: Config, key: str, question: str, ask: Ask) -> Config:
    default = config.get(key)
    while True:
        asked = config | {key: ask(question, default if isinstance(default, str) else "", False)}
        wrong = problems_of(key, asked)
        if not wrong:
            return asked
        typer.echo("  " + "; ".join(wrong), err=True)
        default = None


def _ask_for_proof(config: Config, platform: str, known: str | None, ask: Ask) -> Config:
    default = config.get(known) if known else None
    while True:
        answer = ask(_PROOF[platform], default if isinstance(default, str) else "", True)
        key = KEYS[platform][0]
        if known and answer == default:
            key = known
        elif platform != LEGACY and answer.startswith("version="):
            key = "token"
        asked = with_proof(config, key, answer)
        wrong = problems_of(key, asked)
        if not wrong:
            return asked
        typer.echo("  " + "; ".join(wrong), err=True)
        default = None


def _hint(config: Config) -> str:
    """How to say what is missing, where nobody can be asked."""
    platform = platform_of(config)
    proof = [key for key in KEYS.get(platform, ()) if key in config]
    wanted = [
        ("--ssid and ONENET_WIFI_PASSWORD", "wifi" in config),
        ("--device-id", _NAMES.get(platform, _NAMES[LEGACY])[0] in config),
    ]
    if platform == MQTT:
        wanted.append(("--host", "host" in config))
    else:
        wanted.append(("--product-id", "product_id" in config))
        wanted.append((_PROOF_FROM.get(platform, _PROOF_FROM[LEGACY]), bool(proof)))
    missing = [words for words, there in wanted if not there]
    return f" (give {', '.join(missing)})" if missing else ""
