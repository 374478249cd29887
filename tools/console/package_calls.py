"""The console's own calls about packages: /packages, which no OneNET has. Boards fetch them by a name that only they
are told; who sends one shows the product's key."""

import hmac
import json
from typing import Any

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from .failures import AuthFailed, InvalidParameter, KeyRequired, PlatformError
from .packages import MOST, is_end, ranged
from .platform import Platform


def add_packages(app: FastAPI, platform: Platform) -> None:
    """Puts the calls into the app."""

    def allow(request: Request) -> str:
        key = request.headers.get("api-key")
        if not key:
            raise KeyRequired
        if not hmac.compare_digest(key.encode(), platform.master_key.encode()):
            raise AuthFailed
        device_id = request.query_params.get("device_id", "")
        if not device_id:
            raise InvalidParameter("device_id is required")
        return device_id

    async def push(request: Request) -> Any:
        device_id = allow(request)
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > MOST:
                raise InvalidParameter(f"a package has at most {MOST // 1024} KB")
        package = await platform.packages.push(device_id, bytes(data))
        return {"version": package.head["version"], "digest": package.digest}

    async def state(request: Request) -> Any:
        words, at = platform.packages.state(allow(request))
        return {"state": words, "at": at, "over": is_end(words)}

    async def answered(request: Request) -> Response:
        envelope: dict[str, Any] = {"errno": 0, "error": "succ"}
        try:
            envelope["data"] = await (push if request.method == "POST" else state)(request)
        except PlatformError as error:
            envelope = {"errno": error.errno, "error": str(error)}
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody
        return Response(json.dumps(envelope, ensure_ascii=False), media_type="application/json")

    async def fetch(request: Request) -> Response:
        data = platform.packages.find(request.path_params["digest"])
        return Response(status_code=404) if data is None else ranged(request, data)

    app.add_route("/packages", answered, methods=["GET", "POST"])
    app.add_route("/packages/{digest}", fetch, methods=["GET"])
