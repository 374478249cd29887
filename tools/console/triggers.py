"""What becomes of triggers: each data point is looked at once it is stored, and who is waiting for it is told.

A trigger fires for each point that is beyond its threshold: the documents do not say that it rests in between. Who is
told gets what [API 26] shows, once; a web hook that fails is noted in the device's packet log, and not tried again.

A rule, which people make on a device's page, is a trigger that rests: see Rule.
"""

import asyncio
import contextlib
import json
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..language import _
from .database import StoreError, unwatched, utc_now
from .failures import PlatformError
from .model import DeviceChanged, Event, Point, PointsStored, TriggerFired, TriggerLogged
from .studio.products import Protocol
from .trigger_table import LOCAL, OFFLINE, Rule, Trigger

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
_LATER = 3600  # seconds in which an offline device of the old platform may come for a rule's command
_ANSWER = 10  # seconds for the answer of one of the current platform
_LOOK = 1.0  # seconds between looks who has been silent


class Triggers:
    """All triggers of a platform, at work from start() to stop()."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform
        self._latest: dict[tuple[int, str], tuple[float, Any]] = {}  # of trigger and device: when, and the value
        self._frozen: set[tuple[int, str]] = set()  # those that have been told of
        self._held: dict[tuple[int, str], tuple[float, Point]] = {}  # rules: since when it is so, and the newest point
        self._rested: set[tuple[int, str]] = set()  # rules that have fired, and are still so
        self._online: set[str] = set()  # devices
        self._commands: set[asyncio.Task[None]] = set()
        self._queue: asyncio.Queue[tuple[TriggerFired, str, bytes]] = asyncio.Queue(_MOST_WAITING)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._platform.listen(self._hear, DeviceChanged, PointsStored)
        self._tasks = [asyncio.create_task(self._tell_hooks()) for _ in range(_AT_ONCE)]
        self._tasks.append(asyncio.create_task(self._watch()))

    async def stop(self) -> None:
        tasks = [*self._tasks, *self._commands]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, event: Event) -> None:
        if isinstance(event, DeviceChanged):
            if self._platform.knows(event.device_id):
                self._look_at_state(event.device_id)
            else:
                self._forget(event.device_id)
        if not isinstance(event, PointsStored):
            return
        for trigger in self._platform.store.triggers.all():
            if not _is_of(trigger, event.device_id) or trigger.type == OFFLINE:
                continue
            for stream, point in event.points:
                if stream == trigger.stream:
                    self._look_at(trigger, event.device_id, point)

    def _forget(self, device_id: str) -> None:
        self._online.discard(device_id)
        for name in [name for name in (*self._latest, *self._held, *self._rested) if name[1] == device_id]:
            self._latest.pop(name, None)
            self._frozen.discard(name)
            self._held.pop(name, None)
            self._rested.discard(name)

    def _look_at_state(self, device_id: str) -> None:
        """Rules of type offline: it has come, or has gone after it had been there."""
        is_online, was_online = self._platform.device(device_id).online, device_id in self._online
        (self._online.add if is_online else self._online.discard)(device_id)
        for trigger in self._platform.store.triggers.all():
            name = trigger.id, device_id
            if trigger.type != OFFLINE or not _is_of(trigger, device_id):
                continue
            if is_online:
                self._held.pop(name, None)
                self._rested.discard(name)
            elif was_online:
                self._held[name] = asyncio.get_running_loop().time(), Point(False, utc_now())

    def _look_at(self, trigger: Trigger, device_id: str, point: Point) -> None:
        name, now = (trigger.id, device_id), asyncio.get_running_loop().time()
        known = self._latest.get(name)
        self._latest[name] = now, point.value
        self._frozen.discard(name)
        if trigger.rule and trigger.type not in ("change", "frozen", "live"):
            self._look_at_rule(trigger, trigger.rule, device_id, point)
            return
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

    def _look_at_rule(self, trigger: Trigger, rule: Rule, device_id: str, point: Point) -> None:
        name, now = (trigger.id, device_id), asyncio.get_running_loop().time()
        inout = trigger.type == "inout"
        number = _number(point.value)
        if number is None:
            return  # as if it had not come
        is_so = not _is_inside(trigger, point.value) if inout else _is_beyond(trigger, point.value)
        if not is_so:
            self._held.pop(name, None)
            self._rested.discard(name)
            return
        since, _ = self._held.get(name, (now, point))
        self._held[name] = since, point
        if name not in self._rested and now - since >= rule.seconds:
            self._rested.add(name)
            self._fire(trigger, device_id, point)

    def _watch_rules(self, now: float) -> None:
        """Those whose time is over without another point: what came last counts until something else comes."""
        for name, (since, point) in list(self._held.items()):
            trigger = self._platform.store.triggers.find(name[0])
            if trigger is None or trigger.rule is None:
                del self._held[name]
                self._rested.discard(name)
            elif name not in self._rested and now - since >= trigger.rule.seconds:
                self._rested.add(name)
                self._fire(trigger, name[1], point)

    async def _watch(self) -> None:
        """Type frozen: nothing has come for so long; and rules."""
        while True:
            await asyncio.sleep(_LOOK)
            now = asyncio.get_running_loop().time()
            self._watch_rules(now)
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
        rule = trigger.rule or Rule()
        fired = TriggerFired(device_id, trigger.id, trigger.title, trigger.stream, point.value, rule.sound)
        self._platform.tell(fired)
        if rule.command:
            task = asyncio.create_task(self._command(fired, rule.command))
            self._commands.add(task)
            task.add_done_callback(self._commands.discard)
        if trigger.url == LOCAL:
            if not rule.command:
                self._note(fired, "")
            return
        about = {"id": trigger.id, "threshold": trigger.threshold, "type": trigger.type}
        at = point.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        current = {"dev_id": device_id, "ds_id": trigger.stream, "at": at, "value": point.value}
        said = {"trigger": about, "current_data": [current]}
        try:
            self._queue.put_nowait((fired, trigger.url, json.dumps(said, ensure_ascii=False).encode()))
        except asyncio.QueueFull:
            self._note(
                fired,
                _("not told to {url}: {most_waiting} others wait").format(url=trigger.url, most_waiting=_MOST_WAITING),
            )

    async def _tell_hooks(self) -> None:
        import httpx  # takes a while, and a command that only reads the database tells nobody

        headers = {"Content-Type": "application/json"}
        async with httpx.AsyncClient(timeout=_PATIENCE) as http:
            while True:
                fired, url, said = await self._queue.get()
                try:
                    response = await http.post(url, content=said, headers=headers)
                    words = _("told to {url}: HTTP status {status_code}").format(
                        url=url, status_code=response.status_code
                    )
                except httpx.HTTPError as error:
                    words = _("not told to {url}: {value}").format(url=url, value=error or type(error).__name__)
                self._note(fired, words)

    async def _command(self, fired: TriggerFired, text: str) -> None:
        platform = self._platform
        try:
            device = platform.device(fired.device_id)
            if not device.is_studio:
                await platform.send_command(device.id, text.encode(), seconds=_LATER)
            elif platform.studio.products.find(device.product_id).protocol is Protocol.ONEJSON:
                await platform.studio.things.set(device, json.loads(text))
            else:
                await platform.studio.things.command(device, text.encode(), _ANSWER)
        except (PlatformError, ValueError, StoreError) as error:
            self._note(fired, _("command {text!r} not sent: {error}").format(text=text, error=error))
        else:
            self._note(fired, _("command {text!r} sent").format(text=text))

    def _note(self, fired: TriggerFired, words: str) -> None:
        logged = self._platform.store.trigger_log.add(fired, words)
        unwatched(logged)
        logged.add_done_callback(lambda _: self._platform.tell(TriggerLogged(fired.device_id)))
        value = json.dumps(fired.value, ensure_ascii=False)
        note = _("trigger {trigger_id} ({title}): {stream} is {value}").format(
            trigger_id=fired.trigger_id, title=fired.title, stream=fired.stream, value=value[:60]
        )
        self._platform.log_packet(fired.device_id, False, b"", note=f"{note}; {words}" if words else note)


def _is_of(trigger: Trigger, device_id: str) -> bool:
    return not trigger.devices or device_id in trigger.devices


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
