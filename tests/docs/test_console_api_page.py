"""docs/console-api.md and its Chinese twin: in step, and with every call of the current platform."""

import re
from pathlib import Path

from fastapi import FastAPI
from onenet_tools.console.studio.failures import StudioError
from onenet_tools.console.studio.http_api import add_studio_api
from starlette.routing import Route

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [(DOCS / f"console-api{mark}.md").read_text("utf-8") for mark in ("", ".zh-CN")]
COUNTS = [(DOCS / f"console{mark}.md").read_text("utf-8") for mark in ("", ".zh-CN")]


def calls() -> list[tuple[str, str]]:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    add_studio_api(app, None)  # type: ignore[arg-type]  # which nothing asks yet
    found = [route for route in app.routes if isinstance(route, Route)]
    return [(min((route.methods or set()) - {"HEAD"}), route.path) for route in found]


def test_every_call_is_told_of() -> None:
    """Of several in one row the first is whole, and the others may be their ends."""
    for page in PAGES:
        rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
        for method, path in calls():
            folder, _, name = path.rpartition("/")
            row = [row for row in rows if f" {path}`" in row or (f"`/{name}`" in row and f" {folder}/" in row)]
            assert len(row) == 1 and method in row[0], path
    for page in COUNTS:
        assert re.search(rf"\b{len(calls())} (calls|个接口)|的 {len(calls())} 个接口", page)


def test_every_code_is_told_of() -> None:
    codes = {kind.code for kind in StudioError.__subclasses__()} - {20, 1178}  # those of OTA
    assert len(codes) == 10
    for page in PAGES:
        told = {
            int(code)
            for line in page.splitlines()
            for code in re.findall(r"^\| ([\d, 、]+) \|", line)
            for code in re.findall(r"\d+", code)
        }
        assert codes <= told, codes - told


def test_both_languages_have_the_same_rows() -> None:
    def code(page: str) -> list[list[str]]:
        return [re.findall(r"`[^`]+`", line.split("|")[1]) for line in page.splitlines() if line.startswith("|")]

    assert code(PAGES[0]) == code(PAGES[1])
