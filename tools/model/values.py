"""What can be told of a value from the source that makes it, and what a thing model has against that."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..language import N_, _
from .thing_model import DataType, Field

_WORDS = {
    "bool": N_("true or false"),
    "int": N_("a whole number"),
    "float": N_("a number"),
    "str": N_("text"),
    "dict": N_("an object"),
}
_FITS = {
    "bool": ("bool",),
    "int32": ("int",),
    "int64": ("int",),
    "float": ("int", "float"),
    "double": ("int", "float"),
    "enum": ("int",),
    "bitMap": ("int",),
    "date": ("int", "str"),
    "string": ("str",),
    "struct": ("dict",),
    "array": ("list",),
}
"""Kinds of Python's that values of a type have."""
_CALLS = {"bool": "bool", "int": "int", "len": "int", "float": "float", "str": "str", "dict": "dict", "list": "list"}
"""What these make, whatever they are given."""


@dataclass(frozen=True)
class Value:
    """kind: Python's name of its type, empty where nobody can tell. literal: in a tuple, where it is written out."""

    kind: str
    literal: tuple[Any, ...] = ()
    fields: Mapping[str, "Value"] = field(default_factory=dict)
    """Of a dict whose keys are written out."""
    whole: bool = False
    """Whether those are all of its keys."""


def value_of(node: ast.expr) -> Value:
    """Of an expression."""
    try:
        literal = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _computed(node)
    fields = {}
    if isinstance(node, ast.Dict):
        fields = _fields(node)
    return Value(type(literal).__name__, (literal,), fields, True)


def _computed(node: ast.expr) -> Value:
    match node:
        case ast.JoinedStr():
            return Value("str")
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return Value("bool")
        case ast.BinOp(op=ast.Div()):
            return Value("float")
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            return Value(_CALLS[name])
        case ast.Call(func=ast.Name(id="round"), args=[_]):
            return Value("int")
        case ast.Call(func=ast.Name(id="round"), args=[_, _]):
            return Value("float")
        case ast.Call(func=ast.Attribute(attr="format" | "decode")):
            return Value("str")
        case ast.Dict():
            whole = all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in node.keys)
            return Value("dict", (), _fields(node), whole)
        case ast.List():
            return Value("list")
    return Value("")


def _fields(node: ast.Dict) -> dict[str, Value]:
    pairs = zip(node.keys, node.values, strict=True)
    return {
        key.value: value_of(value)
        for key, value in pairs
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def objection(type_: DataType, value: Value) -> str:
    """Why that can't be a value of the type, as far as the source tells; empty if it may be one."""
    if value.literal:
        return type_.objection(value.literal[0])
    if not value.kind:
        return ""
    kinds = _FITS.get(type_.type, (value.kind,))
    if value.kind not in kinds:
        return _("is {words}, and not of type {type}").format(
            words=_(_WORDS.get(value.kind, value.kind)), type=type_.type
        )
    if type_.type == "struct":
        return fields_objection(type_.fields, value, complete=False)
    return ""


def fields_objection(fields: Iterable[Field], value: Value, complete: bool) -> str:
    """The same of an object with these fields. complete: none of them may be missing."""
    known = {it.identifier: it.type for it in fields}
    if value.kind not in ("", "dict"):
        return _("is {words}, and no dict").format(words=_(_WORDS.get(value.kind, value.kind)))
    for name, each in value.fields.items():
        if name not in known:
            return _("has {name!r}, which the thing model does not; it has {value}").format(
                name=name, value=", ".join(known) or "none"
            )
        if words := objection(known[name], each):
            return f"{name}: {words}"
    missing = [name for name in known if name not in value.fields] if complete and value.whole else []
    return _("has no {missing!r}").format(missing=missing[0]) if missing else ""
