"""The page with all devices."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from fastapi import Request
from nicegui import ui
from nicegui.element import Element

from ..model import Device, DeviceChanged, Event, LoggedPacket, PacketLogged, PointsStored, ProductsChanged
from ..platform import UnknownDevice
from .forms import add_device
from .frame import Visit, box, button, frame, link, part, prose, secret, visit
from .many import add_many
from .meaning import meaning
from .packets import PacketLog
from .places import shown_place
from .products import Products
from .tags import shown_tags
from .text import milliseconds, shown, shown_time, shown_value
from .updates import Updates

_VALUES = 4  # latest values in a device's card
_SEARCHED = 50  # streams of a device that can be searched for


class DeviceList(Element, component="device_list.js"):
    """The cards of all devices. Only changed ones go to the browser."""

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        self._visit = visit
        self._tags = {device_id: shown_tags(about) for device_id, about in visit.platform.store.abouts().items()}
        self._described = visit.platform.store.descriptions.all()
        self._latest: dict[str, dict[str, tuple[datetime, str]]] = {}
        self._trouble: dict[str, str] = {}
        self._ids = {device.id for device in visit.platform.devices()}
        for packet in visit.platform.packets():
            self._look_for_trouble(packet)
        words = visit.words
        self._props["initial"] = [self._row(device) for device in visit.platform.devices()]
        self._props["words"] = words.some(
            *("all", "online", "offline", "state", "search", "nothing_found", "no_devices", "no_devices_hint"),
            *("tags", "all_tags", "order", "online_first", "by_title", "by_change", "previous", "next", "page_of"),
        )

    def strangers(self, packets: Iterable[LoggedPacket]) -> list[LoggedPacket]:
        """Those of them that are not of a device in the list."""
        return [packet for packet in packets if packet.device_id not in self._ids]

    def change(self, events: Iterable[Event]) -> None:
        """Shows what has happened."""
        changed: set[str] = set()
        for event in events:
            if isinstance(event, DeviceChanged):
                self._tags[event.device_id] = shown_tags(self._visit.platform.about(event.device_id))
                self._ids.add(event.device_id)
                changed.add(event.device_id)
            elif isinstance(event, PointsStored) and event.device_id in self._latest:
                self._take(event)
                changed.add(event.device_id)
            elif isinstance(event, PacketLogged) and self._look_for_trouble(event.packet):
                changed.add(event.packet.device_id)
        rows, removed = [], []
        for device_id in changed:
            try:
                rows.append(self._row(self._visit.platform.device(device_id)))
            except UnknownDevice:
                self._ids.discard(device_id)
                self._latest.pop(device_id, None)
                self._trouble.pop(device_id, None)
                removed.append(device_id)
        if rows or removed:
            self.run_method("change", rows, removed)

    def _take(self, event: PointsStored) -> None:
        latest = self._latest[event.device_id]
        for name, point in event.points:
            if name not in latest or latest[name][0] <= point.at:
                latest[name] = point.at, self._worded(event.device_id, name, point.value)

    def _worded(self, device_id: str, name: str, value: Any) -> str:
        """A value, with its unit or in the words that a thing model has for it."""
        product_id, is_current, _ = device_id.partition(":")
        model = self._visit.platform.studio.model(product_id) if is_current else None
        meant = meaning(model, name, self._visit.words, self._described.get(device_id, {}).get(name))
        text = shown_place(value) or shown_value(value, 40)
        return meant.choices.get(text, f"{text} {meant.unit}".rstrip())

    def _look_for_trouble(self, packet: LoggedPacket) -> bool:
        """Whether a packet is a reason why a known device is not online, or says that all is well again."""
        explained, device_id = packet.explained, packet.device_id
        if device_id not in self._ids:
            return False
        if explained.error:
            reason = self._visit.words.refused_at.format(
                time=shown_time(packet.at), reason=shown(self._visit.words.of(explained.error))
            )
            self._trouble[device_id] = reason
            return True
        accepted = explained.type == "CONNACK" and not packet.from_device and explained.data[3:] == b"\0"
        return accepted and self._trouble.pop(device_id, None) is not None

    def _row(self, device: Device) -> dict[str, Any]:
        words = self._visit.words
        if device.id not in self._latest:
            streams = self._visit.platform.streams(device.id)
            self._latest[device.id] = {
                stream.id: (stream.at, self._worded(device.id, stream.id, stream.value)) for stream in streams
            }
        latest = self._latest[device.id]
        described = self._described.get(device.id, {})
        names = sorted(name for name in latest if name not in described or not described[name].hidden)
        titles = {
            name: described[name].title if name in described and described[name].title else name for name in names
        }
        since = "" if device.since is None else shown_time(device.since)
        when = words.online_since if device.online else words.last_seen if since else words.never_online
        title, tags = shown(device.title, 80), self._tags.get(device.id, [])
        searched = [title, device.id, *tags, *(shown(titles[name], 40) for name in names[:_SEARCHED])]
        return {
            "id": device.id,
            "name": shown(device.name, 60) + (f" · {device.product_id}" if device.is_studio else ""),
            "title": title,
            "online": device.online,
            "since": milliseconds(device.since) if device.since else 0,
            "tags": tags,
            "when": when.format(time=since),
            "trouble": self._trouble.get(device.id, ""),
            "values": [[shown(titles[name], 40), latest[name][1]] for name in names[:_VALUES]],
            "more": words.more_streams.format(count=len(names) - _VALUES) if len(names) > _VALUES else "",
            "searched": " ".join(searched).lower(),
        }


@ui.page("/")
def devices_page(request: Request) -> None:
    """All devices, and the connections that became no device's."""
    here = visit(request)
    words = here.words
    with frame(here, "", times=True):
        with box(classes="bar"):
            part("h1", words.devices)
            if here.rights.changes:
                with box(classes="buttons"):
                    link("/sheet", words.sheet, "btn quiet")
                    link("/connect", words.connect, "btn quiet")
                    button(words.add_many, lambda: add_many(here), "btn quiet")
                    button(words.add_device, lambda: add_device(here))
        listed = DeviceList(here)
        with box("section", "card"):
            part("h2", words.strangers)
            part("p", words.strangers_hint, "soft")
            log = PacketLog(words, listed.strangers(here.platform.packets()))
        products = Products(here)
        if here.rights.changes:
            _programs(here)
            _current_programs(here)

    def show(events: list[Event]) -> None:
        listed.change(events)
        if any(_concerns_products(event) for event in events):
            products.draw()
        strangers = listed.strangers(event.packet for event in events if isinstance(event, PacketLogged))
        if strangers:
            log.append(strangers)

    Updates(here.platform, here.client, lambda event: True, show)


