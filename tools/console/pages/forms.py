"""Adding, editing and removing a device, and the config.json for its board."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from ..addresses import lan_addresses
from ..model import Device
from ..platform import PlatformError
from .frame import Visit, box, button, is_loopback, part
from .text import shown
from .words import Words


class CopiedText(Element, component="copied_text.js"):
    """A text, and a button that copies it to the clipboard."""

    def __init__(self, text: str, label: str, words: Words) -> None:
        super().__init__()
        self._props["text"] = text
        self._props["label"] = label
        self._props["words"] = words.some("copy", "copied", "copy_failed")


def config_for(visit: Visit, device: Device) -> str:
    """The config.json that brings a board online as this device, for the network the browser is in."""
    reached_from = lan_addresses() if visit.platform.lan and is_loopback(visit.host) else []
    config = {
        "wifi": [{"ssid": "your network", "password": "its password"}],
        "host": reached_from[0] if reached_from else visit.host,
        "port": visit.platform.mqtt_port,
        "device_id": device.id,
        "product_id": device.product_id,
        "auth_info": device.auth_info,
    }
    return json.dumps(config, indent=2, ensure_ascii=False)


def show_config(visit: Visit, device: Device) -> None:
    """A dialog with the device's config.json, its auth-info in it."""
    words = visit.words
    with _dialog(visit, f"{words.config}: {shown(device.title, 60)}") as dialog:
        part("p", words.config_hint, "soft")
        if is_loopback(visit.host) and not visit.platform.lan:
            part("p", words.config_loopback.format(host=visit.host), "note")
        CopiedText(config_for(visit, device), words.config, words)
        with box(classes="buttons"):
            button(words.close, dialog.close, "btn quiet")
    dialog.open()


def add_device(visit: Visit) -> None:
    """A dialog that registers a device and then shows its config.json."""
    words = visit.words
    with _dialog(visit, words.add_device) as dialog, _form(lambda: submit()):
        title = _field(words.title, words.title_hint)
        title.props["autofocus"] = True
        auth_info = _field(f"{words.auth_info} ({words.optional})", words.auth_info_hint)
        device_id = _field(f"{words.device_id} ({words.optional})", words.device_id_hint)
        complaint = _complaint()
        _buttons(words, dialog, words.add_and_show)

    def submit() -> None:
        if not _text(title):
            complaint.text = words.title_missing
            return
        try:
            device = visit.platform.add_device(_text(title), _text(auth_info), _text(device_id))
        except PlatformError as error:
            complaint.text = str(error)
            return
        dialog.close()
        show_config(visit, device)

    dialog.open()


def edit_device(visit: Visit, device: Device) -> None:
    """A dialog for another title or auth-info."""
    words = visit.words
    with _dialog(visit, words.edit_device) as dialog, _form(lambda: submit()):
        title = _field(words.title, words.title_hint, device.title)
        auth_info = _field(words.auth_info, words.auth_info_keep)
        complaint = _complaint()
        _buttons(words, dialog, words.save)

    def submit() -> None:
        if not _text(title):
            complaint.text = words.title_missing
            return
        try:
            visit.platform.edit_device(device.id, title=_text(title), auth_info=_text(auth_info) or None)
        except PlatformError as error:
            complaint.text = str(error)
            return
        dialog.close()
        ui.notify(words.saved)

    dialog.open()


def remove_device(visit: Visit, device: Device, leave: Callable[[], None]) -> None:
    """Asks; then calls `leave`, removes it and goes to the page with all devices."""
    words = visit.words
    with _dialog(visit, words.remove_device) as dialog:
        part("p", words.remove_question.format(title=shown(device.title, 60)))
        with box(classes="buttons"):
            button(words.cancel, dialog.close, "btn quiet")
            button(words.remove, lambda: remove(), "btn danger")

    def remove() -> None:
        leave()
        visit.platform.remove_device(device.id)
        dialog.close()
        ui.navigate.to("/")

    dialog.open()


@contextmanager
def _dialog(visit: Visit, title: str) -> Iterator[ui.dialog]:
    """A dialog that leaves nothing in the page once it is closed: it may have held a secret."""
    with visit.client, ui.dialog() as dialog, box(classes="card dialog"):
        dialog.on("hide", dialog.delete)
        dialog.props["aria-label"] = title
        part("h2", title)
        yield dialog


def _form(submit: Callable[[], None]) -> ui.element:
    return box("form").on("submit.prevent", lambda: submit(), [])


def _field(label: str, hint: str, value: str = "") -> ui.input:
    field = ui.input(label, value=value)
    field.props.update({"hint": hint, "outlined": True, "dense": True, "maxlength": 512, "autocomplete": "off"})
    return field


def _text(field: ui.input) -> str:
    return (field.value or "").strip()


def _complaint() -> TextElement:
    complaint = part("p", classes="trouble")
    complaint.props["role"] = "alert"
    return complaint


def _buttons(words: Words, dialog: ui.dialog, submit: str) -> None:
    with box(classes="buttons"):
        button(words.cancel, dialog.close, "btn quiet")
        part("button", submit, "btn").props["type"] = "submit"
