"""Packages for updates over the air: kept for boards to fetch, and how far each board is.

A device of the old platform is told by a command where its package is, and tells by the data stream "update" how it
goes. One of the current platform has a task, as OneNET's OTA has it: see studio/ota_calls.py; one with data streams has
that data stream, too.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from ..language import N_, _
from ..port.errors import PortError
from .board_talk import status
from .failures import DeviceOffline, InvalidParameter, PlatformError, UnknownPackage
from .model import CommandChanged, DeviceChanged, Event, PointsStored, UpdateTold
from .update_progress import Progress, is_end

if TYPE_CHECKING:  # what makes and reads them takes a while to import
    from ..package.package import Package
    from .own_program import OwnProgram
    from .platform import Platform

MOST = 4 * 1024 * 1024
"""Bytes of a package."""
STREAM = "update"
"""The data stream by which a board tells how it goes."""
_KEPT = 16  # packages
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_MOST_PROGRESS = 2000  # devices
_LONGEST = 400  # characters of a step
_NAME = 16  # digits of a digest, by which a board fetches it: more than anybody guesses
_FAILURES = {
    102: N_("no room in flash"),
    103: N_("no memory"),
    104: N_("it took too long"),
    105: N_("the battery is low"),
    106: N_("the signal is weak"),
    107: N_("the reason is in the board's log"),
    202: N_("the battery is low"),
    203: N_("no memory"),
    204: N_("wrong version"),
    205: N_("wrong MD5"),
    207: N_("it was tried too often"),
}
_WRONG_MD5 = 205  # found before anything is put in place


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
            return _("upgraded to {target}").format(target=self.target)
        if self.status == 5 and self.step > 200 and self.step != _WRONG_MD5:
            why = _(_FAILURES[self.step]) if self.step in _FAILURES else _("the new program did not prove itself")
            return _("rolled back to the version before: {why} (step {step})").format(why=why, step=self.step)
        if self.status == 5:
            return _("refused: {why} (step {step})").format(
                why=_(_FAILURES[self.step]) if self.step in _FAILURES else _("no reason"), step=self.step
            )
        if self.step in (100, 101):
            return _("all is here; restarts to put it in place")
        return (
            f"{min(self.step, 100)} %"
            if self.status > 1
            else _("waits to be fetched: {target}").format(target=self.target)
        )


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
        self.progress: dict[str, Progress] = {}
        """By device, of its last update."""
        self._asking: set[asyncio.Task[None]] = set()
        self.program: OwnProgram | None = None
        """Of which packages are made here, where the console has been told of it."""
        platform.listen(self._hear, PointsStored, CommandChanged, DeviceChanged)

    def find(self, name: str) -> bytes | None:
        """By its digest, or what that begins with."""
        found = self._kept.get(name)
        if found is None and len(name) == _NAME:
            found = next((data for digest, data in self._kept.items() if digest.startswith(name)), None)
        return found

    def keep(self, data: bytes) -> "Package":
        """Raises InvalidParameter for what is no package."""
        if len(data) > MOST:
            raise InvalidParameter(_("a package has at most {most} KB").format(most=MOST // 1024))
        from ..package.package import read_package

        try:
            package = read_package(data, "this")
        except PortError as error:
            raise InvalidParameter(str(error)) from error
        self._kept.pop(package.digest, None)
        self._kept[package.digest] = data
        for digest in list(self._kept)[:-_KEPT]:
            del self._kept[digest]
        return package

    async def push(self, device_id: str, data: bytes) -> "Package":
        """Has the device begin. Raises PlatformError: DeviceOffline where it is not there to be told."""
        self._platform.device(device_id)
        return await self.start(device_id, self.keep(data).digest)

    async def start(self, device_id: str, digest: str) -> "Package":
        """The same with a package that is kept. Raises PlatformError."""
        device = self._platform.device(device_id)
        data = self.find(digest)
        if data is None:
            raise UnknownPackage(digest)
        from ..package.package import read_package

        package = read_package(data, "this")
        self._number += 1
        progress = Progress(self._number, package)
        if device.is_studio:
            self._begin(device_id, progress)
            self.tasks[device_id] = Task(self._number, digest, str(package.head["version"]))
            self.task_changed(device_id)
            self._platform.studio.inform_of_update(device, self._number)
            return package
        here = self._platform.address_for(device_id)
        if here is None:
            raise DeviceOffline(device_id)
        host = f"[{here}]" if ":" in here else here
        url = f"http://{host}:{self._platform.http_port}/packages/{digest[:_NAME]}#{digest}"
        progress.command = f"update {url}".encode()
        self._begin(device_id, progress)
        try:
            await self._platform.send_command(device_id, progress.command)
        except PlatformError:
            self.progress.pop(device_id, None)
            raise
        return package

    def _begin(self, device_id: str, progress: Progress) -> None:
        self.progress.pop(device_id, None)
        while len(self.progress) >= _MOST_PROGRESS:
            del self.progress[next(iter(self.progress))]
        self.progress[device_id] = progress
        self._platform.tell(UpdateTold(device_id))

    def forget(self, device_id: str) -> None:
        """The device has been removed."""
        for known in (self.progress, self.tasks, self.versions):
            known.pop(device_id, None)

    def task_changed(self, device_id: str) -> None:
        """The device of the current platform has told something about its task."""
        task, progress = self.tasks[device_id], self.progress.get(device_id)
        if progress is None or progress.number != task.number:
            return
        if task.status == 5 and not is_end(progress.words) and not progress.over:
            asking = asyncio.get_running_loop().create_task(self._ask_why(device_id, task, progress))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)
            return
        self._add(device_id, progress, task.words, task.status > 3)

    async def _ask_why(self, device_id: str, task: Task, progress: Progress) -> None:
        """Ends it with the board's own words, which a task has no place for, where the board answers."""
        words = ""
        try:
            words = str((await status(self._platform, self._platform.device(device_id))).get("update", ""))
        except PlatformError:
            pass
        finally:
            self._add(device_id, progress, words[:_LONGEST] if is_end(words) else task.words, True)

    def _add(self, device_id: str, progress: Progress, words: str, ends: bool) -> None:
        new = False if ends and is_end(progress.words) else progress.add(words)  # the stream's has the reason
        if ends and not progress.over:
            progress.over = new = True
        if new:
            self._platform.tell(UpdateTold(device_id))

    def _hear(self, event: Event) -> None:
        if isinstance(event, CommandChanged):
            device_id = event.command.device_id
        else:
            device_id = event.device_id if isinstance(event, PointsStored | DeviceChanged) else ""
        progress = self.progress.get(device_id)
        if progress is None:
            return
        new = False
        if isinstance(event, PointsStored):
            is_studio = ":" in device_id
            for name, point in event.points:
                if name == STREAM:
                    new |= progress.heard(str(point.value)[:_LONGEST], not is_studio)
        elif isinstance(event, CommandChanged):
            new = progress.answered(event.command, lambda reply: reply[:_LONGEST].decode("utf-8", "replace"))
        elif self._platform.link(device_id) is not None:
            new = progress.came_online()
        if new:
            self._platform.tell(UpdateTold(device_id))

    def state(self, device_id: str) -> tuple[str, str]:
        """How the device's last update goes, in words, and which news that is; empty where there was none."""
        self._platform.device(device_id)
        progress = self.progress.get(device_id)
        if progress:
            return progress.words, f"{progress.number}.{len(progress.steps)}.{int(progress.over)}"
        found = [stream for stream in self._platform.streams(device_id) if stream.id == STREAM]
        return (str(found[0].value), found[0].at.isoformat()) if found else ("", "")

    def is_over(self, device_id: str) -> bool:
        """Whether its last update has come to its end, whichever that was."""
        progress = self.progress.get(device_id)
        return progress.over if progress else is_end(self.state(device_id)[0])


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
