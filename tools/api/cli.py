"""The commands of `onenet` that ask the platform: status, points, send."""

import typer

app = typer.Typer(no_args_is_help=True)
