"""What can be seen in a program's source that will not do what its author means, with the cure. It is not run.

What would end the program at its start is an error; what would only be silent, or refused on the board again and again,
is a piece of advice.
"""

import ast
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..language import N_, _
from .board_module import board_module

_EXAMPLES = {"stream": '"temperature"', "property": '"light"', "service": '"blink"'}
"""Decorators of a Device that take an id."""
_AWAITED = ("stream", "command")
"""What may be async where the program calls Device.start()."""
_KINDS: dict[type[ast.expr], str] = {
    ast.Tuple: N_('a tuple; make it a dict: {"x": 1, "y": 2}'),
    ast.Set: N_('a set; make it a dict: {"x": 1, "y": 2}'),
    ast.GeneratorExp: N_("a generator; make it a number, text or dict"),
    ast.Lambda: N_("a function; call it"),
}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def mistakes(tree: ast.Module, name: str) -> Iterator[str]:
    """What ends this module of the program where it is loaded."""
    for function, decorator in _decorated(tree):
        word, call = _word_of(decorator)
        place = _("{name}, line {lineno}: @device.{word}").format(name=name, lineno=decorator.lineno, word=word)
        right = f"@device.{word}({_id_for(function, word)})"
        if word in _EXAMPLES and call is None:
            yield _("{place} needs an id in parentheses: {right}").format(place=place, right=right)
        elif word in _EXAMPLES and call is not None and not (call.args or call.keywords):
            yield _("{place}() needs an id: {right}").format(place=place, right=right)
        elif word == "command" and call is not None:
            yield from _wrong_command(call, name)
        elif call is not None:
            yield from _wrong_intervals(call, name)


