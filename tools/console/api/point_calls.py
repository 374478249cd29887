"""Calls about data points: [API 12], [API 13]."""

from typing import Any

from ...datapoints import from_fields, from_json
from ..asked import names_in, number_in, window_in
from ..database import utc
from ..failures import BadJson, InvalidParameter, MissingParameter
from ..point_table import Row
from .asking import Asking
from .shown import to_milliseconds

_MOST_POINTS = 6000
_SOME_POINTS = 100


async def list_(it: Asking) -> Any:
    """[API 13]; the answer's order: [live]."""
    streams = names_in(it.request, "datastream_id")
    device = it.device(streams)
    limit = number_in(it.request, "limit", _SOME_POINTS, 1, _MOST_POINTS)
    if not any(it.param(name) for name in ("start", "end", "duration", "cursor", "sort")):
        # Not said in the document, but what its users lean on: without a time, the latest of each, newest first.
        return _grouped(it.platform.latest_rows(device.id, streams, limit if it.param("limit") else 1))
    window = window_in(it.request)
    rows = it.platform.rows(device.id, streams, window.start, window.end, window.after, limit + 1, window.newest_first)
    answer = _grouped(rows[:limit])
    if len(rows) > limit:
        return {"cursor": f"{rows[limit - 1].at}_{rows[limit - 1].number}", **answer}
    return answer


def _grouped(rows: list[Row]) -> dict[str, Any]:
    streams: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        streams.setdefault(row.stream, []).append({"at": to_milliseconds(utc(row.at)), "value": row.value})
    listed = [{"datapoints": points, "id": stream} for stream, points in streams.items()]
    return {"count": len(rows), "datastreams": listed}


async def add(it: Asking) -> Any:
    """[API 12]."""
    device = it.device()
    kind = number_in(it.request, "type", 1, 1, 5)
    body = await it.body()
    try:
        if kind == 2:
            raise InvalidParameter("type: must be 1, 3, 4 or 5")
        points = from_fields(body) if kind == 5 else from_json(kind, body)
    except ValueError as error:
        raise BadJson(f"invalid JSON: data points: {error}") from error
    await it.platform.store_points(device.id, points)


async def remove(it: Asking) -> Any:
    """From a time on, up to another or for some seconds: of a stream, of several, or of all. It takes one of the three
    at least, for nobody means to delete everything by leaving everything out."""
    streams = names_in(it.request, "datastream_id")
    device = it.device(streams)
    window = window_in(it.request)
    if streams is None and window.start is None and window.end is None:
        raise MissingParameter("datastream_id, start or end is required")
    await it.platform.remove_points(device.id, streams, window.start, window.end)
