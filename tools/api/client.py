"""OneNET's HTTP API (api.heclouds.com), as far as one asks for devices and data points and sends commands.

Every answer comes from a network: it is checked before it is used.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import httpx

from ..language import _
from .answers import CommandState, DataPoint, DeviceState
from .failures import ApiError, NotOnline
from .requests import UNLIKE, Requests
from .text import harmless

PLATFORM = "https://api.heclouds.com"
LOCAL = "http://127.0.0.1:8080"

LONGEST_COMMAND = 65535
"""Bytes of a command."""

_DEVICES_A_PAGE = 100
_POINTS_A_PAGE = 6000

# errno of the platform's answers
_AUTH_FAILED = (2, 3)
_NOT_FOUND = 8
_NOT_ONLINE = 10
_TOO_OFTEN = 15

# status of a command
_WAITING = (1, 2)  # for the device to come online, for its reply
_REPLIED = 4


class Client(Requests):
    """One user of the old platform, or of a console, with his api-key; empty for none. Options: see Requests."""

    def __init__(self, url: str, key: str, **options: Any) -> None:
        """Raises ApiError for what is no URL or no key."""
        super().__init__(url, "api-key", key, **options)

    # Devices and their data

    def devices(self) -> Iterator[DeviceState]:
        """All devices of the product, a page at a time, without their last_data. It takes the product's key."""
        seen = 0
        for page in range(1, 10001):  # the platform has no more
            with self._documented("devices"):
                data = self._get("/devices", {"page": page, "per_page": _DEVICES_A_PAGE}, "devices")
                found = [_device(entry) for entry in data["devices"]]
                total = int(data["total_count"])
            yield from found
            seen += len(found)
            if not found or seen >= total:
                return

    def device(self, device_id: str) -> DeviceState:
        """One device, with its last_data; the device's own key will do."""
        with self._documented(_("a device")):
            state = _device(
                self._get(f"/devices/{_segment(device_id)}", {}, _("device {device_id}").format(device_id=device_id))
            )
        return replace(state, last_data=max((point.at for point in self.latest(device_id)), default=""))

    def with_last_data(self, states: Sequence[DeviceState]) -> list[DeviceState]:
        """The same, with their last_data. It takes the product's key."""
        times: dict[str, str] = {}
        for first in range(0, len(states), _DEVICES_A_PAGE):
            some = ",".join(state.id for state in states[first : first + _DEVICES_A_PAGE])
            with self._documented(_("latest data points")):
                for entry in self._get("/devices/datapoints", {"devIds": some}, "devices")["devices"]:
                    points = entry.get("datastreams") or ()
                    times[str(entry["id"])] = max((str(point["at"]) for point in points), default="")
        return [replace(state, last_data=times.get(state.id, "")) for state in states]

    def latest(self, device_id: str, streams: Sequence[str] = ()) -> list[DataPoint]:
        """The latest data point of each stream, or of these."""
        query = {"datastream_ids": ",".join(streams)} if streams else {}
        with self._documented(_("data streams")):
            data = self._get(
                f"/devices/{_segment(device_id)}/datastreams",
                query,
                _("device {device_id}").format(device_id=device_id),
            )
            return [
                DataPoint(str(entry["id"]), str(entry.get("update_at") or ""), entry["current_value"])
                for entry in data
                if entry.get("current_value") is not None  # a stream may be there before its first data point
            ]

    def history(
        self,
        device_id: str,
        streams: Sequence[str] = (),
        start: str = "",
        end: str = "",
        limit: int | None = None,
        progress: Callable[[int], None] = lambda count: None,
    ) -> list[DataPoint]:
        """Data points, oldest first: all, or the `limit` newest of them.

        `start`, `end`: as YYYY-MM-DDThh:mm:ss in Beijing time. `progress` is called with the count so far.
        """
        query: dict[str, Any] = {"sort": "DESC"}
        for name, value in (("datastream_id", ",".join(streams)), ("start", start), ("end", end)):
            if value:
                query[name] = value
        points: list[DataPoint] = []
        cursors = set()
        while limit is None or len(points) < limit:
            query["limit"] = _POINTS_A_PAGE if limit is None else min(limit - len(points), _POINTS_A_PAGE)
            with self._documented(_("data points")):
                data = self._get(
                    f"/devices/{_segment(device_id)}/datapoints",
                    query,
                    _("device {device_id}").format(device_id=device_id),
                )
                page = [
                    DataPoint(str(stream["id"]), str(point["at"]), point["value"])
                    for stream in data["datastreams"]
                    for point in stream["datapoints"]
                ]
                cursor = str(data.get("cursor") or "")
            points += page
            progress(len(points))
            if not cursor or not page or cursor in cursors:
                break
            cursors.add(cursor)
            query["cursor"] = cursor
        return sorted(points, key=lambda point: point.at)[-limit if limit else 0 :]

    # Commands

    def send(self, device_id: str, payload: bytes, queue: int = 0) -> str:
        """Sends a command; returns its uuid. `queue`: seconds it may wait for the device to come online, up to 31 days.

        It is sent once: whoever repeats it blindly may switch a thing twice.
        """
        if len(payload) > LONGEST_COMMAND:
            raise ApiError(
                _("a command has at most {longest_command} bytes, this one has {count}").format(
                    longest_command=LONGEST_COMMAND, count=len(payload)
                )
            )
        query: dict[str, Any] = {"device_id": _segment(device_id)}
        if queue:
            query["timeout"] = queue
        response = self._post("/cmds", params=query, content=payload)
        with self._documented(_("a command's uuid")):
            return str(self._data(response, _("device {device_id}").format(device_id=device_id))["cmd_uuid"])

    def command(self, uuid: str) -> CommandState:
        """How it is with a command that was sent."""
        path = f"/cmds/{_segment(uuid)}"
        with self._documented(_("a command's status")):
            data = self._get(path, {}, _("command {uuid}").format(uuid=uuid))
            status, words = int(data["status"]), harmless(str(data.get("desc") or ""))
        if status == _REPLIED:
            return CommandState(self._reply(f"{path}/resp"), True, words)
        return CommandState(None, status not in _WAITING, words or _("status {status}").format(status=status))

    def ask(self, device_id: str, payload: bytes, seconds: float, queue: int = 0) -> CommandState:
        """Sends a command and asks for its reply again and again, ever less often, until it is there or so many seconds
        have passed since sending. `queue`: as in send()."""
        start = time.monotonic()
        uuid = self.send(device_id, payload, queue)
        pause = 0.1
        while True:
            try:
                state = self.command(uuid)
            except ApiError as error:
                raise ApiError(_("the command was sent, but then: {error}").format(error=error)) from error
            elapsed = time.monotonic() - start
            if state.over or elapsed >= seconds:
                return replace(state, seconds=elapsed)
            time.sleep(min(pause, seconds - elapsed))
            pause = min(1.5 * pause, 2.0)

    # Updates over the air, which a console has

    def push(self, device_id: str, package: bytes, digest: str = "") -> None:
        """Has a console keep this package, and the device fetch it. digest: its own; where the console has it already,
        it is not sent again."""
        query = {"device_id": device_id}
        response = self._post(f"/packages/{digest}", params=query) if digest else None
        if response is None or _errno(response) == _NOT_FOUND:
            response = self._post("/packages", params=query, content=package)
        self._data(response, _("device {device_id}").format(device_id=device_id))

    def update_state(self, device_id: str) -> tuple[str, str]:
        """How the device's last update goes, in words, and when it told so."""
        with self._documented(_("the state of an update")):
            data = self._get("/packages", {"device_id": device_id}, _("device {device_id}").format(device_id=device_id))
            return str(data["state"]), str(data["at"])

    def _reply(self, path: str) -> bytes:
        """The very bytes: there is no envelope around them."""
        response = self._answer(path, {})
        if response.status_code != httpx.codes.OK:
            raise ApiError(self._strange(f"HTTP status {response.status_code}"))
        return response.content

    # Requests

    def _get(self, path: str, query: dict[str, Any], what: str) -> Any:
        """The data of the answer. `what` was asked for, for the error."""
        response = self._answer(path, query)
        for pause in self._pauses():
            if not _is_too_often(response):
                break
            time.sleep(pause)
            response = self._answer(path, query)
        return self._data(response, what)

    def _data(self, response: httpx.Response, what: str) -> Any:
        """What is in the envelope {"errno": 0, "error": "succ", "data": …}."""
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise ApiError(self._explained(_TOO_OFTEN, "HTTP status 429", what))
        try:
            envelope = response.json()
            errno = int(envelope["errno"])
        except UNLIKE as error:
            raise ApiError(self._strange(f"HTTP status {response.status_code}", response.text)) from error
        if errno == 0:
            return envelope.get("data")
        words = self._quoted(str(envelope.get("error") or _("without words")))
        kind = NotOnline if errno == _NOT_ONLINE else ApiError
        raise kind(self._explained(errno, _("errno {errno}: {words}").format(errno=errno, words=words), what))

    def _explained(self, errno: int, said: str, what: str) -> str:
        """An error of the platform's, and what to do about it."""
        host = self._host
        if errno in _AUTH_FAILED and self._key:
            return _(
                "{host} refuses the api-key for {what} ({said}); it takes the product's master key or this device's"
            ).format(host=host, what=what, said=said)
        if errno in _AUTH_FAILED:
            return _("{host} wants an api-key ({said}); keep it with: onenet login --url {url}").format(
                host=host, said=said, url=self._url
            )
        if errno == _NOT_FOUND:
            name = what.removeprefix("device ")
            named = _("; a device with a name is of the current platform: --product ID") if not name.isdecimal() else ""
            return _("{host} has no {what} ({said}){words}").format(
                host=host, what=what, said=said, words=named if name != what else ""
            )
        if errno == _NOT_ONLINE:
            return _("{what} is not online ({said}); with --queue SECONDS the command waits for it").format(
                what=what, said=said
            )
        if errno == _TOO_OFTEN:
            return _("{host} is asked too often ({said}); wait a while").format(host=host, said=said)
        return _("{host} can't do that for {what} ({said})").format(host=host, what=what, said=said)


def _device(entry: Any) -> DeviceState:
    if not isinstance(entry["online"], bool):
        raise TypeError
    return DeviceState(
        str(entry["id"]),
        str(entry.get("title") or ""),
        entry["online"],
        str(entry.get("create_time") or ""),
    )


def _errno(response: httpx.Response) -> int:
    """-1 where there is none."""
    try:
        return int(response.json()["errno"])
    except UNLIKE:
        return -1


def _is_too_often(response: httpx.Response) -> bool:
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return True
    try:
        return bool(response.json()["errno"] == _TOO_OFTEN)
    except UNLIKE:
        return False


def _segment(name: str) -> str:
    """A device ID or a uuid as a part of a path. Raises ApiError for what is neither."""
    if not re.fullmatch(r"[\w-]{1,64}", name, re.ASCII):
        raise ApiError(_("{name!r} is neither a device ID nor the uuid of a command").format(name=name[:70]))
    return name
