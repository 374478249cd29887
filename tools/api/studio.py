"""The HTTP API of OneNET's current platform (iot-api.heclouds.com), as far as one asks for devices and their values,
sets properties, calls services and sends commands.

What is documented in two ways is taken in either: lists alone or in {"list": …}, values as JSON in text. A GET is tried
again where the platform has failed (10500), no other call and no other code is.
"""

import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx

from ..clock import BEIJING
from ..language import _
from ..token.trying import is_key
from .answers import CommandState, DataPoint, DeviceState
from .failures import ApiError
from .requests import UNLIKE, Requests

PLATFORM = "https://iot-api.heclouds.com"

_PAGE = 100  # devices or points asked for at once: the platform's bound
_STREAM_PAGE = 6000  # points of a data-stream product
_SERVER_PATIENCE = 30.0  # seconds the platform may wait for a device

# Codes of the platform's answers
_REFUSED, _EXISTS, _NO_PRODUCT, _NO_DEVICE, _NO_ANSWER = 10403, 10406, 10408, 10410, 10411
NO_MODEL, _OFFLINE, NO_SUBSCRIPTION = 10417, 10421, 10500
_FAILED = NO_SUBSCRIPTION  # the same: whatever fails at the platform
_ONLINE = 1


class CodeError(ApiError):
    """The platform refuses, with this code."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class StudioClient(Requests):
    """A product of the current platform, for who has a token for it. Options: see Requests."""

    def __init__(self, url: str, token: str, product_id: str, **options: Any) -> None:
        """Raises ApiError for what is no URL or no token."""
        super().__init__(url, "authorization", token, **{"patience": _SERVER_PATIENCE + 5, **options})
        self._product_id = product_id

    # Devices and their data

    def devices(self) -> Iterator[DeviceState]:
        """All devices of the product, a page at a time."""
        for offset in range(0, 1_000_000, _PAGE):
            with self._documented("devices"):
                found = _listed(self._get("/device/list", "devices", offset=offset, limit=_PAGE))
                states = [_state(entry) for entry in found]
            yield from states
            if len(states) < _PAGE:
                return

    def device(self, name: str) -> DeviceState:
        with self._documented(_("a device")):
            return _state(
                {"name": name, **self._get("/device/detail", _("device {name}").format(name=name), device_name=name)}
            )

    def with_last_data(self, states: Sequence[DeviceState]) -> list[DeviceState]:
        """The same: the platform's list has when a device was last there."""
        return list(states)

    def latest(self, name: str, streams: Sequence[str] = ()) -> list[DataPoint]:
        """The latest value of each property or data stream, or of these."""
        try:
            found = self._latest_properties(name)
        except CodeError as error:
            if error.code != NO_MODEL:
                raise
            found = self._latest_streams(name)
        return [point for point in found if not streams or point.stream in streams]

    def history(
        self,
        name: str,
        streams: Sequence[str] = (),
        start: str = "",
        end: str = "",
        limit: int | None = None,
        progress: Callable[[int], None] = lambda count: None,
    ) -> list[DataPoint]:
        """Values of the past, oldest first: all, or the `limit` newest of them.

        `start`, `end`: as YYYY-MM-DDThh:mm:ss in Beijing time. `progress` is called with the count so far.
        """
        period = {
            "start_time": _milliseconds(start, 0),
            "end_time": _milliseconds(end, round(time.time() * 1000) + 60_000),
        }
        points: list[DataPoint] = []
        for stream in streams or [point.stream for point in self.latest(name)]:
            for point in self._past(name, stream, period, limit):
                points.append(point)
                progress(len(points))
        return sorted(points, key=lambda point: point.at)[-limit if limit else 0 :]

    def _past(self, name: str, stream: str, period: dict[str, int], limit: int | None) -> Iterator[DataPoint]:
        """Of one stream, newest first."""
        query = {"device_name": name, "identifier": stream, "sort": 2, **period}
        path, offset = "/thingmodel/query-device-property-history", 0
        while limit is None or offset < limit:
            some = _PAGE if limit is None else min(_PAGE, limit - offset)
            with self._documented(_("values of the past")):
                try:
                    found = _listed(
                        self._get(path, _("device {name}").format(name=name), offset=offset, limit=some, **query)
                    )
                except CodeError as error:
                    if error.code != NO_MODEL:
                        raise
                    yield from self._past_of_stream(name, stream, period, limit)
                    return
                yield from (DataPoint(stream, _time(entry["time"]), _value(entry["value"])) for entry in found)
            offset += len(found)
            if len(found) < some:
                return

    def _past_of_stream(self, name: str, stream: str, period: dict[str, int], limit: int | None) -> Iterator[DataPoint]:
        query = {
            "device_name": name,
            "datastream_id": stream,
            "limit": min(limit or _STREAM_PAGE, _STREAM_PAGE),
            **period,
        }
        data = self._get("/datapoint/history-datapoints", _("device {name}").format(name=name), **query)
        for entry in data["datastreams"]:
            for point in entry["datapoints"]:
                yield DataPoint(str(entry["id"]), str(point["at"]), point["value"])

    def _latest_properties(self, name: str) -> list[DataPoint]:
        with self._documented("properties"):
            data = self._get(
                "/thingmodel/query-device-property", _("device {name}").format(name=name), device_name=name
            )
            return [
                DataPoint(str(entry["identifier"]), _time(entry["time"]), _value(entry["value"]))
                for entry in _listed(data)
                if entry.get("value") is not None  # one that was never posted is there without
            ]

    def _latest_streams(self, name: str) -> list[DataPoint]:
        with self._documented(_("data streams")):
            data = self._get("/datapoint/current-datapoints", _("device {name}").format(name=name), device_name=name)
            return [
                DataPoint(str(entry["id"]), str(entry["at"]), entry["value"])
                for device in data["devices"]
                for entry in device["datastreams"]
            ]

    def create(self, name: str) -> tuple[str, bool]:
        """Makes a device; returns its key, and whether it is new. One that exists is left as it is, so that the call
        may be repeated. Some answers have no key: then the device is asked for."""
        pauses = self._pauses()
        while True:
            try:
                response = self._post("/device/create", json={"product_id": self._product_id, "device_name": name})
                with self._documented(_("a device")):
                    data = self._data(response, _("device {name}").format(name=name)) or {}
                    is_new, key = True, data.get("sec_key")
                break
            except CodeError as error:
                if error.code == _EXISTS:
                    is_new, key = False, None
                    break
                pause = next(pauses, None)
                if error.code != _FAILED or pause is None:
                    raise
                time.sleep(pause)
        if not key:
            with self._documented(_("a device")):
                key = self._get("/device/detail", _("device {name}").format(name=name), device_name=name)["sec_key"]
        if not isinstance(key, str) or not is_key(key):
            raise ApiError(self._strange(_("the key of device {name} is none").format(name=name)))
        return key, is_new

    # What a device is asked

    def set(self, name: str, values: dict[str, Any]) -> None:
        """Sets properties; returns when the device has said that it has. Raises ApiError where it refuses, too."""
        with self._documented(_("a device's reply")):
            data = self._ask("/thingmodel/set-device-property", name, values)
            if data.get("code", 200) != 200:
                raise ApiError(
                    _("device {name} refuses (code {data}: {quoted})").format(
                        name=name, data=data["code"], quoted=self._quoted(str(data.get("msg")))
                    )
                )

    def set_desired(self, name: str, values: dict[str, Any]) -> None:
        """Keeps them for the device, which fetches them when it comes online."""
        self._ask("/thingmodel/set-device-desired-property", name, values)

    def call(self, name: str, service: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Calls a service; returns its outputs."""
        with self._documented(_("a service's outputs")):
            return dict(self._ask("/thingmodel/call-service", name, inputs, identifier=service) or {})

    def ask(self, name: str, payload: bytes, seconds: float, queue: int = 0) -> CommandState:
        """Sends a command to a device with data streams, and waits 5 to 30 s for its reply."""
        if queue:
            raise ApiError(_("on the current platform no command waits for a device that is offline"))
        started = time.monotonic()
        query = {"product_id": self._product_id, "device_name": name, "timeout": min(max(round(seconds), 5), 30)}
        response = self._post("/datapoint/synccmds", params=query, content=payload)
        try:
            with self._documented(_("a command's reply")):
                reply = b64decode(self._data(response, _("device {name}").format(name=name))["cmd_resp"], validate=True)
        except CodeError as error:
            if error.code == _FAILED and "not subscribed" in str(error):
                raise ApiError(
                    _("{error}; a product with a thing model has no commands: onenet set, onenet call").format(
                        error=error
                    )
                ) from error
            if error.code != _NO_ANSWER:
                raise
            return CommandState(None, True, _("it has not answered"), time.monotonic() - started)
        return CommandState(reply, True, "answered", time.monotonic() - started)

    # Requests

    def _get(self, path: str, what: str, **query: Any) -> Any:
        """The data of the answer. `what` was asked for, for the error."""
        query = {"product_id": self._product_id, **query}
        pauses = self._pauses()
        while True:
            try:
                return self._data(self._answer(path, query), what)
            except CodeError as error:
                pause = next(pauses, None)
                if error.code != _FAILED or pause is None:
                    raise
                time.sleep(pause)

    def _ask(self, path: str, name: str, params: Any, **more: Any) -> Any:
        body = {"product_id": self._product_id, "device_name": name, **more, "params": params}
        return self._data(self._post(path, json=body), _("device {name}").format(name=name))

    def _data(self, response: httpx.Response, what: str) -> Any:
        """What is in the envelope {"code": 0, "msg": "succ", "request_id": …, "data": …}."""
        try:
            envelope = response.json()
            code = int(envelope["code"])
        except UNLIKE as error:
            raise ApiError(self._strange(f"HTTP status {response.status_code}", response.text)) from error
        if code == 0:
            return envelope.get("data")
        words = self._quoted(str(envelope.get("msg") or _("without words")))
        raise CodeError(code, self._explained(code, _("code {code}: {words}").format(code=code, words=words), what))

    def _explained(self, code: int, said: str, what: str) -> str:
        """An error of the platform's, and what to do about it."""
        host, product = self._host, self._product_id
        if code == _REFUSED:
            return _(
                "{host} refuses the token for product {product} ({said}); it is made with the product's access_key"
            ).format(host=host, product=product, said=said)
        if code == _NO_PRODUCT:
            return _("{host} has no product {product} ({said})").format(host=host, product=product, said=said)
        if code == _NO_DEVICE:
            return _("{host} has no {what} in product {product} ({said})").format(
                host=host, what=what, product=product, said=said
            )
        if code == _OFFLINE:
            return _("{what} is not online ({said}); a property can be set with --desired, and waits for it").format(
                what=what, said=said
            )
        return _("{host} can't do that for {what} ({said})").format(host=host, what=what, said=said)


def _listed(data: Any) -> list[Any]:
    """The entries, alone or in {"list": …}. Raises one of UNLIKE."""
    entries = data["list"] if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise TypeError
    return entries


def _state(entry: Any) -> DeviceState:
    title = str(entry.get("desc") or entry["name"])
    times = (_readable(str(entry.get(name) or "")) for name in ("created_time", "last_time"))
    return DeviceState(str(entry["name"]), title, int(entry["status"]) == _ONLINE, *times)


def _readable(text: str) -> str:
    """A time as the old platform writes it; what is none as it is."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (when.astimezone(BEIJING) if when.tzinfo else when).strftime("%Y-%m-%d %H:%M:%S")


def _value(text: Any) -> Any:
    """What a value in JSON text stands for; what is none is taken as it is."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return text


def _time(milliseconds: Any) -> str:
    """In Beijing time, as the old platform writes it."""
    when = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=int(milliseconds))
    return when.astimezone(BEIJING).replace(tzinfo=None).isoformat(" ", "milliseconds")


def _milliseconds(text: str, default: int) -> int:
    if not text:
        return default
    return round(datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp() * 1000)
