"""`onenet config --improv`: the same questions and checks, and Improv in place of the raw REPL. It writes; what a board
has already it does not tell."""

import re

import typer

from ..language import _
from .asking import Ask, asked, checked, complete
from .board_config import name_of
from .changes import Changes
from .connection import Connection
from .errors import PortError
from .improv import Improv, Network

_OF_THE_NETWORK = re.compile(r"wifi[\[.:]")


def configure_by_improv(port: str, changes: Changes, ask: Ask | None) -> str:
    """One board. Returns what came of it; raises PortError."""
    if changes.ca is not None:
        raise PortError(_("--ca FILE: a file does not go by Improv; leave --improv out"))
    with Connection(port) as connection:
        board = Improv(connection)
        board.wait()
        chip = board.device()[2:3]
        config = changes.apply({})
        if not ask:
            config = complete(config, {}, changes)
        else:
            if "wifi" not in config:
                _show_networks(board)
            config = checked(asked(config, {}, changes, ask, "ESP8266" not in "".join(chip)), changes)
        networks = config.pop("wifi")
        if len(networks) != 1:
            raise PortError(_("wifi: must be one network: Improv knows of one. More: leave --improv out"))
        settings = config | dict.fromkeys(changes.unset)
        problems = [text for text in board.set(settings) if not _OF_THE_NETWORK.match(text)]
        if problems:
            raise PortError(_("nothing was written: {problems}").format(problems=_("; ").join(problems)))
        ssid = f"hex {networks[0]['ssid_hex']}" if "ssid_hex" in networks[0] else networks[0]["ssid"]
        typer.echo(_("joining {network}").format(network=name_of(networks[0])), err=True)
        board.join(ssid, networks[0].get("password", ""))
    return _("config.json is written; the board starts with it")


def _show_networks(board: Improv) -> None:
    found = [_shown(network) for network in board.networks()] or [_("no network")]
    typer.echo(_("in the board's reach: {networks}").format(networks=", ".join(found)), err=True)


def _shown(network: Network) -> str:
    template = _("{ssid} ({rssi} dBm, open)") if network.open else _("{ssid} ({rssi} dBm)")
    return template.format(ssid=network.ssid, rssi=network.rssi)
