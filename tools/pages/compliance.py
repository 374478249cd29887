"""Writes docs/compliance.md: for each normative clause of MQTT 3.1.1 where it is obeyed, and which test shows it.

clauses.txt has the clauses. The rest is read from the sources, from tags in their docstrings and comments: the clause's
number in brackets, as in [MQTT-3.1.2-23], or several of a section, as in [MQTT-3.1.2-11, -13 to -15]. A tag belongs to
the function or class that it stands in; one in a test file outside of a test, to the tests that use what it stands in.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ..files import board_directory

TABLE = "docs/compliance.md"

_CLAUSES = Path(__file__).with_name("clauses.txt")
_STANDARD = "http://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html"
_TAG = re.compile(r"\[MQTT-(\d+\.\d+\.\d+)-(\d+)((?:(?:,| to)\s+-\d+)*)\]")
_LOOKS_LIKE_A_TAG = re.compile(r"\[MQTT-\d[^\]]*\]?")

# Where what is looked for: the client's side and the server's side, and everything that may bear a tag.
_CLIENT = ("lib/mqtt/*.py", "lib/onenet/*.py", "firmware/*.py")
_CLIENT_TESTS = ("tests/unit/*.py", "tests/property/*.py")
_SERVER = ("lib/mqtt/server.py", "tools/console/*.py")
_SERVER_TESTS = ("tests/unit/test_server.py", "tests/console/*.py")
_ALL = ("lib/**/*.py", "firmware/**/*.py", "tools/**/*.py", "tests/**/*.py")
_ABOUT_TAGS = ("tools/pages/compliance.py", "tests/tools/pages/test_compliance.py")


@dataclass(frozen=True)
class Clause:
    """number: as 3.1.2-23. binds: "client", "server" or "both". reason: why nothing of ours does what it asks, or who
    does; "" where it is ours to do. short: where we fall short of it; "" if nowhere."""

    number: str
    binds: str
    asks: str
    reason: str = ""
    short: str = ""


def read_clauses(text: str) -> list[Clause]:
    """Those of a text in the form of clauses.txt. Raises ValueError for a line that is none."""
    found: list[Clause] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if clause := re.fullmatch(r"(\d+\.\d+\.\d+-\d+) +(client|server|both) +(.+)", line):
            found.append(Clause(*clause.groups()))
        elif found and (more := re.fullmatch(r" +([=!]) (.+)", line)):
            found[-1] = replace(found[-1], **{"reason" if more[1] == "=" else "short": more[2]})
        else:
            raise ValueError(f"clauses: what is {line!r}?")
    return found


class Source:
    """A file with the tags in it."""

    def __init__(self, path: Path, root: Path) -> None:
        self.name = path.relative_to(root).as_posix()
        self.text = path.read_text("utf-8")

    @cached_property
    def tags(self) -> list[tuple[str, int]]:
        """(number, line) for each clause that a tag names."""
        found = []
        for match in _TAG.finditer(self.text):
            section, first, more = match.groups()
            last = int(first)
            numbers = [last]
            for word, digits in re.findall(r"(,| to)\s+-(\d+)", more):
                numbers += range(last + 1, int(digits) + 1) if word == " to" else [int(digits)]
                last = int(digits)
            line = self.text.count("\n", 0, match.start()) + 1
            found += [(f"{section}-{number}", line) for number in numbers]
        return found

    def malformed(self) -> Iterator[tuple[str, int]]:
        """(text, line) of what was meant as a tag."""
        for match in _LOOKS_LIKE_A_TAG.finditer(self.text):
            if not _TAG.fullmatch(match[0]):
                yield match[0], self.text.count("\n", 0, match.start()) + 1

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def place(self, line: int) -> str:
        """The qualified name of the innermost function or class that this line is in, "" where in none."""
        names: list[str] = []
        body = self.tree.body
        while True:
            for node in body:
                if _begin(node) <= line <= _end(node):
                    break
            else:
                return ".".join(names)
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                return ".".join(names)
            names.append(node.name)
            body = node.body

    def definition(self, line: int) -> str:
        """The name that the statement at this line, or below this comment, defines at the top; "" if none."""
        for node in self.tree.body:
            if line <= _end(node):
                return next(iter(_defined(node)), "")
        return ""


def _begin(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(it.lineno for it in decorators)])


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [it.id for it in node.targets if isinstance(it, ast.Name)]
    return []


class Uses:
    """What the definitions at the top of some modules use of each other, to find the tests that use one."""

    def __init__(self, sources: list[Source]) -> None:
        self._used: dict[tuple[str, str], set[tuple[str, str]]] = {}  # by (module, name)
        modules = {Path(source.name).stem: source for source in sources}
        for module, source in modules.items():
            here = {name: (module, name) for node in source.tree.body for name in _defined(node)}
            for node in source.tree.body:
                if isinstance(node, ast.ImportFrom) and node.module in modules:
                    here |= {it.asname or it.name: (node.module, it.name) for it in node.names}
            for node in source.tree.body:
                words = {it.id for it in ast.walk(node) if isinstance(it, ast.Name)}
                for name in _defined(node):
                    self._used[module, name] = {here[word] for word in words if word in here}

    def tests(self, module: str, name: str) -> list[tuple[str, str]]:
        """The tests, as (module, name), that use this definition, or it itself."""
        return [key for key in self._used if _is_test(key[1]) and (module, name) in self._reached(key)]

    def _reached(self, key: tuple[str, str]) -> set[tuple[str, str]]:
        reached, new = {key}, [key]
        while new:
            more = self._used.get(new.pop(), set()) - reached
            reached |= more
            new += more
        return reached


def _is_test(name: str) -> bool:
    return name.startswith(("test_", "Test"))


class Compliance:
    """What a tree of sources, at `root`, says of these clauses. faults: in words what must not be so."""

    def __init__(self, root: Path, clauses: list[Clause]) -> None:
        self._root = root
        self._clauses = clauses
        self.faults: list[str] = []
        self._check_tags()
        server = {source.name for source in self._sources(_SERVER + _SERVER_TESTS)}
        self._client = self._places([it for it in self._sources(_CLIENT) if it.name not in server])
        self._client_tests = self._tests([it for it in self._sources(_CLIENT_TESTS) if it.name not in server])
        self._server = self._places(self._sources(_SERVER))
        self._server_tests = self._tests(self._sources(_SERVER_TESTS))
        for clause in clauses:
            self._check(clause)

    def _sources(self, patterns: tuple[str, ...]) -> list[Source]:
        paths = sorted({path for pattern in patterns for path in self._root.glob(pattern)})
        return [Source(path, self._root) for path in paths]

    def _check_tags(self) -> None:
        known = {clause.number for clause in self._clauses}
        for source in self._sources(_ALL):
            if source.name in _ABOUT_TAGS:
                continue
            for number, line in source.tags:
                if number not in known:
                    self.faults.append(f"{source.name}:{line}: there is no clause MQTT-{number}")
            for text, line in source.malformed():
                self.faults.append(f"{source.name}:{line}: {text} is not in the form of a tag")

    def _places(self, sources: list[Source]) -> dict[str, list[str]]:
        """Links to where a clause is obeyed, by its number."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for source in sources:
            module = Path(source.name.removesuffix("/__init__.py")).stem
            for number, line in source.tags:
                place = source.place(line)
                found[number][_link(f"{module}.{place}" if place else module, source.name)] = None
        return {number: list(links) for number, links in found.items()}

    def _tests(self, sources: list[Source]) -> dict[str, list[str]]:
        """Links to the tests of a clause, by its number."""
        uses = Uses(sources)
        files = {Path(source.name).stem: source.name for source in sources}
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for source in sources:
            for number, line in source.tags:
                tests = uses.tests(Path(source.name).stem, source.definition(line))
                if not tests:
                    self.faults.append(f"{source.name}:{line}: no test uses what the tag MQTT-{number} stands in")
                found[number] |= {_link(name, files[module]): None for module, name in tests}
        return {number: list(links) for number, links in found.items()}

    def _check(self, clause: Clause) -> None:
        if clause.reason:
            return
        name = f"MQTT-{clause.number} ({clause.asks})"
        if clause.binds == "server":
            if clause.number not in self._server:
                self.faults.append(f"{name} binds a server: neither a place nor a reason")
            return
        if clause.number not in self._client:
            self.faults.append(f"{name} binds a client: neither a place nor a reason")
        if not self._client_tests.get(clause.number):
            self.faults.append(f"{name} binds a client: neither a test nor a reason")

    def table(self) -> str:
        """docs/compliance.md."""
        return "\n".join([_HEAD, *self._client_rows(), _BETWEEN, *self._server_rows(), ""])

    def _client_rows(self) -> Iterator[str]:
        for clause in self._clauses:
            if clause.binds == "server":
                continue
            places = self._client.get(clause.number, []) + self._server.get(clause.number, [])
            tests = self._client_tests.get(clause.number, []) + self._server_tests.get(clause.number, [])
            yield _row(clause.number, clause.asks, _cell(places), _cell(tests, clause.reason, clause.short))

    def _server_rows(self) -> Iterator[str]:
        for clause in self._clauses:
            if clause.binds != "server":
                continue
            does = _cell(self._server.get(clause.number, []), clause.reason, clause.short)
            minds = _cell(self._client.get(clause.number, []))
            tests = self._client_tests.get(clause.number, []) + self._server_tests.get(clause.number, [])
            yield _row(clause.number, clause.asks, does, minds, _cell(tests))


