"""The commands `onenet product …`: products of the current platform in the console's data file."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ..failures import failures_in_one_line
from ..language import _

if TYPE_CHECKING:  # they take a second to import
    from .platform import Platform
    from .studio.products import Product

T = TypeVar("T")
Data = Annotated[
    Path | None, typer.Option("--data", metavar="FILE", help="Data file, made if missing. Default: the user's.")
]
Id = Annotated[str, typer.Argument(metavar="ID", help="The product's id.")]
ModelFile = Annotated[Path, typer.Argument(metavar="FILE", help="A thing model (物模型) exported from OneNET.")]

products = typer.Typer(no_args_is_help=True)


@products.command("add")
def add(
    title: Annotated[str, typer.Argument(help="Its name. Default: its id.")] = "",
    product_id: Annotated[str, typer.Option("--id", help="8 to 32 letters and digits. Default: made up.")] = "",
    streams: Annotated[bool, typer.Option("--streams", help="With data streams instead of a thing model.")] = False,
    data: Data = None,
) -> None:
    """Add a product and show its id, for: onenet device add NAME --product ID."""
    from .studio.products import Protocol

    protocol = Protocol.STREAM if streams else Protocol.ONEJSON
    print(do(data, lambda platform: platform.studio.add_product(title, product_id, protocol)).id)


@products.command("list")
def list_(
    keys: Annotated[bool, typer.Option("--keys", help="Show the access_keys, too: they are secrets.")] = False,
    data: Data = None,
) -> None:
    """List the products of the current platform."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(_("product"), _("title"), _("data"), _("devices"), *(["access_key"] if keys else []), box=None)
    for product, devices in do(data, _counted):
        kind = _("thing model") if product.model else product.protocol.value
        row = [product.id, escape(product.title), kind, f"{devices}"]
        table.add_row(*row, *([product.access_key] if keys else []))
    Console(width=200 if keys else None).print(table)  # a key is for copying: in one line


@products.command("model")
def model(product_id: Id, file: ModelFile, data: Data = None) -> None:
    """Give a product a thing model: from then on, what its devices say is checked, and the page has its controls."""
    from ..model.thing_model import ModelError

    with failures_in_one_line(OSError, ModelError, UnicodeDecodeError):
        text = file.read_text(encoding="utf-8-sig")
        loaded = do(data, lambda platform: platform.studio.load_model(product_id, text))
    sizes = len(loaded.properties), len(loaded.events), len(loaded.services)
    print(_("{} properties, {} events, {} services").format(*sizes))


@products.command("remove")
def remove(
    product_id: Id,
    yes: Annotated[bool, typer.Option("--yes", help="Even if it has devices.")] = False,
    data: Data = None,
) -> None:
    """Remove a product with its devices and all their data."""
    from .failures import PlatformError

    def take_away(platform: "Platform") -> None:
        devices = len(platform.studio.devices(product_id))
        if devices and not yes:
            raise PlatformError(
                _("product {product_id} has {devices} devices, which would be lost: --yes if so").format(
                    product_id=product_id, devices=devices
                )
            )
        platform.studio.remove_product(product_id)

    do(data, take_away)


def do(data: Path | None, what: "Callable[[Platform], T]") -> T:
    """Does it to the data file; a console that uses the file notices."""
    import asyncio

    from .database import StoreError
    from .failures import PlatformError
    from .platform import open_platform
    from .store import default_file

    async def run() -> T:
        platform = open_platform(data or default_file())
        try:
            return what(platform)
        finally:
            await platform.stop()

    with failures_in_one_line(PlatformError, StoreError):
        return asyncio.run(run())


def _counted(platform: "Platform") -> "list[tuple[Product, int]]":
    return [(product, len(platform.studio.devices(product.id))) for product in platform.studio.products.all()]
