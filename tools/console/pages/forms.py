"""Adding, editing and removing a device, and the config.json for its board."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from nicegui import ui

from ..addresses import lan_addresses
from ..model import Device
from ..platform import PlatformError
from ..steps import steps_for
from .dialogs import CopiedText, ask, buttons, choice, complaint_line, dialog, field, form, text_of
from .frame import Visit, box, button, is_loopback, link, part, prose, to_type
from .tags import shown_tags, tags_in
from .text import shown


def config_for(visit: Visit, device: Device) -> str:
    """The config.json that brings a board online as this device, for the network the browser is in."""
    network = {"wifi": [{"ssid": "your network", "password": "its password"}]}
    return json.dumps({**network, **settings_for(visit, device)}, indent=2, ensure_ascii=False)


def settings_for(visit: Visit, device: Device) -> dict[str, Any]:
    """The same without the Wi-Fi."""
    config: dict[str, Any] = {"host": host_for_boards(visit), "port": visit.platform.mqtt_port}
    if device.is_studio:
        config["platform"] = visit.platform.studio.products.find(device.product_id).protocol.platform
        config |= {"device_name": device.name, "product_id": device.product_id, "device_key": device.auth_info}
    else:
        config |= {"device_id": device.id, "product_id": device.product_id, "auth_info": device.auth_info}
    return config


def host_for_boards(visit: Visit) -> str:
    """Where boards reach the console."""
    reached_from = lan_addresses() if visit.platform.lan and is_loopback(visit.host) else []
    return reached_from[0] if reached_from else visit.host


def show_config(visit: Visit, device: Device) -> None:
    """A dialog with the device's config.json, its secret in it."""
    words = visit.words
    with dialog(visit, f"{words.config}: {shown(device.title, 60)}") as made:
        part("p", words.config_hint, "soft")
        if is_loopback(visit.host) and not visit.platform.lan:
            prose(words.config_loopback.format(host=visit.host), "note")
        CopiedText(config_for(visit, device), words.config, words)
        part("p", words.config_steps, "soft")
        protocol = visit.platform.studio.products.find(device.product_id).protocol if device.is_studio else None
        platform = protocol.platform if protocol else "legacy"
        steps = steps_for(device, host_for_boards(visit), visit.platform.mqtt_port, platform)
        to_type(words, steps)
        with box(classes="buttons"):
            link(f"/connect?device={quote(device.id, safe='')}", words.connect, "btn quiet")
            button(words.close, made.close, "btn quiet")
    made.open()


def add_device(visit: Visit) -> None:
    """A dialog that registers a device of either platform and then shows its config.json."""
    words, studio = visit.words, visit.platform.studio
    products = {product.id: f"{shown(product.title, 40)} · {product.id}" for product in studio.products.all()}
    with dialog(visit, words.add_device) as made, form(lambda: submit()):
        options = {"": words.old_platform.format(id=visit.platform.product_id), **products}
        product = choice(words.product, options, "")
        product.set_visibility(bool(products))
        with box(classes="fields").bind_visibility_from(product, "value", value=""):
            title = field(words.title, words.title_hint)
            title.props["autofocus"] = True
            auth_info = field(f"{words.auth_info} ({words.optional})", words.auth_info_hint)
            device_id = field(f"{words.device_id} ({words.optional})", words.device_id_hint)
        with box(classes="fields").bind_visibility_from(product, "value", bool):
            name = field(words.device_name, words.device_name_hint)
            key = field(f"{words.device_key} ({words.optional})", words.device_key_hint)
        complaint = complaint_line()
        buttons(words, made, words.add_and_show)

    def submit() -> None:
        if not product.value and not text_of(title):
            complaint.text = words.title_missing
            return
        try:
            if product.value:
                device = studio.add_device(product.value, text_of(name), key=text_of(key))
            else:
                device = visit.platform.add_device(text_of(title), text_of(auth_info), text_of(device_id))
        except PlatformError as error:
            complaint.text = words.of(error)
            return
        made.close()
        show_config(visit, device)

    made.open()


def edit_device(visit: Visit, device: Device) -> None:
    """A dialog for another title or secret."""
    words = visit.words
    with dialog(visit, words.edit_device) as made, form(lambda: submit()):
        title = field(words.title, words.title_hint, device.title)
        tags = field(words.tags, words.tags_hint, ", ".join(shown_tags(visit.platform.about(device.id))))
        secret = field(words.device_key if device.is_studio else words.auth_info, words.auth_info_keep)
        complaint = complaint_line()
        buttons(words, made, words.save)

    def submit() -> None:
        if not text_of(title):
            complaint.text = words.title_missing
            return
        try:
            if device.is_studio and text_of(secret):
                visit.platform.studio.new_key(device, text_of(secret))
            own = None if device.is_studio else text_of(secret) or None
            about = {"tags": tags_in(text_of(tags))}
            visit.platform.edit_device(device.id, title=text_of(title), auth_info=own, about=about)
        except PlatformError as error:
            complaint.text = words.of(error)
            return
        made.close()
        ui.notify(words.saved)

    made.open()


def remove_device(visit: Visit, device: Device, leave: Callable[[], None]) -> None:
    """Asks; then calls `leave`, removes it and goes to the page with all devices."""

    def remove() -> None:
        leave()
        visit.platform.remove_device(device.id)
        ui.navigate.to("/")

    words = visit.words
    ask(visit, words.remove_device, words.remove_question.format(title=shown(device.title, 60)), remove)
