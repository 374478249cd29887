"""Python that notes which of its lines have run, for MicroPython: the ones on PyPI have no sys.settrace().

Before each statement there is a call with the statement's number; what it sets is written to a file at the end. A
statement that cannot have one before it, as elif, is known by what is in it.
"""

import ast
from dataclasses import dataclass, field
from pathlib import Path

NOTES = """
_seen = bytearray(%d)
def note(n):
    _seen[n] = 1
def keep(path):
    with open(path, "wb") as file:
        file.write(_seen)
"""
"""The module that all of them import."""
_IMPORT = "from line_notes import note as _line_note\n"


@dataclass
class Marked:
    """Which statement has which number: a file's name, and the line it begins at."""

    places: list[tuple[str, int]] = field(default_factory=list)

    def mark(self, name: str, source: str) -> str:
        """The source with the calls."""
        lines = source.splitlines(keepends=True)
        tree = ast.parse(source)
        begins = sorted({_first_line(node): node for body in _bodies(tree) for node in body}.items())
        docstrings = {body[0].lineno for body in _bodies(tree) if _is_docstring(body[0])}
        first = min((line for line, node in begins if line not in docstrings), default=0)
        for line, node in reversed(begins):
            text = lines[line - 1]
            indent = text[: len(text) - len(text.lstrip())]
            if line in docstrings or len(indent.encode()) != node.col_offset:
                continue  # after another one in its line
            call = f"{indent}_line_note({len(self.places)})\n"
            self.places.append((name, node.lineno))
            lines[line - 1] = (_IMPORT if line == first else "") + call + text
        return "".join(lines)

    def seen(self, data: bytes) -> dict[str, set[int]]:
        """The lines that have run, by file."""
        found: dict[str, set[int]] = {}
        for (name, line), byte in zip(self.places, data, strict=True):
            if byte:
                found.setdefault(name, set()).add(line)
        return found

    def write(self, folder: Path) -> None:
        (folder / "line_notes.py").write_text(NOTES % len(self.places))


def _bodies(tree: ast.Module) -> list[list[ast.stmt]]:
    found = []
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body and not _is_elif(node, name, body):
                found.append(body)
    return found


def _is_elif(node: ast.AST, name: str, body: list[ast.stmt]) -> bool:
    """Or looks like it, for it is at the column of the if that it belongs to."""
    if not (name == "orelse" and isinstance(node, ast.If) and len(body) == 1 and isinstance(body[0], ast.If)):
        return False
    return body[0].col_offset == node.col_offset


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])
