"""What devices report of themselves, taken out of the params of post, pack/post and history/post [studio docs]."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ...clock import BEIJING
from ...datapoints import DataPoint
from ...language import _
from ...model.thing_model import ThingModel, fields_objection
from ..database import utc_now
from ..model import ThingEvent
from .envelope import FAILURE, BadMessage

_MOST_DEVICES = 10  # of one message
_MOST_POINTS = 100  # of a device
_LATEST = 253_402_300_799_999  # the last millisecond of the year 9999


@dataclass
class Report:
    """Values of properties and events, in the order they came."""

    points: list[DataPoint] = field(default_factory=list)
    events: list[ThingEvent] = field(default_factory=list)


class Reader:
    """Reads params for a device; what is wrong with one value is wrong with the message. Raises BadMessage.

    Without a model every identifier and value is taken: the platform has always one, and refuses what is not in it.
    """

    def __init__(self, product_id: str, name: str, model: ThingModel | None) -> None:
        self._identity = {"productID": product_id, "deviceName": name}
        self._model = model

    def properties(self, params: Any) -> Report:
        """{"temp": {"value": 25.1, "time": 1706673129818}}"""
        report = Report()
        for identifier, entry in _object(params, "params").items():
            self._add_point(report, identifier, entry)
        return report

    def events(self, params: Any) -> Report:
        """{"alarm": {"value": {"level": 2}, "time": 1706673129818}}"""
        report = Report()
        for identifier, entry in _object(params, "params").items():
            self._add_event(report, identifier, entry)
        return report

    def pack(self, params: Any) -> Report:
        """[{"identity": {…}, "properties": {"temp": {…}}, "events": {"alarm": {…}}}]"""
        report = Report()
        for entry in self._entries(params):
            for identifier, value in _object(entry.get("properties", {}), "properties").items():
                self._add_point(report, identifier, value)
            for identifier, value in _object(entry.get("events", {}), "events").items():
                self._add_event(report, identifier, value)
        return report

    def history(self, params: Any) -> Report:
        """[{"identity": {…}, "properties": {"temp": [{…}, {…}]}, "events": {"alarm": [{…}]}}]"""
        report = Report()
        for entry in self._entries(params):
            for identifier, values in _object(entry.get("properties", {}), "properties").items():
                for value in _list(values, identifier):
                    self._add_point(report, identifier, value)
            for identifier, values in _object(entry.get("events", {}), "events").items():
                for value in _list(values, identifier):
                    self._add_event(report, identifier, value)
        return report

    def _entries(self, params: Any) -> Iterator[dict[str, Any]]:
        """Those of the device itself, which may leave its identity out. Sub-devices are not in the console."""
        for entry in _list(params, "params", _MOST_DEVICES):
            values = _object(entry, "params")
            if values.get("identity", self._identity) != self._identity:
                raise BadMessage(FAILURE, _("identity: the console has no sub-devices"))
            yield values

    def _add_point(self, report: Report, identifier: str, entry: Any) -> None:
        value, at = _value_and_time(identifier, entry)
        if self._model:
            known = self._model.properties.get(identifier)
            words = known.type.objection(value) if known else _("identifier not exist")
            if words:
                raise BadMessage(
                    FAILURE, _("identifier: {identifier}, error: {words}").format(identifier=identifier, words=words)
                )
        text = None if at is None else at.astimezone(BEIJING).replace(tzinfo=None).isoformat(" ")
        report.points.append(DataPoint(identifier, value, text))
        _bound(report)

    def _add_event(self, report: Report, identifier: str, entry: Any) -> None:
        value, at = _value_and_time(identifier, entry)
        _object(value, identifier)
        if self._model:
            known = self._model.events.get(identifier)
            words = fields_objection(known.outputs, value) if known else _("identifier not exist")
            if words:
                raise BadMessage(
                    FAILURE, _("identifier: {identifier}, error: {words}").format(identifier=identifier, words=words)
                )
        report.events.append(ThingEvent(identifier, value, at or utc_now()))
        _bound(report)


def _bound(report: Report) -> None:
    if len(report.points) + len(report.events) > _MOST_POINTS:
        raise BadMessage(
            FAILURE, _("params: at most {most_points} values of a device").format(most_points=_MOST_POINTS)
        )


def _value_and_time(identifier: str, entry: Any) -> tuple[Any, datetime | None]:
    values = _object(entry, identifier)
    if "value" not in values:
        raise BadMessage(FAILURE, _("{identifier}: has no value").format(identifier=identifier))
    at = values.get("time")
    if at is None:
        return values["value"], None
    if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at <= _LATEST:
        raise BadMessage(FAILURE, _("{identifier}: time must be milliseconds since 1970").format(identifier=identifier))
    seconds, rest = divmod(at, 1000)
    return values["value"], datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=1000 * rest)


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadMessage(FAILURE, _("{what}: must be an object").format(what=what))
    return value


def _list(value: Any, what: str, most: int = _MOST_POINTS) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise BadMessage(FAILURE, _("{what}: must be an array of at most {most}").format(what=what, most=most))
    return value
