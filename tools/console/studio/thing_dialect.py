"""What a device with a thing model (OneJSON) says, and what it is answered: topics of [manual] and [SDK] tm_mqtt.c."""

from collections.abc import Awaitable, Callable
from typing import Any

from ...language import _
from ..dialect import Ended, shown
from ..failures import PlatformError
from ..model import DesiredChanged, EventsStored
from .envelope import FAILURE, SUCCESS, BadMessage, Message, decode, reply
from .own_topics import OwnTopics, level
from .reports import Reader, Report

SET, GET, INVOKE = "thing/property/set", "thing/property/get", "thing/service/*/invoke"
_POST, _EVENT = "thing/property/post", "thing/event/post"
_PACK, _HISTORY = "thing/pack/post", "thing/history/post"
_DESIRED_GET, _DESIRED_DELETE = "thing/property/desired/get", "thing/property/desired/delete"
_ANSWERS = (f"{SET}_reply", f"{GET}_reply", f"{INVOKE}_reply")
_SILENT = ("ota/inform_reply", "cmp/property/post")  # taken, and nothing is made of it
_SUB = "thing/sub/"  # of gateways for their sub-devices

Handled = tuple[dict[str, Any] | None, str]
"""The data of a reply, and a note for the log."""


class ThingDialect(OwnTopics):
    """A Dialect: OneJSON."""

    down = (
        *(SET, GET, INVOKE, "ota/inform"),
        *(f"{topic}/reply" for topic in (_POST, _EVENT, _PACK, _HISTORY, _DESIRED_GET, _DESIRED_DELETE)),
        *(f"{_SUB}*/reply", f"{_SUB}topo/*/reply", f"{_SUB}topo/change", f"{_SUB}topo/get/result"),
        *(f"{_SUB}property/*", f"{_SUB}service/invoke", "cmp/property/post/reply"),
    )

    def take(self, topic: str, payload: bytes, retain: bool) -> Awaitable[str]:
        own = self._published(topic, payload, retain)
        handlers: dict[str, Callable[[Message], Awaitable[Handled]]] = {
            _POST: self._post,
            _EVENT: self._event,
            _PACK: self._pack,
            _HISTORY: self._history,
            _DESIRED_GET: self._desired_get,
            _DESIRED_DELETE: self._desired_delete,
        }
        if own in handlers:
            return self._handle(own, handlers[own], payload)
        if any(level(pattern, own) is not None for pattern in _ANSWERS):
            return self._answered(own, payload)
        if own in _SILENT or own.startswith(_SUB):
            return self._ignored(own)
        raise Ended(_("topic {shown}: a device with a thing model does not publish to that").format(shown=shown(topic)))

    async def _handle(self, topic: str, handler: Callable[[Message], Awaitable[Handled]], payload: bytes) -> str:
        """Replies on {topic}/reply, when all is stored."""
        id_ = None
        try:
            message = decode(payload)
            id_ = message.id
            data, note = await handler(message)
        except BadMessage as error:
            refused = _("refused: {error}").format(error=error)
            return self._answer(f"{topic}/reply", reply(id_, error.code, str(error))) or refused
        except PlatformError as error:
            return self._answer(f"{topic}/reply", reply(id_, FAILURE, str(error)))
        return self._answer(f"{topic}/reply", reply(message.id, SUCCESS, "success", data)) or note

    @property
    def _reader(self) -> Reader:
        model = self._platform.studio.model(self._device.product_id)
        return Reader(self._device.product_id, self._device.name, model)

    async def _post(self, message: Message) -> Handled:
        return await self._store(message, self._reader.properties(message.params))

    async def _event(self, message: Message) -> Handled:
        return await self._store(message, self._reader.events(message.params))

    async def _pack(self, message: Message) -> Handled:
        return await self._store(message, self._reader.pack(message.params))

    async def _history(self, message: Message) -> Handled:
        return await self._store(message, self._reader.history(message.params))

    async def _store(self, message: Message, report: Report) -> Handled:
        """[manual] has the version optional, but a user of 2026 lost what was sent without: so does the console."""
        if message.version != "1.0":
            return None, _('not stored, though it says success: the message has no "version":"1.0"')
        device_id = self._device.id
        if report.points:
            await self._platform.store_points(device_id, report.points)
        if report.events:
            await self._platform.store.events.add(device_id, report.events)
            self._platform.tell(EventsStored(device_id, report.events))
        return None, ""

    async def _desired_get(self, message: Message) -> Handled:
        """What was never set is not in the data [studio docs]."""
        if not isinstance(message.params, list):
            raise BadMessage(FAILURE, _("params: must be an array of identifiers"))
        desired = self._platform.store.desired.all(self._device.id)
        found = {name: desired[name] for name in message.params if isinstance(name, str) and name in desired}
        return {name: {"value": it.value, "version": it.version} for name, it in found.items()}, ""

    async def _desired_delete(self, message: Message) -> Handled:
        """A version older than the platform's is ignored, without one it goes whatever it is [studio docs]."""
        if not isinstance(message.params, dict):
            raise BadMessage(FAILURE, _("params: must be an object"))
        versions: list[tuple[str, int | None]] = []
        for name, entry in message.params.items():
            version = entry.get("version") if isinstance(entry, dict) else 0
            if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version < 1):
                raise BadMessage(FAILURE, _("{name}: must be an object with a version, or none").format(name=name))
            versions.append((name, version))
        before = self._platform.store.desired.all(self._device.id)
        self._platform.store.desired.delete(self._device.id, versions)
        self._platform.tell(DesiredChanged(self._device.id))
        left = [name for name in self._platform.store.desired.all(self._device.id) if name in message.params]
        newer = ", ".join(
            _("{name} has version {version}").format(name=name, version=before[name].version)
            for name in left
            if name in before
        )
        return None, _("not deleted, for it is newer: {newer}").format(newer=newer) if newer else ""

    async def _answered(self, topic: str, payload: bytes) -> str:
        try:
            message = decode(payload)
        except BadMessage as error:
            return _("answer ignored: {error}").format(error=error)
        words = await self._platform.studio.calls.take(self._device.id, f"{topic} {message.id}", payload)
        return _("answer ignored: {words}").format(words=words) if words else ""

    async def _ignored(self, topic: str) -> str:
        return "" if topic in _SILENT else _("ignored: the console has no sub-devices")
