"""A TCP connection on which packets are sent by hand, and what comes back; both directions explained."""

import asyncio
import contextlib
import os
from collections.abc import Callable

from ..language import _
from ..system_words import reason
from .explain import Explained, PacketReader, explain_all

ANSWER_WITHIN = 3.0
"""Seconds that an answer may take."""

OnPacket = Callable[[Explained, bool], None]
"""Called with each packet, and True if it was sent, False if it came."""

_ANSWERS = {
    "CONNECT": ["CONNACK"],
    "PUBREC": ["PUBREL"],
    "PUBREL": ["PUBCOMP"],
    "SUBSCRIBE": ["SUBACK"],
    "UNSUBSCRIBE": ["UNSUBACK"],
    "PINGREQ": ["PINGRESP"],
}
_PUBLISH_ANSWERS: list[list[str]] = [[], ["PUBACK"], ["PUBREC"]]  # by QoS
_CHUNK = 65536


class ConversationError(Exception):
    """There is no connection, or none any more; says why."""


class Conversation:
    """One connection, from open() to close()."""

    def __init__(
        self, on_packet: OnPacket, show_secrets: bool, on_closed: Callable[[str], None] = lambda why: None
    ) -> None:
        self.closed = ""
        """Why the peer is gone; empty while it is not."""
        self.received = 0
        """Packets that came."""
        self.awaited: list[str] = []
        """Types of the packets that must come, by what was sent."""
        self._news = asyncio.Event()  # something came, or the peer went
        self._on_packet = on_packet
        self._on_closed = on_closed
        self._show_secrets = show_secrets

    async def open(self, host: str, port: int, timeout: float) -> None:
        """Connects within so many seconds. Raises ConversationError."""
        try:
            self._reader, self._writer = await asyncio.wait_for(asyncio.open_connection(host, port), timeout)
        except asyncio.TimeoutError as error:
            raise ConversationError(
                _("{host}:{port} does not answer within {timeout:g} s").format(host=host, port=port, timeout=timeout)
            ) from error
        except (OSError, OverflowError, UnicodeError) as error:
            raise ConversationError(
                _("no connection to {host}:{port}: {reason}").format(host=host, port=port, reason=_reason(error))
            ) from error
        self._receiving = asyncio.create_task(self._receive())

    async def send(self, data: bytes, timeout: float) -> bool:
        """Sends bytes, whatever they are; returns whether they are to be answered. Raises ConversationError."""
        if self.closed:
            raise ConversationError(self.closed)
        answers: list[str] = []
        for explained in explain_all(data, self._show_secrets):
            self._on_packet(explained, True)
            answers += _answers(explained)
        self.awaited += answers
        try:
            self._writer.write(data)
            await asyncio.wait_for(self._writer.drain(), timeout)
        except asyncio.TimeoutError as error:
            raise ConversationError(_("the peer takes nothing for {timeout:g} s").format(timeout=timeout)) from error
        except OSError as error:
            raise ConversationError(_("the peer is gone: {reason}").format(reason=_reason(error))) from error
        return bool(answers)

    async def answered(self, seconds: float) -> None:
        """Returns when all that was sent is answered, the peer is gone, or so many seconds are over."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._until(lambda: not self.awaited), seconds)

    async def stay(self, seconds: float) -> None:
        """Returns when the peer is gone, or so many seconds are over."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._until(lambda: False), seconds)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not (self.closed or condition()):
            self._news.clear()
            await self._news.wait()

    async def close(self) -> None:
        self._receiving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._receiving
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _receive(self) -> None:
        packets = PacketReader(self._show_secrets)
        try:
            while data := await self._reader.read(_CHUNK):
                for explained in packets.feed(data):
                    self._came(explained)
            self._end(packets, _("the peer closed the connection"))
        except OSError as error:
            self._end(packets, _("the peer reset the connection: {reason}").format(reason=_reason(error)))

    def _came(self, explained: Explained) -> None:
        self.received += 1
        if not explained.broken and explained.type in self.awaited:
            self.awaited.remove(explained.type)
        self._on_packet(explained, False)
        self._news.set()

    def _end(self, packets: PacketReader, why: str) -> None:
        rest = packets.rest()
        if rest:
            self._came(rest)
        self.closed = why
        self._on_closed(why)
        self._news.set()


async def exchange(
    host: str, port: int, data: bytes, on_packet: OnPacket, *, timeout: float, wait: float | None, show_secrets: bool
) -> str:
    """Connects, sends, and waits for what comes back; returns why it came to an end without what was to come, or "".

    timeout: seconds to connect. wait: stay so many seconds; None: until all that was sent is answered, 3 s at most.
    Raises ConversationError.
    """
    conversation = Conversation(on_packet, show_secrets)
    await conversation.open(host, port, timeout)
    try:
        answerable = await conversation.send(data, timeout)
        seconds = ANSWER_WITHIN if wait is None else wait
        if wait is None and answerable:
            await conversation.answered(seconds)
        else:
            await conversation.stay(seconds)
        return _shortcoming(conversation, seconds)
    finally:
        await conversation.close()


def _shortcoming(conversation: Conversation, seconds: float) -> str:
    """What did not come, and why; empty if all that was to come did."""
    missing = _(" or ").join(dict.fromkeys(conversation.awaited))
    if conversation.received and not missing:
        return ""
    if conversation.closed:
        words = _("{why}, without {missing}") if conversation.received else _("{why}, and sent nothing")
        return words.format(why=conversation.closed, missing=missing)
    return (
        _("no {missing} came within {seconds:g} s").format(missing=missing, seconds=seconds)
        if missing
        else _("nothing came within {seconds:g} s").format(seconds=seconds)
    )


def _answers(explained: Explained) -> list[str]:
    """Types of the packets that must follow."""
    if explained.broken:
        return []
    if explained.type == "PUBLISH":
        return _PUBLISH_ANSWERS[explained.data[0] >> 1 & 3]
    return _ANSWERS.get(explained.type, [])


def _reason(error: Exception) -> str:
    """What an error of the network says, without its number."""
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return _(os.strerror(error.errno)).lower()
    return (reason(error) if isinstance(error, OSError) else str(error)) or type(error).__name__
