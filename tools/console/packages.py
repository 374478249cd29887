"""Packages for updates over the air: kept for boards to fetch, and how far each board is.

A device of the old platform is told by a command where its package is, and tells by the data stream "update" how it
goes. One of the current platform has a task, as OneNET's OTA has it: see studio/ota_calls.py.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from ..package.package import Package, read_package
from ..port.errors import PortError
from .failures import DeviceOffline, InvalidParameter

if TYPE_CHECKING:
    from .platform import Platform

MOST = 4 * 1024 * 1024
"""Bytes of a package."""
STREAM = "update"
"""The data stream by which a board tells how it goes."""
_KEPT = 16  # packages
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_ENDS = ("upgraded to", "rolled back to", "refused:", "version ")


@dataclass
class Task:
    """An update of a device of the current platform."""

    number: int
    digest: str
    target: str
    """The version it leads to."""
    status: int = 1
    """1 waiting, 2 downloading, 3 upgrading, 4 done, 5 failed, 6 cancelled."""
    step: int = 0
    """What the device has reported last."""

    @property
    def words(self) -> str:
        """In the words of a board's data stream."""
        if self.status == 4:
            return f"upgraded to {self.target}"
        if self.status == 5:
            what = "rolled back to the version before" if self.step > 200 else "refused:"
            return f"{what} (step {self.step})"
        return f"{min(self.step, 100)} %" if self.status > 1 else f"waits to be fetched: {self.target}"


class Packages:
    """Those of a platform, until the console ends."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform
        self._kept: dict[str, bytes] = {}
        self.tasks: dict[str, Task] = {}
        """By device."""
        self.versions: dict[str, tuple[str, str]] = {}
        """What devices of the current platform have reported: f_version, s_version."""
        self._number = 1_000_000
        self.listener: Callable[[str], None] = lambda text: None
        """Is told of every call of a device about its task: for tests."""

    def find(self, digest: str) -> bytes | None:
        return self._kept.get(digest)

    def keep(self, data: bytes) -> Package:
        """Raises InvalidParameter for what is no package."""
        if len(data) > MOST:
            raise InvalidParameter(f"a package has at most {MOST // 1024} KB")
        try:
            package = read_package(data, "this")
        except PortError as error:
            raise InvalidParameter(str(error)) from error
        self._kept.pop(package.digest, None)
        self._kept[package.digest] = data
        for digest in list(self._kept)[:-_KEPT]:
            del self._kept[digest]
        return package

    async def push(self, device_id: str, data: bytes) -> Package:
        """Has the device begin. Raises PlatformError: DeviceOffline where it is not there to be told."""
        device = self._platform.device(device_id)
        package = self.keep(data)
        if device.is_studio:
            self._number += 1
            self.tasks[device_id] = Task(self._number, package.digest, str(package.head["version"]))
            self._platform.studio.inform_of_update(device, self._number)
            return package
        here = self._platform.address_for(device_id)
        if here is None:
            raise DeviceOffline(device_id)
        host = f"[{here}]" if ":" in here else here
        url = f"http://{host}:{self._platform.http_port}/packages/{package.digest}#{package.digest}"
        await self._platform.send_command(device_id, f"update {url}".encode())
        return package

    def state(self, device_id: str) -> tuple[str, str]:
        """How the device's last update goes, in words, and which news that is; empty where there was none."""
        if self._platform.device(device_id).is_studio:
            task = self.tasks.get(device_id)
            return (task.words, str(task.number)) if task else ("", "")
        found = [stream for stream in self._platform.streams(device_id) if stream.id == STREAM]
        return (str(found[0].value), found[0].at.isoformat()) if found else ("", "")


def is_end(words: str) -> bool:
    """Whether an update is over by that."""
    return words.startswith(_ENDS)


def ranged(request: Request, data: bytes, headers: dict[str, str] | None = None) -> Response:
    """The bytes that the header Range asks for, or the query's range; all where it is absent or ill-formed."""
    wanted = request.headers.get("range") or f"bytes={request.query_params.get('range', '')}"
    found = _RANGE.fullmatch(wanted)
    headers = {"Content-Type": "application/octet-stream", **(headers or {})}
    if not found or not (found[1] or found[2]):
        return Response(data, headers=headers)
    if found[1]:
        first, last = int(found[1]), min(int(found[2] or len(data)), len(data) - 1)
    else:
        first, last = max(len(data) - int(found[2]), 0), len(data) - 1
    if first > last:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], 206, headers=headers)


def md5_of(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
