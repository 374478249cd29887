"""What the page of a stream asks for while it is open: lines to draw, and tables of values, as JSON.

It asks over HTTP and not by the page's own connection, so that a browser can drop what it does not need any more.
"""

import asyncio
import json
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import Response

from ..history import Gathered, History, history, span_of
from ..platform import Platform, UnknownDevice
from .places import place_in
from .text import shown_value

MOST_STREAMS = 6
"""In one chart."""

_ROWS = 25  # of the table, at a time
_WIDEST = 2000  # pixels that are told apart
_LONGEST = 2**50  # milliseconds from 1970 that are taken, either way
_Streams = Annotated[list[str], Query()]
_Milliseconds = Annotated[int | None, Query(ge=-_LONGEST, le=_LONGEST)]


def add_chart_data(app: FastAPI, platform: Platform) -> None:
    """Serves /device/{device_id}/chart.json and values.json, of the streams in ?stream=, from ?start= to before ?end=,
    milliseconds since 1970 as browsers count; without them from the first point to the last."""

    async def chart(
        device_id: str,
        stream: _Streams,
        start: _Milliseconds = None,
        end: _Milliseconds = None,
        width: Annotated[int, Query(ge=50, le=_WIDEST)] = 500,
    ) -> Response:
        _check(platform, device_id, stream)
        aside = platform.store.aside
        if start is None or end is None:
            span = await aside(partial(span_of, device_id, stream)) or (0, 1)
            start, end = span[0] // 1000, span[1] // 1000 + 1
        end = max(end, start + 1)
        first, last, margin = start * 1000, end * 1000, (end - start) * 500
        found = await asyncio.gather(
            *(aside(partial(history, device_id, name, first, last, margin, width)) for name in stream)
        )
        offline = [span for span in _offline(platform, device_id) if span[1] is None or span[1] > start - margin]
        return _answer({"start": start, "end": end, "streams": [_drawn(it) for it in found], "offline": offline})

    async def values(
        device_id: str,
        stream: _Streams,
        start: _Milliseconds = None,
        end: _Milliseconds = None,
        after: Annotated[str, Query(pattern=r"^(-?\d{1,18},\d{1,18})?$")] = "",
    ) -> Response:
        _check(platform, device_id, stream)
        last = tuple(int(part) for part in after.split(",")) if after else None
        first_row = (last[0], last[1]) if last else None
        rows = platform.rows(device_id, stream, _time(start), _time(end), first_row, _ROWS + 1, newest_first=True)
        table = [
            [row.at // 1000, stream.index(row.stream), shown_value(row.value), *(place_in(row.value) or ())]
            for row in rows[:_ROWS]
        ]
        more = f"{rows[_ROWS - 1].at},{rows[_ROWS - 1].number}" if len(rows) > _ROWS else ""
        return _answer({"rows": table, "more": more})

    app.add_api_route("/device/{device_id}/chart.json", chart, include_in_schema=False)
    app.add_api_route("/device/{device_id}/values.json", values, include_in_schema=False)


def _answer(content: Any) -> Response:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(
        text.encode("utf-8", "replace"), media_type="application/json", headers={"cache-control": "no-store"}
    )


def _check(platform: Platform, device_id: str, streams: list[str]) -> None:
    try:
        known = {it.id for it in platform.described_streams(device_id)}
    except UnknownDevice as error:
        raise HTTPException(404, "no such device") from error
    if len(streams) > MOST_STREAMS:
        raise HTTPException(400, f"at most {MOST_STREAMS} streams")
    if not set(streams) <= known:
        raise HTTPException(404, "no such data stream")


def _time(at: int | None) -> datetime | None:
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(0, timezone.utc) + timedelta(milliseconds=at)
    except OverflowError as error:
        raise HTTPException(400, "start and end: in milliseconds since 1970") from error


def _drawn(it: History) -> dict[str, Any]:
    """Rows of time, mean, minimum and maximum; of single points without the latter two. An empty value is a gap."""
    rows: list[list[float | None]] = []
    before: Gathered | None = None
    for entry in it.entries:
        if before and entry.first - before.last > it.pause:
            rows.append([(before.last + entry.first) // 2000, None])
        at = (entry.first + entry.last) // 2000
        rows.append([at, entry.mean, entry.low, entry.high] if it.is_gathered else [at, entry.mean])
        before = entry
    facts = it.facts and {
        **{name: getattr(it.facts, name) for name in ("low", "high", "mean", "count")},
        **{name: getattr(it.facts, name) // 1000 for name in ("first", "last")},
    }
    return {"rows": rows, "gathered": it.is_gathered, "facts": facts}


def _offline(platform: Platform, device_id: str) -> list[tuple[int, int | None]]:
    """When it was offline, from and until; the last one may not have ended."""
    spans: list[tuple[int, int | None]] = []
    since: int | None = None
    for online, at in reversed(platform.store.statuses(device_id, 0, 2**62, 1000, 0)):
        if online and since is not None:
            spans.append((since // 1000, at // 1000))
        since = None if online else at
    return [*spans, (since // 1000, None)] if since is not None else spans
