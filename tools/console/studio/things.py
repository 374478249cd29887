"""What users ask of a device: values set, read and desired, services, commands; for the HTTP API and the pages."""

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...datapoints import parse_json
from ...language import _
from ...model.thing_model import ThingModel, fields_objection
from ..model import Desired, DesiredChanged, Device
from .envelope import SUCCESS, encode
from .failures import BadParameter, NoModel, NotSubscribed, ServiceFailed, StudioError, Unsettable
from .products import Protocol
from .stream_dialect import REQUEST, RESPONSE
from .thing_dialect import GET, INVOKE, SET

if TYPE_CHECKING:
    from ..platform import Platform

SET_PATIENCE = 10.0
"""Seconds for set_reply [manual]."""
SERVICE_PATIENCE = 5.0
"""Seconds for the answer to a synchronous service; an asynchronous one may take any time [manual]."""
GET_PATIENCE = 5.0
"""Seconds for get_reply. None is documented: here it is the shorter of the two that are."""


class Things:
    """Raises what is in failures.py."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform
        self._set_at: dict[str, float] = {}  # by device, when a set was sent last
        self._pushing: set[asyncio.Task[None]] = set()

    # Properties

    async def set(self, device: Device, values: Any) -> dict[str, Any]:
        """Sets properties and returns the device's reply, whatever its code: what the platform makes of a code that is
        not 200 is not known, so that the caller has to look at it."""
        self._check_settable(device, values)
        return await self._send_set(device, values)

    async def _send_set(self, device: Device, values: dict[str, Any]) -> dict[str, Any]:
        """One a second: a sooner one fails, and the device does not get it [studio docs, limits]. With which code is
        not known."""
        now = asyncio.get_running_loop().time()
        if now - self._set_at.get(device.id, float("-inf")) < self._platform.studio.rules.set_pause:
            raise Unsettable(next(iter(values)), _("more than one set a second"))
        if self._platform.link(device.id):
            self._set_at[device.id] = now
        return await self._ask(device, SET, values, "set", SET_PATIENCE)

    async def get(self, device: Device, identifiers: Any) -> dict[str, Any]:
        """Asks the device itself; returns values by identifier."""
        model = self._model(device)
        if not isinstance(identifiers, list) or not all(isinstance(it, str) for it in identifiers) or not identifiers:
            raise BadParameter(_("params: must be an array of identifiers"))
        for identifier in identifiers:
            if model and identifier not in model.properties:
                raise BadParameter(
                    _("identifier: {identifier}, error: identifier not exist").format(identifier=identifier)
                )
        reply = await self._ask(device, GET, identifiers, "get", GET_PATIENCE)
        return self._data(reply, StudioError)

    def desired(self, device: Device) -> dict[str, Desired]:
        """All of them, by identifier."""
        self._model(device)
        return self._platform.store.desired.all(device.id)

    def set_desired(self, device: Device, values: Any) -> None:
        """Keeps them for the device; to one that is online they are sent at once as well, as in set() [studio docs]."""
        self._check_settable(device, values)
        self._platform.store.desired.set(device.id, values)
        self._platform.tell(DesiredChanged(device.id))
        if self._platform.link(device.id):
            task = asyncio.create_task(self._push(device, values))
            self._pushing.add(task)
            task.add_done_callback(self._pushing.discard)

    def delete_desired(self, device: Device, identifiers: Sequence[str]) -> None:
        self._model(device)
        self._platform.store.desired.delete(device.id, [(identifier, None) for identifier in identifiers])
        self._platform.tell(DesiredChanged(device.id))

    async def _push(self, device: Device, values: dict[str, Any]) -> None:
        try:
            await self._send_set(device, values)
        except StudioError as error:
            self._platform.log_packet(device.id, False, b"", note=_("desired values: {error}").format(error=error))

    def _check_settable(self, device: Device, values: Any) -> None:
        model = self._model(device)
        if not isinstance(values, dict) or not values:
            raise BadParameter(_("params: must be an object with a value for each identifier"))
        if model is None:
            return
        for identifier, value in values.items():
            known = model.properties.get(identifier)
            if known is None:
                raise Unsettable(identifier, _("identifier not exist"))
            words = known.type.objection(value) if known.writable else _("is read only")
            if words:
                raise Unsettable(identifier, words)

    # Services

    async def call(self, device: Device, identifier: Any, inputs: Any) -> dict[str, Any]:
        """Calls a service and returns its outputs; none if it is an asynchronous one, which answers later. Without a
        model all are synchronous."""
        model = self._model(device)
        if not isinstance(identifier, str) or not identifier or set(identifier) & set("/+#"):
            raise BadParameter(_("identifier: must be that of a service"))
        if not isinstance(inputs, dict):
            raise BadParameter(_("params: must be an object with the service's inputs"))
        service = model.services.get(identifier) if model else None
        if model and service is None:
            raise ServiceFailed(
                _("服务调用失败:identifier: {identifier}, error: identifier not exist").format(identifier=identifier)
            )
        if service and (words := fields_objection(service.inputs, inputs, complete=True)):
            raise ServiceFailed(
                _("服务调用失败:identifier: {identifier}, error: {words}").format(identifier=identifier, words=words)
            )
        seconds = None if service and service.is_async else SERVICE_PATIENCE
        topic = INVOKE.replace("*", identifier)
        return self._data(
            await self._ask(device, topic, inputs, _("call {identifier}").format(identifier=identifier), seconds),
            ServiceFailed,
        )

    # Commands of data-stream products

    async def command(self, device: Device, payload: bytes, seconds: float) -> tuple[str, bytes]:
        """Its uuid, and what the device has answered within so many seconds."""
        if self._protocol(device) is not Protocol.STREAM:
            raise NotSubscribed  # [seen]: it can't be, for its subscription to cmd is refused
        uuid = self._platform.studio.calls.new_uuid()
        topic, response = REQUEST.replace("*", uuid), RESPONSE.replace("*", uuid)
        words = payload.decode(errors="replace")
        return uuid, await self._platform.studio.calls.ask(device, topic, payload, words, response, seconds)

    # All of them

    async def _ask(self, device: Device, topic: str, params: Any, words: str, seconds: float | None) -> dict[str, Any]:
        """What the device answers, checked; {} where no answer is waited for."""
        calls = self._platform.studio.calls
        id_ = calls.new_id()
        payload = encode({"id": id_, "version": "1.0", "params": params})
        shown = f"{words} {json.dumps(params, ensure_ascii=False)}"
        answer = await calls.ask(device, topic, payload, shown, f"{topic}_reply {id_}", seconds)
        if seconds is None:
            return {"code": SUCCESS}
        reply = parse_json(answer)
        assert isinstance(reply, dict)  # else it had no id
        code = reply.get("code")
        if isinstance(code, bool) or not isinstance(code, int):
            raise StudioError(_("{topic}_reply: its code is no number").format(topic=topic))
        # [seen]: "message" in place of "msg", or neither [SDK].
        msg = reply.get("msg", reply.get("message", ""))
        return {"id": id_, "code": code, "msg": msg, "data": reply.get("data", {})}

    def _data(self, reply: dict[str, Any], failure: type[StudioError]) -> dict[str, Any]:
        data = reply.get("data", {})
        if reply["code"] != SUCCESS:
            raise failure(
                _("the device answers with code {reply}: {reply_2}").format(reply=reply["code"], reply_2=reply["msg"])
            )
        if not isinstance(data, dict):
            raise failure(_("the data of the device's answer is no object"))
        return data

    def _protocol(self, device: Device) -> Protocol:
        return self._platform.studio.products.find(device.product_id).protocol

    def _model(self, device: Device) -> ThingModel | None:
        """Raises NoModel for a device with data streams."""
        if self._protocol(device) is not Protocol.ONEJSON:
            raise NoModel
        return self._platform.studio.model(device.product_id)
