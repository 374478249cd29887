"""Who there is: the devices, who of them is online, and what is heard of all of them."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from ..language import _
from .database import StoreError, unwatched, utc_now
from .failures import AlreadyExists, InvalidParameter, UnknownDevice
from .model import Device, DeviceChanged, Event, LoggedPacket, PacketLogged, ProductsChanged
from .packetlog import PacketLog
from .store import Store, new_key

LONGEST_ID = 20
"""Digits of a device's or a product's id."""

_LONGEST_TITLE = 64
_LONGEST_AUTH_INFO = 512
_WATCH = 1.0  # seconds between looks whether another program has changed the devices


class Link(Protocol):
    """The connection of a device that is online."""

    address: str
    here: str
    """Our own address, by which it has reached us."""

    def send(self, topic: str, payload: bytes) -> None: ...
    def deliver(self, topic: str, payload: bytes) -> bool: ...
    def close(self, reason: str) -> None: ...


class Registry:
    """The devices of a data file, who of them is online, and what is heard of them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        product = store.product()
        self.product_id = product.id
        self.master_key = product.master_key
        self.register_code = product.register_code
        self._links: dict[str, Link] = {}
        self._listeners: list[tuple[Callable[[Event], None], tuple[type, ...]]] = []
        self._log = PacketLog()
        self._since: dict[str, datetime] = {}  # newer than in the data file
        self._known = {device.id: device for device in store.devices()}
        self._products = {product.id: product for product in store.products.all()}
        self._watching: asyncio.Task[None] | None = None
        self._purging: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begins to look for what other programs do to the data file."""
        self._watching = asyncio.create_task(self._watch())
        self._purge()

    async def stop(self) -> None:
        """Writes what is left and closes the data file."""
        if self._watching:
            self._watching.cancel()
        await asyncio.gather(*self._purging)
        await self.store.flush()
        self.store.close()

    # Devices

    def devices(self) -> list[Device]:
        return [self._now(device) for device in self.store.devices()]

    def device(self, device_id: str) -> Device:
        """Raises UnknownDevice."""
        device = self.store.device(device_id)
        if device is None:
            raise UnknownDevice(device_id)
        return self._now(device)

    def device_of_key(self, api_key: str) -> Device | None:
        """The device whose own api-key that is."""
        device = self.store.device_with(api_key=api_key)
        return self._now(device) if device else None

    def about(self, device_id: str) -> dict[str, Any]:
        """What the HTTP API described it with: desc, tags, location, other, as far as given."""
        return self.store.about(device_id)

    def add_device(
        self, title: str, auth_info: str = "", device_id: str = "", about: dict[str, Any] | None = None
    ) -> Device:
        """Adds one; makes up what is missing. Raises InvalidParameter or AlreadyExists."""
        title = _checked_title(title)
        auth_info = _checked_auth_info(auth_info) if auth_info else new_key(16)
        if device_id and not is_id(device_id):
            raise InvalidParameter(
                _("device id: must be 1 to {longest_id} digits, and not begin with 0").format(longest_id=LONGEST_ID)
            )
        if device_id and self.store.device(device_id):
            raise AlreadyExists(_("device id {device_id}: there is one already").format(device_id=device_id))
        self._check_new(auth_info)
        return self._added(self.store.add_device(device_id, title, auth_info, about=about))

    def add_named(self, device_id: str, title: str, key: str) -> Device:
        """Adds a device of the current platform, with an id that is new. Raises PlatformError."""
        self._check_new(key)
        return self._added(self.store.add_device(device_id, _checked_title(title), key))

    def register(self, serial: str, title: str) -> tuple[Device, str]:
        """The device that registers itself with this serial number or MAC address, and its api-key.

        Who does so again is the same device. Raises PlatformError.
        """
        device = self.store.device_with(serial=serial)
        if device is None:
            _checked_auth_info(serial)
            self._check_new(serial)
            device = self._added(self.store.add_device("", _checked_title(title), serial, serial))
        credentials = self.store.credentials(device.id)
        assert credentials is not None
        return device, credentials.api_key

    def edit_device(
        self,
        device_id: str,
        *,
        title: str | None = None,
        auth_info: str | None = None,
        about: dict[str, Any] | None = None,
    ) -> Device:
        """Changes what is given; who is online stays so. Raises PlatformError."""
        device = self.device(device_id)
        if title is not None:
            device = replace(device, title=_checked_title(title))
        if auth_info is not None and auth_info != device.auth_info:
            self._check_new(_checked_auth_info(auth_info))
            device = replace(device, auth_info=auth_info)
        described = {**self.store.about(device_id), **(about or {})}
        self.store.edit_device(device.id, device.title, device.auth_info, described)
        self._known[device_id] = device
        self.tell(DeviceChanged(device_id))
        return device

    def remove_device(self, device_id: str) -> None:
        """Removes it with all its data, and drops its connection. Raises UnknownDevice."""
        self.device(device_id)
        self.store.remove_device(device_id)
        self._forget(device_id)
        self._purge()

    def knows(self, device_id: str) -> bool:
        """Whether there is such a device, be it that another program has added it just now."""
        device = self.store.device(device_id)
        if device:
            self._known.setdefault(device_id, device)
        return device is not None

    def credentials_fit(self, device_id: str, password: bytes) -> bool:
        """Whether the device of that id may log in so: with its auth-info, its api-key or the product's."""
        credentials = self.store.credentials(device_id)
        if credentials is None:
            return False
        accepted = (credentials.auth_info, credentials.api_key, self.master_key)
        fits = [hmac.compare_digest(password, each.encode()) for each in accepted]
        return any(fits) or self._is_made_for(device_id, password)

    def is_key_of(self, device_id: str, given: str) -> bool:
        """Whether that is the device's secret or its api-key, which its owner has."""
        credentials = self.store.credentials(device_id)
        if credentials is None:
            return False
        keys = credentials.auth_info, credentials.api_key
        fits = [hmac.compare_digest(given.encode(), each.encode()) for each in keys]
        return any(fits)

    def _is_made_for(self, device_id: str, password: bytes) -> bool:
        """Whether it is an api-key that was made for this device."""
        made = self.store.keys.find(password.decode(errors="replace"))
        return made is not None and device_id in made.devices

    def _added(self, device: Device) -> Device:
        self._known[device.id] = device
        self.tell(DeviceChanged(device.id))
        return device

    def _check_new(self, auth_info: str) -> None:
        if self.store.device_with(auth_info=auth_info):
            raise AlreadyExists(_("auth_info or key: another device has the same"))

    def _now(self, device: Device) -> Device:
        """The device as it is at this moment."""
        link = self._links.get(device.id)
        since = self._since.get(device.id, device.since)
        return replace(device, online=link is not None, address=link.address if link else "", since=since)

    def _forget(self, device_id: str) -> None:
        self._known.pop(device_id, None)
        self._log.forget(device_id)
        self._since.pop(device_id, None)
        link = self._links.get(device_id)
        if link:
            link.close(_("the device has been removed"))
        self.tell(DeviceChanged(device_id))

    def _purge(self) -> None:
        task = asyncio.create_task(self.store.in_writer(self.store.points.purge))
        self._purging.add(task)
        task.add_done_callback(self._purging.discard)

    def look_at_products(self) -> None:
        """Tells which products are not as they were at the last look."""
        before, self._products = self._products, {product.id: product for product in self.store.products.all()}
        ids = before.keys() | self._products.keys()
        changed = frozenset(it for it in ids if before.get(it) != self._products.get(it))
        if changed:
            self.tell(ProductsChanged(changed))

    async def _watch(self) -> None:
        """Notices devices and products that another program has added, edited or removed."""
        while True:
            await asyncio.sleep(_WATCH)
            try:
                found = self.store.devices()
                self.look_at_products()
            except StoreError:
                continue  # who asks for something is told
            before, self._known = self._known, {device.id: device for device in found}
            for device_id in before.keys() - self._known.keys():
                self._forget(device_id)
            for device in self._known.values():
                old = before.get(device.id)
                if old is None or (old.title, old.auth_info) != (device.title, device.auth_info):
                    self.tell(DeviceChanged(device.id))

    # Online and offline: called by the broker

    def address_for(self, device_id: str) -> str | None:
        """Our own address, as the device has reached it; None while it is offline."""
        link = self._links.get(device_id)
        return link.here if link else None

    def came_online(self, device_id: str, link: Link) -> None:
        """The device has been let in."""
        self._links[device_id] = link
        self._changed(device_id, _("online from {address}").format(address=link.address))

    def went_offline(self, device_id: str, link: Link, reason: str) -> None:
        if self._links.get(device_id) is link:
            del self._links[device_id]
            self._changed(device_id, _("offline: {reason}").format(reason=reason))

    def link(self, device_id: str) -> Link | None:
        """The connection of a device that is online."""
        return self._links.get(device_id)

    def _changed(self, device_id: str, words: str) -> None:
        since = utc_now()
        self._since[device_id] = since
        unwatched(self.store.set_since(device_id, device_id in self._links, since))
        self.tell(DeviceChanged(device_id, words))

    # Packets and listeners

    def packets(self, device_id: str = "") -> list[LoggedPacket]:
        """The last few hundred packets of a device, or of all connections; oldest first."""
        return self._log.packets(device_id)

    def log_packet(self, device_id: str, from_device: bool, data: bytes, error: str = "", note: str = "") -> None:
        """Keeps a packet for packets(): see PacketLog.add(). device_id may be one that does not exist."""
        packet = self._log.add(device_id if device_id in self._known else "", from_device, data, error, note)
        self.tell(PacketLogged(packet))

    def listen(self, listener: Callable[[Event], None], *kinds: type) -> Callable[[], None]:
        """Calls it with everything that happens, or with events of these kinds, soon after it has; returns the function
        that ends that."""
        entry = listener, kinds
        self._listeners.append(entry)

        def end() -> None:
            if entry in self._listeners:
                self._listeners.remove(entry)

        return end

    def tell(self, event: Event) -> None:
        """Tells the listeners. For the broker, too."""
        for listener, kinds in self._listeners:
            if not kinds or type(event) in kinds:
                asyncio.get_running_loop().call_soon(listener, event)  # what goes wrong there does not go wrong here


def is_id(text: str) -> bool:
    """Whether it may be the id of a device or a product."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_ID and text[0] != "0"


def _checked_title(title: str) -> str:
    title = title.strip()
    if not 1 <= len(title) <= _LONGEST_TITLE or not title.isprintable():
        raise InvalidParameter(
            _("title: must be 1 to {longest_title} printable characters").format(longest_title=_LONGEST_TITLE)
        )
    return title


def _checked_auth_info(auth_info: str) -> str:
    if not 1 <= len(auth_info) <= _LONGEST_AUTH_INFO or not auth_info.isprintable():
        raise InvalidParameter(
            _("auth_info: must be 1 to {longest_auth_info} printable characters").format(
                longest_auth_info=_LONGEST_AUTH_INFO
            )
        )
    return auth_info
