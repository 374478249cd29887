"""The console's own calls about packages: /packages, which no OneNET has. Boards fetch them by a name that only they
are told. Who sends one shows the product's key, or is a browser that may send the device commands: see lock.py."""

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ..package.package import Package
from .failures import AuthFailed, InvalidParameter, KeyRequired, PlatformError
from .lock import COOKIE
from .packages import MOST, ranged
from .platform import Platform


def add_packages(app: FastAPI, platform: Platform) -> None:
    """Puts the calls into the app."""

    def allow(request: Request) -> str:
        device_id = request.query_params.get("device_id", "")
        key = request.headers.get("api-key")
        if key is None:
            address = request.client.host if request.client else ""
            if not platform.lock.rights(address, request.cookies.get(COOKIE, "")).sends_to(device_id):
                raise KeyRequired
        elif not hmac.compare_digest(key.encode(), platform.master_key.encode()):
            raise AuthFailed
        if not device_id:
            raise InvalidParameter("device_id is required")
        return device_id

    async def send(request: Request) -> Any:
        """Keeps a package, and has the device begin unless start=0."""
        device_id = allow(request)
        start = request.query_params.get("start", "1")
        if start not in ("0", "1"):
            raise InvalidParameter("start: must be 0 or 1")
        platform.device(device_id)
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > MOST:
                raise InvalidParameter(f"a package has at most {MOST // 1024} KB")
        package = platform.packages.keep(bytes(data))
        if start == "1":
            await platform.packages.start(device_id, package.digest)
        return contents(package)

    async def start(request: Request) -> Any:
        """Has the device begin with a package that was kept."""
        return contents(await platform.packages.start(allow(request), request.path_params["digest"]))

    async def state(request: Request) -> Any:
        device_id = allow(request)
        words, at = platform.packages.state(device_id)
        progress = platform.packages.progress.get(device_id)
        steps = [[when.isoformat(), text] for when, text in progress.steps] if progress else []
        about = contents(progress.package) if progress else None
        return {
            "state": words,
            "at": at,
            "over": platform.packages.is_over(device_id),
            "steps": steps,
            "package": about,
        }

    async def answered(request: Request, call: Callable[[Request], Awaitable[Any]]) -> Response:
        envelope: dict[str, Any] = {"errno": 0, "error": "succ"}
        try:
            envelope["data"] = await call(request)
        except PlatformError as error:
            envelope = {"errno": error.errno, "error": str(error)}
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody
        return Response(json.dumps(envelope, ensure_ascii=False), media_type="application/json")

    async def fetch(request: Request) -> Response:
        data = platform.packages.find(request.path_params["digest"])
        return Response(status_code=404) if data is None else ranged(request, data)

    async def packages(request: Request) -> Response:
        return await answered(request, send if request.method == "POST" else state)

    async def package(request: Request) -> Response:
        return await (answered(request, start) if request.method == "POST" else fetch(request))

    app.add_route("/packages", packages, methods=["GET", "POST"])
    app.add_route("/packages/{digest}", package, methods=["GET", "POST"])


def contents(package: Package) -> dict[str, Any]:
    """What is in it, for who chooses it."""
    head = package.head
    names = ("version", "chip", "form", "micropython", "stays", "patience", "from")
    files = [[entry.name, entry.size] for entry in package.entries if entry.kind in "+@"]
    about: dict[str, Any] = {name: head.get(name) for name in names}
    about |= {"digest": package.digest, "size": len(package.data), "signed": bool(package.signature), "files": files}
    return about
