"""config.json on the host: checked by the very module that checks it on the board."""

import json
import re
from collections.abc import Mapping
from typing import Any

from ..files import board_directory
from .board_module import board_module

Config = dict[str, Any]

HIDDEN = "******"
_SECRET = re.compile("auth|password|token|secret|access_key|api_key")
_EXAMPLE_NETWORK = "your network"


def _board_module() -> Any:
    return board_module("config")


class NotJson(Exception):
    """What the board would say of such a file, as "is not JSON; …", without quoting it."""


def parsed(data: bytes) -> Any:
    """What the bytes of a file hold, not checked yet. Raises NotJson."""
    module = _board_module()
    try:
        return module.parse(data)
    except module.ConfigError as error:
        raise NotJson(*error.problems) from None


def problems(config: Any) -> list[str]:
    """What the board would say is wrong, a line each beginning with the key; empty if nothing is."""
    module = _board_module()
    try:
        module.check(config)
    except module.ConfigError as error:
        return list(error.problems)
    return []


def problems_of(key: str, config: Config) -> list[str]:
    """The problems of one key, or of something within it."""
    return [line for line in problems(config) if re.match(rf"{re.escape(key)}[\[.:]", line)]


def known_keys() -> list[str]:
    return list(_board_module().check(json.loads((board_directory() / "config.json.example").read_text("utf-8"))))


def name_of(network: Any) -> str:
    """The name of a Wi-Fi network of the configuration, also of one given in hex; empty if it has none."""
    if not isinstance(network, dict):
        return ""
    if "ssid_hex" not in network:
        return network["ssid"] if isinstance(network.get("ssid"), str) else ""
    try:
        name = bytes.fromhex(network["ssid_hex"])
    except (TypeError, ValueError):
        return ""
    for encoding in ("utf-8", "gb18030"):  # the second is what older routers in China have
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            pass
    return name.hex()


def _networks(config: Config) -> list[dict[str, Any]]:
    networks = config.get("wifi")
    return [network for network in networks if isinstance(network, dict)] if isinstance(networks, list) else []


def with_network(config: Config, ssid: str, password: str | None) -> Config:
    """The same with this Wi-Fi network before the others; password None: the one it has there."""
    if password is None:
        password = password_of(config, ssid)
    here = next((network for network in _networks(config) if name_of(network) == ssid), {})
    name = {"ssid_hex": here["ssid_hex"]} if "ssid_hex" in here else {"ssid": ssid}
    others = [network for network in _networks(config) if name_of(network) not in (ssid, _EXAMPLE_NETWORK)]
    return config | {"wifi": [{**name, "password": password or ""}, *others]}


def first_ssid(config: Config) -> str:
    """The name of the first Wi-Fi network; empty if there is none."""
    networks = config.get("wifi")
    name = name_of(networks[0]) if isinstance(networks, list) and networks else ""
    return name if name != _EXAMPLE_NETWORK else ""


def password_of(config: Config, ssid: str) -> str | None:
    """The password of a Wi-Fi network; None if the network is not there."""
    found = (str(network.get("password", "")) for network in _networks(config) if name_of(network) == ssid)
    return next(found, None)


def value_from_text(key: str, text: str) -> Any:
    """What KEY=text means: JSON where the board wants no text, else the text itself."""
    sample = _board_module().check(json.loads((board_directory() / "config.json.example").read_text("utf-8")))
    if isinstance(sample.get(key), str):
        try:
            number = json.loads(text)
        except ValueError:
            return text
        # A text that looks like a number is one where the text would be wrong, as with safe_mode_pin=4
        return text if not problems_of(key, sample | {key: text}) else number
    try:
        return json.loads(text)
    except ValueError:
        return text


def masked(value: Any, key: str = "") -> Any:
    """The same without secrets."""
    if isinstance(value, Mapping):
        return {name: masked(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, key) for inner in value]
    return HIDDEN if value != "" and _SECRET.search(key) else value


def to_file(config: Config) -> bytes:
    return (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode()
