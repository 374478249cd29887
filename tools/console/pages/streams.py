"""A device's data streams: a card each, with the last value and a chart, a page of cards at a time."""

from collections.abc import Iterable
from typing import Any

import nicegui.elements.echart  # noqa: F401  # ships ECharts, which stream_card.js imports
from nicegui import ui
from nicegui.element import Element

from ...clock import zone
from ...model.thing_model import ThingModel
from ..model import DescribedStream, Point
from ..numbers import number_of
from .csv_export import csv_address
from .frame import Visit, box, button, link, part
from .meaning import Meaning, meaning
from .places import place_in
from .stream import stream_address
from .text import milliseconds, shown, shown_value
from .words import Words

_CARDS = 12  # on a page
_POINTS = 300  # a card, as in stream_card.js


class StreamCard(Element, component="stream_card.js", dependencies=["clock.js"]):
    """One data stream. Only new points go to the browser."""

    def __init__(self, device_id: str, stream_id: str, points: Iterable[Point], words: Words, meant: Meaning) -> None:
        super().__init__()
        name = meant.name or shown(stream_id, 80)
        self._props["name"] = name
        self._props["page"] = stream_address(device_id, stream_id)
        self._props["meant"] = {"unit": meant.unit, "range": meant.range, "choices": meant.choices}
        self._props["zone"] = zone()
        self._props["csv"] = csv_address(device_id, stream_id)
        self._props["initial"] = [_row(point) for point in points]
        self._props["words"] = {
            **words.some("recent_values", "chart_numbers", "longitude", "latitude", "time", "silent_since"),
            "chart_of": words.chart_of.format(stream=name),
            "csv_of": words.csv_of.format(stream=name),
        }

    def append(self, points: list[Point]) -> None:
        self.run_method("append", [_row(point) for point in points[-_POINTS:]])


class Streams:
    """All data streams of a device, in the order of their names."""

    def __init__(self, visit: Visit, device_id: str, model: ThingModel | None = None, is_thing: bool = False) -> None:
        self._visit = visit
        self._model = model
        self._none_yet = visit.words.no_things if is_thing else visit.words.no_streams
        self._device_id = device_id
        self._known = self._look()
        self._cards: dict[str, StreamCard] = {}
        self._page = 0
        self._search = ""
        self._shows_hidden = False
        words = visit.words
        with box(classes="bar"):
            part("h2", words.properties if is_thing else words.streams)
            search = ui.element("input").classes("search")
            search.props.update({"type": "search", "placeholder": words.search_streams, "maxlength": 200})
            search.props["aria-label"] = words.search_streams
            search.on("input", lambda event: self._look_for(event.args), js_handler="(e) => emit(e.target.value)")
            self._hidden = button("", self._toggle_hidden, "chip")
            link(csv_address(device_id), words.all_csv, "btn quiet").props["download"] = True
        self._search_box = search
        self._board = box(classes="streams")
        self._pager = box("nav", "pager")
        self._draw()

    def append(self, points: Iterable[tuple[str, Point]]) -> None:
        """Shows data points that have come."""
        by_stream: dict[str, list[Point]] = {}
        for stream_id, point in points:
            by_stream.setdefault(stream_id, []).append(point)
        new = by_stream.keys() - self._known.keys()
        if new:
            self._known = self._look()
        for stream_id, gathered in by_stream.items():
            if stream_id in self._cards:
                self._cards[stream_id].append(gathered)
        if new:
            self._draw()

    def look_again(self) -> None:
        """Somebody may have removed some, or said something of them."""
        before, self._known = self._known, self._look()
        if before.keys() != self._known.keys():
            self._draw()

    def _look(self) -> dict[str, DescribedStream]:
        """Those with a data point, by id."""
        described = self._visit.platform.described_streams(self._device_id)
        return {stream.id: stream for stream in described if stream.current is not None}

    def _toggle_hidden(self) -> None:
        self._shows_hidden = not self._shows_hidden
        self._draw()

    def _look_for(self, text: Any) -> None:
        self._search = str(text)[:200].lower()
        self._page = 0
        self._draw()

    def _turn(self, pages: int) -> None:
        self._page += pages
        self._draw()

    def _draw(self) -> None:
        """Makes the cards of this page that are not there yet, and takes away those that do not belong here."""
        words, platform = self._visit.words, self._visit.platform
        hidden = sum(stream.hidden for stream in self._known.values())
        self._hidden.set_visibility(hidden > 0)
        self._hidden.text = words.hidden.format(count=hidden)
        self._hidden.props["aria-pressed"] = "true" if self._shows_hidden else "false"
        found = [stream_id for stream_id in sorted(self._known) if self._is_wanted(self._known[stream_id])]
        pages = max(1, -(-len(found) // _CARDS))
        self._page = max(0, min(self._page, pages - 1))
        wanted = found[self._page * _CARDS : (self._page + 1) * _CARDS]
        for stream_id in [stream_id for stream_id in self._cards if stream_id not in wanted]:
            self._cards.pop(stream_id).delete()
        with self._board:
            for stream_id in wanted:
                if stream_id not in self._cards:
                    points = platform.points(self._device_id, stream_id, limit=_POINTS)
                    meant = meaning(self._model, stream_id, words, self._known[stream_id])
                    self._cards[stream_id] = StreamCard(self._device_id, stream_id, points, words, meant)
        for place, stream_id in enumerate(wanted):
            self._cards[stream_id].move(target_index=place)
        self._search_box.set_visibility(len(self._known) > _CARDS)
        self._pager.clear()
        with self._pager:
            self._draw_pager(pages, bool(wanted))

    def _is_wanted(self, stream: DescribedStream) -> bool:
        is_found = self._search in stream.id.lower() or self._search in stream.title.lower()
        return is_found and (self._shows_hidden or not stream.hidden)

    def _draw_pager(self, pages: int, any_wanted: bool) -> None:
        words = self._visit.words
        if not any_wanted:
            part("p", words.no_such_streams if self._known else self._none_yet, "nothing")
        if pages > 1:
            back = button(words.previous, lambda: self._turn(-1), "chip")
            part("span", words.page_of.format(page=self._page + 1, pages=pages), "soft")
            on = button(words.next, lambda: self._turn(1), "chip")
            back.props.set_bool("disabled", self._page == 0)
            on.props.set_bool("disabled", self._page == pages - 1)


def _row(point: Point) -> list[Any]:
    """Time, number to draw, text; for true and false 1 and 0, and of places longitude and latitude too."""
    number = float(point.value) if isinstance(point.value, bool) else number_of(point.value)
    return [milliseconds(point.at), number, shown_value(point.value), *(place_in(point.value) or ())]
