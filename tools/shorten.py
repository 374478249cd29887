"""Shorter names for what is sent to a board: each name that a program knows costs it memory for good.

Two kinds are replaced, in place, so that lines stay as they are and a traceback's line still tells where:

- private names (_x) that these modules define themselves. Two of them become the same one where they never meet in a
  class or a module's globals, so a board learns some forty in place of some two hundred;
- names of parameters, but for those of the classes and functions that programs call: see FACES.

Everything else stays, so what imports, calls or inherits from these modules by their public names never notices.
"""

import ast
import itertools
import string
from collections.abc import Iterator, Mapping

FACES = frozenset(
    {"Client", "ThreadedClient", "Legacy", "Device", "Wifi", "Clock", "lib/onenet/dp.py", "firmware/health.py"}
)
"""Classes, and modules, whose public functions programs may call with parameters by name."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Edits = dict[tuple[int, int], tuple[str, str]]
"""What stands from (line, column in bytes) on, and what it becomes."""


def shorten(sources: Mapping[str, str]) -> dict[str, str]:
    """The sources of a program's modules, by name, with shorter names. All of them at once: they know each other's.

    Raises SyntaxError where one is none.
    """
    trees = {name: ast.parse(source, name) for name, source in sources.items()}
    private = _private_names(trees)
    by_keyword = {node.arg for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    shortened = {}
    for name, source in sources.items():
        edits: _Edits = {}
        for node in ast.walk(trees[name]):
            line, column, old = _place(node)
            if old in private:
                edits[line, column] = old, private[old]
        for function in _inner_functions(trees[name], name in FACES):
            _rename_parameters(function, by_keyword, edits)
        shortened[name] = _edited(source, edits)
    return shortened


def function_at(source: str, line: int) -> str | None:
    """The name of the innermost function around a line, for a traceback that shows a short one."""
    found = None
    for node in ast.walk(ast.parse(source)):  # outer ones first
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            found = node.name
    return found


def _edited(source: str, edits: _Edits) -> str:
    lines = [line.encode() for line in source.split("\n")]
    for (line, column), (old, new) in sorted(edits.items(), reverse=True):
        text = lines[line - 1]
        at = text.index(old.encode(), column)
        lines[line - 1] = text[:at] + new.encode() + text[at + len(old.encode()) :]
    return b"\n".join(lines).decode()


def _place(node: ast.AST) -> tuple[int, int, str]:
    """Where in the source a node's name stands, or where to look for it from, and the name; "" for none."""
    if isinstance(node, ast.Name):
        return node.lineno, node.col_offset, node.id
    if isinstance(node, ast.Attribute):
        assert node.end_lineno is not None and node.end_col_offset is not None
        return node.end_lineno, node.end_col_offset - len(node.attr.encode()), node.attr
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.lineno, node.col_offset, node.name
    if isinstance(node, ast.arg):
        return node.lineno, node.col_offset, node.arg
    if isinstance(node, ast.alias):
        return node.lineno, node.col_offset, node.name
    return 0, 0, ""


# Private names


def _is_private(name: str) -> bool:
    return len(name) > 1 and name[0] == "_" != name[1]


def _private_names(trees: Mapping[str, ast.Module]) -> dict[str, str]:
    """What each private name becomes that is defined in these modules."""
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    meetings = [*map(_globals, trees.values()), *_families(nodes)]
    defined = {name for names in meetings for name in names if _is_private(name)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            defined.discard(node.value)  # for getattr() and the like
        elif isinstance(node, ast.Global | ast.Nonlocal):
            defined.difference_update(node.names)
        elif isinstance(node, ast.Import):
            defined.difference_update(alias.asname or alias.name for alias in node.names)
    meet: dict[str, set[str]] = {name: set() for name in defined}
    for names in meetings:
        for name in names & defined:
            meet[name] |= names
    public = {_place(node)[2] for node in nodes} - defined
    short: dict[str, str] = {}
    for name in sorted(defined, key=lambda name: (-len(meet[name]), name)):
        used = {short[other] for other in meet[name] if other in short}
        short[name] = next(new for new in map("_".__add__, _words()) if new not in used and new not in public)
    return short


def _globals(tree: ast.Module) -> set[str]:
    return {name for node in tree.body for name in _bound(node)}


def _families(nodes: list[ast.AST]) -> list[set[str]]:
    """The names of each class's methods and attributes, together with those of the classes it inherits from."""
    own: dict[str, set[str]] = {}
    bases: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            names = own.setdefault(node.name, set())
            names.update(bound for part in node.body for bound in _bound(part))
            names.update(part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute))
            bases.setdefault(node.name, set()).update(base.id for base in node.bases if isinstance(base, ast.Name))

    def family(name: str) -> set[str]:
        return own[name].union(*(family(base) for base in bases[name] if base in own and base != name))

    return [family(name) for name in own]


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement binds where it stands; not constants, which are gone once compiled."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("const("):
        return
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
        elif isinstance(part, ast.alias):
            yield (part.asname or part.name).partition(".")[0]


# Parameters


def _inner_functions(node: ast.AST, is_face: bool) -> Iterator[_Function]:
    """The functions whose parameters nobody outside names."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.ClassDef):
            yield from _inner_functions(part, part.name in FACES)
        elif isinstance(part, _Function):
            if not is_face or isinstance(part, ast.Lambda) or _is_private(part.name):
                yield part
            yield from _inner_functions(part, False)
        else:
            yield from _inner_functions(part, is_face)


def _rename_parameters(function: _Function, by_keyword: set[str | None], edits: _Edits) -> None:
    used = {_place(node)[2] for node in ast.walk(function)}
    inner = [node for node in ast.walk(function) if isinstance(node, _Function | ast.ClassDef) and node is not function]
    # What an inner function mentions stays: its own parameters get the same letters.
    theirs = {_place(node)[2] for part in inner for node in ast.walk(part)}
    words = _words()
    for parameter in [*function.args.posonlyargs, *function.args.args]:
        old = parameter.arg
        if old == "self" or old in by_keyword or old in theirs or len(old) == 1:
            continue
        new = next(word for word in words if word not in used)
        for node in ast.walk(function):
            if isinstance(node, ast.Name | ast.arg) and _place(node)[2] == old:
                line, column, _ = _place(node)
                edits[line, column] = old, new


def _words() -> Iterator[str]:
    for length in itertools.count(1):
        for word in itertools.product(string.ascii_lowercase, repeat=length):
            yield "".join(word)
