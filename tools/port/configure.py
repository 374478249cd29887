"""`onenet config`: brings together what a board has, what the user says and what is asked for, and writes config.json.

Secrets come from a prompt without echo, from the environment or from a file, and not from the command line, where the
shell's history and everybody who runs `ps` would have them.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import typer

from ..api.text import harmless
from .board_config import (
    Config,
    NotJson,
    first_ssid,
    known_keys,
    masked,
    parsed,
    password_of,
    problems,
    problems_of,
    to_file,
    value_from_text,
    with_network,
)
from .connection import Connection
from .errors import PortError
from .find import the_port
from .many import Report
from .texts import read_text
from .way_in import get_in

FILE = "/config.json"
WIFI_PASSWORD = "wifi_password"
SECRETS = {"ONENET_WIFI_PASSWORD": WIFI_PASSWORD, "ONENET_AUTH_INFO": "auth_info"}
"""Secrets by the names of the environment variables that give them."""
_QUESTIONS = {
    "device_id": "Device ID",
    "product_id": "Product ID",
    "auth_info": "Auth-info (or api-key) of the device",
}


@dataclass(frozen=True)
class Changes:
    """What the user has said."""

    ssid: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
    """WIFI_PASSWORD and auth_info, as far as they were given."""
    values: Mapping[str, object] = field(default_factory=dict)
    """Other keys of the configuration."""
    unset: tuple[str, ...] = ()

    def apply(self, config: Config) -> Config:
        """The configuration with these changes. A password without an ssid is for the first network."""
        unset = {*self.unset, "port"} if "host" in self.unset else self.unset  # the port is that host's
        changed = {key: value for key, value in config.items() if key not in unset}
        changed |= self.values
        if "auth_info" in self.secrets:
            changed["auth_info"] = self.secrets["auth_info"]
        ssid = self.ssid if self.ssid is not None else first_ssid(config)
        password = self.secrets.get(WIFI_PASSWORD)
        if ssid and (self.ssid is not None or password is not None) and "wifi" not in self.values:
            changed = with_network(changed, ssid, password)
        return changed

    @property
    def anything(self) -> bool:
        return bool(self.ssid is not None or self.secrets or self.values or self.unset)


def read_secrets(file: Path | None) -> dict[str, str]:
    """Secrets from the environment, and from lines auth_info=… and wifi_password=… in a file, `-` for stdin."""
    found = {name: os.environ[variable] for variable, name in SECRETS.items() if variable in os.environ}
    if file is None:
        return found
    text = sys.stdin.read() if str(file) == "-" else read_text(file)
    for number, line in enumerate(text.splitlines(), 1):
        name, equals, value = line.partition("=")
        if not line.strip() or line.startswith("#"):
            continue
        if not equals or name.strip() not in SECRETS.values():
            raise PortError(f"{file}, line {number}: must be {' or '.join(f'{n}=…' for n in SECRETS.values())}")
        found[name.strip()] = value
    return found


def parse_settings(settings: list[str]) -> dict[str, object]:
    """KEY=VALUE of the command line."""
    values: dict[str, object] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise PortError(f"--set {key}: must be KEY=VALUE, as keep_alive=240")
        if key not in known_keys():
            raise PortError(f"--set {key}: no such key; there are {', '.join(known_keys())}")
        if key == "auth_info":
            raise PortError("--set auth_info: a secret does not belong on the command line; see onenet config --help")
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
        why = "is no JSON object"
    except NotJson as error:
        config, why = None, str(error)
    if isinstance(config, dict):
        return config
    raise PortError(
        f"config.json on the board at {connection.port} {why}. Write it anew: onenet config --replace, "
        "or copy a better one: mpremote cp config.json :"
    )


def write_config(connection: Connection, config: Config) -> None:
    """In one step: whatever happens, the board has the old file or the new one."""
    connection.exec("import os")
    connection.write_file(f"{FILE}.new", to_file(config))
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
        raise PortError(f"the board at {port} has no config.json; write one: onenet config --port {port}")
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
                return _put(connection, complete(changes.apply(there), there, changes, None), there)
        connection.hard_reset()
        config = complete(changes.apply(there), there, changes, ask)
        get_in(connection, _say)
        with _going_on_afterwards(connection):
            return _put(connection, config, there)


def configure_row(connection: Connection, changes: Changes, replace: bool, report: Report) -> str:
    """The same for one of many boards, of which nobody is asked anything. The board is at its raw REPL."""
    report.stage("writing config.json")
    with _going_on_afterwards(connection):
        there = {} if replace else read_config(connection) or {}
        return _put(connection, complete(changes.apply(there), there, changes, None), there)


@contextlib.contextmanager
def _going_on_afterwards(connection: Connection) -> Iterator[None]:
    """Whatever goes wrong, the program on the board is started again."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(PortError):
            connection.hard_reset()
        raise


