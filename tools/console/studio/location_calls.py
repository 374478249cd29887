"""The HTTP API's calls for where a device is: by the access points, or the cells, that it has reported as a property of
the system [studio docs]. The console knows no access points and no cells: all that is reported is at one place, which
the rules longitude and latitude say.

Fields are those of [studio docs], paths those of [API list]. Whether lon and lat are text or numbers the table
and the example do not agree on: here they are text. What a device is answered that has reported nothing is not known:
here there is no data.
"""

from datetime import datetime, timedelta
from typing import Any

from ...clock import BEIJING
from ..database import microseconds, utc, utc_now
from .asked_thing import Asked
from .failures import BadParameter
from .system_model import CELLS, WIFI

_MOST = 100_000  # points that are looked at, which is all that are kept
_EDGES = ("minLon", "maxLon", "minLat", "maxLat")


def latest_cell(it: Asked) -> dict[str, Any] | None:
    return _latest(it, CELLS)


def latest_wifi(it: Asked) -> dict[str, Any] | None:
    return _latest(it, WIFI)


def trail_cell(it: Asked) -> dict[str, Any]:
    return _trail(it, CELLS)


def trail_wifi(it: Asked) -> dict[str, Any]:
    return _trail(it, WIFI)


def _latest(it: Asked, identifier: str) -> dict[str, Any] | None:
    found = _reported(it, identifier, None, None, newest_first=True)
    return _place(it, identifier, found[0]) if found else None


def _trail(it: Asked, identifier: str) -> dict[str, Any]:
    """start, end, as 2020-04-16T08:00:35.012: from this week's Monday until now if not given; page, per_page; sort ASC
    or DESC; with all four edges, what is within them."""
    sort = str(it.text("sort", "ASC")).upper()
    if sort not in ("ASC", "DESC"):
        raise BadParameter("sort: must be ASC or DESC")
    page, size = it.number("page", 1, 1, 10**6), it.number("per_page", 10, 1, 100)
    now = utc_now().astimezone(BEIJING)
    monday = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    found = _reported(it, identifier, _time(it, "start", monday), _time(it, "end", now), sort == "DESC")
    if not _is_within(it):
        found = []
    shown = found[(page - 1) * size : page * size]
    items = [_place(it, identifier, at) for at in shown]
    return {"page": page, "perPage": size, "total_count": len(found), "items": items}


def _reported(
    it: Asked, identifier: str, start: datetime | None, end: datetime | None, newest_first: bool
) -> list[datetime]:
    """When there was a report that a place can be told from."""
    rows = it.platform.rows(it.device().id, [identifier], start, end, None, _MOST, newest_first)
    return [utc(row.at) for row in rows if _tells(identifier, row.value)]


def _tells(identifier: str, value: Any) -> bool:
    if identifier == WIFI:
        return isinstance(value, dict) and isinstance(value.get("macs"), str) and bool(value["macs"])
    return isinstance(value, list) and bool(value) and all(isinstance(cell, dict) and cell for cell in value)


def _place(it: Asked, identifier: str, at: datetime) -> dict[str, Any]:
    rules = it.platform.studio.rules
    text = at.astimezone(BEIJING).replace(tzinfo=None).isoformat(" ", "milliseconds")
    accuracy = {} if identifier == WIFI else {"accuracy": "20"}
    return {"at": text, **accuracy, "lon": str(rules.longitude), "lat": str(rules.latitude)}


def _is_within(it: Asked) -> bool:
    edges = [it.text(name, "") for name in _EDGES]
    if not all(edges):
        return True
    try:
        west, east, south, north = map(float, edges)
    except ValueError as error:
        raise BadParameter(f"{', '.join(_EDGES)}: must be numbers") from error
    rules = it.platform.studio.rules
    return west <= rules.longitude <= east and south <= rules.latitude <= north


def _time(it: Asked, name: str, default: datetime) -> datetime:
    text = it.text(name, "")
    if not text:
        return default
    try:
        when = datetime.fromisoformat(text)
        when = when if when.tzinfo else when.replace(tzinfo=BEIJING)
        microseconds(when)
    except (ValueError, OverflowError) as error:
        raise BadParameter(f"{name}: must be a time as 2020-04-16T08:00:35.012, of Beijing") from error
    return when
