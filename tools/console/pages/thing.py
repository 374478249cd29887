"""What can be asked of a device with a thing model: properties set, wished for and read, and services called."""

import json
from collections.abc import Iterable
from functools import partial
from typing import Any

from nicegui import ui

from ...model.thing_model import Service
from ..failures import PlatformError
from ..model import Device, Point
from ..studio.envelope import SUCCESS
from ..studio.failures import NoAnswer, NotOnline, StudioError
from ..studio.things import SERVICE_PATIENCE, SET_PATIENCE
from .controls import Control
from .frame import Visit, box, button, part
from .text import shown, shown_value


class Thing:
    """The cards with properties and services."""

    def __init__(self, visit: Visit, device: Device) -> None:
        self._visit = visit
        self._device = device
        self._things = visit.platform.studio.things
        self._model = visit.platform.studio.model(device.product_id)
        self._wishing = False
        self._controls: dict[str, Control] = {}
        words = visit.words
        with box("section", "card"):
            part("h2", words.set_properties)
            with box(classes="chips") as chips:
                self._now = button(words.set_now, lambda: self._wish(False), "chip")
                self._later = button(words.set_desired, lambda: self._wish(True), "chip")
            chips.props.update({"role": "group", "aria-label": words.set})
            self._hint = part("p", words.set_desired_hint, "soft")
            if self._model is None:
                part("p", words.no_model, "soft")
                self._free_form()
            self._list = box("ul", "controls")
            with self._list:
                for known in self._model.properties.values() if self._model else ():
                    if known.writable:
                        self._control(known.identifier)
            self._wishes = box("ul", "controls")
            self._readings()
        self._wish(False)
        services = list(self._model.services.values()) if self._model else [None]
        if services:
            with box("section", "card"):
                part("h2", words.services)
                for service in services:
                    self._service_form(service)
        for stream in visit.platform.streams(device.id):
            self._show(stream.id, stream.value)
        self.show_desired()

    def append(self, points: Iterable[tuple[str, Point]]) -> None:
        """Shows values that have come."""
        for identifier, value in {identifier: point.value for identifier, point in points}.items():
            self._show(identifier, value)

    def show_desired(self) -> None:
        """What waits for the device."""
        words = self._visit.words
        desired = self._visit.platform.store.desired.all(self._device.id)
        texts = {
            identifier: words.desired.format(value=shown_value(each.value, 40), version=each.version)
            for identifier, each in desired.items()
        }
        for identifier, control in self._controls.items():
            control.show_desired(texts.pop(identifier, ""))
        self._wishes.clear()
        with self._wishes:
            for identifier, text in texts.items():
                with box("li", "control desired"):
                    part("bdi", shown(identifier, 40))
                    part("span", text, "badge")
                    button(words.forget, partial(self._forget, identifier), "chip")

    def _show(self, identifier: str, value: Any) -> None:
        if identifier in self._controls:
            self._controls[identifier].show(value)

    def _control(self, identifier: str) -> None:
        assert self._model is not None
        known = self._model.properties[identifier]
        self._controls[identifier] = Control(
            self._visit,
            known,
            lambda value: self._set({known.identifier: value}),
            lambda: self._forget(known.identifier),
        )

    def _wish(self, wishing: bool) -> None:
        self._wishing = wishing
        self._now.props["aria-pressed"] = "false" if wishing else "true"
        self._later.props["aria-pressed"] = "true" if wishing else "false"
        self._hint.set_visibility(wishing)

    def _forget(self, identifier: str) -> None:
        self._things.delete_desired(self._device, [identifier])

    async def _set(self, values: dict[str, Any]) -> tuple[bool, str]:
        words = self._visit.words
        try:
            if self._wishing:
                self._things.set_desired(self._device, values)
                return True, words.kept
            reply = await self._things.set(self._device, values)
        except PlatformError as error:
            return False, self._why_not(error, SET_PATIENCE)
        if reply["code"] == SUCCESS:
            return True, words.answered
        return False, words.answered_with.format(code=reply["code"], msg=shown(str(reply["msg"]), 80))

    def _why_not(self, error: PlatformError, seconds: float) -> str:
        words = self._visit.words
        if isinstance(error, NoAnswer):
            return words.no_answer.format(seconds=f"{seconds:g}")
        if isinstance(error, NotOnline):
            return words.not_online
        code = f"{error.code}: " if isinstance(error, StudioError) else ""
        return code + shown(words.of(error), 200)

    # Without a model, and what is read

    def _free_form(self) -> None:
        words = self._visit.words

        async def send() -> None:
            outcome.text = ""
            try:
                values = _object(made.value)
            except ValueError as error:
                outcome.text = words.bad_json.format(words=shown(str(error), 80))
                return
            _, outcome.text = await self._set(values)

        with box("form", "command").on("submit.prevent", send, []):
            made = _json_box(words.values_json.format())
            part("button", words.set, "btn").props["type"] = "submit"
        outcome = _outcome()

    def _readings(self) -> None:
        """A button that asks the device for all it has, and what it said."""
        words, platform = self._visit.words, self._visit.platform

        async def ask() -> None:
            known = list(self._model.properties) if self._model else []
            identifiers = known or [stream.id for stream in platform.streams(self._device.id)]
            if not identifiers:
                outcome.text = words.no_things
                return
            try:
                found = await self._things.get(self._device, identifiers)
            except PlatformError as error:
                outcome.text = self._why_not(error, SERVICE_PATIENCE)
                return
            outcome.text = words.called.format(outputs=shown_value(found, 500))

        button(words.read, ask, "btn quiet")
        outcome = _outcome()

    # Services

    def _service_form(self, service: Service | None) -> None:
        words = self._visit.words

        async def call() -> None:
            outcome.text = ""
            identifier = service.identifier if service else (name.value or "").strip()
            try:
                inputs = _object(made.value) if made else {}
            except ValueError as error:
                outcome.text = words.bad_json.format(words=shown(str(error), 80))
                return
            try:
                outputs = await self._things.call(self._device, identifier, inputs)
            except PlatformError as error:
                outcome.text = self._why_not(error, SERVICE_PATIENCE)
                return
            outcome.text = words.called.format(outputs=shown_value(outputs, 300))

        with box("form", "service").on("submit.prevent", call, []):
            if service:
                part("h3", f"{shown(service.name, 40)} · {shown(service.identifier, 40)}")
            else:
                name = ui.input(words.service)
                name.props.update({"outlined": True, "dense": True, "maxlength": 64, "autocomplete": "off"})
            made = None if service and not service.inputs else _json_box(self._inputs_hint(service))
            part("button", words.call, "btn quiet").props["type"] = "submit"
        outcome = _outcome()

    def _inputs_hint(self, service: Service | None) -> str:
        if service is None:
            return self._visit.words.inputs_json.format()
        return json.dumps({field.identifier: field.type.type for field in service.inputs}, ensure_ascii=False)


def _json_box(hint: str) -> ui.input:
    made = ui.input(placeholder=hint)
    made.props.update({"outlined": True, "dense": True, "maxlength": 65535, "autocomplete": "off"})
    made.props.update({"aria-label": hint, "spellcheck": "false"})
    return made


def _outcome() -> Any:
    outcome = part("p", classes="soft outcome")
    outcome.props["role"] = "status"
    return outcome


def _object(text: str | None) -> dict[str, Any]:
    """Raises ValueError."""
    value = json.loads(text or "{}")
    if not isinstance(value, dict):
        raise ValueError("{…}")
    return value
