"""A time server for the board: the other end of ntptime, with a clock to shift and answers to be wary of."""

import asyncio
import os
import socket
import struct
import time
from collections.abc import Callable

_FROM_1900_TO_1970 = 2208988800

SHORT = b"\x24\x01\x00\xec" + bytes(16)
"""An answer that ends before its time does."""
EMPTY = b""
"""A datagram without anything in it."""
KISS_OF_DEATH = b"\xe4\x00\x00\x00" + bytes(8) + b"RATE" + bytes(32)
"""Stratum 0: ask less often [RFC 5905, 7.4]. All of its times are 0."""


class TimeServer(asyncio.DatagramProtocol):
    """Answers SNTP queries with the host's time plus `offset` seconds, or with the bytes of `answer` if it is set.

    It keeps silent if `up` is false or the network does not flow.
    """

    def __init__(self, online: Callable[[], bool]) -> None:
        self.up = True
        self.offset = 0.0
        self.answer: bytes | None = None
        self.queries = 0
        self._online = online
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        # One of our own to answer with: asyncio sends no datagram that is empty.
        self._socket = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) < 48 or not self._online():
            return
        self.queries += 1
        if self.up and self._transport:
            self._socket.sendto(self._time(data) if self.answer is None else self.answer, addr)

    def _time(self, query: bytes) -> bytes:
        now = time.time() + self.offset + _FROM_1900_TO_1970
        stamp = struct.pack(">II", int(now) & 0xFFFFFFFF, int(now % 1 * 2**32))
        header = struct.pack(">BBBbII4s", 0x24, 1, 0, -20, 0, 0, b"TEST")  # server, version 4, stratum 1
        return header + stamp + query[40:48] + stamp + stamp

    @property
    def address(self) -> tuple[str, int]:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    def close(self) -> None:
        if self._transport:
            self._transport.close()
            self._socket.close()
