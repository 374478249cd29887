"""A control for one property that can be written: a switch, a slider, a list, or a box to type in."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement

from ...model.thing_model import DataType, Property
from .frame import Visit, box, button, part
from .meaning import label, range_of, unit_of
from .text import shown, shown_value

_NUMBERS = ("int32", "int64", "float", "double")
_MOST_STEPS = 10_000  # of a slider; beyond that one types the number

Set = Callable[[Any], Awaitable[tuple[bool, str]]]
"""Sets the property to a value; returns whether it is so now, or shall be, and what came of it in words."""


class Control:
    """The property's name, its value, and what to change it with."""

    def __init__(self, visit: Visit, known: Property, set_: Set, forget: Callable[[], None]) -> None:
        self._visit = visit
        self._known = known
        self._set = set_
        self._reported: Any = None
        with box("li", "control"):
            with box(classes="control-head"):
                part("h3", label(known))
                self._value = part("bdi", classes="value")
            self._put = self._make(known.type)
            limits = _joined(range_of(known.type, visit.words), unit_of(known.type))
            part("p", _joined(limits, shown(known.desc, 80)), "soft limits")
            with box(classes="desired"):
                self._desired = part("span", classes="badge")
                self._forget = button(visit.words.forget, forget, "chip")
                self._forget.props["aria-label"] = f"{visit.words.forget}: {label(known)}"
            self._outcome = part("p", classes="soft outcome")
            self._outcome.props["role"] = "status"
        self.show_desired("")

    def show(self, value: Any) -> None:
        """A value that the device has reported."""
        self._reported = value
        words = self._known.type.choices.get(json.dumps(value), "")
        self._value.text = shown(words, 40) or _joined(shown_value(value, 40), unit_of(self._known.type))
        self._put(value)

    def show_desired(self, text: str) -> None:
        """What it is to be; nothing if that is empty."""
        self._desired.text = text
        self._desired.set_visibility(bool(text))
        self._forget.set_visibility(bool(text))

    async def _send(self, value: Any) -> None:
        self._outcome.text = "…"
        done, self._outcome.text = await self._set(value)
        if not done:
            self._put(self._reported)

    def _make(self, type_: DataType) -> Callable[[Any], None]:
        """Makes the control; returns what puts a value into it."""
        if type_.type == "bool":
            return self._switch()
        if type_.type == "enum":
            return self._list(type_)
        least, most, step = type_.limit("min"), type_.limit("max"), type_.limit("step") or 1.0
        if type_.type not in _NUMBERS or least is None or most is None or not 0 < (most - least) / step <= _MOST_STEPS:
            return self._box(type_)
        return self._slider(least, most, step, type_.type.startswith("int"))

    def _switch(self) -> Callable[[Any], None]:
        made = ui.switch()
        made.props["aria-label"] = label(self._known)
        made.on("update:model-value", lambda: self._send(made.value), [])  # the user's doing alone

        def put(value: Any) -> None:
            made.value = value is True

        return put

    def _list(self, type_: DataType) -> Callable[[Any], None]:
        choices = type_.choices.items()
        options = {int(value): shown(words, 40) for value, words in choices if value.lstrip("-").isdigit()}
        made = ui.select(options)
        made.props.update({"outlined": True, "dense": True, "options-dense": True, "aria-label": label(self._known)})
        made.on("update:model-value", lambda: self._send(made.value), [])

        def put(value: Any) -> None:
            made.value = value if isinstance(value, int) and value in options else None

        return put

    def _slider(self, least: float, most: float, step: float, whole: bool) -> Callable[[Any], None]:
        kind: Callable[[float], float] = int if whole else float
        # Not ui.slider(), which holds values back for a while, so that "change" would overtake the last of them.
        made = ValueElement(tag="q-slider", value=kind(least), on_value_change=None, throttle=0)
        made.props.update({"min": kind(least), "max": kind(most), "step": kind(step) or step, "label": True})
        made.props["aria-label"] = label(self._known)
        made.on("change", lambda: self._send(kind(made.value)), [])  # when it is let go

        def put(value: Any) -> None:
            made.value = value if isinstance(value, int | float) else kind(least)

        return put

    def _box(self, type_: DataType) -> Callable[[Any], None]:
        words = self._visit.words

        async def send() -> None:
            text = made.value or ""
            try:
                value = text if type_.type == "string" else json.loads(text)
            except ValueError as error:
                self._outcome.text = words.bad_json.format(words=shown(str(error), 80))
            else:
                await self._send(value)

        with box("form", "command").on("submit.prevent", send, []):
            made = ui.input()
            made.props.update({"outlined": True, "dense": True, "maxlength": 4096, "autocomplete": "off"})
            made.props["aria-label"] = label(self._known)
            part("button", words.set, "btn quiet").props["type"] = "submit"

        def put(value: Any) -> None:
            """Not over what somebody types."""
            if not made.value and value is not None:
                made.value = shown_value(value, 4096)

        return put


def _joined(*texts: str) -> str:
    return " ".join(filter(None, texts))
