"""Keeps other web sites out of the console: a page somewhere on the internet can make a browser on this computer, or in
the class room, ask http://localhost:8080 for things.

Such a request names another origin, or comes to a name of its author's that has been pointed at this address (DNS
rebinding). Neither is a request of the console's own page, nor one of a program.
"""

import ipaddress
import socket

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

PLATFORM_HOSTS = ("api.heclouds.com", "iot-api.heclouds.com")
"""What programs for the real platforms ask for, where somebody has pointed those names here."""

_HEADERS = {"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
"""Nobody may put our pages into his own, to have somebody click on what he doesn't see."""


class Guard:
    """Answers 403 to what no page of ours and no program would ask."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        name = socket.gethostname().lower()
        self._names = {"localhost", *PLATFORM_HOSTS, name, f"{name.partition('.')[0]}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        words = self._objection(Headers(scope=scope)) if scope["type"] in ("http", "websocket") else ""
        if not words:
            await self._app(scope, receive, send_guarded)
        elif scope["type"] == "http":
            await PlainTextResponse(words, 403)(scope, receive, send)
        else:
            await WebSocketClose(1008, words)(scope, receive, send)

    def _objection(self, headers: Headers) -> str:
        host = headers.get("host", "")
        if not self._is_ours(_without_port(host)):
            return "this address is not the console's: use localhost or an IP address"
        origin = headers.get("origin")
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
