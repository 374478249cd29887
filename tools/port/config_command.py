"""`onenet config`: one board by its raw REPL or by Improv, or many by a table."""

import sys
from collections.abc import Mapping
from pathlib import Path

import typer

from ..language import _
from .asking import prompt
from .asking_broker import address
from .certificate import ONENET, read_ca
from .changes import Changes, parse_settings, read_secrets
from .configure import configure, show_config
from .configure_improv import configure_by_improv
from .errors import PortError
from .find import the_port
from .fleet import run_fleet


def run_config(
    ports: list[str],
    options: Mapping[str, object],
    settings: list[str],
    unset: list[str],
    secrets: Path | None,
    csv: Path | None,
    show: bool,
    replace: bool,
    improv: bool = False,
) -> int:
    """Does what the command line says; returns the exit status. Raises PortError.

    `options`: ssid, device_id, product_id, host, trace and ca, None where not given.
    """
    values = parse_settings(settings)
    values |= {key: options[key] for key in ("device_id", "product_id", "trace") if options[key] is not None}
    values |= address(str(options["host"])) if options["host"] is not None else {}
    ca = None
    if options["ca"] == ONENET:
        values |= {"tls": True, "ca": ONENET}
    elif options["ca"] is not None:
        ca = read_ca(Path(str(options["ca"])))
    ssid = options["ssid"]
    changes = Changes(None if ssid is None else str(ssid), read_secrets(secrets), values, tuple(unset), ca)
    if improv and (csv is not None or show or replace):
        raise PortError(_("--improv only writes, and one board: leave out --csv, --show and --replace"))
    if csv is not None:
        return run_fleet(csv, ports, changes, replace)
    if len(ports) > 1:
        raise PortError(_("give one --port, or a table for many boards with --csv"))
    port = the_port(ports[0] if ports else None, "config")
    if show:
        return show_config(port)
    ask = prompt if sys.stdin.isatty() else None
    try:
        if improv:
            print(configure_by_improv(port, changes, ask))
        else:
            print(configure(port, changes, replace, ask))
    except typer.Abort:
        print(_("\nNothing was written."))
        return 1
    return 0
