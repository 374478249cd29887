"""Which platform the commands ask, and as whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ..failures import failures_in_one_line
from ..language import _
from .failures import ApiError

if TYPE_CHECKING:  # httpx takes a moment to import
    from .client import Client
    from .studio import StudioClient

KEYS = (
    "The api-key comes from ONENET_API_KEY, with --product the product's access_key from "
    "ONENET_ACCESS_KEY; or it is kept by [bold]onenet login[/bold], or is asked for. A "
    "console that you have started on this computer needs none."
)

Local = Annotated[bool, typer.Option("--local", help="Ask the console on this computer: --url http://127.0.0.1:8080.")]
Url = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Ask the platform there. Default: https://api.heclouds.com, with --product https://iot-api.heclouds.com.",
    ),
]
ProductId = Annotated[
    str | None,
    typer.Option("--product", metavar="ID", help="A product of the current platform, whose devices have names."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def asking(local: bool, url: str | None, product: str | None) -> "Iterator[Client | StudioClient]":
    """The platform that was named; its errors become one line."""
    with failures_in_one_line(ApiError):
        where = where_is(local, url, product)
        with _current(where, product) if product else _old(where) as client:
            yield client


@contextmanager
def asking_product(local: bool, url: str | None, product: str) -> "Iterator[StudioClient]":
    """The same, of the current platform alone."""
    with failures_in_one_line(ApiError), _current(where_is(local, url, product), product) as client:
        yield client


def where_is(local: bool, url: str | None, product: str | None) -> str:
    from .client import LOCAL, PLATFORM
    from .requests import checked_url
    from .studio import PLATFORM as CURRENT

    return checked_url(url or (LOCAL if local else CURRENT if product else PLATFORM))


def only_device(client: "Client | StudioClient") -> str:
    from itertools import islice

    states = list(islice(client.devices(), 2))
    if len(states) == 1:
        return states[0].id
    if states:
        raise ApiError(_("there are several devices: say which one; onenet status lists them"))
    raise ApiError(_("there are no devices yet"))


def _old(where: str) -> "Client":
    from .client import Client
    from .key import find_key

    return Client(where, find_key(where))


def _current(where: str, product: str) -> "StudioClient":
    from .key import find_token
    from .studio import StudioClient

    return StudioClient(where, find_token(where, product), product)
