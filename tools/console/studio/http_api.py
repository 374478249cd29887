"""The HTTP API of iot-api.heclouds.com [API list]: JSON {"code", "msg", "request_id", "data"}, with HTTP status 200.

Who asks shows a token in the header `authorization`: the account's, the product's, or to read the device's own. OTA is
in ota_calls.py; what the list has besides, LwM2M, gateways, projects, voice and agents, is not in the console.
"""

import inspect
import json
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ..database import StoreError
from ..failures import InvalidParameter, PlatformError
from ..platform import Platform
from . import device_calls, file_calls, location_calls, log_calls, stream_calls, thing_calls
from .asked_thing import Asked, asked
from .failures import BadParameter, StudioError

_CALLS: tuple[tuple[str, str, Callable[[Asked], Any]], ...] = (
    ("POST", "/device/create", device_calls.create),
    ("POST", "/device/batch-create", device_calls.create_many),
    ("GET", "/device/list", device_calls.list_),
    ("GET", "/device/detail", device_calls.detail),
    ("POST", "/device/update", device_calls.update),
    ("POST", "/device/delete", device_calls.delete),
    ("POST", "/device/reset-seckey", device_calls.reset_key),
    ("POST", "/device/movedevice", device_calls.move),
    ("GET", "/device/event-log", device_calls.events),
    ("GET", "/device/status-history", log_calls.statuses),
    ("GET", "/device/operation-log", log_calls.operations),
    ("GET", "/device/service-log", log_calls.services),
    ("GET", "/product/detail", device_calls.product),
    ("GET", "/device/file-list", file_calls.list_),
    ("GET", "/device/file-space", file_calls.space),
    ("GET", "/device/file-device-count", file_calls.count),
    ("GET", "/device/file-download", file_calls.download),
    ("POST", "/device/file-delete", file_calls.delete),
    ("GET", "/thingmodel/query-thing-model", device_calls.model),
    ("GET", "/thingmodel/query-system-thing-model", device_calls.own_model),
    ("POST", "/thingmodel/set-device-property", thing_calls.set_),
    ("GET", "/thingmodel/query-device-property", thing_calls.latest),
    ("POST", "/thingmodel/query-device-property-detail", thing_calls.ask),
    ("GET", "/thingmodel/query-device-property-history", thing_calls.history),
    ("POST", "/thingmodel/call-service", thing_calls.call),
    ("POST", "/thingmodel/set-device-desired-property", thing_calls.set_desired),
    ("POST", "/thingmodel/query-device-desired-property", thing_calls.desired),
    ("POST", "/thingmodel/delete-device-desired-property", thing_calls.delete_desired),
    ("GET", "/datapoint/current-datapoints", stream_calls.current),
    ("GET", "/datapoint/history-datapoints", stream_calls.history),
    ("GET", "/fuse-lbs/latest-location", location_calls.latest_cell),
    ("GET", "/fuse-lbs/get-trail", location_calls.trail_cell),
    ("GET", "/fuse-lbs/latest-wifi-location", location_calls.latest_wifi),
    ("GET", "/fuse-lbs/get-wifi-trail", location_calls.trail_wifi),
)


def add_studio_api(app: FastAPI, platform: Platform) -> None:
    """Puts the API's paths into the app."""

    async def ask(call: Callable[[Asked], Any], request: Request) -> Any:
        answer = call(await asked(platform, request))
        return await answer if inspect.isawaitable(answer) else answer

    for method, path, call in _CALLS:
        app.add_route(path, _enveloped(partial(ask, call)), methods=[method])
    for path, whole in (("/datapoint/synccmds", stream_calls.command), ("/device/file-upload", file_calls.upload)):
        app.add_route(path, _enveloped(partial(whole, platform)), methods=["POST"])


def _enveloped(answer: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """What `answer` returns or raises, as the platform says it."""

    async def respond(request: Request) -> Response:
        envelope: dict[str, Any] = {"code": 0, "msg": "succ", "request_id": uuid.uuid4().hex}
        try:
            data = await answer(request)
        except PlatformError as error:
            envelope.update(code=_code(error), msg=str(error))
        except StoreError as error:
            envelope.update(code=StudioError.code, msg=f"internal error: {error}")
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody
        else:
            if isinstance(data, Response):
                return data
            if data is not None:
                envelope["data"] = data
        return Response(json.dumps(envelope, ensure_ascii=False, separators=(",", ":")), media_type="application/json")

    return respond


def _code(error: PlatformError) -> int:
    if isinstance(error, StudioError):
        return error.code
    return BadParameter.code if isinstance(error, InvalidParameter) else StudioError.code
