"""The commands `onenet console` and `onenet device`."""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..failures import failures_in_one_line
from ..language import _
from .product_cli import Data, do, products

if TYPE_CHECKING:  # they take a second to import
    from .model import Device
    from .platform import Platform
    from .studio.products import Product

_PORT = 6002  # for boards

app = typer.Typer(no_args_is_help=True)
devices = typer.Typer(no_args_is_help=True)
app.add_typer(
    devices,
    name="device",
    help="Add, list and remove the console's devices, while it runs or not; make devices at OneNET.",
)
app.add_typer(products, name="product", help="The same for its products of OneNET's current platform.")


@app.command()
def console(
    lan: Annotated[bool, typer.Option("--lan", help="Let boards and browsers on the network in.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="For boards; 0 is any free one.")] = _PORT,
    http_port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="For the web page and the HTTP API; 0 too.")
    ] = 8080,
    data: Data = None,
    pcap: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Record what boards say for Wireshark, passwords included.")
    ] = None,
    product: Annotated[
        str | None, typer.Option(metavar="ID", help="Make this the product id, from now on. At first: 458945.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help="Let pages of this origin, as http://localhost:5173, use the HTTP API with a key; may be repeated.",
        ),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Another limit of the current platform, or guess at either, as logins=100 or qos_2=refused;"
            " may be repeated.",
        ),
    ] = None,
    key: Annotated[bool, typer.Option("--key", help="Show the api-key and the other keys, and exit.")] = False,
    program: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Make packages for updates of the main.py in this folder, and what it imports from there.",
        ),
    ] = None,
) -> None:
    """Start a local OneNET: boards come online here, and a web page shows them. Until Ctrl-C.

    With --lan, others see the page, and change things with a password that is shown once; ONENET_CONSOLE_PASSWORD has
    one of your own.
    """
    from .database import StoreError
    from .failures import PlatformError
    from .store import read_account, read_product

    with failures_in_one_line(PlatformError, StoreError):
        if key:
            found = read_product(data)
            account = read_account(data)
            print(
                _("api-key            {master_key}\nregistration code  {register_code}").format(
                    master_key=found.master_key, register_code=found.register_code
                )
            )
            print(
                _("current platform   user id {user_id}, access key {user_key}").format(
                    user_id=account.user_id, user_key=account.user_key
                )
            )
            return

    for origin in allow_origin or ():
        if not re.fullmatch(r"https?://[^/\s]+", origin):
            raise typer.BadParameter(
                _("{origin!r} is not like http://localhost:5173").format(origin=origin), param_hint="--allow-origin"
            )

    if program and not (program / "main.py").is_file():
        raise typer.BadParameter(_("there is no main.py in {program}").format(program=program), param_hint="--program")

    from .console import ConsoleError, Options
    from .run import run

    with failures_in_one_line(ConsoleError, PlatformError, StoreError):
        password = _teachers_password() if lan else ""
        origins, rules = allow_origin or (), rule or ()
        options = Options(data, port, http_port, lan, pcap, product or "", password=password)
        run(replace(options, origins=origins, rules=rules, program=program))


@devices.command("add")
def add(
    title: Annotated[str, typer.Argument(help="Its name, up to 64 characters.")],
    product: Annotated[
        str | None, typer.Option(metavar="ID", help="A product of the current platform, see: onenet product.")
    ] = None,
    device_id: Annotated[str, typer.Option("--id", help="Digits. Default: made up.")] = "",
    auth_info: Annotated[
        str, typer.Option(help="Its secret; with --product its key, in base64. Default: made up.")
    ] = "",
    data: Data = None,
) -> None:
    """Add a device, and show the lines its config.json needs and the commands that bring a board online."""
    if product:
        of, made = do(data, lambda platform: _named(platform, product, title, auth_info))
        print(f'"platform": "{of.protocol.platform}",\n"device_name": {_quoted(made.name)},')
        print(f'"product_id": "{made.product_id}",')
        print(f'"device_key": "{made.auth_info}",')
        _show_steps(made, of.protocol.platform)
        return
    device = do(data, lambda platform: platform.add_device(title, auth_info, device_id))
    print(f'"device_id": "{device.id}",\n"product_id": "{device.product_id}",')
    print(f'"auth_info": {_quoted(device.auth_info)},')
    _show_steps(device, "legacy")


@devices.command("list")
def list_(
    auth_info: Annotated[bool, typer.Option("--auth-info", help="Show the devices' secrets, too.")] = False,
    data: Data = None,
) -> None:
    """List the devices. Whether they are online says: onenet status --local."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from .. import clock

    table = Table(
        _("device"),
        _("title"),
        _("added ({zone})").format(zone=clock.zone()),
        *(["auth_info"] if auth_info else []),
        box=None,
    )
    for device in do(data, lambda platform: platform.devices()):
        row = [device.id, escape(device.title), clock.in_table(device.created)[:16]]
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
            raise PlatformError(
                _("device {device_id} has {streams} data streams, which would be lost: --yes if so").format(
                    device_id=device_id, streams=streams
                )
            )
        platform.remove_device(device_id)

    do(data, take_away)


def _teachers_password() -> str:
    from .console import ConsoleError
    from .lock import SHORTEST_PASSWORD, new_password

    given = os.environ.get("ONENET_CONSOLE_PASSWORD", "")
    if given and len(given) < SHORTEST_PASSWORD:
        raise ConsoleError(
            _("ONENET_CONSOLE_PASSWORD: must have at least {shortest_password} characters").format(
                shortest_password=SHORTEST_PASSWORD
            )
        )
    return given or new_password()


def _named(platform: "Platform", product: str, name: str, key: str) -> "tuple[Product, Device]":
    """The product, and the device of this name added to it."""
    return platform.studio.products.find(product), platform.studio.add_device(product, name, "", key)


def _show_steps(device: "Device", platform: str) -> None:
    from .addresses import lan_addresses
    from .steps import steps_for

    host = (lan_addresses() or ["127.0.0.1"])[0]
    print(_("\nWith a board at this computer, and the console started with --lan:"))
    for step in steps_for(device, host, _PORT, platform):
        print(f"  {step}")


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)
