"""Calls about binary data: [API 16], [API 17]. A data point has the index of its bytes as its value."""

from typing import Any

from starlette.responses import Response

from ...datapoints import DataPoint
from ..failures import MissingParameter, UnknownFile, UnknownStream
from .asking import Asking
from .command_calls import RAW

_MOST_BYTES = 800 * 1024  # [API 16]


async def add(it: Asking) -> Any:
    """[API 16]: of a data stream that is there. The answer's order: [live]."""
    device_id, stream_id = it.param("device_id"), it.param("datastream_id")
    it.allow(device_id, [stream_id])
    for name in ("device_id", "datastream_id"):
        if not it.param(name):
            raise MissingParameter(f"{name} is required")
    device = it.found(device_id)
    if stream_id not in {stream.id for stream in it.platform.described_streams(device.id)}:
        raise UnknownStream(stream_id)
    data = await it.body(_MOST_BYTES)
    index = await it.platform.store_file(device.id, DataPoint(stream_id, data, None, it.param("desc") or None))
    return {"index": index}


async def read(it: Asking) -> Any:
    """[API 17]."""
    file = it.platform.store.files.find(it.path("index"))
    if file is None:
        it.allow("")
        raise UnknownFile(it.path("index"))
    it.allow(file.device_id, [file.stream])
    return Response(file.data, media_type="application/octet-stream", headers=RAW)
