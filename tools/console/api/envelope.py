"""What is around every answer: {"errno":0,"data":…,"error":"succ"} with HTTP status 200, whatever happens [live]."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ..database import StoreError
from ..failures import PlatformError


def enveloped(answer: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """What `answer` returns or raises, as the platform says it. A Response goes out as it is."""

    async def respond(request: Request) -> Response:
        try:
            data = await answer(request)
        except PlatformError as error:
            return refusal(error.errno, str(error))
        except StoreError as error:
            return refusal(PlatformError.errno, f"internal error: {error}")
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody
        if isinstance(data, Response):
            return data
        return said({"errno": 0, "error": "succ"} if data is None else {"errno": 0, "data": data, "error": "succ"})

    return respond


def refusal(errno: int, words: str) -> Response:
    return said({"errno": errno, "error": words})


def said(envelope: dict[str, Any]) -> Response:
    """A whole answer, in one line and without spaces."""
    text = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
    return Response(text, media_type="application/json")
