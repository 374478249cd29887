"""The board's way to the rest of the world: every TCP connection goes through a forwarder that can fail.

While the link does not flow (Wi-Fi down, or `stalled`), bytes stay where they are and nobody is told, as on a real
network: no FIN, no RST. They go on when it flows again. Half-closed connections stay half closed.
"""

import asyncio
import contextlib
import itertools
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal

Address = tuple[str, int]
Direction = Literal["up", "down"]
Tap = Callable[[Direction, bytes, "Connection"], None]
"""Called in the forwarder's thread with "up" (from the board) or "down", the bytes, and the connection."""

_CHUNK = 65536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(eq=False)
class Connection:
    """One TCP connection of the board."""

    number: int
    asked: Address
    """Host and port as the program gave them to getaddrinfo()."""
    target: Address
    """Where they lead."""
    bytes_up: int = 0
    bytes_down: int = 0
    _board: asyncio.StreamWriter | None = field(default=None, repr=False)
    _world: asyncio.StreamWriter | None = field(default=None, repr=False)
    _task: asyncio.Task[None] | None = field(default=None, repr=False)


class Link:
    """The forwarder, and the faults a test can bring about."""

    def __init__(
        self,
        routes: Mapping[Address, Address] | None,
        internet: bool,
        from_outside: Callable[[Callable[[], Any]], Any],
    ) -> None:
        self.routes = dict(routes or {})
        self.internet = internet
        self.tap: Tap | None = None
        self.on_closed: Callable[[Connection], None] | None = None
        """Called in the forwarder's thread when a connection is over."""
        self._from_outside = from_outside
        self._stalled = False
        self._online = False
        self._flowing = asyncio.Event()
        self._listeners: dict[Address, tuple[asyncio.Server, Address]] = {}
        self._connections: set[Connection] = set()
        self._orphans: list[asyncio.StreamWriter] = []
        self._numbers = itertools.count(1)

    @property
    def stalled(self) -> bool:
        """True swallows everything in both directions without a word, though Wi-Fi looks well."""
        return self._stalled

    @stalled.setter
    def stalled(self, stalled: bool) -> None:
        self._stalled = stalled
        self._from_outside(self._update)

    @property
    def connections(self) -> list[Connection]:
        """The connections there are now, oldest first."""
        found: list[Connection] = self._from_outside(lambda: sorted(self._connections, key=lambda c: c.number))
        return found

    def cut(self) -> None:
        """Reset every connection, both ends get a RST."""
        self._from_outside(self._cut)

    # From here on everything runs in the event loop.

    def set_online(self, online: bool) -> None:
        self._online = online
        self._update()

    def _update(self) -> None:
        if self._online and not self._stalled:
            self._flowing.set()
        else:
            self._flowing.clear()

    async def resolve(self, host: str, port: int) -> Address:
        """The address the board shall connect to for `host` and `port`. Raises OSError if there is none."""
        if not self._online:
            raise OSError(-202, "no network")
        target = self.routes.get((host, port))
        if target is None:
            if not self.internet and not _is_loopback(host):
                raise OSError(-202, f"no route to {host}:{port}")
            target = (host, port)
        try:
            await asyncio.get_running_loop().getaddrinfo(*target, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise OSError(-202, f"{target[0]} is not known") from error
        asked = (host, port)
        known = self._listeners.get(asked)
        if known and known[1] == target:
            return _bound_to(known[0])
        if known:
            known[0].close()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = Connection(next(self._numbers), asked, target, _board=writer)
            connection._task = asyncio.current_task()
            self._connections.add(connection)
            try:
                await self._carry(connection, reader)
            except asyncio.CancelledError:
                pass  # cut, orphaned or closed, by us: the streams are settled there
            finally:
                self._connections.discard(connection)
                if self.on_closed:
                    self.on_closed(connection)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self._listeners[asked] = server, target
        return _bound_to(server)

    async def _carry(self, connection: Connection, board_reader: asyncio.StreamReader) -> None:
        board = connection._board
        assert board is not None
        await self._flowing.wait()  # a SYN does not get through either
        try:
            world_reader, world = await asyncio.open_connection(*connection.target)
        except OSError:
            _reset(board)
            return
        connection._world = world
        for writer in (board, world):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pumps = [
            asyncio.create_task(self._pump("up", connection, board_reader, world)),
            asyncio.create_task(self._pump("down", connection, world_reader, board)),
        ]
        try:
            await asyncio.gather(*pumps)
        except OSError:  # one end was reset; the other hears of it
            await self._flowing.wait()
            _reset(board)
            _reset(world)
        else:
            board.close()
            world.close()
        finally:
            for pump in pumps:
                pump.cancel()

    async def _pump(
        self, direction: Direction, connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(_CHUNK):
            await self._flowing.wait()
            if direction == "up":
                connection.bytes_up += len(data)
            else:
                connection.bytes_down += len(data)
            if self.tap:
                self.tap(direction, data, connection)
            writer.write(data)
            await writer.drain()
        await self._flowing.wait()
        with contextlib.suppress(OSError):  # gone already, so it needs no FIN
            writer.write_eof()

    def _cut(self) -> None:
        for connection in list(self._connections):
            for writer in (connection._board, connection._world):
                if writer:
                    _reset(writer)
            if connection._task:
                connection._task.cancel()

    def orphan(self) -> None:
        """The board is gone without a word: its peers keep connections on which nothing comes any more."""
        for connection in list(self._connections):
            if connection._task:
                connection._task.cancel()
            if connection._board:
                _reset(connection._board)
            if connection._world:
                self._orphans.append(connection._world)

    def close(self) -> None:
        self._cut()
        for writer in self._orphans:
            _reset(writer)
        for server, _ in self._listeners.values():
            server.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a RST."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):  # it may be closed already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()


def _bound_to(server: asyncio.Server) -> Address:
    host, port = server.sockets[0].getsockname()[:2]
    return host, port


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
