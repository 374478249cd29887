"""A thing-model file, as OneNET's console exports it (version "1.0"): what a product's devices have, do and report.

Numbers in it are text; a range that is empty is none. Types it does not know take any value. What older consoles have
exported (1.2, 2.x, 3.0) differs in few things, and is read the same: see _older().
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..language import _

_INTEGERS = {"int32": 31, "int64": 63}  # bits without the sign
_NUMBERS = (*_INTEGERS, "float", "double")
_UNLIKE = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)


class ModelError(Exception):
    """The file is no thing model; says what is wrong."""


@dataclass(frozen=True)
class DataType:
    """What a value may be. specs: as the file has them, each type its own."""

    type: str
    specs: Any

    @property
    def unit(self) -> str:
        return str(self._spec("unit") or "")

    @property
    def choices(self) -> dict[str, str]:
        """Of bool and enum: the words for each value, which is spelled as in JSON."""
        specs = self.specs if self.type in ("bool", "enum") and isinstance(self.specs, Mapping) else {}
        return {str(value): str(words) for value, words in specs.items()}

    @property
    def fields(self) -> "tuple[Field, ...]":
        """Of a struct."""
        return _fields(self.specs) if self.type == "struct" else ()

    def limit(self, name: str) -> float | None:
        """min, max, step or length; None where there is none."""
        try:
            number = float(self._spec(name))
        except (TypeError, ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None

    def objection(self, value: Any) -> str:
        """Why that is not a value of this type; empty if it is."""
        if self.type in _NUMBERS:
            return self._number(value)
        if self.type == "bool":
            return "" if isinstance(value, bool) else _("must be true or false")
        if self.type == "enum":
            fits = _is_integer(value) and str(value) in self.choices
            return "" if fits else _("must be one of {choices}").format(choices=", ".join(self.choices))
        if self.type == "string":  # whether the length is one of bytes or of characters is not known: the fewer fit
            longest = self.limit("length")
            if not isinstance(value, str):
                return _("must be text")
            long = longest is not None and len(value.encode(errors="replace")) > longest
            return _("string length error: at most {longest:.15g} bytes").format(longest=longest) if long else ""
        if self.type == "struct":
            return self._struct(value)
        if self.type == "array":
            return self._array(value)
        if self.type == "bitMap":
            bits = min(int(self.limit("length") or 32), 64)
            return (
                ""
                if _is_integer(value) and 0 <= value < 1 << bits
                else _("must be a number of {bits} bits").format(bits=bits)
            )
        if self.type == "date":
            fits = _is_integer(value) or (isinstance(value, str) and value.isdigit())
            return "" if fits else _("must be milliseconds since 1970")
        return ""

    def _spec(self, name: str) -> Any:
        return self.specs.get(name) if isinstance(self.specs, Mapping) else None

    def _number(self, value: Any) -> str:
        bits = _INTEGERS.get(self.type)
        if bits:
            if not _is_integer(value):
                return _("must be a whole number")
            if not -(1 << bits) <= value < 1 << bits:
                return _("must fit {bits} bits").format(bits=bits + 1)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            return _("must be a number")
        least, most = self.limit("min"), self.limit("max")
        if least is not None and value < least:
            return _("must be at least {least:.15g}").format(least=least)
        return _("must be at most {most:.15g}").format(most=most) if most is not None and value > most else ""

    def _struct(self, value: Any) -> str:
        if not isinstance(value, dict):
            return _("must be an object")
        return fields_objection(self.fields, value)

    def _array(self, value: Any) -> str:
        if not isinstance(value, list):
            return _("must be an array")
        longest = self.limit("length" if "length" in self.specs else "size")
        if longest is not None and len(value) > longest:
            return _("must have at most {longest:.15g} items").format(longest=longest)
        items = _data_type(_items(self.specs))
        return next((f"[{i}] {words}" for i, item in enumerate(value) if (words := items.objection(item))), "")


@dataclass(frozen=True)
class Field:
    """A named value: of a struct, of an event's output, of a service's input or output."""

    identifier: str
    name: str
    type: DataType


@dataclass(frozen=True)
class Property(Field):
    writable: bool
    desc: str
    system: bool = False
    """The platform's own, as $OneNET_LBS is, and no program's to send unless it likes."""


@dataclass(frozen=True)
class ModelEvent:
    identifier: str
    name: str
    kind: str
    """info, alert or error."""
    outputs: tuple[Field, ...]


@dataclass(frozen=True)
class Service:
    identifier: str
    name: str
    is_async: bool
    """Whether the caller is answered before the device has answered."""
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]


@dataclass(frozen=True)
class ThingModel:
    """By identifier, in the order of the file."""

    properties: dict[str, Property]
    events: dict[str, ModelEvent]
    services: dict[str, Service]
    older: str = ""
    """How the file differs from what the console exports today; empty if it does not."""


def read_model(text: str) -> ThingModel:
    """Raises ModelError."""
    try:
        file = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(_("it is not JSON: {error}").format(error=error)) from error
    if not isinstance(file, dict) or not isinstance(file.get("properties"), list):
        raise ModelError(_('it has no list "properties": export the thing model (物模型) from the product\'s page'))
    return ThingModel(
        {it.identifier: it for it in _each(file, "properties", _property)},
        {it.identifier: it for it in _each(file, "events", _event)},
        {it.identifier: it for it in _each(file, "services", _service)},
        _older(file),
    )


def _older(file: dict[str, Any]) -> str:
    """Which console has exported it, by what differs in published files of each.

    1.2: no version, no profile; desc and step are null, callType is s or a. 2.x: version 1.0, but a profile with
    stTmId, and no functionMode. 3.0: no version, a profile about video, functionType st.
    """
    profile = file.get("profile")
    profile = profile if isinstance(profile, dict) else None
    if profile and "stTmId" in profile:
        return _("exported by an older console (2.x): a profile of another kind, no functionMode; read the same")
    if "version" in file:
        return (
            ""
            if file["version"] == "1.0"
            else _("its version is {file!r}, and only 1.0 is known").format(file=file["version"])
        )
    if profile is None:
        return _('exported by an older console (1.2): no version and profile, callType "s" for sync; read the same')
    return _("exported by an older console (3.0): no version, a profile about video, functionType st; read the same")


def fields_objection(fields: Iterable[Field], values: dict[str, Any], complete: bool = False) -> str:
    """Why these are not values of the fields; empty if they are. complete: none of them may be missing."""
    known = {field.identifier: field.type for field in fields}
    for identifier, value in values.items():
        words = known[identifier].objection(value) if identifier in known else _("identifier not exist")
        if words:
            return f"{identifier} {words}"
    missing = next((identifier for identifier in known if identifier not in values), "") if complete else ""
    return _("{missing} is missing").format(missing=missing) if missing else ""


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _each(file: dict[str, Any], kind: str, read: Any) -> Iterable[Any]:
    """The entries of a list of the file, which may be missing."""
    entries = file.get(kind) or []
    for i, entry in enumerate(entries if isinstance(entries, list) else [None]):
        try:
            yield read(entry)
        except _UNLIKE as error:
            what = error.args[0] if isinstance(error, KeyError) else type(error).__name__
            raise ModelError(
                _("{kind}[{i}] is not as OneNET exports it ({what})").format(kind=kind, i=i, what=what)
            ) from error


def _property(entry: dict[str, Any]) -> Property:
    field = _field(entry)
    writable = "w" in str(entry.get("accessMode", "r"))
    system = entry.get("functionType") == "s"
    return Property(field.identifier, field.name, field.type, writable, str(entry.get("desc") or ""), system)


def _event(entry: dict[str, Any]) -> ModelEvent:
    kind = str(entry.get("eventType") or "info")
    return ModelEvent(_identifier(entry), _name(entry), kind, _fields(entry.get("outputData")))


def _service(entry: dict[str, Any]) -> Service:
    is_async = entry.get("callType") in ("async", "a")
    inputs, outputs = _fields(entry.get("input")), _fields(entry.get("output"))
    return Service(_identifier(entry), _name(entry), is_async, inputs, outputs)


def _fields(entries: Any) -> tuple[Field, ...]:
    return tuple(_field(entry) for entry in entries or [])


def _field(entry: dict[str, Any]) -> Field:
    return Field(_identifier(entry), _name(entry), _data_type(entry["dataType"]))


def _data_type(entry: dict[str, Any]) -> DataType:
    made = DataType(str(entry["type"]), entry.get("specs"))
    if made.type == "struct":
        _fields(made.specs)  # raises what is wrong with them
    if made.type == "array":
        _data_type(_items(made.specs))
    return made


def _items(specs: Any) -> Any:
    """What an array has: {"length", "type", "specs"}, or as OneNET Studio's documents have it {"size", "items"}."""
    return specs.get("items", specs)


def _identifier(entry: dict[str, Any]) -> str:
    identifier = entry["identifier"]
    if not isinstance(identifier, str) or not identifier:
        raise TypeError("identifier")
    return identifier


def _name(entry: dict[str, Any]) -> str:
    return str(entry.get("name") or entry["identifier"])
