"""The commands of `onenet packet`."""

import typer

app = typer.Typer(no_args_is_help=True)