def _link(text: str, name: str) -> str:
    return f"[{text}](../{name})"


def _cell(links: list[str], *words: str) -> str:
    return "<br>".join([*links, *filter(None, words)])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


_HEAD = f"""\
# The clauses of MQTT 3.1.1

Every normative clause of [the standard]({_STANDARD}), by its number there and in our own words: where it is obeyed, and
which test shows it. Written by `make compliance` from [the list of clauses](../tools/pages/clauses.txt) and from tags
in the sources, as `[MQTT-3.1.2-23]`; do not edit it here.

## What binds a client

| Clause | It asks | Code | Tests |
| --- | --- | --- | --- |"""

_BETWEEN = """
## What binds a server alone

The server here is the console, a OneNET for the desk and the class room, on `lib/mqtt/server.py` and amqtt. It does
what OneNET does, which has no will, no retained messages, no QoS 2, and delivers with QoS 0 alone. "Our client" says
where the client holds a server to the clause.

| Clause | It asks | Our server | Our client | Tests |
| --- | --- | --- | --- | --- |"""


def main() -> int:
    root = board_directory()
    compliance = Compliance(root, read_clauses(_CLAUSES.read_text("utf-8")))
    (root / TABLE).parent.mkdir(exist_ok=True)
    (root / TABLE).write_text(compliance.table(), "utf-8")
    for fault in compliance.faults:
        print(fault, file=sys.stderr)
    print(f"{TABLE}: {len(compliance.faults) or 'no'} faults")
    return 1 if compliance.faults else 0


if __name__ == "__main__":
    sys.exit(main())
