"""Brings together what a board has, what the user says and what is asked for, and writes config.json."""

import contextlib
import json
from collections.abc import Iterator

import typer

from ..language import _
from .asking import Ask, asked, checked, complete
from .board_config import Config, masked, problems
from .certificate import ask_for_ca, bring_ca
from .changes import CA_FILE, Changes
from .config_file import read_config, write_config
from .connection import Connection
from .errors import PortError
from .inventory import ESP8266, identify
from .many import Report
from .way_in import get_in


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
