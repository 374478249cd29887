"""config.json on the host: checked by the very module that checks it on the board."""

import json
import re
from collections.abc import Mapping
from typing import Any

from ..files import board_directory
from ..language import _
from ..words.said import BOARD, rendered
from .board_module import board_module

Config = dict[str, Any]

HIDDEN = "******"
LEGACY, STUDIO, DP, MQTT = "legacy", "studio", "dp", "mqtt"
_CURRENT = ("device_key", "access_key", "token")
KEYS = {LEGACY: ("auth_info",), STUDIO: _CURRENT, DP: _CURRENT, MQTT: ("password",)}
"""What a device proves with who it is, by platform: one of them is in its configuration, but that a broker may want
none."""
PROOFS = tuple(dict.fromkeys(key for keys in KEYS.values() for key in keys))
"""All of them."""
_SECRET = re.compile("auth|password|token|secret|access_key|api_key|device_key|update_key|remote_key")
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
        raise NotJson(*(rendered(problem, BOARD) for problem in error.problems)) from None


def problems(config: Any) -> list[str]:
    """What is wrong with it, a line each beginning with the key; empty if nothing is."""
    return [rendered(problem, BOARD) for problem in said_by_board(config)]


def said_by_board(config: Any) -> list[str]:
    """The same in the board's own words."""
    module = _board_module()
    try:
        module.check(config)
    except module.ConfigError as error:
        return list(error.problems)
    return []


def with_defaults(config: Any) -> Config | None:
    """As the board takes it, with the defaults; None where it is wrong."""
    module = _board_module()
    try:
        checked: Config = module.check(config)
    except module.ConfigError:
        return None
    return checked


def problems_of(key: str, config: Config) -> list[str]:
    """The problems of one key, or of something within it, for whoever is asked for it: what is typed has no quotes."""
    said = (line for line in said_by_board(config) if re.match(rf"{re.escape(key)}[\[.:]", line))
    return as_typed([rendered(line, BOARD) for line in said])


def as_typed(found: list[str]) -> list[str]:
    """Problems of a configuration, for whoever types its values, and not the file."""
    return [line.replace(_(" in quotes"), "") for line in found]


def known_keys() -> list[str]:
    """Of all platforms."""
    return list(dict.fromkeys(key for sample in _samples().values() for key in sample))


def _samples() -> dict[str, Config]:
    """A right configuration for each platform, with every key it may have."""
    older = json.loads((board_directory() / "config.json.example").read_text("utf-8"))
    current = {"wifi": older["wifi"], "device_name": "a", "product_id": "a", "device_key": "AAAA"}
    broker = {"wifi": older["wifi"], "device_name": "a", "host": "a"}
    given = {LEGACY: older, STUDIO: current, DP: current, MQTT: broker}
    return {platform: _board_module().check(config | {"platform": platform}) for platform, config in given.items()}


def platform_of(config: Config) -> str:
    """Of whose device the configuration is: what it says, or else by the look of its product id. A letter in it is of
    OneNET's current platform."""
    said = config.get("platform")
    return said if isinstance(said, str) else platform_of_product(config.get("product_id")) or LEGACY


def platform_of_product(product_id: object) -> str | None:
    """By the look of it; None where it has neither letters nor digits."""
    if not isinstance(product_id, str) or not product_id.isascii() or not product_id.isalnum():
        return None
    return LEGACY if product_id.isdecimal() else STUDIO


def platform_for(product_id: object, config: Config) -> str | None:
    """The same for a board that has this configuration: whether a product has data streams does not show in its id, so
    that a board of such a product stays one."""
    platform = platform_of_product(product_id)
    return DP if platform == STUDIO and platform_of(config) == DP else platform


def for_platform(config: Config, platform: str) -> Config:
    """The same for this platform: the device's name is what the older one calls its ID, and what only other
    platforms have goes."""
    if platform_of(config) == platform and config.get("platform", LEGACY) == platform:
        return config
    of_others = set(known_keys()) - _samples()[platform].keys()
    kept = {key: value for key, value in config.items() if key not in of_others and key not in ("host", "port")}
    name = config.get("device_id", config.get("device_name"))
    if name is not None:
        kept["device_id" if platform == LEGACY else "device_name"] = name
    return {**kept, "platform": platform}


def with_proof(config: Config, key: str, value: str) -> Config:
    """The configuration with this one of KEYS, in place of any other there is."""
    others = KEYS[platform_of(config)]
    return {**{name: old for name, old in config.items() if name not in others}, key: value}


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
    sample = next((sample for sample in _samples().values() if key in sample), {})
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
