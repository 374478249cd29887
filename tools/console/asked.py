"""What an HTTP request says: its body and its parameters, checked."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request

from ..clock import BEIJING
from ..datapoints import parse_json, parse_time
from .failures import BadJson, EntityMissing, EntityTooLarge, InvalidParameter
from .platform import MOST_PAYLOAD

MOST_BODY = MOST_PAYLOAD
"""Bytes of a body where a call does not say otherwise."""


@dataclass(frozen=True)
class Window:
    """Which data points are asked for, in which order."""

    start: datetime | None
    end: datetime | None
    newest_first: bool
    after: tuple[int, int] | None


async def read_body(request: Request, most: int = MOST_BODY) -> bytes:
    """The body, which there must be. Not a byte more is read than is taken."""
    gathered = bytearray()
    async for chunk in request.stream():
        gathered += chunk
        if len(gathered) > most:
            raise EntityTooLarge(f"body: at most {most} bytes")
    if not gathered:
        raise EntityMissing("body is required")
    return bytes(gathered)


def object_in(body: bytes) -> dict[str, Any]:
    try:
        value = parse_json(body)
    except ValueError as error:
        raise BadJson(f"invalid JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadJson("invalid JSON: must be an object")
    return value


def text_in(body: dict[str, Any], name: str, default: Any = ...) -> Any:
    value = body.get(name, default)
    if value is not default and not isinstance(value, str):
        raise InvalidParameter(f"{name}: must be text")
    return value


def names_in(request: Request, name: str) -> list[str] | None:
    """A list with commas; None if it is not given."""
    value = request.query_params.get(name)
    return None if value is None else [item for item in value.split(",") if item]


def number_in(request: Request, name: str, default: int, least: int, most: int | None) -> int:
    text = request.query_params.get(name)
    if text is None or text == "":
        return default
    bounds = f"must be a number from {least}{'' if most is None else f' to {most}'}"
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InvalidParameter(f"{name}: {bounds}")
    number = int(text)
    if number < least or (most is not None and number > most):
        raise InvalidParameter(f"{name}: {bounds}")
    return number


def window_in(request: Request) -> Window:
    """start with duration counts forwards, end with duration backwards, duration alone back from now."""
    start, end = _time(request, "start"), _time(request, "end")
    duration = number_in(request, "duration", 0, 1, None)
    backwards = False
    if duration:
        try:
            span = timedelta(seconds=duration)
            if start is not None:
                end = min(end, start + span) if end else start + span
            else:
                backwards = end is not None
                end = end or datetime.now(BEIJING)
                start = end - span
        except OverflowError as error:
            raise InvalidParameter("duration: too long") from error
    sort = request.query_params.get("sort", "").upper()
    if sort not in ("", "ASC", "DESC"):
        raise InvalidParameter("sort: must be ASC or DESC")
    return Window(start, end, sort == "DESC" or (backwards and not sort), _cursor(request))


def _time(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise InvalidParameter(f"{name}: must be like 2015-01-10T08:00:35") from error


def _cursor(request: Request) -> tuple[int, int] | None:
    text = request.query_params.get("cursor")
    if not text:
        return None
    match = re.fullmatch(r"(-?[0-9]{1,18})_([0-9]{1,18})", text)
    if not match:
        raise InvalidParameter("cursor: must be one that came with data points")
    return int(match[1]), int(match[2])