def advice(tree: ast.Module, name: str, beside: bool = False) -> Iterator[str]:
    """What this module does not mean, in the order of its lines. beside: the program calls Device.start()."""
    for function, decorator in _decorated(tree):
        word, call = _word_of(decorator)
        place = _("{name}, line {lineno}: {function}()").format(
            name=name, lineno=function.lineno, function=function.name
        )
        if word not in (*_EXAMPLES, "command", "setter"):
            continue
        if isinstance(function, ast.AsyncFunctionDef):
            if word not in _AWAITED:
                yield _("{place} is async, which only streams and commands may be; take async away").format(place=place)
            elif not beside:
                yield (
                    _(
                        "{place} is async, which nobody awaits here: its value would be a generator; take async "
                        "away, or await device.start() in place of run()"
                    ).format(place=place)
                )
            continue
        own = list(_own(function))
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own):
            yield _("{place} has a yield, so its value is a generator; return the value").format(place=place)
            continue
        returned = [node for node in own if isinstance(node, ast.Return)]
        if word == "stream":
            yield from _about_values(returned, name, function.name)
            if not any(node.value for node in returned) and _looks_like_a_value(own):
                yield _("{place} returns nothing, so nothing is ever sent; return the value").format(place=place)
        elif word == "command" and not (call and (call.args or call.keywords)):
            yield from _about_comparisons(function, own, name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "put":
            yield from _about_put(node, name)


def _decorated(tree: ast.Module) -> Iterator[tuple[_Function, ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from ((node, decorator) for decorator in node.decorator_list)


def _word_of(decorator: ast.expr) -> tuple[str, ast.Call | None]:
    """The method of what is called device, and its call where it has parentheses; "" for another decorator."""
    call = decorator if isinstance(decorator, ast.Call) else None
    named = call.func if call else decorator
    if not (isinstance(named, ast.Attribute) and isinstance(named.value, ast.Name)):
        return "", call
    return named.attr if named.value.id == "device" or named.attr == "setter" else "", call


def _id_for(function: _Function, word: str) -> str:
    return f'"{function.name}"' if function.name not in ("f", "_") else _EXAMPLES.get(word, "")


def _wrong_intervals(call: ast.Call, name: str) -> Iterator[str]:
    for keyword in call.keywords:
        value = keyword.value
        text = isinstance(value, ast.Constant) and isinstance(value.value, str)
        if text and keyword.arg in ("every", "at_least", "average"):
            yield _("{name}, line {lineno}: {arg} is a number, without quotes: {arg}=60").format(
                name=name, lineno=value.lineno, arg=keyword.arg
            )


def _wrong_command(call: ast.Call, name: str) -> Iterator[str]:
    place = _("{name}, line {lineno}: @device.command").format(name=name, lineno=call.lineno)
    for keyword in call.keywords:
        if keyword.arg not in ("text", None):
            yield _("{place} has no {arg}; there is text: @device.command(text=True)").format(
                place=place, arg=keyword.arg
            )
    for given in call.args:
        if isinstance(given, ast.Constant) and not isinstance(given.value, str | bytes):
            yield _('{place} takes a command\'s name, as text: @device.command("relay")').format(place=place)
        elif isinstance(given, ast.Constant) and any(sign in str(given.value) for sign in "=? "):
            yield _(
                '{place} takes what stands before = ? or a blank: @device.command("relay") for relay=on and relay?'
            ).format(place=place)


def calls_start(tree: ast.Module) -> bool:
    """Whether the main loop is a task of asyncio's: Device.start()."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "start"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "device"
        for node in ast.walk(tree)
    )


def pins_of_the_flash(program: Mapping[str, Path], machine: str) -> Iterator[str]:
    """Where a program takes a pin at which this board has its flash. machine: its sys.implementation._machine."""
    at_flash = board_module("flash_pins").check
    for name, path in program.items():
        if not name.endswith(".py"):
            continue
        try:
            tree = ast.parse(path.read_text("utf-8"))
        except (SyntaxError, ValueError, RecursionError):  # MicroPython takes it, and has its own Python
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in ("Pin", "machine.Pin"):
                pin = node.args[0]
                if isinstance(pin, ast.Constant) and type(pin.value) is int and at_flash(pin.value, machine):
                    yield (
                        _(
                            "{name}, line {lineno}: the flash of this chip is at pin {pin}: to change that stops the "
                            "board; take another pin"
                        ).format(name=name, lineno=node.lineno, pin=pin.value)
                    )


def _own(function: _Function) -> Iterator[ast.AST]:
    """What is in the function, but for what is in functions within."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _looks_like_a_value(own: list[ast.AST]) -> bool:
    """Whether the last thing it does is to work out a value: a display, or a measurement begun, has none to return."""
    statements = [node for node in own if isinstance(node, ast.stmt)]
    last = max(statements, key=lambda node: node.lineno, default=None)
    if isinstance(last, ast.Assign):
        return all(isinstance(target, ast.Name) for target in last.targets)
    return isinstance(last, ast.Expr) and not isinstance(last.value, ast.Call | ast.Constant | ast.Await)


def _about_values(returned: list[ast.Return], name: str, function: str) -> Iterator[str]:
    for node in returned:
        if words := _what_no_platform_takes(node.value):
            yield _("{name}, line {lineno}: {function}() returns {words}").format(
                name=name, lineno=node.lineno, function=function, words=words
            )


def _what_no_platform_takes(value: ast.expr | None) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, bytes):
        return _("bytes; make it text: value.decode()")
    if isinstance(value, ast.Call) and ast.unparse(value).lower() in ("float('nan')", "float('inf')", "float('-inf')"):
        return _("{unparse}; a number must be finite: return None for no value").format(unparse=ast.unparse(value))
    kind = _KINDS.get(type(value)) if value else None
    return _(kind) if kind else ""


def _about_comparisons(function: _Function, own: list[ast.AST], name: str) -> Iterator[str]:
    """Bytes are never the same as text, in MicroPython without a word."""
    if not function.args.args:
        return
    payload = function.args.args[0].arg
    for node in own:
        if isinstance(node, ast.Compare):
            for left, right in itertools.pairwise([node.left, *node.comparators]):
                names = {it.id for it in (left, right) if isinstance(it, ast.Name)}
                texts = [it.value for it in (left, right) if isinstance(it, ast.Constant) and isinstance(it.value, str)]
                if payload in names and texts and not _becomes_text(own, payload):
                    yield (
                        _(
                            '{name}, line {lineno}: {payload} is bytes, and never the text "{texts}"; compare with '
                            'b"{texts}", or {payload}.decode()'
                        ).format(name=name, lineno=node.lineno, payload=payload, texts=texts[0])
                    )


def _becomes_text(own: list[ast.AST], name: str) -> bool:
    """Whether the function itself gives that name another value."""
    return any(isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store) for node in own)


def _about_put(call: ast.Call, name: str) -> Iterator[str]:
    if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
        return
    if call.func.value.id != "device" or len(call.args) != 2:
        return
    stream, value = call.args
    if isinstance(stream, ast.Constant) and not isinstance(stream.value, str | bytes):
        yield _('{name}, line {lineno}: put() takes the stream\'s id first, as text: put("temperature", 21.5)').format(
            name=name, lineno=call.lineno
        )
    if words := _what_no_platform_takes(value):
        yield _("{name}, line {lineno}: put() is given {words}").format(name=name, lineno=call.lineno, words=words)
