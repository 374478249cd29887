"""The command `onenet demo`."""

from pathlib import Path
from typing import Annotated

import typer

from ..failures import failures_in_one_line

app = typer.Typer(no_args_is_help=True)


@app.command()
def demo(
    seconds: Annotated[
        float | None,
        typer.Option(min=1, help="End after so long; exit status 0 only if all went well. Default: until Ctrl-C."),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the board's page in your browser.")] = False,
    screenshot: Annotated[
        Path,
        typer.Option(metavar="FILE", help="With --seconds, and if Chromium is there: a picture of the page."),
    ] = Path("build", "console.png"),
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Show passwords, too.")] = False,
) -> int:
    """Watch a board come online at a local OneNET, send data and obey commands: on this computer, without hardware."""
    from ..board import BoardError
    from ..console.console import ConsoleError
    from ..console.store import StoreError
    from .run import run_demo

    with failures_in_one_line(BoardError, ConsoleError, StoreError):
        return run_demo(seconds, show_secrets, picture=screenshot, open_page=open_page)
