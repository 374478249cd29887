"""The HTTP API, as api.heclouds.com has it: JSON {"errno", "error", "data"} with HTTP status 200, whatever happens.

Times are Beijing time. Who asks shows an api-key: the product's, which may do everything, or a device's own.
"""

import hmac
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ..datapoints import BEIJING, from_fields, from_json
from .asked import names_in, number_in, object_in, read_body, text_in, window_in
from .database import StoreError, utc
from .failures import (
    AuthFailed,
    BadJson,
    InvalidParameter,
    KeyRequired,
    MissingParameter,
    PlatformError,
    UnknownDevice,
    UnknownStream,
    Unsuccessful,
)
from .model import CommandStatus, Device, Stream
from .platform import Platform
from .point_table import Row

_MOST_POINTS = 6000
_SOME_POINTS = 100
_MOST_DEVICES = 1000
_LONGEST_SERIAL, _LONGEST_MAC, _LONGEST_TITLE = 512, 32, 32
_ABOUT = {"desc": str, "tags": list, "location": dict, "other": dict}
"""What a device may be described with, and its kind."""
_WORDS = {
    CommandStatus.CREATED: "command created",
    CommandStatus.SENT: "command sent",
    CommandStatus.REPLIED: "command response received",
}


def add_api(app: FastAPI, platform: Platform) -> None:
    """Puts the API's paths into the app."""
    api = _Api(platform)
    for method, path, answer in (
        ("GET", "/devices", api.list_devices),
        ("POST", "/devices", api.add_device),
        ("GET", "/devices/status", api.status),
        ("GET", "/devices/datapoints", api.latest),
        ("GET", "/devices/{id}", api.device),
        ("PUT", "/devices/{id}", api.edit_device),
        ("DELETE", "/devices/{id}", api.remove_device),
        ("GET", "/devices/{id}/datapoints", api.points),
        ("POST", "/devices/{id}/datapoints", api.add_points),
        ("GET", "/devices/{id}/datastreams", api.streams),
        ("GET", "/devices/{id}/datastreams/{stream:path}", api.stream),
        ("POST", "/register_de", api.register),
        ("POST", "/cmds", api.send_command),
        ("GET", "/cmds/{uuid}", api.command),
        ("GET", "/cmds/{uuid}/resp", api.reply),
        ("POST", "/mqtt", api.publish),
    ):
        app.add_route(path, _enveloped(answer), methods=[method])


