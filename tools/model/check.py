"""Whether a program and a thing model fit: identifiers, kinds of values, ranges, who may write."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..language import N_, _, listed, named
from .program import Program, Use
from .thing_model import Property, ThingModel
from .values import fields_objection, objection


@dataclass(frozen=True)
class Finding:
    """line: of the program, 0 for none. wrong: the platform refuses something, or the device does."""

    line: int
    words: str
    wrong: bool = True


def check(program: Program, model: ThingModel) -> list[Finding]:
    """What there is to say, by line."""
    checker = _Checker(program, model)
    found = [finding for use in program.uses for finding in checker.look(use)]
    return sorted([*found, *checker.missing()], key=lambda it: (it.line == 0, it.line))


class _Checker:
    def __init__(self, program: Program, model: ThingModel) -> None:
        self._program = program
        self._kinds: dict[str, dict[str, Any]] = {
            "property": model.properties,
            "service": model.services,
            "event": model.events,
        }
        self._model = model

    def look(self, use: Use) -> Iterator[Finding]:
        """What is to be said of one use."""
        if not use.identifier:
            yield Finding(
                use.line,
                _("{word}: the identifier is not written out, so it is not checked").format(word=use.word),
                False,
            )
            return
        kind = use.word if use.word in ("service", "event") else "property"
        if use.identifier not in self._kinds[kind]:
            yield Finding(use.line, named(_name(use), self._unknown(kind, use.identifier)))
        elif kind == "property":
            yield from self._property(use, self._model.properties[use.identifier])
        elif kind == "service":
            yield from self._service(use)
        else:
            for line, value in use.values:
                outputs = self._model.events[use.identifier].outputs
                if words := fields_objection(outputs, value, complete=True):
                    yield Finding(
                        line,
                        _("event {identifier!r}: the value {words}").format(identifier=use.identifier, words=words),
                    )

    def _property(self, use: Use, known: Property) -> Iterator[Finding]:
        name = _name(use)
        for line, value in use.values:
            if words := objection(known.type, value):
                found = _("{name}: the value {words}") if use.word == "put" else _("{name}: what is returned {words}")
                yield Finding(line, found.format(name=name, words=words) + _limits(known))
        if use.setter and not known.writable:
            yield Finding(
                use.setter.line,
                _("{name}: has a setter, but is read only in the thing model (accessMode r)").format(name=name),
            )
        if use.setter and use.setter.arguments not in (None, 1):
            yield Finding(
                use.setter.line, _("{name}: the setter's function takes one argument, the value").format(name=name)
            )
        if use.word in ("stream", "property") and use.arguments:
            yield Finding(use.line, _("{name}: its function takes no arguments").format(name=name))
        if known.writable and use.word == "property" and not use.setter:
            yield Finding(
                use.line,
                _("{name}: can be set in the thing model (accessMode rw), but has no setter").format(name=name),
            )

    def _service(self, use: Use) -> Iterator[Finding]:
        name = _("service {identifier!r}").format(identifier=use.identifier)
        if use.arguments not in (None, 1):
            yield Finding(
                use.line, _("{name}: its function takes one argument, a dict of the inputs").format(name=name)
            )
        for line, value in use.values:
            if words := fields_objection(self._model.services[use.identifier].outputs, value, complete=True):
                yield Finding(line, _("{name}: what is returned {words}").format(name=name, words=words))

    def _unknown(self, kind: str, identifier: str) -> str:
        words = _("the thing model has no {kind} of this identifier").format(kind=_(_WORDS[kind]))
        for other, known in self._kinds.items():
            if identifier in known:
                there = {
                    "property": _("there it is a property"),
                    "service": _("there it is a service"),
                    "event": _("there it is an event"),
                }
                return words + _("; ") + there[other]
        close = difflib.get_close_matches(identifier, self._kinds[kind], 1, 0.6)
        return _("{words}; did you mean {close!r}?").format(words=words, close=close[0]) if close else words

    def missing(self) -> Iterator[Finding]:
        """What the thing model has and the program has not."""
        used = {word: {use.identifier for use in self._program.uses if use.word in of} for word, of in _USES.items()}
        unread = any(not use.identifier for use in self._program.uses)
        settable = {use.identifier for use in self._program.uses if use.word == "property"}
        for identifier, known in self._model.properties.items():
            if known.system:
                continue  # the platform's own, such as $OneNET_LBS
            if known.writable and identifier not in settable:
                yield from self._unanswered(
                    identifier, _("property {identifier!r} can be set in the thing model").format(identifier=identifier)
                )
            elif identifier not in used["property"] and not unread:
                yield Finding(0, _("property {identifier!r} is never sent").format(identifier=identifier), False)
        for identifier in self._model.services:
            if identifier not in used["service"]:
                yield from self._unanswered(
                    identifier, _("service {identifier!r} is in the thing model").format(identifier=identifier)
                )
        for identifier in self._model.events:
            if identifier not in used["event"] and not unread:
                yield Finding(0, _("event {identifier!r} is never sent").format(identifier=identifier), False)

    def _unanswered(self, identifier: str, what: str) -> Iterator[Finding]:
        if self._program.takes_commands:
            yield Finding(
                0,
                _("{what}; the program gets it as a command, {identifier}=…").format(what=what, identifier=identifier),
                False,
            )
        else:
            yield Finding(0, _("{what}, and the program answers with an error").format(what=what))


_WORDS = {
    "stream": N_("stream"),
    "property": N_("property"),
    "service": N_("service"),
    "event": N_("event"),
}
"""What is declared, by its word in a program."""


def _name(use: Use) -> str:
    return f"{_(_WORDS.get(use.word, use.word))} {use.identifier!r}"


_USES = {"property": ("stream", "property", "put"), "service": ("service",), "event": ("event",)}


def _limits(known: Property) -> str:
    unit = known.type.unit.partition(" / ")[0].strip()
    return _(" ({name})").format(name=listed([known.name, *([unit] if unit else [])]))
