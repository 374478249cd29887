"""The beginning of a main.py for a thing model: a function for each of its parts."""

import json
import keyword
import re
from collections.abc import Container, Iterable, Iterator

from ..language import _
from .thing_model import DataType, Field, Property, Service, ThingModel

_HEAD = '''"""{words}"""

from firmware import Device

device = Device("config.json")
'''
_EVERY = 60  # seconds
_SAMPLES = {"bool": "False", "string": '""', "struct": "{}", "array": "[]"}


def stubs(model: ThingModel, there: Container[str] = ()) -> str:
    """Python for all of the model but what is there already; a whole program where nothing is."""
    taken: set[str] = {"device", "Device"}
    parts = [_HEAD.format(words=_("What this board measures and obeys."))] if not there else []
    values = {it: known for it, known in model.properties.items() if not known.system and it not in there}
    for identifier, known in values.items():
        parts.append("\n".join(_property(identifier, known, _name(identifier, taken))))
    for identifier, service in model.services.items():
        if identifier not in there:
            parts.append("\n".join(_service(identifier, service, _name(identifier, taken))))
    events = [it for it in model.events.values() if it.identifier not in there]
    if events:
        lines = [f"# {_one_line(it.name)} ({it.kind}): {_event(it.identifier, it.outputs)}" for it in events]
        parts.append("\n".join(["# " + _("Events, to be told of where they happen"), *lines]) + "\n")
    if not there:
        parts.append("device.run()\n")
    return "\n\n".join(parts)


def _property(identifier: str, known: Property, name: str) -> Iterator[str]:
    """A property that can only be read is a stream."""
    word = "property" if known.writable else "stream"
    yield f"@device.{word}({_quoted(identifier)}, every={_EVERY})  # " + _("seconds")
    yield f"def {name}():"
    yield f'    """{_described(known)}"""'
    yield "    return None  # " + _("{kind}; None: nothing to send").format(kind=_kind(known.type))
    yield ""
    if known.writable:
        yield ""
        yield f"@{name}.setter"
        yield f"def set_{name.lstrip('_')}(value):"
        yield f"    raise NotImplementedError  # value: {_kind(known.type)}"
        yield ""


def _service(identifier: str, service: Service, name: str) -> Iterator[str]:
    yield f"@device.service({_quoted(identifier)})"
    yield f"def {name}(inputs):"
    given = "; ".join(f"{it.identifier}: {_kind(it.type)}" for it in service.inputs) or _("none")
    words = _("{name}. Inputs: {inputs}.").format(name=_one_line(service.name), inputs=given)
    yield f'    """{_safe(words)}"""'
    yield "    return {" + ", ".join(f"{_quoted(it.identifier)}: {_sample(it.type)}" for it in service.outputs) + "}"
    yield ""


def _event(identifier: str, outputs: Iterable[Field]) -> str:
    given = ", ".join(f"{_quoted(it.identifier)}: {_sample(it.type)}" for it in outputs)
    return f"device.event({_quoted(identifier)}, {{{given}}})"


def _described(known: Property) -> str:
    unit = known.type.unit.partition(" / ")[0].strip()
    least, most = known.type.limit("min"), known.type.limit("max")
    bounds = _(" to ").join(f"{it:.15g}" for it in (least, most) if it is not None)
    words = ", ".join(filter(None, [known.name, unit, bounds if most is not None else ""]))
    return _safe(_one_line(f"{words}. {known.desc}".rstrip(". ") + "."))


def _kind(type_: DataType) -> str:
    """What a value is in Python, in a comment."""
    if type_.choices:
        named = ", ".join(f"{_python(value)} {words}" for value, words in type_.choices.items())
        return _one_line(f"{'bool' if type_.type == 'bool' else 'int'}: {named}")
    if type_.type == "string":
        longest = type_.limit("length")
        return _("str of at most {longest:g} bytes").format(longest=longest) if longest is not None else "str"
    if type_.type == "struct":
        return _one_line(_("dict with {names}").format(names=", ".join(it.identifier for it in type_.fields)))
    kinds = {"int32": "int", "int64": "int", "double": "float", "array": "list", "bitMap": "int", "bool": "bool"}
    kinds["date"] = _("int, milliseconds since 1970")
    return _one_line(kinds.get(type_.type, type_.type))


def _python(value: str) -> str:
    return {"true": "True", "false": "False"}.get(value, value)


def _sample(type_: DataType) -> str:
    """A value that the type takes, as far as one can be made up."""
    least = type_.limit("min")
    if type_.type == "enum":
        return next(iter(type_.choices), "0")
    if type_.type in _SAMPLES:
        return _SAMPLES[type_.type]
    return f"{least:.15g}" if least is not None and least > 0 else "0"


def _name(identifier: str, taken: set[str]) -> str:
    """A name of Python's for it, that nothing else has."""
    name = re.sub(r"\W", "_", identifier, flags=re.ASCII).strip("_").lower() or "value"
    if name[0].isdigit() or keyword.iskeyword(name):
        name = f"_{name}"
    plain, number = name, 2
    while name in taken or f"set_{name.lstrip('_')}" in taken:
        name, number = f"{plain}_{number}", number + 1
    taken |= {name, f"set_{name.lstrip('_')}"}
    return name


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _safe(text: str) -> str:
    """Fit for between three quotes."""
    return text.replace("\\", "\\\\").replace('"', "'")
