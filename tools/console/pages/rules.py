"""Rules of a device: when a stream is beyond a bound for a while, or silent, or the device is offline, a command, a web
hook, a sound; and what came of them. They are the platform's triggers, with more to them: see trigger_table.py."""

import math
from functools import partial
from typing import Any

from nicegui import ui

from ..failures import PlatformError
from ..model import Device, TriggerFired
from ..trigger_table import LOCAL, OFFLINE, Trigger, condition_in
from .dialogs import buttons, choice, complaint_line, dialog, field, form, text_of
from .frame import Visit, box, button, part
from .text import shown, shown_time, shown_value

_LOGGED = 10  # entries that are shown
_SOUND = (
    "const context = new AudioContext(), tone = context.createOscillator(), loudness = context.createGain();"
    "tone.frequency.value = 880; loudness.gain.value = 0.2; tone.connect(loudness).connect(context.destination);"
    "tone.start(); tone.stop(context.currentTime + 0.6); window.sounded = (window.sounded ?? 0) + 1;"
)


class Rules:
    """A card with the rules and their log."""

    def __init__(self, visit: Visit, device: Device) -> None:
        self._visit = visit
        self._device = device
        words = visit.words
        with box("section", "card"):
            with box(classes="bar"):
                part("h2", words.rules)
                if visit.rights.changes:
                    button(words.add_rule, self._add, "chip")
            self._list = box("ul", "controls")
            with box("details"):
                part("summary", words.rule_log)
                self._log = box("ol", "listed")
        self._draw()
        self.show_log()

    def fired(self, event: TriggerFired) -> None:
        """Says so, and sounds if it is to."""
        text = f"{shown(event.title, 60)}: {shown(event.stream, 40)} = {shown_value(event.value, 40)}"
        ui.notify(text, type="warning")
        if event.sound:
            ui.run_javascript(_SOUND)

    def show_log(self) -> None:
        """What has fired, newest first."""
        self._log.clear()
        with self._log:
            entries = self._visit.platform.store.trigger_log.latest(self._device.id, _LOGGED)
            for entry in entries:
                with box("li"):
                    part("time", shown_time(entry.at), "soft")
                    part("bdi", f"{shown(entry.title, 60)}: {shown_value(entry.value, 40)}")
                    if entry.outcome:
                        part("bdi", shown(self._visit.words.of(entry.outcome), 200), "reply soft")
            if not entries:
                part("li", self._visit.words.no_firings, "nothing")

    def _draw(self) -> None:
        words, device_id = self._visit.words, self._device.id
        self._list.clear()
        with self._list:
            found = [it for it in self._visit.platform.store.triggers.all() if device_id in (it.devices or [device_id])]
            for trigger in found:
                with box("li", "control"):
                    with box(classes="control-head"):
                        part("h3", shown(trigger.title, 64))
                        if self._visit.rights.changes and trigger.devices == (device_id,):
                            remove = button("\u00d7", partial(self._remove, trigger), "chip")
                            remove.props["aria-label"] = f"{words.remove}: {shown(trigger.title, 64)}"
                    part("p", self._worded(trigger), "soft")
            if not found:
                part("li", words.no_rules, "soft")

    def _worded(self, trigger: Trigger) -> str:
        words, rule = self._visit.words, trigger.rule
        if trigger.type == OFFLINE:
            condition = words.is_offline
        elif trigger.type == "frozen":
            condition = words.when_silent.format(stream=shown(trigger.stream, 40), seconds=f"{trigger.threshold:g}")
        else:
            condition = f"{shown(trigger.stream, 40)} {trigger.type} {shown_value(trigger.threshold, 40)}"
        then = [words.for_seconds.format(seconds=f"{rule.seconds:g}")] if rule and rule.seconds else []
        then += [f"{words.command} {shown(rule.command, 40)}"] if rule and rule.command else []
        then += [shown(trigger.url, 60)] if trigger.url != LOCAL else []
        then += [words.sound] if rule and rule.sound else []
        return " \u00b7 ".join([condition, *then])

    def _remove(self, trigger: Trigger) -> None:
        triggers = self._visit.platform.store.triggers
        if triggers.find(trigger.id):
            triggers.remove(trigger.id)
        self._draw()

    def _add(self) -> None:
        words, platform = self._visit.words, self._visit.platform
        streams = {it.id: shown(it.title or it.id, 60) for it in platform.described_streams(self._device.id)}
        kinds = {">": words.is_above, "<": words.is_below, "frozen": words.is_silent} if streams else {}
        kinds[OFFLINE] = words.is_offline
        with dialog(self._visit, words.add_rule) as made, form(lambda: submit()):
            title = field(words.title, words.rule_title_hint)
            kind = choice(words.condition, kinds, next(iter(kinds)))
            with box(classes="fields").bind_visibility_from(kind, "value", lambda it: it != OFFLINE):
                stream = choice(words.stream, streams, next(iter(streams), None))
                bound = field(words.bound, words.bound_hint)
            with box(classes="fields").bind_visibility_from(kind, "value", lambda it: it != "frozen"):
                seconds = field(words.lasts, words.lasts_hint, "0")
            command = field(f"{words.command} ({words.optional})", words.rule_command_hint)
            url = field(f"{words.web_hook} ({words.optional})", words.web_hook_hint)
            sound = ui.checkbox(words.sound_hint).props("dense")
            complaint = complaint_line()
            buttons(words, made, words.add_rule)

        def submit() -> None:
            try:
                of_stream = kind.value != OFFLINE
                body: dict[str, Any] = {
                    "title": text_of(title) or (streams[stream.value] if of_stream else words.is_offline),
                    "ds_id": stream.value if of_stream else "online",
                    "url": text_of(url) or LOCAL,
                    "type": kind.value,
                    "dev_ids": [self._device.id],
                    "rule": {
                        "seconds": number(text_of(seconds) or "0"),
                        "command": text_of(command),
                        "sound": sound.value,
                    },
                }
                if of_stream:
                    body["threshold"] = number(text_of(bound))
                platform.store.triggers.add(condition_in(body))
            except ValueError:
                complaint.text = words.no_number
                return
            except PlatformError as error:
                complaint.text = words.of(error)
                return
            made.close()
            self._draw()

        made.open()


def number(text: str) -> int | float:
    """Raises ValueError."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return int(value) if value.is_integer() else value
