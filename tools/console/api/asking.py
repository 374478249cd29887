"""One request, with the platform it asks, and what the key that it shows lets it do."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from starlette.requests import Request

from ..asked import MOST_BODY, number_in, object_in, read_body
from ..dialect import shown
from ..failures import AuthFailed, KeyRequired, UnknownDevice
from ..model import Device
from ..platform import Platform
from ..studio.token import DEVICE_VERSION, Key, TokenError, check, parse


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for; numbered from 1."""

    number: int
    size: int

    def of(self, found: list[Any]) -> list[Any]:
        return found[(self.number - 1) * self.size : self.number * self.size]


class Asking:
    """A request of somebody with an api-key, or a token made with it: the product's, which may do everything, a
    device's own, which may do all that is about this device, or one that was made by POST /keys [API usage]."""

    def __init__(self, platform: Platform, request: Request) -> None:
        self.platform = platform
        self.request = request

    # What it asks

    def param(self, name: str) -> str:
        """Of the query; empty if it is not there."""
        return self.request.query_params.get(name, "")

    def path(self, name: str) -> str:
        value: str = self.request.path_params[name]
        return value

    async def body(self, most: int = MOST_BODY) -> bytes:
        return await read_body(self.request, most)

    async def object(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        return object_in(await self.body())

    def page(self, default: int, most: int) -> Page:
        number = number_in(self.request, "page", 1, 1, 10000)
        return Page(number, number_in(self.request, "per_page", default, 1, most))

    # What it may

    @cached_property
    def _key(self) -> str:
        key = self.request.headers.get("api-key")
        if key:
            return key
        token = self.request.headers.get("authorization")
        if not token:
            raise KeyRequired
        try:
            return self._key_of(token)
        except TokenError as error:
            raise AuthFailed(str(error)) from error

    def _key_of(self, text: str) -> str:
        """The key that a token is made with: products/{id} takes the product's, products/{id}/devices/{id} the
        device's own. In the documents of the MQTT物联网套件 it is in place of the key."""
        token = parse(text.encode())
        product, _, device_id = token.res.partition("/devices/")
        credentials = self.platform.store.credentials(device_id) if device_id else None
        if product != f"products/{self.platform.product_id}" or (device_id and credentials is None):
            whose = f"products/{self.platform.product_id}"
            raise TokenError("res", f"{shown(token.res)} must be {whose}, or {whose}/devices/{{device id}}")
        of_product = Key("the product's key", self.platform.master_key)
        key = Key("the device's own key", credentials.api_key) if credentials else of_product
        check(token, [DEVICE_VERSION], key, lambda: [of_product])
        return key.text

    @cached_property
    def is_product(self) -> bool:
        """It shows the product's key."""
        return hmac.compare_digest(self._key.encode(), self.platform.master_key.encode())

    def allow_product(self) -> None:
        """Lets through who shows the product's key."""
        if not self.is_product:
            raise AuthFailed

    def allow(self, device_id: str, streams: Iterable[str] | None = None) -> None:
        """Lets through who may do this with the device; streams: if it is about these alone."""
        if self.is_product:
            return
        device = self.platform.device_of_key(self._key)
        if device is not None and device.id == device_id:
            return
        made = self.platform.store.keys.find(self._key)
        if made is None or not made.allows(self.request.method.lower(), device_id, streams):
            raise AuthFailed

    # Whom it is about

    def device(self, streams: Iterable[str] | None = None) -> Device:
        """The device of the path, once it may be asked about."""
        device_id = self.path("id")
        self.allow(device_id, streams)
        return self.found(device_id)

    def found(self, device_id: str) -> Device:
        """A device of this platform: those of the current one are not known here. Raises UnknownDevice."""
        device = self.platform.device(device_id)
        if device.is_studio:
            raise UnknownDevice(device_id)
        return device

    def all(self) -> list[Device]:
        return [device for device in self.platform.devices() if not device.is_studio]
