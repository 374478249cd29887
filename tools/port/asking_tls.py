"""Whether a board is to connect by TLS: what goes from its configuration with that, and what a person is asked."""

from collections.abc import Callable

import typer

from ..language import N_, _
from .board_config import Config

Ask = Callable[[str, str, bool], str]
"""As asking.py has it."""
NOT_ON_ESP8266 = N_("an ESP8266 cannot check certificates, nor has it the memory for TLS; it takes an ESP32")
_MEANS = {"yes": True, "y": True, "no": False, "n": False}


def with_tls(config: Config, tls: object) -> Config:
    """The configuration without what is of no use any more when TLS begins or ends: the port is the other's."""
    if tls == config.get("tls", False):
        return config
    gone = ("port",) if tls else ("port", "ca", "tls_name")
    return {key: value for key, value in config.items() if key not in gone}


def ask_for_tls(config: Config, ask: Ask) -> Config:
    """The configuration with what was answered; the certificate is another question."""
    before = config.get("tls") is True
    while (answer := ask(_("TLS, yes or no"), "yes" if before else "no", False).strip().lower()) not in _MEANS:
        typer.echo(_("  must be yes or no"), err=True)
    tls = _MEANS[answer]
    changed = {key: value for key, value in with_tls(config, tls).items() if key != "tls"}
    return changed | ({"tls": True} if tls else {})
