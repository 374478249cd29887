"""What a main.py says of streams, properties, services and events, read from its source alone: it is not run.

Identifiers are taken where they are written out, or are the name of a text that is written out at the top of the file.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ..language import _
from .values import Value, value_of

WORDS = ("stream", "property", "service", "event", "put")
"""Methods of a Device that take an identifier."""


class ProgramError(Exception):
    """The file is no program for a board; says why."""


@dataclass(frozen=True)
class Use:
    """One place that names an identifier."""

    word: str
    """One of WORDS."""
    identifier: str
    """Empty where it is not written out."""
    line: int
    values: tuple[tuple[int, Value], ...] = ()
    """What a function returns, or event() and put() are given, with its line."""
    arguments: int | None = None
    """How many the function takes by position; None where nobody can tell."""
    setter: "Setter | None" = None


@dataclass(frozen=True)
class Setter:
    line: int
    arguments: int | None


@dataclass(frozen=True)
class Program:
    uses: tuple[Use, ...]
    takes_commands: bool


def read_program(source: str, name: str) -> Program:
    """Raises ProgramError."""
    try:
        tree = ast.parse(source, name)
    except (SyntaxError, ValueError, RecursionError) as error:
        where = (
            _(", line {lineno}").format(lineno=error.lineno) if isinstance(error, SyntaxError) and error.lineno else ""
        )
        words = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ProgramError(f"{name}{where}: {words}") from error
    devices = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _called(node.value) == "Device"
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    if not devices:
        raise ProgramError(_('{name} makes no device: device = Device("config.json")').format(name=name))
    return _Reader(tree, devices).program()


class _Reader:
    def __init__(self, tree: ast.Module, devices: set[str]) -> None:
        self._tree = tree
        self._devices = devices
        self._texts = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name) and isinstance(node.value.value, str)
        }
        self._decorated: dict[int, ast.FunctionDef] = {}  # by the id of the decorator
        self._setters: dict[str, Setter] = {}  # by the name of the property's function
        self._takes_commands = False
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    self._decorator(decorator, node)
            elif isinstance(node, ast.Call) and (name := _set_property(node.func)):  # called, and not as a decorator
                self._setters[name] = Setter(node.lineno, None)

    def _decorator(self, decorator: ast.expr, function: ast.FunctionDef) -> None:
        self._decorated[id(decorator)] = function
        if self._word(decorator) == "command":
            self._takes_commands = True
        elif name := _set_property(decorator):
            self._setters[name] = Setter(function.lineno, _arguments(function))

    def program(self) -> Program:
        uses = [self._use(node) for node in ast.walk(self._tree) if isinstance(node, ast.Call)]
        found = sorted(filter(None, uses), key=lambda use: use.line)
        return Program(tuple(found), self._takes_commands)

    def _use(self, call: ast.Call) -> Use | None:
        word = self._word(call.func)
        if word == "command":
            self._takes_commands = True
        if word not in WORDS:
            return None
        identifier = self._text(call.args[0]) if call.args else ""
        if word in ("event", "put"):
            given = call.args[1:2]
            return Use(word, identifier, call.lineno, tuple((call.lineno, value_of(it)) for it in given))
        function = self._decorated.get(id(call))
        if function is None:
            return Use(word, identifier, call.lineno)
        setter = self._setters.get(function.name) if word == "property" else None
        return Use(word, identifier, call.lineno, tuple(_returned(function)), _arguments(function), setter)

    def _word(self, node: ast.expr) -> str:
        """The method's name, of device.method."""
        fits = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self._devices
        return node.attr if fits else ""  # type: ignore[attr-defined]

    def _text(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return self._texts.get(node.id, "")
        value = node.value if isinstance(node, ast.Constant) else ""
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return value if isinstance(value, str) else ""


def _set_property(node: ast.expr) -> str:
    """The name of the function whose `setter` that is; empty for anything else."""
    fits = isinstance(node, ast.Attribute) and node.attr == "setter" and isinstance(node.value, ast.Name)
    return node.value.id if fits else ""  # type: ignore[attr-defined]


def _called(node: ast.expr) -> str:
    """The last name of what is called."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _arguments(function: ast.FunctionDef) -> int | None:
    given = function.args
    return None if given.vararg or given.defaults else len(given.posonlyargs) + len(given.args)


def _returned(function: ast.FunctionDef) -> Iterator[tuple[int, Value]]:
    """What its own return statements give, None left out: there is nothing to send then."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.Return) and node.value:
            yield from ((node.lineno, value_of(it)) for it in _alternatives(node.value) if not _is_none(it))
        waiting += ast.iter_child_nodes(node)


def _alternatives(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.IfExp):
        yield from (*_alternatives(node.body), *_alternatives(node.orelse))
    else:
        yield node


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
