"""The commands of `onenet packet`."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..failures import failures_in_one_line
from .commands import COMMANDS, Command

app = typer.Typer(
    no_args_is_help=True, help="Build, read and send MQTT packets by hand, with the codec that runs on the board."
)

_OUTPUT = "Output"

ShowSecrets = Annotated[bool, typer.Option("--show-secrets", help="Show passwords, too.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print all there is to know as JSON.", rich_help_panel=_OUTPUT)]
Host = Annotated[str, typer.Argument(metavar="HOST", help="Name or address.")]
Port = Annotated[int, typer.Argument(metavar="PORT", min=1, max=65535, help="TCP port.")]
Timeout = Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Connect within so long.")]


def _print_built(
    data: bytes,
    as_hex: Annotated[
        bool, typer.Option("--hex", help="Print the bytes in hex, nothing else.", rich_help_panel=_OUTPUT)
    ] = False,
    as_c: Annotated[
        bool, typer.Option("--c-array", help="Print the bytes as an array of C.", rich_help_panel=_OUTPUT)
    ] = False,
    as_json: AsJson = False,
    picture: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE", help="Save what is printed as a picture.", rich_help_panel=_OUTPUT),
    ] = None,
) -> None:
    """A packet that somebody has built, who sees all of it, the password too."""
    from . import show
    from .explain import explain, hexdump

    explained = explain(data, show_secrets=True)
    if picture:
        with failures_in_one_line(OSError):
            show.save_picture(explained, picture, f"onenet packet {explained.type.lower()}")
    if as_hex:
        print(hexdump(data))
    elif as_c:
        print(show.c_array(explained))
    elif as_json:
        show.print_json(show.as_json(explained))
    else:
        show.print_packet(explained)


def _printing(command: Command) -> Callable[..., None]:
    """The command with the options of _print_built(), which prints what it returns."""
    output = list(inspect.signature(_print_built).parameters.values())[1:]

    def run(**options: Any) -> None:
        chosen = {parameter.name: options.pop(parameter.name) for parameter in output}
        _print_built(command(**options), **chosen)

    own = inspect.signature(command)
    functools.update_wrapper(run, command)
    run.__signature__ = own.replace(parameters=[*own.parameters.values(), *output])  # type: ignore[attr-defined]
    return run


for _command in COMMANDS:
    app.command(rich_help_panel="Build a packet")(_printing(_command))
