"""A request of the current platform's HTTP API: its parameters, in the query of a GET or the JSON of a POST."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from ..asked import object_in, read_body
from ..database import utc
from ..failures import PlatformError
from ..model import Device
from .failures import BadParameter

if TYPE_CHECKING:
    from ..platform import Platform

_LATEST = 253_402_300_799_999  # milliseconds: the end of the year 9999


class Asked:
    """What is asked for, by whom. Raises what is in failures.py."""

    def __init__(self, platform: "Platform", header: str, values: dict[str, Any]) -> None:
        self.platform = platform
        self._header = header
        self._values = values

    def value(self, name: str, default: Any = ...) -> Any:
        """Raises BadParameter where there is none, and no default."""
        value = self._values.get(name, default)
        if value is ...:
            raise BadParameter(f"{name} is required")
        return value

    def text(self, name: str, default: Any = ...) -> Any:
        value = self.value(name, default)
        if value is not default and (not isinstance(value, str) or not value):
            raise BadParameter(f"{name}: must be text")
        return value

    def number(self, name: str, default: Any, least: int, most: int) -> int:
        value = self.value(name, default)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise BadParameter(f"{name}: must be a number from {least} to {most}")
        return value

    def page(self) -> tuple[int, int]:
        """offset and limit, which is 1 to 100 [API list]."""
        return self.number("offset", 0, 0, 10**9), self.number("limit", 10, 1, 100)

    def period(self) -> tuple[datetime, datetime]:
        """start_time and end_time, both required; the end belongs to it."""
        start, end = self.number("start_time", ..., 0, _LATEST), self.number("end_time", ..., 0, _LATEST)
        return utc(start * 1000), utc(end * 1000 + 1000)

    def account(self) -> None:
        """Lets through who shows the account's token. Raises NotAuthorised."""
        self.allow("", change=True)

    def allow(self, product_id: str, name: str = "", change: bool = False) -> None:
        """Lets through who may know of this device, or this product, or change it. Raises NotAuthorised."""
        self.platform.studio.authorise(self._header, product_id, name, change)

    def product(self, change: bool = False) -> str:
        """The id of the product in question, which is there. Raises NotAuthorised, too."""
        product_id: str = self.text("product_id")
        self.allow(product_id, change=change)
        return self.platform.studio.products.find(product_id).id

    def device(self, change: bool = False) -> Device:
        """The device in question. Raises NotAuthorised, too."""
        product_id, name = self.text("product_id"), self.text("device_name")
        self.allow(product_id, name, change)
        return self.platform.studio.device(product_id, name)


async def asked(platform: "Platform", request: Request) -> Asked:
    """Raises PlatformError."""
    values: dict[str, Any] = dict(request.query_params)
    if request.method == "POST":
        try:
            values = object_in(await read_body(request))
        except PlatformError as error:
            raise BadParameter(str(error)) from error
    return Asked(platform, request.headers.get("authorization", ""), values)
