"""What can be seen in a program's source that will not do what its author means, with the cure. It is not run.

What would end the program at its start is an error; what would only be silent, or refused on the board again and again,
is a piece of advice.
"""

import ast
import itertools
from collections.abc import Iterator

_EXAMPLES = {"stream": '"temperature"', "property": '"light"', "service": '"blink"'}
"""Decorators of a Device that take an id."""
_KINDS: dict[type[ast.expr], str] = {
    ast.Tuple: 'a tuple; make it a dict: {"x": 1, "y": 2}',
    ast.Set: 'a set; make it a dict: {"x": 1, "y": 2}',
    ast.GeneratorExp: "a generator; make it a number, text or dict",
    ast.Lambda: "a function; call it",
}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def mistakes(tree: ast.Module, name: str) -> Iterator[str]:
    """What ends this module of the program where it is loaded."""
    for function, decorator in _decorated(tree):
        word, call = _word_of(decorator)
        place = f"{name}, line {decorator.lineno}: @device.{word}"
        right = f"@device.{word}({_id_for(function, word)})"
        if word in _EXAMPLES and call is None:
            yield f"{place} needs an id in parentheses: {right}"
        elif word in _EXAMPLES and call is not None and not (call.args or call.keywords):
            yield f"{place}() needs an id: {right}"
        elif word == "command" and call is not None:
            yield f"{place} is without parentheses: one function has them all"
        elif call is not None:
            yield from _wrong_intervals(call, name)


def advice(tree: ast.Module, name: str) -> Iterator[str]:
    """What this module does not mean, in the order of its lines."""
    for function, decorator in _decorated(tree):
        word, _ = _word_of(decorator)
        place = f"{name}, line {function.lineno}: {function.name}()"
        if word not in (*_EXAMPLES, "command", "setter"):
            continue
        if isinstance(function, ast.AsyncFunctionDef):
            yield f"{place} is async, which nobody awaits here: its value would be a generator; take async away"
            continue
        own = list(_own(function))
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own):
            yield f"{place} has a yield, so its value is a generator; return the value"
            continue
        returned = [node for node in own if isinstance(node, ast.Return)]
        if word == "stream":
            yield from _about_values(returned, name, function.name)
            if not any(node.value for node in returned) and _looks_like_a_value(own):
                yield f"{place} returns nothing, so nothing is ever sent; return the value"
        elif word == "command":
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
            yield f"{name}, line {value.lineno}: {keyword.arg} is a number, without quotes: {keyword.arg}=60"


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
            yield f"{name}, line {node.lineno}: {function}() returns {words}"


def _what_no_platform_takes(value: ast.expr | None) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, bytes):
        return "bytes; make it text: value.decode()"
    if isinstance(value, ast.Call) and ast.unparse(value).lower() in ("float('nan')", "float('inf')", "float('-inf')"):
        return f"{ast.unparse(value)}; a number must be finite: return None for no value"
    return _KINDS.get(type(value), "") if value else ""


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
                        f'{name}, line {node.lineno}: {payload} is bytes, and never the text "{texts[0]}"; '
                        f'compare with b"{texts[0]}", or {payload}.decode()'
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
        yield f'{name}, line {call.lineno}: put() takes the stream\'s id first, as text: put("temperature", 21.5)'
    if words := _what_no_platform_takes(value):
        yield f"{name}, line {call.lineno}: put() is given {words}"
