"""The console's web server: API and pages in one app, on sockets that are already open."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Sequence

import uvicorn
from fastapi import FastAPI

from .api import add_api
from .guard import Guard
from .http_protocol import BoundedProtocol
from .package_calls import add_packages
from .platform import Platform
from .studio.http_api import add_studio_api
from .studio.ota_calls import add_ota
from .unknown_calls import UnknownCalls

_MOST_CONNECTIONS = 1500  # requests under way, pages that are open; more get 503


def make_app(platform: Platform, origins: Sequence[str] = ()) -> FastAPI:
    """Both platforms' APIs first, for their paths are given; the pages have the rest.

    origins: of pages of other programs that may use the APIs.
    """
    from .pages import mount

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    add_api(app, platform)
    add_studio_api(app, platform)
    add_ota(app, platform)
    add_packages(app, platform)
    calls = list(app.routes)
    mount(app, platform)
    app.add_middleware(UnknownCalls, routes=calls)
    app.add_middleware(Guard, origins=origins)  # around it
    return app


class _Server(uvicorn.Server):
    """uvicorn without its handling of signals, which is the command line's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(app: FastAPI, sockets: list[socket.socket]) -> AsyncIterator[None]:
    """Serves it as long as it lasts."""
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=1,
        ws_max_size=1 << 20,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets))
    while not server.started and not running.done():
        await asyncio.sleep(0.01)
    if running.done():
        running.result()  # raises why
    try:
        yield
    finally:
        server.should_exit = True
        await running
