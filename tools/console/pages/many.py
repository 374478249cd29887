"""Devices for a whole class: added from a list, and a sheet to print, with what each pupil has to type."""

import csv
import io
import json
from typing import Any
from urllib.parse import urlencode

import segno
from fastapi import Request
from nicegui import ui
from nicegui.events import GenericEventArguments

from ..failures import PlatformError
from ..model import Device
from ..steps import steps_for
from .dialogs import complaint_line, dialog, field, text_of
from .forms import host_for_boards, settings_for
from .frame import Visit, box, button, frame, link, not_there, part, to_type, visit
from .tags import shown_tags, tags_in
from .text import shown

_MOST = 1000  # lines
_LONGEST = 200_000  # characters
_READ_FILE = "async (e) => { const file = e.target.files[0]; if (file) emit(await file.slice(0, 300000).text()); }"
_HEADS = ("title", "name", "名称", "设备名称")


def add_many(visit: Visit) -> None:
    """A dialog that takes a list: a title a line, or a CSV file with title, device id and auth-info."""
    words = visit.words

    def read(event: GenericEventArguments) -> None:
        text.value = str(event.args)[:_LONGEST].removeprefix("\ufeff")

    def submit() -> None:
        added, wrong = _add(visit, text.value or "", tags_in(text_of(tags)))
        said.text = words.many_added.format(count=added)
        complaint.text = "; ".join(wrong)
        sheet.set_visibility(added > 0)

    with dialog(visit, words.add_many) as made:
        part("p", words.many_hint, "soft")
        text = ui.textarea(words.many_list)
        text.props.update({"outlined": True, "dense": True, "maxlength": _LONGEST, "rows": 8, "spellcheck": "false"})
        file = ui.element("input").on("change", read, js_handler=_READ_FILE)
        file.props.update({"type": "file", "accept": ".csv,.txt,text/csv", "aria-label": words.csv_file})
        tags = field(f"{words.tags} ({words.optional})", words.tags_hint)
        said = part("p", classes="soft outcome")
        said.props["role"] = "status"
        complaint = complaint_line()
        sheet = link("/sheet", words.sheet)
        sheet.set_visibility(False)
        with box(classes="buttons"):
            button(words.close, made.close, "btn quiet")
            button(words.add_many, submit)
    made.open()


def _add(visit: Visit, text: str, tags: list[str]) -> tuple[int, list[str]]:
    """How many were added, and what is wrong with the other lines."""
    added, wrong = 0, []
    about: dict[str, Any] = {"tags": tags} if tags else {}
    for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and cells[0].lower() in _HEADS):
            continue
        if number > _MOST:
            wrong.append(visit.words.many_too_many.format(count=_MOST))
            break
        title, device_id, auth_info = [*cells, "", ""][:3]
        try:
            visit.platform.add_device(title, auth_info, device_id, about)
        except PlatformError as error:
            wrong.append(visit.words.many_line.format(number=number, words=shown(visit.words.of(error), 120)))
        else:
            added += 1
    return added, wrong[:10]


@ui.page("/sheet")
def sheet_page(request: Request, tag: str = "") -> None:
    """What each pupil has to type, to be printed and cut; of the devices with a tag, or of all."""
    here = visit(request)
    words, platform = here.words, here.platform
    if not here.rights.changes:
        not_there(here, words.sheet, words.teacher_hint)
        return
    tags = {device_id: shown_tags(about) for device_id, about in platform.store.abouts().items()}
    devices = [it for it in platform.devices() if not tag or tag in tags.get(it.id, [])]
    with frame(here, words.sheet):
        link("/", words.back, "back")
        with box(classes="bar"):
            part("h1", words.sheet)
            button(words.print, lambda: ui.run_javascript("window.print()"))
        part("p", words.sheet_hint, "note unprinted")
        with box(classes="chips unprinted"):
            for each in sorted({it for found in tags.values() for it in found}):
                link(f"/sheet?{urlencode({'tag': each})}" if each != tag else "/sheet", each, "chip")
        with box(classes="sheet"):
            for device in devices:
                _slip(here, device)


def _slip(here: Visit, device: Device) -> None:
    words, platform = here.words, here.platform
    host = host_for_boards(here)
    protocol = platform.studio.products.find(device.product_id).protocol if device.is_studio else None
    with box("section", "card slip"):
        part("h2", shown(device.title, 80))
        with box("dl"):
            for name, value in (
                (words.broker, f"{host}:{platform.mqtt_port}"),
                (words.device_name if device.is_studio else words.device_id, device.name),
                (words.product_id, device.product_id),
                (words.device_key if device.is_studio else words.auth_info, shown(device.auth_info, 512)),
            ):
                part("dt", name)
                part("dd", value, "mono")
        with box(classes="codes"):
            _code(f"http://{host}:{platform.http_port}/device/{device.id}", words.device_page)
            _code(json.dumps(settings_for(here, device), ensure_ascii=False), words.config)
        steps = steps_for(device, host, platform.mqtt_port, protocol.platform if protocol else "legacy")
        to_type(words, steps)


def _code(text: str, caption: str) -> None:
    """A QR code for phones, in black on white on pages of any colour."""
    with box("figure"):
        image = box("img")
        image.props["src"] = segno.make(text, micro=False).svg_data_uri(border=3, light="#fff")
        image.props["alt"] = f"{caption}, QR"
        part("figcaption", caption, "soft")
