"""Buttons, switches and sliders that people make for a device's commands."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement

from ..model import Device
from .dialogs import buttons, choice, complaint_line, dialog, field, form, text_of
from .frame import Visit, box, button, part
from .rules import number
from .text import shown

_MOST = 20  # of a device
_LONGEST = 500  # characters of a command
_MOST_STEPS = 10_000
_VALUE = "{value}"  # in the command of a slider

Send = Callable[[str], Awaitable[None]]


class OwnControls:
    """The device's controls, and a way to make more of them."""

    def __init__(self, visit: Visit, device: Device, send: Send) -> None:
        self._visit = visit
        self._device = device
        self._send = send
        self._list = box("ul", "controls own")
        if visit.rights.changes:
            button(visit.words.add_control, self._add, "chip")
        self._draw()

    def _draw(self) -> None:
        words = self._visit.words
        self._list.clear()
        with self._list:
            for control in self._visit.platform.store.controls(self._device.id):
                name = shown(control["title"], 40)
                with box("li", "own-control"):
                    if control["kind"] == "button":
                        button(name, partial(self._send, control["on"]), "btn quiet")
                    else:
                        part("span", name)
                        (self._slider if control["kind"] == "slider" else self._switch)(control, name)
                    if self._visit.rights.changes:
                        remove = button("\u00d7", partial(self._remove, control), "chip")
                        remove.props["aria-label"] = f"{words.remove}: {name}"

    def _switch(self, control: dict[str, Any], name: str) -> None:
        made = ui.switch()
        made.props["aria-label"] = name
        made.on("update:model-value", lambda: self._send(control["on"] if made.value else control["off"]), [])

    def _slider(self, control: dict[str, Any], name: str) -> None:
        least = control["min"]
        made = ValueElement(tag="q-slider", value=least, on_value_change=None, throttle=0)
        made.props.update({"min": least, "max": control["max"], "step": control["step"], "label": True})
        made.props["aria-label"] = name
        made.on("change", lambda: self._send(control["on"].replace(_VALUE, f"{made.value:.10g}")), [])

    def _remove(self, control: dict[str, Any]) -> None:
        store = self._visit.platform.store
        store.set_controls(self._device.id, [it for it in store.controls(self._device.id) if it != control])
        self._draw()

    def _add(self) -> None:
        words = self._visit.words
        kinds = {"button": words.as_button, "switch": words.as_switch, "slider": words.as_slider}
        with dialog(self._visit, words.add_control) as made, form(lambda: submit()):
            title = field(words.title, words.control_title_hint)
            kind = choice(words.control_kind, kinds, "button")
            on = field(words.command, words.control_command_hint.format())
            with box(classes="fields").bind_visibility_from(kind, "value", value="switch"):
                off = field(words.command_off, words.command_off_hint)
            with box(classes="fields").bind_visibility_from(kind, "value", value="slider"):
                least, most = field(words.minimum, "0", "0"), field(words.maximum, "100", "100")
                step = field(words.step, "1", "1")
            complaint = complaint_line()
            buttons(words, made, words.add_control)

        def submit() -> None:
            control: dict[str, Any] = {"kind": kind.value, "title": text_of(title)[:40], "on": text_of(on)[:_LONGEST]}
            if not control["title"] or not control["on"]:
                complaint.text = words.control_is_empty
                return
            try:
                if kind.value == "switch":
                    control["off"] = text_of(off)[:_LONGEST]
                if kind.value == "slider":
                    control |= {
                        "min": number(text_of(least)),
                        "max": number(text_of(most)),
                        "step": number(text_of(step)),
                    }
                    if _VALUE not in control["on"] or not control["step"] > 0:
                        raise ValueError
                    if not 0 < (control["max"] - control["min"]) / control["step"] <= _MOST_STEPS:
                        raise ValueError
            except ValueError:
                complaint.text = words.slider_is_wrong.format()
                return
            store = self._visit.platform.store
            others = [it for it in store.controls(self._device.id) if it["title"] != control["title"]]
            store.set_controls(self._device.id, [*others, control][-_MOST:])
            made.close()
            self._draw()

        made.open()
