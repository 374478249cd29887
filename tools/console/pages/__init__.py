"""The console's pages for people: all devices, each device with its data, commands and packets, and each stream."""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from nicegui import Client, core, ui
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..platform import Platform
from . import connect, device, devices, many, stream, unlocking  # noqa: F401  # they register the pages
from .chart_data import add_chart_data
from .connect import add_connecting
from .csv_export import add_csv_export
from .frame import not_there, visit
from .text import shown
from .unlocking import add_unlocking

_POLICY = (  # nothing from other hosts, nothing to them
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)


@ui.page("/{path:path}")  # after all others
def _no_page(request: Request, path: str) -> None:
    """Whatever there is no page for."""
    here = visit(request)
    not_there(here, here.words.no_page.format(path=shown(f"/{path}", 60)))


def mount(app: FastAPI, platform: Platform) -> None:
    """Serves the pages of `platform` on `app`, under every path that has no route in it yet.

    `app` must be served with its lifespan events. NiceGUI's state is one for the whole process, and so are the pages
    it knows: they are registered once, by the import of this package, and find their platform in the request. One
    console after another may be served, in event loops of their own, but not two at the same time.
    """
    add_chart_data(app, platform)
    add_csv_export(app, platform)
    add_unlocking(app, platform)
    add_connecting(app, platform)
    app.mount("/", _Site(platform))
    others = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(started: FastAPI) -> AsyncIterator[Any]:
        pages = _pages()
        async with pages.router.lifespan_context(pages), others(started) as state:
            yield state
            for client in list(Client.instances.values()):
                client.delete()
        core.sio.eio.start_service_task = True  # which looked for lost connections, and ended with this event loop

    app.router.lifespan_context = lifespan


@functools.cache
def _pages() -> FastAPI:
    """The app that NiceGUI serves its pages on."""
    pages = FastAPI(openapi_url=None)
    ui.run_with(pages, title="Local console", dark=None, tailwind=False, show_welcome_message=False)
    return pages


class _Site:
    """The pages, each request with its platform, each answer with the policy that keeps it to itself."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._app: ASGIApp = _pages()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", _POLICY.encode())]
            await send(message)

        scope.setdefault("state", {})["platform"] = self._platform
        await self._app(scope, receive, send_with_policy)
