"""The HTTP API, as api.heclouds.com has it."""

from fastapi import FastAPI

from .platform import Platform


def make_app(platform: Platform) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    try:
        from .pages import mount
    except ImportError:
        return app
    mount(app, platform)
    return app
