"""Calls about data streams: [API 8] to [API 11]."""

import uuid
from typing import Any

from ...datapoints import LONGEST_ID
from ..asked import names_in, text_in
from ..failures import DatastreamExists, InvalidParameter, MissingParameter, SystemLimit, UnknownStream
from ..model import DescribedStream
from ..point_table import STREAMS_KEPT
from .asking import Asking
from .shown import to_seconds

_NAMESPACE = uuid.UUID("6d1f7a52-6f0b-5a3f-9a53-0f6f2f5f2b11")  # of our streams' ds_uuid; the number means nothing


async def list_(it: Asking) -> Any:
    """[API 11]."""
    wanted = names_in(it.request, "datastream_ids")
    device = it.device(wanted)
    streams = it.platform.described_streams(device.id)
    return [_current(stream) for stream in streams if wanted is None or stream.id in wanted]


async def detail(it: Asking) -> Any:
    """[API 10]."""
    return _current(_found(it))


def _found(it: Asking) -> DescribedStream:
    """The stream of the path, once it may be asked about."""
    stream_id = it.path("stream")
    device = it.device([stream_id])
    for stream in it.platform.described_streams(device.id):
        if stream.id == stream_id:
            return stream
    raise UnknownStream(stream_id)


def _current(stream: DescribedStream) -> dict[str, Any]:
    """In the order of [API 10] and of [live], where one without a data point has neither time nor value."""
    here = stream.current
    return {
        **({} if here is None else {"update_at": to_seconds(here.at)}),
        "unit": stream.unit,
        "id": stream.id,
        "unit_symbol": stream.unit_symbol,
        "create_time": to_seconds(stream.created),
        **({} if here is None else {"current_value": here.value}),
    }


async def add(it: Asking) -> Any:
    """[API 8]."""
    body = await it.object()
    if "id" not in body:
        raise MissingParameter("id is required")
    stream_id = text_in(body, "id")
    device = it.device([stream_id])
    if not 1 <= len(stream_id) <= LONGEST_ID:
        raise InvalidParameter(f"id: must have 1 to {LONGEST_ID} characters")
    known = {stream.id for stream in it.platform.described_streams(device.id)}
    if stream_id in known:
        raise DatastreamExists(stream_id)
    if len(known) >= STREAMS_KEPT:
        raise SystemLimit(f"more than {STREAMS_KEPT} data streams")
    it.platform.describe_stream(device.id, stream_id, **_attributes(body))
    return {"ds_uuid": str(uuid.uuid5(_NAMESPACE, f"{device.id}/{stream_id}"))}


async def edit(it: Asking) -> Any:
    """[API 9]."""
    stream = _found(it)
    it.platform.describe_stream(it.path("id"), stream.id, **_attributes(await it.object()))


async def remove(it: Asking) -> Any:
    """With all its data points. [API 12] in the documents of V1."""
    await it.platform.remove_stream(it.path("id"), _found(it).id)


def _attributes(body: dict[str, Any]) -> dict[str, Any]:
    attributes: dict[str, Any] = {name: text_in(body, name) for name in ("unit", "unit_symbol") if name in body}
    if "tags" in body:
        if not isinstance(body["tags"], list) or not all(isinstance(tag, str) for tag in body["tags"]):
            raise InvalidParameter("tags: must be a list of text")
        attributes["tags"] = body["tags"]
    return attributes
