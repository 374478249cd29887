"""The commands of `onenet` for a board at a serial port."""

from pathlib import Path
from typing import Annotated

import typer

from ..failures import failures_in_one_line

app = typer.Typer(no_args_is_help=True)


@app.command()
def flash(
    port: Annotated[
        list[str] | None,
        typer.Option(metavar="PORT", help="The board's serial port; may be repeated. Default: the only one there is."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All boards at USB, at the same time.")] = False,
    image: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The .bin file to write. Default: the newest from micropython.org."),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The board as MicroPython names it. Default: the generic one for its chip."),
    ] = None,
    baud: Annotated[int, typer.Option(metavar="N", help="Bits a second on the line; 115200 is safest.")] = 460800,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before erasing.")] = False,
    site: Annotated[
        str,
        typer.Option(
            metavar="URL", help="Another place for the images.", envvar="ONENET_MICROPYTHON_SITE", show_envvar=False
        ),
    ] = "https://micropython.org",
) -> int:
    """Put MicroPython on a board. Erases all that is on it.

    Asks the chip what it is, takes the newest image for it, checks that it is
    whole and fits, erases, writes and verifies. What does not fit is refused
    with exit status 2, and nothing is erased.
    """
    from .errors import PortError
    from .flash_all import run_flash
    from .images import Images

    with failures_in_one_line(PortError):
        return run_flash(port or [], every, board, image, baud, yes, Images(site))
