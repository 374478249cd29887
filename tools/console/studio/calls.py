"""What the platform asks of a device, and the answers that are waited for."""

import asyncio
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..database import unwatched
from ..model import Device
from .failures import NoAnswer, NotOnline, NotSubscribed

if TYPE_CHECKING:
    from ..platform import Platform

_MOST_UNANSWERED = 1000  # calls without an answer; beyond that the oldest are given up


@dataclass(frozen=True)
class _Call:
    uuid: str
    """Under which it stands among the device's commands."""
    answer: "asyncio.Future[bytes]"


class Calls:
    """Calls under way, by device and by what their answer is known by."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform
        self._waiting: dict[tuple[str, str], _Call] = {}
        self._last_id = 0

    def new_id(self) -> str:
        """For a message of the platform's: text, of at most 13 digits."""
        self._last_id += 1
        return str(self._last_id)

    def new_uuid(self) -> str:
        """For a command."""
        return str(uuid.uuid4())

    async def ask(
        self, device: Device, topic: str, payload: bytes, words: str, known_by: str, seconds: float | None
    ) -> bytes:
        """Sends it and returns the answer; with seconds None, nothing, without waiting for one.

        topic: below the device's own. words: how it is shown among the device's commands. known_by: what take() gets
        the answer with. Raises NotOnline, NotSubscribed and NoAnswer.
        """
        link = self._platform.link(device.id)
        if link is None:
            raise NotOnline
        command = self._platform.new_call(device.id, words.encode())
        if not link.deliver(f"$sys/{device.product_id}/{device.name}/{topic}", payload):
            note = f"not sent: the device has not subscribed to {topic}"
            self._platform.log_packet(device.id, False, b"", note=note)
            raise NotSubscribed
        unwatched(self._platform.sent(command))
        call = _Call(command.uuid, asyncio.get_running_loop().create_future())
        while len(self._waiting) >= _MOST_UNANSWERED:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[device.id, known_by] = call
        if seconds is None:
            return b""
        try:
            return await asyncio.wait_for(call.answer, seconds)
        except asyncio.TimeoutError as error:
            raise NoAnswer from error
        finally:
            self._waiting.pop((device.id, known_by), None)

    async def take(self, device_id: str, known_by: str, answer: bytes) -> str:
        """What a device has answered; returns why it is not taken, empty if it is."""
        call = self._waiting.pop((device_id, known_by), None)
        if call is None:
            return "no call of this id waits for an answer"
        words = await self._platform.take_reply(device_id, call.uuid, answer)
        if not call.answer.done():
            call.answer.set_result(answer)
        return words