def _enveloped(answer: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """What `answer` returns or raises, as the platform says it. A Response goes out as it is."""

    async def respond(request: Request) -> Response:
        envelope: dict[str, Any] = {"errno": 0, "error": "succ"}
        try:
            data = await answer(request)
        except PlatformError as error:
            envelope = {"errno": error.errno, "error": str(error)}
        except StoreError as error:
            envelope = {"errno": PlatformError.errno, "error": f"internal error: {error}"}
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody
        else:
            if isinstance(data, Response):
                return data
            if data is not None:
                envelope["data"] = data
        return Response(json.dumps(envelope, ensure_ascii=False), media_type="application/json")

    return respond


class _Api:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def _allow(self, request: Request, device_id: str = "") -> None:
        """Lets through who shows the product's key, or that of the device."""
        key = request.headers.get("api-key")
        if not key:
            raise KeyRequired
        if hmac.compare_digest(key.encode(), self._platform.master_key.encode()):
            return
        device = self._platform.device_of_key(key)
        if device is None or device.id != device_id:
            raise AuthFailed

    def _device(self, request: Request) -> Device:
        """The device of the path."""
        device_id = request.path_params["id"]
        self._allow(request, device_id)
        return self._found(device_id)

    def _found(self, device_id: str) -> Device:
        """A device of this platform: those of the current one are not known here. Raises UnknownDevice."""
        device = self._platform.device(device_id)
        if device.is_studio:
            raise UnknownDevice(device_id)
        return device

    def _all(self) -> list[Device]:
        return [device for device in self._platform.devices() if not device.is_studio]

    # Devices

    async def list_devices(self, request: Request) -> Any:
        self._allow(request)
        page = number_in(request, "page", 1, 1, 10000)
        per_page = number_in(request, "per_page", 30, 1, 100)
        words = request.query_params.get("key_words", "")
        auth_info = request.query_params.get("auth_info")
        ids = names_in(request, "device_id")
        online = request.query_params.get("online", "").lower()
        found = [
            device
            for device in self._all()
            if (device.id.startswith(words) or device.title.startswith(words))
            and (auth_info is None or device.auth_info == auth_info)
            and (ids is None or device.id in ids)
            and (not online or device.online == (online in ("true", "1")))
        ]
        shown = found[(page - 1) * per_page : page * per_page]
        devices = [self._described(device) for device in shown]
        return {"total_count": len(found), "page": page, "per_page": per_page, "devices": devices}

    async def add_device(self, request: Request) -> Any:
        self._allow(request)
        body = object_in(await read_body(request))
        if "title" not in body:
            raise MissingParameter("title is required")
        title, auth_info = text_in(body, "title"), text_in(body, "auth_info", "")
        about = _about(body)
        device = self._platform.add_device(title, auth_info, about=about)
        return {"device_id": device.id}

    async def status(self, request: Request) -> Any:
        found = self._named(request)
        devices = [{"id": device.id, "title": device.title, "online": device.online} for device in found]
        return {"total_count": len(found), "devices": devices}

    async def latest(self, request: Request) -> Any:
        found = self._named(request)
        return {"devices": [{"id": it.id, "title": it.title, "datastreams": self._latest(it)} for it in found]}

    def _named(self, request: Request) -> list[Device]:
        """The devices of devIds that exist, in that order."""
        ids = names_in(request, "devIds")
        self._allow(request, ids[0] if ids and len(ids) == 1 else "")
        if not ids:
            raise MissingParameter("devIds is required")
        if len(ids) > _MOST_DEVICES:
            raise InvalidParameter(f"devIds: at most {_MOST_DEVICES} devices")
        devices = {device.id: device for device in self._all()}
        return [devices[device_id] for device_id in dict.fromkeys(ids) if device_id in devices]

    def _latest(self, device: Device) -> list[dict[str, Any]]:
        streams = self._platform.streams(device.id)
        return [{"id": stream.id, "at": _shown(stream.at), "value": stream.value} for stream in streams]

    async def device(self, request: Request) -> Any:
        device = self._device(request)
        streams = [
            {"id": stream.id, "unit": "", "unit_symbol": "", "create_time": _shown_to_seconds(stream.created)}
            for stream in self._platform.streams(device.id)
        ]
        return {**self._described(device), "datastreams": streams}

    def _described(self, device: Device) -> dict[str, Any]:
        return {
            "id": device.id,
            "title": device.title,
            "protocol": "MQTT",
            "online": device.online,
            "auth_info": device.auth_info,
            "create_time": _shown_to_seconds(device.created),
            "desc": "",
            "tags": [],
            "location": {"lon": 0, "lat": 0},
            **self._platform.about(device.id),
        }

    async def edit_device(self, request: Request) -> Any:
        device_id = request.path_params["id"]
        self._allow(request)
        body = object_in(await read_body(request))
        title, auth_info = text_in(body, "title", None), text_in(body, "auth_info", None)
        self._found(device_id)
        self._platform.edit_device(device_id, title=title, auth_info=auth_info, about=_about(body))

    async def remove_device(self, request: Request) -> Any:
        self._allow(request)
        self._platform.remove_device(self._found(request.path_params["id"]).id)

    async def register(self, request: Request) -> Any:
        code = request.query_params.get("register_code")
        if not code:
            raise MissingParameter("register_code is required")
        if not hmac.compare_digest(code.encode(), self._platform.register_code.encode()):
            raise AuthFailed
        body = object_in(await read_body(request))
        name, longest = ("sn", _LONGEST_SERIAL) if "sn" in body else ("mac", _LONGEST_MAC)
        if name not in body:
            raise MissingParameter("sn or mac is required")
        serial = text_in(body, name)
        title = text_in(body, "title", "") or "auto_register"
        if not 1 <= len(serial) <= longest:
            raise InvalidParameter(f"{name}: must have 1 to {longest} characters")
        if len(title) > _LONGEST_TITLE:
            raise InvalidParameter(f"title: must have at most {_LONGEST_TITLE} characters")
        device, key = self._platform.register(serial, title)
        return {"device_id": device.id, "key": key}

    # Streams and data points

    async def streams(self, request: Request) -> Any:
        wanted = names_in(request, "datastream_ids")
        device = self._device(request)
        return [_current(it) for it in self._platform.streams(device.id) if wanted is None or it.id in wanted]

    async def stream(self, request: Request) -> Any:
        device = self._device(request)
        for stream in self._platform.streams(device.id):
            if stream.id == request.path_params["stream"]:
                return _current(stream)
        raise UnknownStream(request.path_params["stream"])

    async def points(self, request: Request) -> Any:
        device = self._device(request)
        streams = names_in(request, "datastream_id")
        asked = request.query_params
        limit = number_in(request, "limit", _SOME_POINTS, 1, _MOST_POINTS)
        if not any(asked.get(name) for name in ("start", "end", "duration", "cursor", "sort")):
            # Not said in the document, but what its users lean on: without a time, the latest of each, newest first.
            rows = self._platform.latest_rows(device.id, streams, limit if asked.get("limit") else 1)
            return _grouped(rows)
        window = window_in(request)
        rows = self._platform.rows(
            device.id, streams, window.start, window.end, window.after, limit + 1, window.newest_first
        )
        answer = _grouped(rows[:limit])
        if len(rows) > limit:
            answer["cursor"] = f"{rows[limit - 1].at}_{rows[limit - 1].number}"
        return answer

    async def add_points(self, request: Request) -> Any:
        device = self._device(request)
        kind = number_in(request, "type", 1, 1, 5)
        body = await read_body(request)
        try:
            if kind == 2:
                raise InvalidParameter("type: must be 1, 3, 4 or 5")
            points = from_fields(body) if kind == 5 else from_json(kind, body)
        except ValueError as error:
            raise BadJson(f"data points: {error}") from error
        await self._platform.store_points(device.id, points)

    # Commands and messages

    async def send_command(self, request: Request) -> Any:
        device_id = request.query_params.get("device_id", "")
        self._allow(request, device_id)
        if not device_id:
            raise MissingParameter("device_id is required")
        self._found(device_id)
        qos = number_in(request, "qos", 0, 0, 1)
        seconds = number_in(request, "timeout", 0, 0, None)
        command = await self._platform.send_command(device_id, await read_body(request), seconds, qos)
        return {"cmd_uuid": command.uuid}

    async def command(self, request: Request) -> Any:
        command = self._platform.command(request.path_params["uuid"])
        self._allow(request, command.device_id)
        return {"status": int(command.status), "desc": _WORDS[command.status]}

    async def reply(self, request: Request) -> Any:
        command = self._platform.command(request.path_params["uuid"])
        self._allow(request, command.device_id)
        if command.reply is None:
            raise Unsuccessful(f"no reply: {_WORDS[command.status]}")
        # A reply is whatever the device says, and no page of ours.
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
        return Response(command.reply, media_type="application/octet-stream", headers=headers)

    async def publish(self, request: Request) -> Any:
        self._allow(request)
        topic = request.query_params.get("topic", "")
        if not topic:
            raise MissingParameter("topic is required")
        self._platform.publish_message(topic, await read_body(request))


def _about(body: dict[str, Any]) -> dict[str, Any]:
    about = {name: body[name] for name in _ABOUT if name in body}
    for name, value in about.items():
        if not isinstance(value, _ABOUT[name]):
            raise InvalidParameter(f"{name}: must be {'text' if _ABOUT[name] is str else _ABOUT[name].__name__}")
    return about


# What is said to it


def _grouped(rows: list[Row]) -> dict[str, Any]:
    streams: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        streams.setdefault(row.stream, []).append({"at": _shown(utc(row.at)), "value": row.value})
    listed = [{"id": stream, "datapoints": points} for stream, points in streams.items()]
    return {"count": len(rows), "datastreams": listed}


def _current(stream: Stream) -> dict[str, Any]:
    return {
        "id": stream.id,
        "create_time": _shown_to_seconds(stream.created),
        "update_at": _shown_to_seconds(stream.at),
        "current_value": stream.value,
    }


def _shown(when: datetime) -> str:
    return when.astimezone(BEIJING).replace(tzinfo=None).isoformat(" ", "milliseconds")


def _shown_to_seconds(when: datetime) -> str:
    return when.astimezone(BEIJING).replace(tzinfo=None).isoformat(" ", "seconds")
