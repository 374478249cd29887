"""The HTTP API's calls for data-stream products [API list]: data points, and commands that are waited for."""

from base64 import b64encode
from typing import Any

from starlette.requests import Request

from ...clock import BEIJING
from ..asked import read_body
from ..database import microseconds, utc
from ..failures import PlatformError
from ..platform import Platform
from .asked_thing import Asked
from .failures import BadParameter

_LIMIT, _MOST = 100, 6000  # data points


def current(it: Asked) -> dict[str, Any]:
    device = it.device()
    streams = [
        {"id": stream.id, "value": stream.value, **_times(microseconds(stream.at))}
        for stream in it.platform.streams(device.id)
    ]
    return {"devices": [{"title": device.title, "id": device.name, "datastreams": streams}]}


def history(it: Asked) -> dict[str, Any]:
    """Of one stream with datastream_id, else of all, newest first; start_time and end_time in milliseconds."""
    device = it.device()
    stream = it.text("datastream_id", "")
    start, end = it.period() if it.value("start_time", "") else (None, None)
    limit = it.number("limit", _LIMIT, 1, _MOST)
    rows = it.platform.rows(device.id, [stream] if stream else None, start, end, None, limit, True)
    points: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        points.setdefault(row.stream, []).append({"value": row.value, **_times(row.at)})
    return {"count": len(rows), "datastreams": [{"id": id, "datapoints": found} for id, found in points.items()]}


async def command(platform: Platform, request: Request) -> dict[str, Any]:
    """A command in the body; product_id, device_name and timeout, 5 to 30 s, in the query."""
    it = Asked(platform, request.headers.get("authorization", ""), dict(request.query_params))
    device = it.device(change=True)
    seconds = it.number("timeout", 5, 5, 30)
    try:
        payload = await read_body(request)
    except PlatformError as error:
        raise BadParameter(str(error)) from error
    uuid, answer = await platform.studio.things.command(device, payload, seconds)
    return {"cmd_uuid": uuid, "cmd_resp": b64encode(answer).decode()}


def _times(at: int) -> dict[str, Any]:
    text = utc(at).astimezone(BEIJING).replace(tzinfo=None).isoformat(" ", "milliseconds")
    return {"at": text, "at_timestamp": at // 1000}
