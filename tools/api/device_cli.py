"""The command `onenet device create`: devices of the current platform by the dozen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..failures import failures_in_one_line
from ..language import _, ngettext
from .asking import Local, Url, where_is
from .failures import ApiError

if TYPE_CHECKING:
    from .fleet_file import FleetFile
    from .studio import StudioClient

EPILOG = (
    "The product's access_key comes from ONENET_ACCESS_KEY, with --user the user's from "
    "ONENET_USER_KEY; or it is kept by [bold]onenet login[/bold], or is asked for. A token "
    "is made with it on this computer, for an hour; boards get their own keys alone. A "
    "console that you have started on this computer needs no key."
)


def create(
    product: Annotated[str, typer.Option("--product", metavar="ID", help="The product, of the current platform.")],
    csv: Annotated[
        Path, typer.Option("--csv", metavar="FILE", help="The table for onenet config --csv: read, and filled in.")
    ],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Names, for rows that are not there yet.")
    ] = None,
    streams: Annotated[bool, typer.Option("--streams", help="The product has data streams, no thing model.")] = False,
    user: Annotated[
        str | None, typer.Option(metavar="ID", help="Ask as this user, with the user's access key, for any product.")
    ] = None,
    local: Local = False,
    url: Url = None,
) -> None:
    """Make devices at OneNET, and write their names and keys into the table for many boards.

    Each row of the table that has no device_key yet becomes a device: called
    device_name, or where that is empty by the MAC in the column board. One
    that exists already is taken as it is. The table is written after each, so
    that after an error the same command goes on where it stopped.
    """
    from .fleet_file import open_fleet
    from .key import find_token
    from .studio import StudioClient

    with failures_in_one_line(ApiError):
        fleet = open_fleet(csv)
        fleet.add(names or [])
        if not fleet.rows:
            raise ApiError(
                _("{csv} has no rows: fill in the column board or device_name, or give names").format(csv=csv)
            )
        fleet.prepare(product, "dp" if streams else "studio")
        where = where_is(local, url, product)
        with StudioClient(where, find_token(where, product, user or ""), product) as client:
            fleet.write()  # what can't be written is said before anything is made
            made, found = _fill(fleet, client)
    there = _("; {found} existed").format(found=found) if found else ""
    print(
        _("{count} made{there}; {count_2} in {csv}, with their keys: keep it to yourself").format(
            count=ngettext("{n} device", "{n} devices", made).format(n=made),
            there=there,
            count_2=len(fleet.rows),
            csv=csv,
        )
    )
    empty = sum(not row["board"] for row in fleet.rows)
    todo = (
        _("fill in the column board of {count} (a MAC or port), then ").format(
            count=ngettext("{n} row", "{n} rows", empty).format(n=empty)
        )
        if empty
        else ""
    )
    print(_("next: {todo}onenet config --csv {csv}").format(todo=todo, csv=csv))


def _fill(fleet: "FleetFile", client: "StudioClient") -> tuple[int, int]:
    """Returns how many were made, and how many were there already. Raises ApiError, which says how far it came."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    made = found = 0
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        done = sum(bool(row["device_key"]) for row in fleet.rows)
        task = progress.add_task(_("making devices"), total=len(fleet.rows), completed=done)
        for row in fleet.rows:
            if row["device_key"]:
                continue
            try:
                row["device_key"], is_new = client.create(row["device_name"])
                fleet.write()
            except ApiError as error:
                far = _("{done} of {count} rows are done; the same command goes on").format(
                    done=done + made + found, count=len(fleet.rows)
                )
                raise ApiError(str(error) + _("; ") + far) from error
            made, found = made + is_new, found + (not is_new)
            progress.update(task, advance=1, description=row["device_name"])
    return made, found
