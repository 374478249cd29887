"""Stands between the board and the broker, and can do what a network does: let answers get lost, take nothing, close
one half. It reads the packets that go by, and so knows what the broker has got, and which batch was under way."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable

from onenet_tools.datapoints import decode
from onenet_tools.files import use_board_libraries

use_board_libraries()

from mqtt.errors import ProtocolError  # noqa: E402
from mqtt.packet import publish  # noqa: E402
from mqtt.parser import Parser  # noqa: E402
from mqtt.server import ServerParser  # noqa: E402

_PUBLISH, _PUBACK = 3, 4
_LARGEST = 65536  # bytes of a packet
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Lives in a thread of its own, from start() to close(); `port` leads to `target` on 127.0.0.1.

    mute: a new connection is taken, and nobody answers. stalled: nothing is read of what the board sends. deaf: nothing
    of what the broker sends is passed on. swallowing: its PUBACKs are not. on_values(values) is told of each batch that
    is whole at the broker; on_loss(count) of the end of a connection, with how many values of it may come again.
    """

    def __init__(self, target: int, on_values: Callable[[list[str]], None], on_loss: Callable[[int], None]) -> None:
        self.target = target
        self.mute = self.stalled = self.deaf = self.swallowing = False
        self.swallowed = 0
        self.connections = 0
        self._on_values = on_values
        self._on_loss = on_loss
        self._open: set[_Pair] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._take, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        self.cut()

        async def end() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._call(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Resets all connections, at both ends."""
        self._do(lambda: [pair.cut() for pair in list(self._open)])

    def half(self) -> None:
        """The broker's half of each connection is gone; the board's stays, and nothing comes on it any more."""
        self._do(lambda: [pair.half() for pair in list(self._open)])

    def tell(self, topic: str, payload: bytes) -> None:
        """Sends the board a message that is none of the broker's."""
        packet = bytearray(publish(None, topic, payload))
        publish(packet, topic, payload)
        self._do(lambda: [pair.tell(bytes(packet)) for pair in self._open])

    def _call(self, coroutine):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _do(self, act: Callable[[], object]) -> None:
        async def now() -> None:
            act()

        self._call(now())

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = _Pair(self, reader, writer)
        self._open.add(pair)
        self.connections += 1
        try:
            await pair.run()
        except (OSError, ProtocolError):
            pass
        finally:
            self._open.discard(pair)
            pair.cut()
            self._on_loss(pair.under_way)


class _Pair:
    """One connection of the board, and the one to the broker."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._board = reader, writer
        self._broker: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._halved = self._online = False
        self._packet = bytearray()  # what has come of the broker's next one
        self._told: list[bytes] = []  # messages that are to go to the board after it
        self.under_way = 0
        """Values in the last batch, of which nobody knows whether the board has seen its PUBACK."""

    async def run(self) -> None:
        while self._proxy.mute:
            if await self._gone(self._board[0]):
                return
        self._broker = await asyncio.open_connection("127.0.0.1", self._proxy.target)
        for _, writer in (self._board, self._broker):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ways = [asyncio.ensure_future(self._up()), asyncio.ensure_future(self._down())]
        try:
            await asyncio.gather(*ways)
        finally:
            for way in ways:
                way.cancel()

    async def _gone(self, reader: asyncio.StreamReader) -> bool:
        """Whether the board has left, after a moment; what it has said meanwhile stays where it is."""
        await asyncio.sleep(0.05)
        return reader.at_eof() or reader.exception() is not None

    async def _up(self) -> None:
        assert self._broker
        parser = ServerParser(_LARGEST)
        while True:
            while self._proxy.stalled:
                await asyncio.sleep(0.02)
            data = await self._board[0].read(4096)
            if not data:
                return self.cut()
            if self._halved:
                continue
            self._broker[1].write(data)
            await self._broker[1].drain()
            at = 0
            while at < len(data):
                at = parser.feed(data, at, len(data))
                if parser.type == _PUBLISH and bytes(parser.topic) == b"$dp":
                    values = [str(point.value) for point in decode(bytes(parser.payload))]
                    self.under_way = len(values)
                    self._proxy._on_values(values)

    async def _down(self) -> None:
        assert self._broker
        parser = Parser(_LARGEST)
        packet = self._packet
        while True:
            data = await self._broker[0].read(4096)
            if not data:
                return None if self._halved else self.cut()
            at = 0
            while at < len(data):
                begin, at = at, parser.feed(data, at, len(data))
                packet += data[begin:at]
                if parser.type:
                    self._online = True
                    if parser.type == _PUBACK and self._proxy.swallowing:
                        self._proxy.swallowed += 1
                    elif not self._proxy.deaf:
                        self._board[1].write(packet)
                    packet.clear()
                    self._tell()
            await self._board[1].drain()

    def tell(self, message: bytes) -> None:
        self._told.append(message)
        if self._online and not self._packet:
            self._tell()

    def _tell(self) -> None:
        if not self._proxy.deaf:
            self._board[1].writelines(self._told)
            self._told.clear()

    def half(self) -> None:
        if self._broker:
            self._halved = True
            _reset(self._broker[1])

    def cut(self) -> None:
        _reset(self._board[1])
        if self._broker:
            _reset(self._broker[1])


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
