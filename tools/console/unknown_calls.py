"""Answers calls that neither API has in an envelope, for programs read nothing else: never 405, nor a page.

What the platforms answer is not documented. Here it is errno 8, not found, on the old one and code 10001, a bad
request, on the current one; the words say what there is instead.
"""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .failures import UnknownCall
from .guard import PLATFORM_HOSTS
from .studio.failures import BadParameter

_OLD = ("devices", "register_de", "register_attr", "cmds", "mqtt", "triggers", "keys", "bindata", "datapoints", "v1")
"""What paths of the old platform's calls begin with."""
_CURRENT = ("product", "thingmodel", "datapoint", "fuse-ota", "fuse-lbs", "common")
"""The same of the current one's; /device/… is a page, too."""


class UnknownCalls:
    """Around the app: takes one of several slashes at the start of a path, as [查询订阅topic的设备] prints them, and
    puts an envelope in place of 404 and 405 where a program has asked."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        """routes: of the calls there are."""
        self._app = app
        self._routes = [route for route in routes if isinstance(route, Route)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith("//"):
            scope = {**scope, "path": "/" + scope["path"].lstrip("/")}
        kind = _whose(scope)
        answered = False

        async def send_enveloped(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start" and message["status"] in (404, 405):
                answered = True
                envelope = _envelope(kind, self._words(scope))
                body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
                headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": body})
            elif not answered:
                await send(message)

        await self._app(scope, receive, send_enveloped if kind else send)

    def _words(self, scope: Scope) -> str:
        path = scope["path"] if len(scope["path"]) <= 60 else scope["path"][:60] + "…"
        known = {
            method
            for route in self._routes
            if route.path_regex.match(scope["path"])
            for method in (route.methods or set()) - {"HEAD"}
        }
        words = f"no such call: {scope['method']} {path}"
        return f"{words}; there is {', '.join(sorted(known))} {path}" if known else words


def _whose(scope: Scope) -> str:
    """Whose call this is, if it is one: a page is asked for with GET, and without a key."""
    headers = Headers(scope=scope)
    root = scope["path"].split("/")[1]
    host = headers.get("host", "").partition(":")[0].lower()
    if root.startswith("_"):  # what the pages ask for themselves
        return ""
    if root in _CURRENT or "authorization" in headers or host == PLATFORM_HOSTS[1]:
        return "current"
    if root in _OLD or "api-key" in headers or host == PLATFORM_HOSTS[0]:
        return "old"
    if scope["method"] in ("GET", "HEAD"):
        return ""
    return "current" if root == "device" else "old"


def _envelope(kind: str, words: str) -> dict[str, Any]:
    if kind == "old":
        return {"errno": UnknownCall.errno, "error": words}
    return {"code": BadParameter.code, "msg": words, "request_id": uuid.uuid4().hex}
