"""The commands of `onenet` for devices with a thing model: set and call."""

import json
from typing import Annotated, Any

import typer

from ..failures import failures_in_one_line
from ..language import _
from .asking import KEYS, Local, Url, asking_product
from .failures import ApiError

app = typer.Typer()

Product = Annotated[str, typer.Option("--product", metavar="ID", help="The product, of OneNET's current platform.")]
Device = Annotated[str, typer.Argument(metavar="DEVICE", help="The device's name.")]


@app.command("set", epilog=KEYS)
def set_(
    device: Device,
    values: Annotated[list[str], typer.Argument(metavar="ID=VALUE", help="As light=true level=5 label=north.")],
    product: Product,
    desired: Annotated[
        bool, typer.Option("--desired", help="Keep the values for the device, which fetches them when it comes online.")
    ] = False,
    local: Local = False,
    url: Url = None,
) -> None:
    """Set properties of a device, and wait up to 10 s until it says that it has."""
    with failures_in_one_line(ApiError):
        wanted = _values(values)
    with asking_product(local, url, product) as client:
        if desired:
            client.set_desired(device, wanted)
        else:
            client.set(device, wanted)


@app.command(epilog=KEYS)
def call(
    device: Device,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service's identifier.")],
    product: Product,
    inputs: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Its inputs.")] = None,
    local: Local = False,
    url: Url = None,
) -> None:
    """Call a service of a device and print its outputs as JSON."""
    from .text import harmless

    with failures_in_one_line(ApiError):
        wanted = _values(inputs or [])
    with asking_product(local, url, product) as client:
        print(harmless(json.dumps(client.call(device, service, wanted), ensure_ascii=False)))


def _values(pairs: list[str]) -> dict[str, Any]:
    """JSON where it is some, else text. Raises ApiError."""
    values = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not name or not equals:
            raise ApiError(_("{pair!r} is not NAME=VALUE").format(pair=pair))
        try:
            values[name] = json.loads(text)
        except (ValueError, RecursionError):
            values[name] = text
    return values
