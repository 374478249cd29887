"""A time server for the board: the other end of ntptime, with a clock a test can shift and a switch to silence it."""

import asyncio
import struct
import time
from collections.abc import Callable
from typing import cast

_FROM_1900_TO_1970 = 2208988800


class TimeServer(asyncio.DatagramProtocol):
    """Answers SNTP queries with the host's time plus `offset` seconds, unless `up` is false or the board is offline."""

    def __init__(self, online: Callable[[], bool]) -> None:
        self.up = True
        self.offset = 0.0
        self.queries = 0
        self._online = online
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) < 48 or not self._online():
            return
        self.queries += 1
        if self.up and self._transport:
            now = time.time() + self.offset + _FROM_1900_TO_1970
            stamp = struct.pack(">II", int(now) & 0xFFFFFFFF, int(now % 1 * 2**32))
            header = struct.pack(">BBBbII4s", 0x24, 1, 0, -20, 0, 0, b"TEST")  # server, version 4, stratum 1
            self._transport.sendto(header + stamp + data[40:48] + stamp + stamp, addr)

    @property
    def address(self) -> tuple[str, int]:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    def close(self) -> None:
        if self._transport:
            self._transport.close()
