"""Dialogs about a data stream: what it is called here, its unit, whether it is hidden, and its removal."""

from urllib.parse import quote

from nicegui import ui

from ..model import DescribedStream, Device
from ..platform import PlatformError
from .dialogs import ask, buttons, complaint_line, dialog, field, form, text_of
from .frame import Visit, part
from .text import shown

_LONGEST = 64  # characters of a title, as of a device's
_LONGEST_UNIT = 20


def edit_stream(visit: Visit, device: Device, stream_id: str) -> None:
    """A dialog for another title and unit, and to hide it."""
    words, platform = visit.words, visit.platform
    known = next((it for it in platform.described_streams(device.id) if it.id == stream_id), None)
    if known is None:
        ui.navigate.reload()
        return
    with dialog(visit, words.edit_stream) as made, form(lambda: submit()):
        part("p", shown(stream_id, 80), "mono")
        title = field(words.stream_title, words.stream_title_hint, known.title)
        title.props["maxlength"] = _LONGEST
        unit = field(words.unit, words.unit_hint, known.unit_symbol or known.unit)
        unit.props["maxlength"] = _LONGEST_UNIT
        hidden = ui.checkbox(words.hide_stream, value=known.hidden).props("dense")
        complaint = complaint_line()
        buttons(words, made, words.save)

    def submit() -> None:
        try:
            platform.describe_stream(device.id, stream_id, **_changes(known, text_of(title), text_of(unit)))
            platform.describe_stream(device.id, stream_id, hidden=bool(hidden.value))
        except PlatformError as error:
            complaint.text = words.of(error)
            return
        made.close()
        ui.navigate.reload()

    made.open()


def _changes(known: DescribedStream, title: str, unit: str) -> dict[str, str]:
    """As the HTTP API has them: the unit in words stays, where only its symbol was asked for and is the same."""
    changes = {"title": title[:_LONGEST]}
    if unit != (known.unit_symbol or known.unit):
        changes |= {"unit": "", "unit_symbol": unit[:_LONGEST_UNIT]}
    return changes


def remove_stream(visit: Visit, device: Device, stream_id: str) -> None:
    """Asks; then removes it with its data points, and goes to the device's page."""
    words = visit.words

    async def remove() -> None:
        try:
            await visit.platform.remove_stream(device.id, stream_id)
        finally:
            with visit.client:
                ui.navigate.to(f"/device/{quote(device.id, safe='')}")

    question = words.remove_stream_question.format(stream=shown(stream_id, 60))
    ask(visit, words.remove_stream, question, remove)