def _concerns_products(event: Event) -> bool:
    """Whether the list of products has something to show of it: they themselves, or how many devices they have."""
    if isinstance(event, DeviceChanged):
        return ":" in event.device_id and not event.words
    return isinstance(event, ProductsChanged)


def _programs(here: Visit) -> None:
    """What a program needs for the HTTP API."""
    words, platform = here.words, here.platform
    with box("section", "card"):
        part("h2", words.programs)
        prose(words.programs_hint, "soft")
        with box("dl"):
            part("dt", words.http_api)
            part("dd", here.origin, "mono")
            part("dt", words.product_id)
            part("dd", platform.product_id, "mono")
            part("dt", words.master_key)
            with box("dd"):
                secret(words, words.master_key, lambda: platform.master_key)
            part("dt", words.register_code)
            with box("dd"):
                secret(words, words.register_code, lambda: platform.register_code)


def _current_programs(here: Visit) -> None:
    """The same for the current platform's."""
    words, products = here.words, here.platform.studio.products
    with box("section", "card"):
        part("h2", words.current_programs)
        prose(words.current_programs_hint, "soft")
        with box("dl"):
            part("dt", words.http_api)
            part("dd", here.origin, "mono")
            part("dt", words.user_id)
            part("dd", products.account().user_id, "mono")
            part("dt", words.user_key)
            with box("dd"):
                secret(words, words.user_key, lambda: products.account().user_key)
