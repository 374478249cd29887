"""The page of a data stream, or of several over each other: its history as a chart and as a table."""

from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import nicegui.elements.echart  # noqa: F401  # ships ECharts, which history_chart.js imports
from fastapi import Query, Request
from nicegui import ui
from nicegui.element import Element

from ...clock import zone
from ...model.thing_model import ThingModel
from ..model import DescribedStream, Device, Event, PointsStored
from ..platform import UnknownDevice
from .chart_data import MOST_STREAMS
from .csv_export import csv_address
from .frame import Visit, box, button, frame, link, not_there, part, visit
from .meaning import meaning, model_of
from .stream_forms import edit_stream, remove_stream
from .text import shown
from .updates import Updates
from .words import Words


class HistoryChart(Element, component="history_chart.js", dependencies=["clock.js"]):
    """Chart and table, which ask for what they show by themselves: see chart_data.py."""

    def __init__(self, device_id: str, streams: Iterable[Any], others: Iterable[Any], words: Words) -> None:
        super().__init__()
        self._props["home"] = f"/device/{quote(device_id, safe='')}"
        self._props["zone"] = zone()
        self._props["streams"] = list(streams)
        self._props["others"] = list(others)
        self._props["words"] = words.some(
            *("span", "all", "from_time", "to_time", "show", "earlier", "later", "zoom_in", "zoom_out"),
            *("minutes", "hours", "days", "nothing_to_draw", "nothing_in_span", "span_is_none", "not_loaded"),
            *("stream", "value", "minimum", "mean", "maximum", "points", "share_true", "take_away", "lay_over"),
            *("chart_hint", "gathered", "grey_is_offline", "chart_of", "chart_numbers"),
            *("values", "time", "longitude", "latitude", "newest", "older"),
        )

    def append(self) -> None:
        """There is something new to be asked for."""
        self.run_method("append")


@ui.page("/device/{device_id}/stream")
def stream_page(request: Request, device_id: str, stream: Annotated[list[str] | None, Query()] = None) -> None:
    """What a stream has been, in any span of time; more streams of the device lie over it."""
    here = visit(request)
    words = here.words
    try:
        device = here.platform.device(device_id)
    except UnknownDevice:
        not_there(here, words.no_device.format(id=shown(device_id, 40)), words.no_device_hint)
        return
    known = {it.id: it for it in here.platform.described_streams(device_id)}
    wanted = [known[name] for name in dict.fromkeys(stream or ()) if name in known][:MOST_STREAMS]
    if not wanted:
        name = shown(stream[0], 40) if stream else ""
        not_there(here, words.no_stream.format(stream=name), words.no_stream_hint)
        return
    model = model_of(here.platform, device)
    looks = {it.id: _look(it, model, words) for it in known.values()}
    title = ", ".join(looks[it.id]["name"] for it in wanted)
    with frame(here, f"{shown(title, 80)} · {shown(device.title, 60)}", times=True):
        _head(here, device, wanted, title)
        others = [looks[name] for name in sorted(known) if known[name] not in wanted]
        may_lay = len(wanted) < MOST_STREAMS
        chart = HistoryChart(device.id, [looks[it.id] for it in wanted], others if may_lay else [], words)
    ids = {it.id for it in wanted}

    def concerns(event: Event) -> bool:
        if not isinstance(event, PointsStored) or event.device_id != device.id:
            return False
        return any(name in ids for name, _ in event.points)

    Updates(here.platform, here.client, concerns, lambda events: chart.append())


def stream_address(device_id: str, *streams: str) -> str:
    """Of the page of these streams."""
    names = urlencode([("stream", name.encode("utf-8", "replace")) for name in streams])
    return f"/device/{quote(device_id, safe='')}/stream?{names}"


def _head(here: Visit, device: Device, streams: list[DescribedStream], title: str) -> None:
    words = here.words
    link(f"/device/{quote(device.id, safe='')}", shown(device.title, 80), "back")
    with box(classes="bar"):
        with box("h1"):
            part("bdi", shown(title, 120))
        if len(streams) > 1:
            return
        with box(classes="buttons"):
            link(csv_address(device.id, streams[0].id), "CSV", "btn quiet").props["download"] = True
            if here.rights.changes:
                button(words.edit, lambda: edit_stream(here, device, streams[0].id), "btn quiet")
                button(words.remove, lambda: remove_stream(here, device, streams[0].id), "btn quiet")


def _look(stream: DescribedStream, model: ThingModel | None, words: Words) -> dict[str, Any]:
    """What the chart has to know of it."""
    meant = meaning(model, stream.id, words, stream)
    truth = stream.current is not None and isinstance(stream.current.value, bool)
    return {
        "id": stream.id.encode("utf-8", "replace").decode(),
        "name": meant.name or shown(stream.id, 80),
        "unit": meant.unit,
        "steps": truth or bool(meant.choices),
        "truth": truth,
        "choices": meant.choices,
    }
