"""Which call is answered by what."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request

from ..platform import Platform
from . import (
    command_calls,
    device_calls,
    file_calls,
    key_calls,
    point_calls,
    stream_calls,
    topic_calls,
    trigger_calls,
)
from .asking import Asking
from .envelope import enveloped

CALLS: tuple[tuple[str, str, Callable[[Asking], Awaitable[Any]]], ...] = (
    ("GET", "/devices", device_calls.list_),
    ("POST", "/devices", device_calls.add),
    ("GET", "/devices/status", device_calls.statuses),
    ("GET", "/devices/datapoints", device_calls.latest),
    ("GET", "/devices/{id}", device_calls.detail),
    ("PUT", "/devices/{id}", device_calls.edit),
    ("DELETE", "/devices/{id}", device_calls.remove),
    ("POST", "/register_de", device_calls.register),
    ("PUT", "/register_attr", device_calls.describe),
    ("GET", "/devices/{id}/datapoints", point_calls.list_),
    ("POST", "/devices/{id}/datapoints", point_calls.add),
    ("DELETE", "/devices/{id}/datapoints", point_calls.remove),
    ("GET", "/devices/{id}/datastreams", stream_calls.list_),
    ("POST", "/devices/{id}/datastreams", stream_calls.add),
    ("GET", "/devices/{id}/datastreams/{stream:path}", stream_calls.detail),
    ("PUT", "/devices/{id}/datastreams/{stream:path}", stream_calls.edit),
    ("DELETE", "/devices/{id}/datastreams/{stream:path}", stream_calls.remove),
    ("POST", "/bindata", file_calls.add),
    ("GET", "/bindata/{index}", file_calls.read),
    ("POST", "/cmds", command_calls.send),
    ("POST", "/v1/synccmds", command_calls.ask),
    ("GET", "/cmds/history/{id}", command_calls.history),
    ("GET", "/cmds/{uuid}", command_calls.status),
    ("GET", "/cmds/{uuid}/resp", command_calls.reply),
    ("POST", "/mqtt", topic_calls.publish),
    ("POST", "/mqtt/topic", topic_calls.add),
    ("GET", "/mqtt/topic", topic_calls.list_),
    ("DELETE", "/mqtt/topic", topic_calls.remove),
    ("GET", "/mqtt/topic_device", topic_calls.subscribers),
    ("POST", "/triggers", trigger_calls.add),
    ("GET", "/triggers", trigger_calls.list_),
    ("GET", "/triggers/{trigger}", trigger_calls.detail),
    ("PUT", "/triggers/{trigger}", trigger_calls.edit),
    ("DELETE", "/triggers/{trigger}", trigger_calls.remove),
    ("POST", "/keys", key_calls.add),
    ("GET", "/keys", key_calls.list_),
    ("PUT", "/keys/{key}", key_calls.edit),
    ("DELETE", "/keys/{key}", key_calls.remove),
)


def add_api(app: FastAPI, platform: Platform) -> None:
    """Puts the API's paths into the app."""

    def asking(call: Callable[[Asking], Awaitable[Any]]) -> Callable[[Request], Awaitable[Any]]:
        return lambda request: call(Asking(platform, request))

    for method, path, call in CALLS:
        app.add_route(path, enveloped(asking(call)), methods=[method])
