"""`onenet config`: brings together what a board has, what the user says and what is asked for, and writes config.json.

Secrets come from a prompt without echo, from the environment or from a file, and not from the command line, where the
shell's history and everybody who runs `ps` would have them.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import typer

from ..language import _
from .asking import WIFI_PASSWORD, Ask, asked, checked, complete, prompt
from .asking_broker import address
from .asking_tls import with_tls
from .board_config import (
    KEYS,
    LEGACY,
    PROOFS,
    Config,
    NotJson,
    first_ssid,
    for_platform,
    known_keys,
    masked,
    parsed,
    platform_for,
    platform_of,
    problems,
    to_file,
    value_from_text,
    with_network,
    with_proof,
)
from .certificate import CA_FILE, ONENET, ask_for_ca, bring_ca, read_ca
from .connection import Connection
from .errors import PortError
from .find import the_port
from .inventory import ESP8266, identify
from .many import Report
from .texts import read_text
from .way_in import get_in

FILE = "/config.json"
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


# On the board


def read_config(connection: Connection) -> Config | None:
    """What the board has; None if it has nothing. Raises PortError if that is no JSON object."""
    data = connection.read_file(FILE)
    if data is None:
        return None
    try:
        config = parsed(data)
        why = _("is no JSON object")
    except NotJson as error:
        config, why = None, str(error)
    if isinstance(config, dict):
        return config
    raise PortError(
        _(
            "config.json on the board at {port} {why}. Write it anew: onenet config --replace, or "
            "copy a better one: mpremote cp config.json :"
        ).format(port=connection.port, why=why)
    )


def write_config(connection: Connection, config: Config) -> None:
    """In one step: whatever happens, the board has the old file or the new one. A change from afar that has not proved
    itself yet does not take it back."""
    connection.exec("import os")
    connection.write_file(f"{FILE}.new", to_file(config))
    connection.exec("if 'config.back' in os.listdir('/'): os.remove('/config.back')")
    connection.exec(f"os.rename('{FILE}.new','{FILE}')")


def _say(words: str) -> None:
    typer.echo(words, err=True)


def show_config(port: str) -> int:
    """Prints what the board has, without secrets, and what is wrong with it; returns the exit status."""
    with Connection(port) as connection:
        get_in(connection, _say)
        try:
            config = read_config(connection)
        finally:
            connection.hard_reset()
    if config is None:
        raise PortError(
            _("the board at {port} has no config.json; write one: onenet config --port {port}").format(port=port)
        )
    print(json.dumps(masked(config), indent=2, ensure_ascii=False))
    found = problems(config)
    for line in found:
        typer.echo(f"- {line}", err=True)
    return 1 if found else 0


def configure(port: str, changes: Changes, replace: bool, ask: "Ask | None") -> str:
    """One board: reads, asks for what is missing, checks, writes. Returns what came of it; raises PortError.

    The board is not kept waiting while somebody types: its program starts again meanwhile.
    """
    with Connection(port) as connection:
        get_in(connection, _say)
        with _going_on_afterwards(connection):
            there = {} if replace else read_config(connection) or {}
            if not ask:
                return _put(connection, complete(changes.apply(there), there, changes), there, changes.ca)
            secure = identify(connection).platform != ESP8266
        connection.hard_reset()
        config, ca = asked(changes.apply(there), there, changes, ask, secure), changes.ca
        if (given := ask_for_ca(config, ask)) is not None:
            config, ca = config | {"ca": CA_FILE}, given
        config = checked(config, changes)
        get_in(connection, _say)
        with _going_on_afterwards(connection):
            return _put(connection, config, there, ca)


def configure_row(connection: Connection, changes: Changes, replace: bool, report: Report) -> str:
    """The same for one of many boards, of which nobody is asked anything. The board is at its raw REPL."""
    report.stage(_("writing config.json"))
    with _going_on_afterwards(connection):
        there = {} if replace else read_config(connection) or {}
        return _put(connection, complete(changes.apply(there), there, changes), there, changes.ca)


@contextlib.contextmanager
def _going_on_afterwards(connection: Connection) -> Iterator[None]:
    """Whatever goes wrong, the program on the board is started again."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(PortError):
            connection.hard_reset()
        raise


def _put(connection: Connection, config: Config, there: Config, ca: bytes | None) -> str:
    if not bring_ca(connection, config, ca) and config == there:
        connection.hard_reset()
        return _("config.json was like this already")
    write_config(connection, config)
    has_program = connection.exists("/main.py")
    connection.hard_reset()
    more = (
        _("the board starts with it")
        if has_program
        else _("next: onenet deploy --port {port}").format(port=connection.port)
    )
    return _("config.json is written; {more}").format(more=more)


# The command


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
        from .fleet import run_fleet

        return run_fleet(csv, ports, changes, replace)
    if len(ports) > 1:
        raise PortError(_("give one --port, or a table for many boards with --csv"))
    port = the_port(ports[0] if ports else None, "config")
    if show:
        return show_config(port)
    ask = prompt if sys.stdin.isatty() else None
    try:
        if improv:
            from .configure_improv import configure_by_improv

            print(configure_by_improv(port, changes, ask))
        else:
            print(configure(port, changes, replace, ask))
    except typer.Abort:
        print(_("\nNothing was written."))
        return 1
    return 0
