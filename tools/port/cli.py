"""The commands of `onenet` for a board at a serial port."""

import typer

app = typer.Typer(no_args_is_help=True)
