"""The current platform in the console: who may log in, and whose key a token is to be made with."""

import json
import re
import time
from typing import TYPE_CHECKING

from ...language import _
from ...model.thing_model import ThingModel, read_model
from ..dialect import Connect, Ended, Refused, shown
from ..failures import PlatformError
from ..model import Device
from .calls import Calls
from .failures import BadParameter, DeviceExists, NotAuthorised, UnknownName, UnknownProduct
from .own_topics import OwnTopics
from .products import Product, Protocol, check_key, new_device_key
from .rules import Rate, Rules
from .stream_dialect import StreamDialect
from .thing_dialect import ThingDialect
from .things import Things
from .token import ACCOUNT_VERSION, DEVICE_VERSION, Key, Token, TokenError, check, parse

if TYPE_CHECKING:
    from ..platform import Platform
    from ..registry import Link

_REFUSED = 4  # CONNACK for a wrong name, product, key or token, and for one that has expired [manual], [seen]
_UNAVAILABLE = 3
_KEEP_ALIVE = range(10, 1801)  # seconds [manual]
_NAME = re.compile(r"[^\s/+#&=?%:]{1,64}")
"""What a device may be called. The platform's own rule is not documented; the letters of topics and tokens are out."""
_DEVICE_RES = re.compile(r"products/([^/]+)/devices/([^/]+)")


