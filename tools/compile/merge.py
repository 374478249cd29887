"""Modules that are always in memory together become one, before they are compiled for a board: each module costs some
hundred bytes for itself, its table of names, and the names it has from the others.

What was mqtt.client.Client is mqtt.Client then, as programs call it anyway. Modules that are loaded when needed stay,
and import from the one. What only computers do is left out. Each source's lines stay together and in their order: see
Merged.origin().
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from ..language import _

ROOMS = {
    "lib/mqtt/__init__.py": ("errors", "backoff", "parser", "session", "connection", "sender", "client", "wire"),
    "firmware/__init__.py": ("log", "outbox", "wifi", "clock", "device"),
}
"""The modules that become part of a package's own, each after those it needs as it is loaded. wire is the last: an
ESP8266 has another one, and the lines of the others stay the same."""

SHARED = {
    "lib/onenet/current.py": ("lib/onenet/studio.py", "lib/onenet/dp.py"),
    "firmware/current.py": ("firmware/studio.py", "firmware/dp.py"),
}
"""Modules that become part of each of several, of which a board loads one."""


class MergeError(Exception):
    """Two modules can't be one; says why."""


@dataclass(frozen=True)
class Merged:
    """Sources by name, and by the name of one that was merged where each part of it begins: first line and module."""

    sources: dict[str, str]
    parts: dict[str, tuple[tuple[int, str], ...]]

    def origin(self, name: str, line: int) -> tuple[str, int]:
        """The module, by the name of its source, and the line there, of a line in a source."""
        found = [(first, module) for first, module in self.parts.get(name, ()) if first <= line]
        return (found[-1][1], line - found[-1][0] + 1) if found else (name, line)


def merge(sources: Mapping[str, str]) -> Merged:
    """The sources of a program's modules, by name, with those of ROOMS made one each. Raises MergeError."""
    homes = {package.replace("__init__", module): package for package, names in ROOMS.items() for module in names}
    homes = {name: package for name, package in homes.items() if name in sources}
    private = {name: _private_globals(source) for name, source in sources.items()}
    merged = {name: _Part(name, source, homes, private).text() for name, source in sources.items()}
    rooms = {package: ([name for name in homes if homes[name] == package], homes) for package in set(homes.values())}
    for shared, hosts in SHARED.items():
        rooms |= {host: ([shared], homes | {shared: host}) for host in hosts if host in sources and shared in sources}
    parts = {}
    for package, (members, inside) in rooms.items():
        done = {name: _Part(name, sources[name], inside, private).text() for name in [*members, package]}
        _check(package, done)
        text, begins = "", []
        for name in done:
            begins.append((text.count("\n") + 1, name))
            text += done[name]
        merged[package] = text
        parts[package] = tuple(begins)
    gone = {name for members, _ in rooms.values() for name in members}
    return Merged({name: text for name, text in merged.items() if name not in gone}, parts)


class _Part:
    """One source on its way into another, or beside it."""

    def __init__(self, name: str, source: str, homes: Mapping[str, str], private: Mapping[str, frozenset[str]]) -> None:
        self._name, self._source, self._homes, self._private = name, source, homes, private
        self._here = homes.get(name, name)
        self._folder = name.rpartition("/")[0] + "/"
        self._lines = [line.encode() for line in source.split("\n")]

    def text(self) -> str:
        tree = ast.parse(self._source, self._name)
        mine = self._private[self._name] if self._name in self._homes else frozenset()
        suffix = "_" + self._name.rpartition("/")[2].removesuffix(".py")
        other = [statement for node in ast.walk(tree) if _is_fork(node) for statement in node.orelse]
        edits: list[tuple[ast.stmt | ast.expr, str]] = [(statement, "pass") for statement in other]
        left_out = {part for statement in other for part in ast.walk(statement)}
        for node in ast.walk(tree):
            if node in left_out:
                continue
            if isinstance(node, ast.ImportFrom):
                new = self._imported(node)
                if new is not None:
                    edits.append((node, new))
            elif isinstance(node, ast.Name) and node.id in mine:
                edits.append((node, node.id + suffix))
            elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in mine and node in tree.body:
                keyword = "class" if isinstance(node, ast.ClassDef) else "def"
                head = ast.Name(node.name, lineno=node.lineno, col_offset=len(keyword) + 1)
                head.end_lineno, head.end_col_offset = node.lineno, len(keyword) + 1 + len(node.name)
                edits.append((head, node.name + suffix))
        for node, new in sorted(edits, key=lambda edit: (edit[0].lineno, edit[0].col_offset), reverse=True):
            self._replace(node, new)
        return b"\n".join(self._lines).decode()

    def _imported(self, node: ast.ImportFrom) -> str | None:
        """What the statement becomes, None if it stays."""
        if node.level > 1:
            raise MergeError(
                _("{name}, line {lineno}: imports from above its package").format(name=self._name, lineno=node.lineno)
            )
        module = (node.module or "").replace(".", "/")
        home = next(
            (
                self._homes[name]
                for name in (
                    [f"{self._folder}{module}.py"] if node.level else [f"{top}{module}.py" for top in ("lib/", "")]
                )
                if name in self._homes
            ),
            None,
        )
        if home is None:
            return None
        if home == self._here:
            if any(alias.asname for alias in node.names):
                raise MergeError(
                    _("{name}, line {lineno}: imports by another name").format(name=self._name, lineno=node.lineno)
                )
            return "pass"
        names = ", ".join(alias.name + (f" as {alias.asname}" if alias.asname else "") for alias in node.names)
        package = "." if node.level else home.removeprefix("lib/").removesuffix("/__init__.py").replace("/", ".")
        return f"from {package} import {names}"

    def _replace(self, node: ast.stmt | ast.expr, new: str) -> None:
        """Puts `new` in the place of a node; as many lines stay as there were."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        first, last = node.lineno - 1, node.end_lineno - 1
        rest = self._lines[last][node.end_col_offset :]
        self._lines[first] = self._lines[first][: node.col_offset] + new.encode() + (rest if first == last else b"")
        for line in range(first + 1, last + 1):
            self._lines[line] = b"" if line < last else rest.lstrip() if rest.lstrip().startswith(b"#") else b""


def _is_fork(node: ast.AST) -> TypeGuard[ast.If]:
    """Where computers do something else than boards."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "MICROPYTHON"


def _private_globals(source: str) -> frozenset[str]:
    """What a module keeps to itself: _x, which its neighbours may have, too."""
    names = {name for node in ast.parse(source).body for name in _bound(node)}
    return frozenset(name for name in names if name[0] == "_" != name[1:2])


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif not isinstance(node, ast.Import | ast.ImportFrom):
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id


def _check(package: str, parts: Mapping[str, str]) -> None:
    """Raises MergeError where two of them mean two things by one name."""
    meanings: dict[str, tuple[str, str]] = {}
    for name, text in parts.items():
        for node in ast.parse(text).body:
            for bound, meaning in [*((one, name) for one in _bound(node)), *_imports(node)]:
                before = meanings.setdefault(bound, (meaning, name))
                if before[0] != meaning:
                    raise MergeError(
                        _("{package}: {bound} is one thing in {before} and another in {name}").format(
                            package=package, bound=bound, before=before[1], name=name
                        )
                    )


def _imports(node: ast.stmt) -> Iterator[tuple[str, str]]:
    for part in ast.walk(node):
        if isinstance(part, ast.Import):
            yield from ((alias.asname or alias.name, f"import {alias.name}") for alias in part.names)
        elif isinstance(part, ast.ImportFrom):
            yield from ((a.asname or a.name, f"from {part.level}{part.module} import {a.name}") for a in part.names)
