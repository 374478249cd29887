"""OneNET's OTA for the devices of the current platform: /fuse-ota/{product id}/{device name}/…

The paths, their order and the codes are known from the logs of four projects that use it. Not known, and so a guess
here: the words of `msg`, what a task answers that is asked for after its end but for its status (code 20 is known of
that), and what is in the message ota/inform. The token may be the device's own, the product's or the account's.
"""

import json
import uuid
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from ..asked import object_in, read_body
from ..failures import PlatformError
from ..model import Device
from ..packages import Task, md5_of, ranged
from ..platform import Platform
from .failures import BadParameter, StudioError

_NO_TASK = 1178
_FINISHED = 20
_UPGRADED = 201
_WAITING, _DOWNLOADING, _UPGRADING, _DONE, _FAILED = 1, 2, 3, 4, 5


class _NoTask(StudioError):
    code = _NO_TASK


class _Finished(StudioError):
    code = _FINISHED


def add_ota(app: FastAPI, platform: Platform) -> None:
    """Puts the paths into the app."""
    base = "/fuse-ota/{product_id}/{name}"

    def device_of(request: Request) -> Device:
        product_id, name = request.path_params["product_id"], request.path_params["name"]
        platform.studio.authorise(request.headers.get("authorization", ""), product_id, name, change=False)
        return platform.studio.device(product_id, name)

    def task_of(request: Request) -> tuple[Device, Task]:
        device = device_of(request)
        task = platform.packages.tasks.get(device.id)
        if task is None or str(task.number) != request.path_params["task"]:
            raise _NoTask("no such task")
        return device, task

    async def version(request: Request) -> Any:
        device = device_of(request)
        body = object_in(await read_body(request))
        platform.packages.versions[device.id] = str(body.get("f_version", "")), str(body.get("s_version", ""))

    async def check(request: Request) -> Any:
        device = device_of(request)
        kind, version = request.query_params.get("type"), request.query_params.get("version")
        if kind not in ("1", "2") or not version:
            raise BadParameter("type must be 1 or 2, and version be there")
        task = platform.packages.tasks.get(device.id)
        data = platform.packages.find(task.digest) if task else None
        if kind == "1" or task is None or data is None or task.status > _UPGRADING:
            raise _NoTask("not exist")
        whole = {"target": task.target, "tid": task.number, "size": len(data), "md5": md5_of(data)}
        return {**whole, "status": task.status, "type": 1}

    async def check_task(request: Request) -> Any:
        return {"status": task_of(request)[1].status}

    async def status(request: Request) -> Any:
        device, task = task_of(request)
        step = object_in(await read_body(request)).get("step")
        if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step <= 207:
            raise BadParameter("step: must be a number from 0 to 207")
        if task.status > _UPGRADING:
            raise _Finished("task finish")
        if step <= 100 and task.status != _DOWNLOADING:
            raise StudioError("invalid state")
        task.step = step
        if step in (100, 101):
            task.status = _UPGRADING
        elif step > 101:
            task.status = _DONE if step == _UPGRADED else _FAILED
        platform.packages.task_changed(device.id)

    async def download(request: Request) -> Response:
        try:
            device, task = task_of(request)
            data = platform.packages.find(task.digest)
            if data is None:
                raise _NoTask("no such file")
        except PlatformError as error:
            code = error.code if isinstance(error, StudioError) else 1
            return Response(status_code=200, headers={"Ota-Errno": str(code)})
        if task.status == _WAITING:
            task.status = _DOWNLOADING
            platform.packages.task_changed(device.id)
        return ranged(request, data, {"Ota-Errno": "0"})

    def add(method: str, path: str, call: Any) -> None:
        async def answered(request: Request) -> Response:
            envelope: dict[str, Any] = {"code": 0, "msg": "succ", "request_id": uuid.uuid4().hex}
            body = (await request.body()).decode("utf-8", "replace") if method == "POST" else ""
            try:
                data = await call(request)
                if isinstance(data, Response):
                    platform.packages.listener(_line(request, body, data.headers.get("content-range", "?")))
                    return data
                if data is not None:
                    envelope["data"] = data
            except PlatformError as error:
                envelope |= {"code": error.code if isinstance(error, StudioError) else 10001, "msg": str(error)}
            platform.packages.listener(_line(request, body, f"code {envelope['code']}"))
            return Response(json.dumps(envelope, ensure_ascii=False), media_type="application/json")

        app.add_route(base + path, answered, methods=[method])

    add("POST", "/version", version)
    add("GET", "/check", check)
    add("GET", "/{task}/check", check_task)
    add("GET", "/{task}/download", download)
    add("POST", "/{task}/status", status)


def _line(request: Request, body: str, answer: str) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    wanted = request.headers.get("range", "")
    return " ".join(filter(None, [request.method, request.url.path + query, wanted, body, "->", answer]))
