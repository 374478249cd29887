"""How the broker reads and writes what the gate has let through: amqtt's adapters for a connection of ours."""

import asyncio
import ssl
from typing import Protocol

from amqtt.adapters import ReaderAdapter, WriterAdapter

from ..language import _


class Connected(Protocol):
    """What of a connection the broker's writer needs."""

    peer: tuple[str, int]

    def write(self, data: bytes) -> None: ...
    def close(self, reason: str) -> None: ...


class Pipe(ReaderAdapter):
    """How the broker reads what it is to have."""

    def __init__(self) -> None:
        self._packets: asyncio.Queue[bytes] = asyncio.Queue()
        self._packet = b""
        self._at = 0
        self.is_read = asyncio.Event()
        """The broker has read the first packet, and waits for the next."""

    def put(self, packet: bytes) -> None:
        """Empty bytes are the end."""
        self._packets.put_nowait(packet)

    async def read(self, n: int = -1) -> bytes:
        if self._at == len(self._packet):
            if self._packet:
                self.is_read.set()
            self._packet, self._at = await self._packets.get(), 0
            if not self._packet:
                self.feed_eof()
        start = self._at
        self._at = len(self._packet) if n < 0 else min(start + n, len(self._packet))
        return self._packet[start : self._at]

    def feed_eof(self) -> None:
        self.put(b"")


class BrokerWriter(WriterAdapter):
    """How the broker writes. It never waits: who does not read is dropped."""

    def __init__(self, connection: Connected) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.write(bytes(data))

    async def drain(self) -> None:
        pass

    def get_peer_info(self) -> tuple[str, int]:
        return self._connection.peer

    def get_ssl_info(self) -> ssl.SSLObject | None:
        return None

    async def close(self) -> None:
        self._connection.close(_("the broker has closed it"))
