"""The old platform as devices meet it: log-in with an auth-info, $dp, $creq and $crsp, and topics of one's own."""

from collections.abc import Awaitable, Sequence
from typing import Any

from .. import datapoints
from ..language import _
from .dialect import Connect, Ended, Refused, shown
from .failures import PlatformError
from .platform import MOST_PAYLOAD, TOPIC, Platform

_CLIENT_ID, _USER_OR_PASSWORD, _NOT_AUTHORIZED = 2, 4, 5  # return codes of CONNACK


def welcome(platform: Platform, connect: Connect) -> tuple[str, "Legacy"]:
    """The device that logs in so, and what to speak with it. Raises Refused."""
    device_id = connect.client_id
    if not platform.knows(device_id) or platform.device(device_id).is_studio:
        # [MQTT-3.1.3-8, -9]
        raise Refused(
            _CLIENT_ID, _("client id {shown}: no device of this id is registered").format(shown=shown(device_id))
        )
    if connect.username != platform.product_id:
        words = _("user name {shown}: must be the product id, {product_id}").format(
            shown=shown(connect.username), product_id=platform.product_id
        )
        raise Refused(_USER_OR_PASSWORD, words, device_id)
    if not platform.credentials_fit(device_id, connect.password):
        raise Refused(_USER_OR_PASSWORD, _("password: is not the auth-info of this device"), device_id)
    if connect.will and platform.rules.will == "refused":
        raise Refused(_NOT_AUTHORIZED, _("it has a will: OneNET has none, by --rule will=refused"), device_id)
    return device_id, Legacy(platform, device_id)


class Legacy:
    """A Dialect: the one of 183.230.40.39:6002."""

    longest_packet = 131_072  # the platform's own bound is not documented
    most_filters = most_topics = 100  # [V2.3]
    qos_2 = True  # see legacy_rules.py

    def __init__(self, platform: Platform, device_id: str) -> None:
        self._platform = platform
        self._device_id = device_id

    async def pace(self, kind: int, size: int, topic: bytes) -> None:
        """No pace is documented."""

    def take(self, topic: str, payload: bytes, retain: bool) -> Awaitable[str] | None:
        if topic == "$dp":
            try:
                return _silent(self._platform.store_points(self._device_id, datapoints.decode(payload)))
            except (PlatformError, ValueError) as error:
                raise Ended(_("bad $dp payload: {error}").format(error=error)) from error
        if topic.startswith("$crsp/"):
            if len(payload) > MOST_PAYLOAD:
                raise Ended(
                    _("reply of {count} bytes: at most {most_payload} are possible").format(
                        count=len(payload), most_payload=MOST_PAYLOAD
                    )
                )
            return self._take_reply(topic[6:], payload)
        if topic.startswith("$"):
            raise Ended(
                _("topic {shown}: of those with $, a device publishes to $dp and $crsp/{{uuid}} alone").format(
                    shown=shown(topic)
                )
            )
        return None

    def drops(self, qos: int) -> str:
        refused = qos == 2 and self._platform.rules.qos_2 == "refused"
        return _("not stored: OneNET has no QoS 2, by --rule qos_2=refused") if refused else ""

    def judge_filters(self, topics: Sequence[str]) -> None:
        """None costs the connection."""

    def unsubscribing(self, count: int) -> None:
        """Any number is fine."""

    def grants(self, topic: str) -> bool:
        """No wildcards, and nothing with $."""
        return TOPIC.fullmatch(topic) is not None

    async def _take_reply(self, uuid: str, payload: bytes) -> str:
        words = await self._platform.take_reply(self._device_id, uuid, payload)
        return _("reply ignored: {words}").format(words=words) if words else ""


async def _silent(done: Awaitable[Any]) -> str:
    await done
    return ""
