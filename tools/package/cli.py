"""`onenet package` and `onenet push`."""

from pathlib import Path
from typing import Annotated

import typer

from ..api.asking import KEYS, Local, Url, asking
from ..api.failures import ApiError
from ..failures import failures_in_one_line
from ..language import _

app = typer.Typer(no_args_is_help=True)


@app.command(epilog=KEYS)
def push(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="[DEVICE] FILE",
            help="Device ID, or PRODUCT:NAME on the current platform; and what onenet package has made.",
        ),
    ],
    table: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="TABLE",
            help="In place of DEVICE: one in each row, column device_id, or product_id and device_name.",
        ),
    ] = None,
    waves: Annotated[
        str,
        typer.Option(metavar="LIST", help="With --csv: how many boards at a time. None begins after one has failed."),
    ] = "1,10%,all",
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="URL", help="The file lies there, http://…, where the board can reach it: for the cloud."
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="Watch each board so long.")] = 900,
    local: Local = False,
    url: Url = None,
) -> int:
    """Update a board over the air, or many, and see what comes of it.

    A console keeps the file, and the board fetches it from there. For the
    cloud, put the file on a web server of yours, and say where with --at.
    Many boards are updated in waves; those that have the version already are
    left alone, so that the same command goes on where it was.
    Exit status 0: the new program is online and stays; 1: a board is back
    with the old one, or has not told; 2: not understood.
    """
    from ..api.push import run_push
    from ..api.push_fleet import run_push_fleet

    if len(what) != (1 if table else 2):
        raise typer.BadParameter(
            _("with --csv give the package alone") if table else _("give a device and the package")
        )
    file = Path(what[-1])
    with asking(local, url, None) as client, failures_in_one_line(ApiError, OSError):
        if not at and not local and not url:
            raise ApiError(
                _("OneNET keeps no packages: put the file on a web server, and say where with --at; or --local")
            )
        if table:
            return run_push_fleet(client, table, file, waves, at, timeout)  # type: ignore[arg-type]
        return run_push(client, what[0], file, at, timeout)  # type: ignore[arg-type]


@app.command()
def package(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE", help="Your program, as for onenet deploy. Default: ./main.py, else the example."
        ),
    ] = None,
    chip: Annotated[
        str, typer.Option(metavar="NAME", help="For boards with this chip: esp8266, esp32, esp32s3, esp32c3, …")
    ] = "esp32",
    version: Annotated[
        str | None, typer.Option("--version", metavar="TEXT", help="Of your program, as 1.4. Default: this tool's own.")
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="An older package: take only what boards with that one lack."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key-file", metavar="FILE", help="Where the boards' update_key is, to sign with; else ONENET_UPDATE_KEY."
        ),
    ] = None,
    source: Annotated[bool, typer.Option("--source", help="Modules as .py, which the boards compile.")] = False,
    stays: Annotated[
        int, typer.Option(metavar="SECONDS", min=1, max=3600, help="How long it has to stay online to be trusted.")
    ] = 60,
    patience: Annotated[
        int, typer.Option(metavar="SECONDS", min=2, max=86400, help="How long it may take for that altogether.")
    ] = 600,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: build/package/VERSION-CHIP.pkg.")
    ] = None,
    show: Annotated[
        Path | None, typer.Option("--show", metavar="FILE", help="Only tell what is in this package.")
    ] = None,
) -> int:
    """Make one file with the program, for boards that are updated over the air.

    It holds what onenet deploy would send: modules as .mpy for the chip's
    processor, on an ESP8266 a ROMFS. Boards take it by the command update, or
    by device.update(). With a key it is signed, and a board that has
    "update_key" in its config.json takes no other.
    """
    from ..port.errors import PortError
    from .making import Wanted, make, show_package

    with failures_in_one_line(PortError, OSError):
        if show:
            return show_package(show, key)
        return make(files or [], Wanted(chip, version, base, key, source, stays, patience, output))