class Studio:
    """Products, devices and account of the current platform."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform
        self.products = platform.store.products
        self.calls = Calls(platform)
        self.things = Things(platform)
        self.rules = Rules()
        """Limits, and what is made of what nobody knows. To be changed before devices come."""
        self._logins: dict[str, Rate] = {}  # by device
        self._models: dict[str, ThingModel] = {}  # by the text they were read from

    # Products and devices

    def add_product(
        self, title: str = "", product_id: str = "", protocol: Protocol = Protocol.ONEJSON, access_key: str = ""
    ) -> Product:
        """Adds one; makes up what is empty. Raises BadParameter."""
        product = self.products.add(title, product_id, protocol, access_key)
        self._platform.look_at_products()
        return product

    def remove_product(self, product_id: str) -> None:
        """Removes it with its devices and all their data. Raises UnknownProduct."""
        self.products.find(product_id)
        for device in self.devices(product_id):
            self._platform.remove_device(device.id)
        self.products.remove(product_id)
        self._platform.look_at_products()

    def model(self, product_id: str) -> ThingModel | None:
        """The thing model of a product; None where no file was loaded. Raises UnknownProduct."""
        text = self.products.find(product_id).model
        if text is None:
            return None
        if text not in self._models:
            self._models = {text: read_model(text)}
        return self._models[text]

    def load_model(self, product_id: str, text: str) -> ThingModel:
        """Gives a product a thing model. Raises UnknownProduct, BadParameter and ModelError."""
        if self.products.find(product_id).protocol is not Protocol.ONEJSON:
            raise BadParameter(_("product {product_id} has data streams, no thing model").format(product_id=product_id))
        model = read_model(text)
        self.products.set_model(product_id, text)
        self._platform.look_at_products()
        return model

    def devices(self, product_id: str) -> list[Device]:
        """Those of a product, by name."""
        found = [device for device in self._platform.devices() if device.is_studio and device.product_id == product_id]
        return sorted(found, key=lambda device: device.name)

    def device(self, product_id: str, name: str) -> Device:
        """Raises UnknownProduct and UnknownName."""
        self.products.find(product_id)
        try:
            return self._platform.device(f"{product_id}:{name}")
        except PlatformError as error:
            raise UnknownName(name) from error

    def inform_of_update(self, device: Device, task: int) -> None:
        """Tells it that there is a task, where it has subscribed to that; or else it finds it when it asks."""
        link = self._platform.link(device.id)
        if link:
            text = json.dumps({"id": str(task), "version": "1.0", "params": {"tid": task}})
            link.deliver(f"$sys/{device.product_id}/{device.name}/ota/inform", text.encode())

    def add_device(self, product_id: str, name: str, title: str = "", key: str = "") -> Device:
        """Adds one, with a key of its own if none is given. Raises PlatformError."""
        self.products.find(product_id)
        if not _NAME.fullmatch(name) or not name.isprintable():
            raise BadParameter(_("device name: must be 1 to 64 characters, without spaces and / + # & = ? % :"))
        if self._platform.knows(f"{product_id}:{name}"):
            raise DeviceExists(_("device already exists: {name}").format(name=name))
        if key:
            check_key("key", key)
        return self._platform.add_named(f"{product_id}:{name}", title or name, key or new_device_key())

    # Logging in

    def is_meant(self, username: str) -> bool:
        """Whether a CONNECT with this user name is one of the current platform: its products have a letter."""
        return any(character.isalpha() for character in username)

    def welcome(self, connect: Connect, link: "Link") -> tuple[str, OwnTopics]:
        """The device that logs in so, and what to speak with it.

        Raises Refused; for what there is no return code for, Ended: the flags must be 0xC2, and a keep alive outside
        of 10 to 1800 s is dropped [manual], [B docs].
        """
        try:
            product = self.products.find(connect.username)
        except UnknownProduct as error:
            words = _("user name {shown}: no product has this id; onenet product add --id makes it").format(
                shown=shown(connect.username)
            )
            raise Refused(_REFUSED, words) from error
        try:
            device = self.device(product.id, connect.client_id)
        except UnknownName as error:
            words = _("client id {shown}: product {id} has no device of this name").format(
                shown=shown(connect.client_id), id=product.id
            )
            raise Refused(_REFUSED, words) from error
        if connect.will:
            raise Ended(_("OneNET has no will: the will flags of CONNECT must be 0"))
        if not connect.clean_session:
            raise Ended(_("CONNECT without clean session: OneNET keeps no sessions"))
        if connect.keep_alive not in _KEEP_ALIVE:
            raise Ended(_("keep alive {keep_alive} s: must be 10 to 1800 s").format(keep_alive=connect.keep_alive))
        if self.rules.refused_logins_count:
            self._count_login(device)
        try:
            self._check_password(product, device, connect.password)
        except TokenError as error:
            raise Refused(_REFUSED, _("password: {error}").format(error=error), device.id) from error
        if not self.rules.refused_logins_count:
            self._count_login(device)
        speaks = ThingDialect if product.protocol is Protocol.ONEJSON else StreamDialect
        return device.id, speaks(self._platform, device, link)

    def new_key(self, device: Device, key: str = "") -> Device:
        """Gives the device another key, its own or a new one; who is online stays so. Raises BadParameter."""
        if key:
            check_key("key", key)
        return self._platform.edit_device(device.id, auth_info=key or new_device_key())

    def _count_login(self, device: Device) -> None:
        """Raises Refused or Ended where it is one too many."""
        rules = self.rules
        rate = self._logins.setdefault(device.id, Rate(rules.login_span))
        if rate.take(time.monotonic()) > rules.logins:
            words = _("more than {logins} log-ins within {login_span:g} s").format(
                logins=rules.logins, login_span=rules.login_span
            )
            if rules.login_excess == "closed":
                raise Ended(words)
            raise Refused(_UNAVAILABLE, words, device.id)

    def _check_password(self, product: Product, device: Device, password: bytes) -> None:
        """With the device's key for its own resource, or with the product's access_key for the product, and so for any
        of its devices (一型一密) [manual], [seen]; no other version is documented. Raises TokenError."""
        keys = {
            f"products/{product.id}/devices/{device.name}": Key(_("the device's key"), device.auth_info),
            f"products/{product.id}": Key(_("the product's access_key"), product.access_key),
        }
        for key in keys.values():
            if password == key.text.encode():
                raise TokenError("token", _("is {owner} itself; a token is made with it").format(owner=key.owner))
        token = parse(password)
        if token.res not in keys:
            raise TokenError("res", _("{shown} must be {keys}").format(shown=shown(token.res), keys=" or ".join(keys)))
        check(token, [DEVICE_VERSION], keys[token.res], keys.values)

    # The HTTP API

    def authorise(self, header: str, product_id: str, name: str = "", change: bool = True) -> None:
        """Lets through who shows a token for this product, or for this device of it. Raises NotAuthorised.

        The account's key opens all products, a product's access_key that product [API list]; a device's key what is
        read of that device [seen], and no more: whether it may change anything is not known.
        """
        try:
            self._check_header(parse(header.encode()), product_id, name, change)
        except (TokenError, UnknownProduct, UnknownName) as error:
            raise NotAuthorised(str(error)) from error

    def _check_header(self, token: Token, product_id: str, name: str, change: bool) -> None:
        account = self.products.account()
        if token.res == f"userid/{account.user_id}":
            check(token, [ACCOUNT_VERSION], Key(_("the account's key"), account.user_key), tuple)
        elif token.res == f"products/{product_id}":
            key = Key(_("the product's access_key"), self.products.find(product_id).access_key)
            check(token, [ACCOUNT_VERSION, DEVICE_VERSION], key, tuple)
        elif (match := _DEVICE_RES.fullmatch(token.res)) and match.groups() == (product_id, name) and not change:
            key = Key(_("the device's key"), self.device(product_id, name).auth_info)
            check(token, [DEVICE_VERSION], key, tuple)
        else:
            raise TokenError("res", _("{shown} is not for this").format(shown=shown(token.res)))
