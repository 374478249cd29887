"""What devices of the current platform have in common, whichever kind their product is of: their topics and limits."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from ..dialect import Ended, shown
from ..model import Device

if TYPE_CHECKING:
    from ..platform import Platform
    from ..registry import Link

UPLINK_PAUSE = 1.0
"""Seconds between two messages of a device; what comes sooner is delayed, not refused [studio docs, limits]. Whether
answers count is not known: here they do."""

MOST_PAYLOAD = 262_144
"""Bytes; who sends more is disconnected [studio docs, limits]."""

_MOST_TOPIC, _MOST_LEVELS = 512, 8  # bytes, levels of a topic [B docs]


class OwnTopics:
    """Topics below $sys/{product}/{name}/, which are the device's own: all others cost it the connection.

    For publishing that is documented [B docs]; of subscriptions, that devices which subscribe to topics of their own
    are closed soon after CONNACK was seen with the new host. A topic of its own that is none of the platform's is
    refused with 0x80 [seen], and published to costs the connection, which is not known.
    """

    longest_packet = MOST_PAYLOAD + _MOST_TOPIC + 4
    most_filters = 8  # of one SUBSCRIBE [B docs]
    most_topics = 10  # [studio docs, limits]

    down: tuple[str, ...] = ()
    """What the platform publishes to, a * for any one level."""

    def __init__(self, platform: "Platform", device: Device, link: "Link") -> None:
        self._platform = platform
        self._device = device
        self._link = link
        self._prefix = f"$sys/{device.product_id}/{device.name}/"
        self._free_at = 0.0

    def take(self, topic: str, payload: bytes, retain: bool) -> Awaitable[str]:
        """Takes in a message: see Dialect."""
        raise NotImplementedError

    async def pace(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._free_at - loop.time())
        self._free_at = loop.time() + UPLINK_PAUSE

    def judge_filters(self, topics: Sequence[str]) -> None:
        for topic in topics:
            self._own(topic)

    def grants(self, topic: str) -> bool:
        """What matches a topic that the platform publishes to. Wildcards may stand at any level [SDK], [seen]."""
        asked = topic[len(self._prefix) :].split("/")
        return any(_meet(asked, known.split("/")) for known in self.down)

    def _own(self, topic: str) -> str:
        """The topic without the prefix. Raises Ended."""
        if not topic.startswith(self._prefix):
            raise Ended(f"topic {shown(topic)}: the device's own begin with {self._prefix}")
        if len(topic.encode()) > _MOST_TOPIC or topic.count("/") >= _MOST_LEVELS:
            raise Ended(f"topic {shown(topic)}: at most {_MOST_TOPIC} bytes and {_MOST_LEVELS} levels")
        return topic[len(self._prefix) :]

    def _published(self, topic: str, payload: bytes, retain: bool) -> str:
        """The same of a PUBLISH, for what all of them are asked. Raises Ended."""
        if retain:
            raise Ended("RETAIN: OneNET keeps no messages [B docs]")
        if len(payload) > MOST_PAYLOAD:
            raise Ended(f"payload of {len(payload)} bytes: at most {MOST_PAYLOAD} are possible")
        return self._own(topic)

    def _answer(self, topic: str, payload: bytes) -> str:
        """Sends it if the device has subscribed to that; returns a note where it has not."""
        delivered = self._link.deliver(self._prefix + topic, payload)
        return "" if delivered else f"not sent: the device has not subscribed to {topic}"


def level(pattern: str, topic: str) -> str | None:
    """What stands in a topic where the pattern has a *; empty if it has none. None if they do not match."""
    head, star, tail = pattern.partition("*")
    if not star:
        return "" if topic == pattern else None
    inner = topic[len(head) : len(topic) - len(tail)] if tail else topic[len(head) :]
    fits = topic.startswith(head) and topic.endswith(tail) and inner and "/" not in inner
    return inner if fits else None


def _meet(asked: Sequence[str], known: Sequence[str]) -> bool:
    """Whether a filter and a pattern have a topic in common."""
    for i, part in enumerate(asked):
        if part == "#":
            return True
        if i >= len(known) or not (part in ("+", known[i]) or known[i] == "*"):
            return False
    return len(asked) == len(known)
