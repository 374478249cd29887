"""The commands `onenet console` and `onenet device`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ..failures import failures_in_one_line

if TYPE_CHECKING:  # they take a second to import
    from .platform import Platform

T = TypeVar("T")
Data = Annotated[
    Path | None, typer.Option("--data", metavar="FILE", help="Data file, made if missing. Default: the user's.")
]

app = typer.Typer(no_args_is_help=True)
devices = typer.Typer(no_args_is_help=True)
app.add_typer(devices, name="device", help="Add, list and remove the console's devices, while it runs or not.")


@app.command()
def console(
    lan: Annotated[bool, typer.Option("--lan", help="Let boards and browsers on the network in.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="For boards.")] = 6002,
    http_port: Annotated[int, typer.Option(min=1, max=65535, help="For the web page and the HTTP API.")] = 8080,
    data: Data = None,
    pcap: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Record what boards say for Wireshark, passwords included.")
    ] = None,
    product: Annotated[
        str | None, typer.Option(metavar="ID", help="Make this the product id, from now on. At first: 458945.")
    ] = None,
    key: Annotated[bool, typer.Option("--key", help="Show the api-key and the registration code, and exit.")] = False,
) -> None:
    """Start a local OneNET: boards come online here, and a web page shows them. Until Ctrl-C."""
    from .database import StoreError
    from .failures import PlatformError
    from .store import read_product

    with failures_in_one_line(PlatformError, StoreError):
        if key:
            found = read_product(data)
            print(f"api-key            {found.master_key}\nregistration code  {found.register_code}")
            return

    from .console import ConsoleError, Options
    from .run import run

    with failures_in_one_line(ConsoleError, PlatformError, StoreError):
        run(Options(data, port, http_port, lan, pcap, product or ""))


@devices.command("add")
def add(
    title: Annotated[str, typer.Argument(help="Its name, up to 64 characters.")],
    device_id: Annotated[str, typer.Option("--id", help="Digits. Default: made up.")] = "",
    auth_info: Annotated[str, typer.Option(help="No two devices may have the same. Default: made up.")] = "",
    data: Data = None,
) -> None:
    """Add a device and show the three lines its config.json needs."""
    device = _do(data, lambda platform: platform.add_device(title, auth_info, device_id))
    print(f'"device_id": "{device.id}",\n"product_id": "{device.product_id}",')
    print(f'"auth_info": {_quoted(device.auth_info)},')


@devices.command("list")
def list_(
    auth_info: Annotated[bool, typer.Option("--auth-info", help="Show the devices' secrets, too.")] = False,
    data: Data = None,
) -> None:
    """List the devices. Whether they are online says: onenet status --local."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("device", "title", "added", *(["auth_info"] if auth_info else []), box=None)
    for device in _do(data, lambda platform: platform.devices()):
        row = [device.id, escape(device.title), f"{device.created.astimezone():%Y-%m-%d %H:%M}"]
        table.add_row(*row, *([escape(device.auth_info)] if auth_info else []))
    Console().print(table)


@devices.command("remove")
def remove(
    device_id: Annotated[str, typer.Argument(metavar="ID")],
    yes: Annotated[bool, typer.Option("--yes", help="Even if it has data points.")] = False,
    data: Data = None,
) -> None:
    """Remove a device with all its data points and commands, and drop its connection."""
    from .failures import PlatformError

    def take_away(platform: "Platform") -> None:
        streams = len(platform.streams(device_id))
        if streams and not yes:
            raise PlatformError(f"device {device_id} has {streams} data streams, which would be lost: --yes if so")
        platform.remove_device(device_id)

    _do(data, take_away)


def _do(data: Path | None, what: "Callable[[Platform], T]") -> T:
    """Does it to the data file; a console that uses the file notices."""
    import asyncio

    from .database import StoreError
    from .failures import PlatformError
    from .platform import open_platform
    from .store import default_file

    async def do() -> T:
        platform = open_platform(data or default_file())
        try:
            return what(platform)
        finally:
            await platform.stop()

    with failures_in_one_line(PlatformError, StoreError):
        return asyncio.run(do())


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)
