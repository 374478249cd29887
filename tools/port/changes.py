"""What the user has said of a board's configuration, on the command line and beside it.

Secrets come from a prompt without echo, from the environment or from a file, and not from the command line, where the
shell's history and everybody who runs `ps` would have them.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..language import _
from .asking_tls import with_tls
from .board_config import (
    KEYS,
    LEGACY,
    PROOFS,
    Config,
    first_ssid,
    for_platform,
    known_keys,
    platform_for,
    platform_of,
    value_from_text,
    with_network,
    with_proof,
)
from .errors import PortError
from .texts import read_text

CA_FILE = "ca.der"
"""The file on the board of any CA but OneNET's own."""
WIFI_PASSWORD = "wifi_password"
SECRETS = {
    "ONENET_WIFI_PASSWORD": WIFI_PASSWORD,
    "ONENET_AUTH_INFO": "auth_info",
    "ONENET_DEVICE_KEY": "device_key",
    "ONENET_ACCESS_KEY": "access_key",
    "ONENET_MQTT_PASSWORD": "password",
}
"""Secrets by the names of the environment variables that give them."""
_KEYS_AFAR = ("remote_key", "update_key")
_IN_FILE = (*SECRETS.values(), "token", *_KEYS_AFAR)


@dataclass(frozen=True)
class Changes:
    """What the user has said."""

    ssid: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
    """WIFI_PASSWORD, auth_info and other keys, as far as they were given."""
    values: Mapping[str, object] = field(default_factory=dict)
    """Other keys of the configuration."""
    unset: tuple[str, ...] = ()
    ca: bytes | None = None
    """The certificate of the CA for TLS, in DER."""

    def apply(self, config: Config) -> Config:
        """The configuration with these changes. A password without an ssid is for the first network."""
        unset = {*self.unset, "port"} if "host" in self.unset else self.unset  # the port is that host's
        changed = {key: value for key, value in config.items() if key not in unset}
        values = dict(self.values)
        platform = values.get("platform") or platform_for(values.get("product_id"), changed) or platform_of(changed)
        if platform in KEYS:
            changed = for_platform(changed, str(platform))
            if platform != LEGACY and "device_id" in values:
                values["device_name"] = values.pop("device_id")
        if self.ca is not None:
            values = {"tls": True, "ca": CA_FILE} | values
        changed = (with_tls(changed, values["tls"]) if "tls" in values else changed) | values
        for key in KEYS.get(platform_of(changed), ()):
            if key in self.secrets:
                changed = with_proof(changed, key, self.secrets[key])
        changed |= {key: self.secrets[key] for key in _KEYS_AFAR if key in self.secrets}
        ssid = self.ssid if self.ssid is not None else first_ssid(config)
        password = self.secrets.get(WIFI_PASSWORD)
        if ssid and (self.ssid is not None or password is not None) and "wifi" not in self.values:
            changed = with_network(changed, ssid, password)
        return changed

    @property
    def anything(self) -> bool:
        return bool(self.ssid is not None or self.secrets or self.values or self.unset or self.ca)


def read_secrets(file: Path | None) -> dict[str, str]:
    """Secrets from the environment, and from lines auth_info=…, wifi_password=… and so on in a file, `-` for stdin."""
    found = {name: os.environ[variable] for variable, name in SECRETS.items() if variable in os.environ}
    if file is None:
        return found
    text = sys.stdin.read() if str(file) == "-" else read_text(file)
    for number, line in enumerate(text.splitlines(), 1):
        name, equals, value = line.partition("=")
        if not line.strip() or line.startswith("#"):
            continue
        if not equals or name.strip() not in _IN_FILE:
            raise PortError(
                _("{file}, line {number}: must be {in_file}").format(
                    file=file, number=number, in_file=" or ".join(f"{n}=…" for n in _IN_FILE)
                )
            )
        found[name.strip()] = value
    return found


def parse_settings(settings: list[str]) -> dict[str, object]:
    """KEY=VALUE of the command line."""
    values: dict[str, object] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise PortError(_("--set {key}: must be KEY=VALUE, as keep_alive=240").format(key=key))
        if key not in known_keys():
            raise PortError(
                _("--set {key}: no such key; there are {known_keys}").format(
                    key=key, known_keys=", ".join(known_keys())
                )
            )
        if key in PROOFS or key == "remote_key":
            raise PortError(
                _("--set {key}: a secret does not belong on the command line; see onenet config --help").format(key=key)
            )
        values[key] = value_from_text(key, text)
    return values
