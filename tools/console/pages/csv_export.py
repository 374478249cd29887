"""A device's data points as CSV, sent as they are read."""

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from ...clock import in_csv
from ...spreadsheet import in_cell
from ..numbers import number_of
from ..platform import Platform, UnknownDevice

_PIECE = 32768  # characters sent at once
_BYTE_ORDER_MARK = "\ufeff"  # without it, Excel takes UTF-8 for something else


def add_csv_export(app: FastAPI, platform: Platform) -> None:
    """Serves /device/{device_id}/points.csv, of one stream with ?stream=, else of all."""

    async def export(device_id: str, stream: str = "") -> StreamingResponse:
        try:
            ids = [known.id for known in platform.streams(device_id)]
        except UnknownDevice as error:
            raise HTTPException(404, "no such device") from error
        wanted = [stream] if stream else ids
        if not set(wanted) <= set(ids):
            raise HTTPException(404, "no such data stream")
        name = "".join(letter for letter in device_id if letter.isascii() and letter.isalnum())
        return StreamingResponse(
            _pieces(platform, device_id, wanted),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="onenet-{name}.csv"'},
        )

    app.add_api_route("/device/{device_id}/points.csv", export, include_in_schema=False)


def csv_address(device_id: str, stream_id: str = "") -> str:
    """Where the data points of a stream, or of all, are to be had as CSV."""
    address = f"/device/{quote(device_id, safe='')}/points.csv"
    return f"{address}?stream={quote(stream_id, safe='', errors='replace')}" if stream_id else address


async def _pieces(platform: Platform, device_id: str, stream_ids: list[str]) -> AsyncIterator[str]:
    """The file, a piece of some hundred lines at a time."""
    piece = io.StringIO()
    lines = csv.writer(piece)
    piece.write(_BYTE_ORDER_MARK)
    lines.writerow(["stream", "at", "value"])
    for stream_id in stream_ids:
        for point in platform.all_points(device_id, stream_id):
            lines.writerow([cell(stream_id), in_csv(point.at), cell(point.value)])
            if piece.tell() > _PIECE:
                yield piece.getvalue()
                piece.seek(0)
                piece.truncate()
    yield piece.getvalue()


def cell(value: Any) -> str:
    """A value as a spreadsheet may safely open it; text that reads as a number is one."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return in_cell(text, number=number_of(value) is not None)
