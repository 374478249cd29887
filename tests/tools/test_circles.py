"""No two modules of the tools want each other, not even within a function or for their types: each can be read after
those it imports."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
OF_ITSELF = ("shim", "shims", "bench/board")
"""What runs on MicroPython, under names of its own."""
PARTS_OF_ONE = (
    "onenet_tools.console.platform",
    "onenet_tools.console.studio.studio",
    "onenet_tools.board.wifi",
)
"""Two wholes that know their parts, and whose parts hold them; and the air, which tells the driver that is in it."""


def modules() -> dict[str, Path]:
    found = {}
    for path in TOOLS.rglob("*.py"):
        name = path.relative_to(TOOLS).with_suffix("").as_posix()
        if not any(f"/{part}/" in f"/{name}" for part in OF_ITSELF):
            found[".".join(["onenet_tools", *name.removesuffix("__init__").strip("/").split("/")]).rstrip(".")] = path
    return found


def imported(name: str, path: Path, files: dict[str, Path]) -> Iterator[str]:
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            of = ".".join([*package[: len(package) + 1 - node.level], *filter(None, [node.module])])
            for each in node.names:
                yield f"{of}.{each.name}" if f"{of}.{each.name}" in files else of


def test_there_are_no_circles() -> None:
    files = modules()
    assert len(files) > 250 and "onenet_tools.port" in files
    wants = {name: {it for it in imported(name, path, files) if it in files} for name, path in files.items()}
    for name in PARTS_OF_ONE:
        for parts in wants.values():
            parts.discard(name)
    try:
        TopologicalSorter(wants).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")
