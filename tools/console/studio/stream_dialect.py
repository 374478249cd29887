"""What a device of a data-stream product says, and what it is answered: topics of [B docs], seen live in 2026."""

import json
import re
from collections.abc import Awaitable, Iterator
from datetime import datetime
from typing import Any

from ...clock import BEIJING
from ...datapoints import DataPoint, parse_json
from ...language import _
from ..dialect import Ended, shown
from ..failures import PlatformError
from .own_topics import OwnTopics, level

REQUEST, RESPONSE = "cmd/request/*", "cmd/response/*"
MOST_RESPONSE = 1024
"""Bytes of a response to a command [B docs]."""

_POST = "dp/post/json"
_ILLEGAL, _TOO_BIG, _NO_COMMAND = 98, 99, 113  # err_code; 98 is seen
_STREAM = re.compile(r"[A-Za-z0-9_.$]{1,30}")
_LATEST = 253_402_300_799  # the last second of the year 9999


class StreamDialect(OwnTopics):
    """A Dialect: data streams and commands, with a token."""

    down = (
        f"{_POST}/accepted",
        f"{_POST}/rejected",
        REQUEST,
        f"{RESPONSE}/accepted",
        f"{RESPONSE}/rejected",
        "ota/inform",
    )

    def take(self, topic: str, payload: bytes, retain: bool) -> Awaitable[str]:
        own = self._published(topic, payload, retain)
        if own == _POST:
            return self._post(payload)
        if level(RESPONSE, own):
            return self._respond(own, payload)
        if own == "ota/inform_reply":
            return _nothing()
        raise Ended(_("topic {shown}: a device with data streams does not publish to that").format(shown=shown(topic)))

    async def _post(self, payload: bytes) -> str:
        id_ = -1  # if it can't be read [B docs]
        try:
            value = parse_json(payload)
            if isinstance(value, dict) and _is_integer(value.get("id")) and 0 < value["id"] < 1 << 31:
                id_ = value["id"]
            if id_ < 0:
                raise ValueError(_("id must be a positive number of 32 bits"))
            points = list(_points(value.get("dp")))
            await self._platform.store_points(self._device.id, points)
        except (PlatformError, ValueError) as error:
            answer = {"id": id_, "err_code": _ILLEGAL, "err_msg": "Illegal Data"}
            return self._answer(f"{_POST}/rejected", json.dumps(answer).encode()) or _("rejected: {error}").format(
                error=error
            )
        return self._answer(f"{_POST}/accepted", json.dumps({"id": id_}).encode())

    async def _respond(self, topic: str, payload: bytes) -> str:
        if len(payload) > MOST_RESPONSE:
            return self._reject(
                topic, _TOO_BIG, _("of more than {most_response} bytes").format(most_response=MOST_RESPONSE)
            )
        words = await self._platform.studio.calls.take(self._device.id, topic, payload)
        return self._reject(topic, _NO_COMMAND, words) if words else self._answer(f"{topic}/accepted", b"")

    def _reject(self, topic: str, code: int, words: str) -> str:
        return self._answer(f"{topic}/rejected", json.dumps({"err_code": code}).encode()) or _(
            "answer rejected: {words}"
        ).format(words=words)


def _points(streams: Any) -> Iterator[DataPoint]:
    """{"temp": [{"v": 25.1, "t": 1700000000}]}. Raises ValueError."""
    if not isinstance(streams, dict):
        raise ValueError(_("dp must be an object"))
    for stream, entries in streams.items():
        if not _STREAM.fullmatch(stream):
            raise ValueError(_("stream {shown}: must be 1 to 30 of A-Z a-z 0-9 _ . $").format(shown=shown(stream)))
        if not isinstance(entries, list):
            raise ValueError(_("stream {stream}: must be an array").format(stream=stream))
        for entry in entries:
            if not isinstance(entry, dict) or "v" not in entry:
                raise ValueError(_('stream {stream}: must have objects with a "v"').format(stream=stream))
            yield DataPoint(stream, entry["v"], _time(entry.get("t")))


def _time(seconds: Any) -> str | None:
    if seconds is None:
        return None
    if not _is_integer(seconds) or not 0 <= seconds <= _LATEST:
        raise ValueError(_("t must be seconds since 1970"))
    return datetime.fromtimestamp(seconds, BEIJING).replace(tzinfo=None).isoformat(" ")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


async def _nothing() -> str:
    return ""
