"""What becomes of triggers: each data point is looked at once it is stored, and who is waiting for it is told.

A trigger fires for each point that is beyond its threshold: the documents do not say that it rests in between. Who is
told gets what [API 26] shows, once; a web hook that fails is noted in the device's packet log, and not tried again.
"""

import asyncio
import contextlib
import json
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx

from .database import utc_now
from .model import DeviceChanged, Event, Point, PointsStored, TriggerFired
from .trigger_table import LOCAL, Trigger

if TYPE_CHECKING:
    from .platform import Platform

_MOST_WAITING = 1000  # messages to web hooks; beyond that they are dropped, and noted
_AT_ONCE = 4  # web hooks that are called
_COMPARE: dict[str, Callable[[float, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_PATIENCE = 5.0  # seconds for one of them
_LOOK = 1.0  # seconds between looks who has been silent


class Triggers:
    """All triggers of a platform, at work from start() to stop()."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform
        self._latest: dict[tuple[int, str], tuple[float, Any]] = {}  # of trigger and device: when, and the value
        self._frozen: set[tuple[int, str]] = set()  # those that have been told of
        self._queue: asyncio.Queue[tuple[TriggerFired, str, bytes]] = asyncio.Queue(_MOST_WAITING)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._platform.listen(self._hear, DeviceChanged, PointsStored)
        self._tasks = [asyncio.create_task(self._tell_hooks()) for _ in range(_AT_ONCE)]
        self._tasks.append(asyncio.create_task(self._watch()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _hear(self, event: Event) -> None:
        if isinstance(event, DeviceChanged) and not self._platform.knows(event.device_id):
            for name in [name for name in self._latest if name[1] == event.device_id]:
                del self._latest[name]
                self._frozen.discard(name)
        if not isinstance(event, PointsStored):
            return
        for trigger in self._platform.store.triggers.all():
            if trigger.devices and event.device_id not in trigger.devices:
                continue
            for stream, point in event.points:
                if stream == trigger.stream:
                    self._look_at(trigger, event.device_id, point)

    def _look_at(self, trigger: Trigger, device_id: str, point: Point) -> None:
        name, now = (trigger.id, device_id), asyncio.get_running_loop().time()
        known = self._latest.get(name)
        self._latest[name] = now, point.value
        self._frozen.discard(name)
        if known is None:
            fires = trigger.type not in ("change", "live", "inout") and _is_beyond(trigger, point.value)
        else:
            since, before = known
            fires = {
                "change": before != point.value,
                "live": trigger.type == "live" and now - since >= trigger.threshold,
                "inout": trigger.type == "inout" and _is_inside(trigger, before) != _is_inside(trigger, point.value),
            }.get(trigger.type, _is_beyond(trigger, point.value))
        if fires:
            self._fire(trigger, device_id, point)

    async def _watch(self) -> None:
        """Type frozen: nothing has come for so long."""
        while True:
            await asyncio.sleep(_LOOK)
            now = asyncio.get_running_loop().time()
            for (trigger_id, device_id), (since, value) in list(self._latest.items()):
                trigger = self._platform.store.triggers.find(trigger_id)
                if trigger is None:
                    del self._latest[trigger_id, device_id]
                elif (
                    trigger.type == "frozen"
                    and now - since >= trigger.threshold
                    and (trigger_id, device_id) not in self._frozen
                ):
                    self._frozen.add((trigger_id, device_id))
                    self._fire(trigger, device_id, Point(value, utc_now()))

    def _fire(self, trigger: Trigger, device_id: str, point: Point) -> None:
        fired = TriggerFired(device_id, trigger.id, trigger.title, trigger.stream, point.value)
        self._platform.tell(fired)
        if trigger.url == LOCAL:
            self._note(fired, "")
            return
        about = {"id": trigger.id, "threshold": trigger.threshold, "type": trigger.type}
        at = point.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        current = {"dev_id": device_id, "ds_id": trigger.stream, "at": at, "value": point.value}
        said = {"trigger": about, "current_data": [current]}
        try:
            self._queue.put_nowait((fired, trigger.url, json.dumps(said, ensure_ascii=False).encode()))
        except asyncio.QueueFull:
            self._note(fired, f"not told to {trigger.url}: {_MOST_WAITING} others wait")

    async def _tell_hooks(self) -> None:
        headers = {"Content-Type": "application/json"}
        async with httpx.AsyncClient(timeout=_PATIENCE) as http:
            while True:
                fired, url, said = await self._queue.get()
                try:
                    response = await http.post(url, content=said, headers=headers)
                    words = f"told to {url}: HTTP status {response.status_code}"
                except httpx.HTTPError as error:
                    words = f"not told to {url}: {error or type(error).__name__}"
                self._note(fired, words)

    def _note(self, fired: TriggerFired, words: str) -> None:
        value = json.dumps(fired.value, ensure_ascii=False)
        note = f"trigger {fired.trigger_id} ({fired.title}): {fired.stream} is {value[:60]}"
        self._platform.log_packet(fired.device_id, False, b"", note=f"{note}; {words}" if words else note)


def _is_beyond(trigger: Trigger, value: Any) -> bool:
    """Text that is a number, as of types 5 and 6, counts as one."""
    number, compare = _number(value), _COMPARE.get(trigger.type)
    return number is not None and compare is not None and compare(number, trigger.threshold)


def _is_inside(trigger: Trigger, value: Any) -> bool:
    number = _number(value)
    return number is not None and bool(trigger.threshold["lolmt"] <= number <= trigger.threshold["uplmt"])


def _number(value: Any) -> float | None:
    with contextlib.suppress(TypeError, ValueError):
        return None if isinstance(value, bool) else float(value)
    return None