def _put(connection: Connection, config: Config, there: Config) -> str:
    if config == there:
        connection.hard_reset()
        return "config.json was like this already"
    write_config(connection, config)
    has_program = connection.exists("/main.py")
    connection.hard_reset()
    more = "the board starts with it" if has_program else f"next: onenet deploy --port {connection.port}"
    return f"config.json is written; {more}"


# Asking


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


def complete(config: Config, there: Config, changes: Changes, ask: Ask | None) -> Config:
    """The configuration with what was asked for, if anybody can be asked: what is missing, or with no changes at all,
    everything that matters. Raises PortError, with nothing secret in it, where something is missing or wrong."""
    if ask:
        config = _ask_for_network(config, there, changes, ask)
        for key, question in _QUESTIONS.items():
            if key not in config or not changes.anything or problems_of(key, config):
                config = _ask_for_key(config, key, question, ask)
    elif changes.ssid and WIFI_PASSWORD not in changes.secrets and password_of(there, changes.ssid) is None:
        raise PortError(
            f"nothing was written: the password of {changes.ssid} is missing; give it in ONENET_WIFI_PASSWORD, "
            "empty for an open network"
        )
    found = problems(config)
    if found:
        raise PortError(f"nothing was written: {'; '.join(found)}{_hint(config)}")
    return config


def _ask_for_network(config: Config, there: Config, changes: Changes, ask: Ask) -> Config:
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


def _ask_for_key(config: Config, key: str, question: str, ask: Ask) -> Config:
    default = config.get(key)
    while True:
        answer = ask(question, default if isinstance(default, str) else "", key == "auth_info")
        asked = config | {key: answer}
        wrong = problems_of(key, asked)
        if not wrong:
            return asked
        typer.echo("  " + "; ".join(wrong), err=True)
        default = None


def _hint(config: Config) -> str:
    """How to say what is missing, where nobody can be asked."""
    missing = [
        words
        for key, words in (
            ("wifi", "--ssid and ONENET_WIFI_PASSWORD"),
            ("device_id", "--device-id"),
            ("product_id", "--product-id"),
            ("auth_info", "ONENET_AUTH_INFO"),
        )
        if key not in config
    ]
    return f" (give {', '.join(missing)})" if missing else ""


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
) -> int:
    """Does what the command line says; returns the exit status. Raises PortError.

    `options`: ssid, device_id, product_id, host and trace, None where not given.
    """
    values = parse_settings(settings)
    values |= {key: options[key] for key in ("device_id", "product_id", "trace") if options[key] is not None}
    values |= _address(str(options["host"])) if options["host"] is not None else {}
    ssid = options["ssid"]
    changes = Changes(None if ssid is None else str(ssid), read_secrets(secrets), values, tuple(unset))
    if csv is not None:
        from .fleet import run_fleet

        return run_fleet(csv, ports, changes, replace)
    if len(ports) > 1:
        raise PortError("give one --port, or a table for many boards with --csv")
    port = the_port(ports[0] if ports else None, "config")
    if show:
        return show_config(port)
    try:
        print(configure(port, changes, replace, prompt if sys.stdin.isatty() else None))
    except typer.Abort:
        print("\nNothing was written.")
        return 1
    return 0


def _address(text: str) -> dict[str, object]:
    """HOST[:PORT] as keys of the configuration."""
    host, colon, port = text.rpartition(":")
    if not colon:
        return {"host": text}
    if not port.isdigit():
        raise PortError(f"--host {text}: must be HOST or HOST:PORT, as 192.168.1.2:6002")
    return {"host": host, "port": int(port)}
