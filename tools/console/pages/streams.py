"""A device's data streams: a card each, with the last value and a chart, a page of cards at a time."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import nicegui.elements.echart  # noqa: F401  # ships ECharts, which stream_card.js imports
from nicegui import ui
from nicegui.element import Element

from ...thing_model import ThingModel
from ..model import Point
from .frame import Visit, box, button, link, part
from .meaning import Meaning, meaning
from .text import milliseconds, number_of, shown, shown_value
from .words import Words

_CARDS = 12  # on a page
_POINTS = 300  # a card, as in stream_card.js


class StreamCard(Element, component="stream_card.js"):
    """One data stream. Only new points go to the browser."""

    def __init__(self, device_id: str, stream_id: str, points: Iterable[Point], words: Words, meant: Meaning) -> None:
        super().__init__()
        name = meant.name or shown(stream_id, 80)
        self._props["name"] = name
        self._props["meant"] = {"unit": meant.unit, "range": meant.range, "choices": meant.choices}
        self._props["csv"] = csv_address(device_id, stream_id)
        self._props["initial"] = [_row(point) for point in points]
        self._props["words"] = {
            **words.some("recent_values", "chart_numbers"),
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
        self._ids = {stream.id for stream in visit.platform.streams(device_id)}
        self._cards: dict[str, StreamCard] = {}
        self._page = 0
        self._search = ""
        words = visit.words
        with box(classes="bar"):
            part("h2", words.properties if is_thing else words.streams)
            search = ui.element("input").classes("search")
            search.props.update({"type": "search", "placeholder": words.search_streams, "maxlength": 200})
            search.props["aria-label"] = words.search_streams
            search.on("input", lambda event: self._look_for(event.args), js_handler="(e) => emit(e.target.value)")
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
        new = by_stream.keys() - self._ids
        self._ids |= new
        for stream_id, gathered in by_stream.items():
            if stream_id in self._cards:
                self._cards[stream_id].append(gathered)
        if new:
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
        found = [stream_id for stream_id in sorted(self._ids) if self._search in stream_id.lower()]
        pages = max(1, -(-len(found) // _CARDS))
        self._page = max(0, min(self._page, pages - 1))
        wanted = found[self._page * _CARDS : (self._page + 1) * _CARDS]
        for stream_id in [stream_id for stream_id in self._cards if stream_id not in wanted]:
            self._cards.pop(stream_id).delete()
        with self._board:
            for stream_id in wanted:
                if stream_id not in self._cards:
                    points = platform.points(self._device_id, stream_id, limit=_POINTS)
                    meant = meaning(self._model, stream_id, words)
                    self._cards[stream_id] = StreamCard(self._device_id, stream_id, points, words, meant)
        for place, stream_id in enumerate(wanted):
            self._cards[stream_id].move(target_index=place)
        self._search_box.set_visibility(len(self._ids) > _CARDS)
        self._pager.clear()
        with self._pager:
            self._draw_pager(pages, bool(wanted))

    def _draw_pager(self, pages: int, any_wanted: bool) -> None:
        words = self._visit.words
        if not any_wanted:
            part("p", words.no_such_streams if self._ids else self._none_yet, "nothing")
        if pages > 1:
            back = button(words.previous, lambda: self._turn(-1), "chip")
            part("span", words.page_of.format(page=self._page + 1, pages=pages), "soft")
            on = button(words.next, lambda: self._turn(1), "chip")
            back.props.set_bool("disabled", self._page == 0)
            on.props.set_bool("disabled", self._page == pages - 1)


def csv_address(device_id: str, stream_id: str = "") -> str:
    """Where the data points of a stream, or of all, are to be had as CSV."""
    address = f"/device/{quote(device_id, safe='')}/points.csv"
    return f"{address}?stream={quote(stream_id, safe='', errors='replace')}" if stream_id else address


def _row(point: Point) -> list[int | float | str | None]:
    return [milliseconds(point.at), number_of(point.value), shown_value(point.value)]
