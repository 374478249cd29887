"""What devices of the current platform have in common, whichever kind their product is of: their topics and limits."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from ...language import _
from ..dialect import Ended, shown
from ..model import Device
from .rules import Rate, Rules

if TYPE_CHECKING:
    from ..platform import Platform
    from ..registry import Link

UPLINK_PAUSE, MOST_PAYLOAD = Rules.uplink_pause, Rules.most_payload
"""Where nobody has changed the rules."""

_PUBLISH, _PINGREQ = 3, 12
_MOST_TOPIC, _MOST_LEVELS = 512, 8  # bytes, levels of a topic [B docs]


class OwnTopics:
    """Topics below $sys/{product}/{name}/, which are the device's own: all others cost it the connection.

    For publishing that is documented [B docs]; of subscriptions, that devices which subscribe to topics of their own
    are closed soon after CONNACK was seen with the new host. A topic of its own that is none of the platform's is
    refused with 0x80 [seen], and published to costs the connection, which is not known.
    """

    most_filters = 8  # of one SUBSCRIBE [B docs]
    qos_2 = False

    down: tuple[str, ...] = ()
    """What the platform publishes to, a * for any one level."""

    def __init__(self, platform: "Platform", device: Device, link: "Link") -> None:
        self._platform = platform
        self._device = device
        self._link = link
        self._prefix = f"$sys/{device.product_id}/{device.name}/"
        self._rules = platform.studio.rules
        self.longest_packet = self._rules.most_payload + _MOST_TOPIC + 4
        self.most_topics = self._rules.topics
        self._free_at = 0.0  # for the next message
        self._held_until = 0.0  # all that comes waits
        self._bytes, self._pings, self._subscriptions, self._unsubscriptions = Rate(), Rate(), Rate(), Rate()
        self._excess: set[str] = set()  # topics that were too many at once

    def take(self, topic: str, payload: bytes, retain: bool) -> Awaitable[str]:
        """Takes in a message: see Dialect."""
        raise NotImplementedError

    async def pace(self, kind: int, size: int, topic: bytes) -> None:
        loop, rules = asyncio.get_running_loop(), self._rules
        if self._bytes.take(loop.time(), size) > rules.bytes_a_second:
            self._hold(self._bytes)
        if kind == _PINGREQ and self._pings.take(loop.time()) > rules.pings_a_second:
            self._hold(self._pings)
        await _until(self._held_until)
        if kind == _PUBLISH and (rules.answers_count or not topic.endswith(b"_reply")):
            await _until(self._free_at)
            self._free_at = loop.time() + rules.uplink_pause

    def _hold(self, rate: Rate) -> None:
        self._held_until = max(self._held_until, rate.next)

    def drops(self, qos: int) -> str:
        return ""

    def judge_filters(self, topics: Sequence[str]) -> None:
        now = asyncio.get_running_loop().time()
        for topic in topics:
            self._own(topic)
            self._excess.discard(topic)
            if self._subscriptions.take(now) > self._rules.subscriptions_a_second:
                self._excess.add(topic)
                self._hold(self._subscriptions)

    def unsubscribing(self, count: int) -> None:
        taken = self._unsubscriptions.take(asyncio.get_running_loop().time(), count)
        if taken > self._rules.unsubscriptions_a_second:
            self._hold(self._unsubscriptions)

    def grants(self, topic: str) -> bool:
        """What matches a topic that the platform publishes to. Wildcards may stand at any level [SDK], [seen]."""
        if topic in self._excess:
            return False
        asked = topic[len(self._prefix) :].split("/")
        return any(_meet(asked, known.split("/")) for known in self.down)

    def _own(self, topic: str) -> str:
        """The topic without the prefix. Raises Ended."""
        if not topic.startswith(self._prefix):
            raise Ended(
                _("topic {shown}: the device's own begin with {prefix}").format(shown=shown(topic), prefix=self._prefix)
            )
        if len(topic.encode()) > _MOST_TOPIC or topic.count("/") >= _MOST_LEVELS:
            raise Ended(
                _("topic {shown}: at most {most_topic} bytes and {most_levels} levels").format(
                    shown=shown(topic), most_topic=_MOST_TOPIC, most_levels=_MOST_LEVELS
                )
            )
        return topic[len(self._prefix) :]

    def _published(self, topic: str, payload: bytes, retain: bool) -> str:
        """The same of a PUBLISH, for what all of them are asked. Raises Ended."""
        if retain:
            raise Ended(_("RETAIN: OneNET keeps no messages [B docs]"))
        if len(payload) > self._rules.most_payload:
            raise Ended(
                _("payload of {count} bytes: at most {most_payload} are possible").format(
                    count=len(payload), most_payload=self._rules.most_payload
                )
            )
        return self._own(topic)

    def _answer(self, topic: str, payload: bytes) -> str:
        """Sends it if the device has subscribed to that; returns a note where it has not."""
        delivered = self._link.deliver(self._prefix + topic, payload)
        return "" if delivered else _("not sent: the device has not subscribed to {topic}").format(topic=topic)


async def _until(when: float) -> None:
    """Waits for that time of the event loop's."""
    await asyncio.sleep(when - asyncio.get_running_loop().time())


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
