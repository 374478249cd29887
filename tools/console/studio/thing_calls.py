"""The HTTP API's calls for properties and services [API list]. Values in its answers are JSON in text, times in ms."""

import json
from typing import Any

from ...model.thing_model import Property
from ..database import microseconds
from ..model import Stream
from .asked_thing import Asked
from .failures import BadParameter, NoModel
from .products import Protocol

_ACCESS = {True: "读写", False: "只读"}
_TYPES = ((bool, "bool"), (int, "int32"), (float, "double"), (str, "string"), (list, "array"), (dict, "struct"))
"""Of a value whose property is in no model."""


async def set_(it: Asked) -> dict[str, Any]:
    """The device's reply, with its code."""
    reply = await it.platform.studio.things.set(it.device(change=True), it.value("params"))
    return {name: reply[name] for name in ("id", "code", "msg")}


def latest(it: Asked) -> Any:
    """All properties of the model, with a value where there was one. Other answers were seen with the same list in
    {"list": …}: which of the two comes when is not known, and the rules say it here."""
    found = _latest(it)
    return found if it.platform.studio.rules.lists_alone else {"list": found}


def _latest(it: Asked) -> list[dict[str, Any]]:
    device = it.device()
    if it.platform.studio.products.find(device.product_id).protocol is not Protocol.ONEJSON:
        raise NoModel
    streams = {stream.id: stream for stream in it.platform.streams(device.id)}
    model = it.platform.studio.model(device.product_id)
    if model:
        return [_described(known, streams.get(identifier)) for identifier, known in model.properties.items()]
    return [_described(None, stream) for stream in streams.values()]


async def ask(it: Asked) -> dict[str, Any]:
    return await it.platform.studio.things.get(it.device(), it.value("params"))


def history(it: Asked) -> dict[str, Any]:
    device = it.device()
    identifier = it.text("identifier")
    (offset, limit), (start, end) = it.page(), it.period()
    newest_first = it.number("sort", 2, 1, 2) == 2
    rows = it.platform.rows(device.id, [identifier], start, end, None, offset + limit, newest_first)
    return {"list": [{"time": row.at // 1000, "value": _text(row.value)} for row in rows[offset:]]}


async def call(it: Asked) -> dict[str, Any]:
    return await it.platform.studio.things.call(it.device(change=True), it.text("identifier"), it.value("params", {}))


def set_desired(it: Asked) -> None:
    """Bare values: whether {"value": …}, as one app sends it, is taken for one is not known; here it is a value."""
    it.platform.studio.things.set_desired(it.device(change=True), it.value("params"))


def desired(it: Asked) -> dict[str, Any]:
    device, wanted = it.device(), _identifiers(it)
    found = it.platform.studio.things.desired(device)
    return {name: {"value": each.value, "version": each.version} for name, each in found.items() if name in wanted}


def delete_desired(it: Asked) -> None:
    """params: {"sw": {"version": 3}}, {"sw": {}} or ["sw"]; the form is not documented."""
    device = it.device(change=True)
    params = it.value("params")
    it.platform.studio.things.delete_desired(device, list(params) if isinstance(params, dict) else _identifiers(it))


def _identifiers(it: Asked) -> list[str]:
    identifiers = it.value("params")
    if not isinstance(identifiers, list) or not all(isinstance(name, str) for name in identifiers):
        raise BadParameter("params: must be an array of identifiers")
    return identifiers


def _described(known: Property | None, stream: Stream | None) -> dict[str, Any]:
    """One of the two may be missing: a model for the property, or a value of it."""
    described: dict[str, Any] = {}
    if known:
        described = {"identifier": known.identifier, "name": known.name, "data_type": known.type.type}
    elif stream:
        kind = next((name for type_, name in _TYPES if isinstance(stream.value, type_)), "")
        described = {"identifier": stream.id, "name": stream.id, "data_type": kind}
    if stream:
        described.update(time=microseconds(stream.at) // 1000, value=_text(stream.value))
    return {**described, "access_mode": _ACCESS[known is None or known.writable]}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
