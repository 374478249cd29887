"""A thing-model file, whatever is in it: a ThingModel or a ModelError; and then of any value whether it is one of a
property, an event or a service."""

import json

from onenet_tools.model.thing_model import ModelError, fields_objection, read_model
from taken import Taken

_VALUES = 0, -1, 1.5, 10**400, 1e300, True, "", "x" * 70, "2026", None, [], [1, "x"], {}, {"a": {"b": [1]}}


def check(data):
    taken = Taken(data)
    text = taken.until(0xFF).decode("utf-8", "replace")
    try:
        model = read_model(text)
    except ModelError as e:
        assert str(e)
        return
    try:
        values = [*_VALUES, json.loads(taken.rest())]
    except (ValueError, RecursionError):
        values = list(_VALUES)
    for found in model.properties.values():
        for value in values:
            assert isinstance(found.type.objection(value), str)
        assert isinstance(found.type.unit, str) and isinstance(found.type.choices, dict)
        for field in found.type.fields:
            assert field.identifier
    for event in model.events.values():
        for value in values:
            fields_objection(event.outputs, {"x": value, **(value if isinstance(value, dict) else {})}, True)
    for service in model.services.values():
        for value in values:
            fields_objection(service.inputs, {"x": value, **(value if isinstance(value, dict) else {})})
