"""Events that a device has reported."""

from collections.abc import Iterable

from ...model.thing_model import ThingModel
from ..model import ThingEvent
from .frame import Visit, box, part
from .text import shown, shown_time, shown_value

_SHOWN = 20


class Events:
    """The last ones, newest first."""

    def __init__(self, visit: Visit, device_id: str, model: ThingModel | None) -> None:
        self._words = visit.words
        self._names = {it.identifier: it.name for it in model.events.values()} if model else {}
        with box("section", "card"):
            part("h2", visit.words.events)
            self._list = box("ol", "commands")
            self._list.props["aria-live"] = "polite"
        self._events: list[ThingEvent] = []
        self.append(reversed(visit.platform.store.events.latest(device_id, _SHOWN)))

    def append(self, events: Iterable[ThingEvent]) -> None:
        self._events = sorted([*self._events, *events], key=lambda event: event.at)[-_SHOWN:]
        self._list.clear()
        with self._list:
            for event in reversed(self._events):
                with box("li"):
                    part("time", shown_time(event.at), "soft")
                    part("bdi", shown(self._names.get(event.identifier, event.identifier), 60))
                    part("bdi", shown_value(event.value), "mono reply")
            if not self._events:
                part("li", self._words.no_events, "nothing")
