"""Keeps other web sites out of the console: a page somewhere on the internet can make a browser on this computer, or in
the class room, ask http://localhost:8080 for things.

Such a request names another origin, or comes to a name of its author's that has been pointed at this address (DNS
rebinding). Neither is a request of the console's own page, nor one of a program.
"""

import ipaddress
import socket
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

PLATFORM_HOSTS = ("api.heclouds.com", "iot-api.heclouds.com")
"""What programs for the real platforms ask for, where somebody has pointed those names here."""

_KEYS = frozenset(["api-key", "authorization"])
"""Headers without which a page of others has no business here: cookies are for our own pages alone."""
_SHARED = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "api-key, authorization, content-type",
    "Access-Control-Max-Age": "600",
    "Vary": "Origin",
}
_HEADERS = {"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
"""Nobody may put our pages into his own, to have somebody click on what he doesn't see."""


class Guard:
    """Answers 403 to what no page of ours and no program would ask."""

    def __init__(self, app: ASGIApp, origins: Sequence[str] = ()) -> None:
        """origins: of pages of other programs that may use the APIs, with their keys, as http://localhost:5173."""
        self._origins = frozenset(origins)
        self._app = app
        name = socket.gethostname().lower()
        self._names = {"localhost", *PLATFORM_HOSTS, name, f"{name.partition('.')[0]}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] in ("http", "websocket") else Headers()
        origin = headers.get("origin", "") if scope["type"] == "http" else ""
        shared = _SHARED | {"Access-Control-Allow-Origin": origin} if origin in self._origins else {}

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS | shared)
            await send(message)

        words = self._objection(headers, shares=bool(shared)) if "headers" in scope else ""
        if not words and shared and scope["method"] == "OPTIONS":
            await Response(status_code=204)(scope, receive, send_guarded)  # the browser asks whether the page may ask
        elif not words:
            await self._app(scope, receive, send_guarded)
        elif scope["type"] == "http":
            await PlainTextResponse(words, 403)(scope, receive, send)
        else:
            await WebSocketClose(1008, words)(scope, receive, send)

    def _objection(self, headers: Headers, shares: bool) -> str:
        """shares: with a page that may use the APIs, which it does with a key."""
        host = headers.get("host", "")
        if not self._is_ours(_without_port(host)):
            return "this address is not the console's: use localhost or an IP address"
        origin = headers.get("origin")
        if shares and not _KEYS.isdisjoint([*headers, *headers.get("access-control-request-headers", "").split(",")]):
            return ""
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return "pages of other web sites may not use the console"
        return ""

    def _is_ours(self, name: str) -> bool:
        """An IP address can't be pointed elsewhere, and the names of this computer are known."""
        try:
            ipaddress.ip_address(name.partition("%")[0])
        except ValueError:
            return name in self._names or name.endswith(".localhost")
        return True


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().rstrip(".")
