"""The commands of `onenet` for a board that nobody can reach: log and act."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..failures import complain
from ..language import _
from .asking import KEYS, Local, ProductId, Url, asking
from .failures import ApiError

if TYPE_CHECKING:
    from .afar import Board

app = typer.Typer(no_args_is_help=True)

KEY = "ONENET_REMOTE_KEY"
ACTS = ("restart", "safe-mode", "measure", "config")
_PAUSE = 2.0  # seconds between two looks at a log
_START = 60  # seconds a board may take to be online again

Device = Annotated[str, typer.Argument(metavar="DEVICE", help="Device ID; its name with --product.")]


@app.command("log", epilog=KEYS)
def log_(
    device: Device,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on, until Ctrl-C.")] = False,
    crashes: Annotated[bool, typer.Option("--crashes", help="Also what its program has failed with, first.")] = False,
    product: ProductId = None,
    local: Local = False,
    url: Url = None,
) -> None:
    """Show the last lines of a board's log, from afar.

    Its config.json says how many bytes it keeps: "log": 2048. No password,
    token or key of its config.json is in them.
    """
    from .afar import Board

    with asking(local, url, product) as client:
        board = Board(client, device)
        if crashes:
            _print(board.crashes())
        place = _show(board, "")
        while follow:
            time.sleep(_PAUSE)
            try:
                place = _show(board, place)
            except ApiError as error:
                complain(str(error))  # it may come again


def _show(board: "Board", place: str) -> str:
    reached = place
    for reached, lines, is_new in board.log(place):  # noqa: B007 - the last one is the result
        if is_new:
            print(_("-- the board has started anew"), file=sys.stderr)
        _print(lines)
    return reached


def _print(lines: str) -> None:
    from .text import harmless

    print(harmless(lines, keep="\n\t"), end="", flush=True)


@app.command(epilog=KEYS)
def act(
    device: Device,
    what: Annotated[str, typer.Argument(metavar="ACT", help="restart, safe-mode, measure, or config.")],
    setting: Annotated[
        str | None, typer.Argument(metavar="KEY=VALUE", help="For config; KEY= for its default.")
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=f"Where the board's remote_key is; else {KEY}, or it is asked for."),
    ] = None,
    within: Annotated[
        int, typer.Option(min=10, max=3600, metavar="SECONDS", help="For config: undone if not online by then.")
    ] = 300,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is online again.")] = True,
    product: ProductId = None,
    local: Local = False,
    url: Url = None,
) -> int:
    """Tell a board to do something, signed with its remote_key.

    restart: it starts anew. safe-mode: its main.py does not run for ten
    minutes; it is online, takes updates and acts. measure: it measures all
    its streams now. config: it changes a key of config.json, restarts, and
    takes the change back if it is not online with it in time. A VALUE that is
    secret is read from standard input: KEY=-. Exit status 0: done; 1: not
    done, or undone again.
    """
    from .afar import Board, Refused

    with asking(local, url, product) as client:
        words = _words(what, setting, within)
        key = _key(key_file)
        board = Board(client, device)
        try:
            board.act(words, key)
        except Refused as error:
            complain(str(error))
            return 1
        if what == "measure" or not wait:
            print(_("done"))
            return 0
        status = board.wait(within + _START if what == "config" else _START)
        if what == "config" and "change" in status:
            complain(_("device {device}: {status}").format(device=device, status=status["change"]))
            return 1
        print(_("online again"))
        return 0


def _words(what: str, setting: str | None, within: int) -> str:
    """What is signed. Raises ApiError."""
    if what not in ACTS:
        raise ApiError(_("there is no act {what!r}; there are {acts}").format(what=what, acts=", ".join(ACTS)))
    if what != "config":
        if setting is not None:
            raise ApiError(_("{what} takes nothing more").format(what=what))
        return what
    name, equals, value = (setting or "").partition("=")
    if not name or not equals:
        raise ApiError(_("say which key, and its value: onenet act DEVICE config KEY=VALUE"))
    from ..port.board_config import PROOFS, known_keys

    if name not in known_keys():
        raise ApiError(
            _("config.json has no key {name!r}; there are {known_keys}").format(
                name=name, known_keys=", ".join(known_keys())
            )
        )
    if name in (*PROOFS, "wifi") and value != "-":
        raise ApiError(
            _("a secret does not belong on the command line: {name}=- reads it from standard input").format(name=name)
        )
    if value == "-":
        value = sys.stdin.readline().rstrip("\r\n")
    return f"config {within} {name}={value}"


def _key(file: Path | None) -> str:
    """The board's remote_key. Raises ApiError."""
    if file:
        try:
            key = file.read_text("utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise ApiError(f"{file}: {error}") from error
    else:
        key = os.environ.get(KEY) or typer.prompt("remote_key", hide_input=True, err=True)
    if not 16 <= len(key) <= 64:
        raise ApiError(_("a remote_key has 16 to 64 characters"))
    return key
