"""The board's way to the rest of the world: every TCP connection goes through a forwarder that can fail.

While the link does not flow (Wi-Fi down or mute, or `stalled`), bytes stay where they are and nobody is told, as on a
real network: no FIN, no RST. They go on when it flows again. Half-closed connections stay half closed. The other end is
called before the board's own connect(), so that it meets what the other end does: takes it, refuses, or keeps silent.
"""

import asyncio
import contextlib
import errno
import itertools
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal

from .errors import Raised

Address = tuple[str, int]
Direction = Literal["up", "down"]
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Tap = Callable[[Direction, bytes, "Connection"], None]
"""Called in the forwarder's thread with "up" (from the board) or "down", the bytes, and the connection."""

_CHUNK = 65536
_CALL_PATIENCE = 2.0  # seconds for the other end to take a connection; a slower one is taken for it meanwhile
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
        unreachable: int = errno.EHOSTUNREACH,
        trouble_writes: Callable[[int, float], None] = lambda number, seconds: None,
    ) -> None:
        self.routes = dict(routes or {})
        self.internet = internet
        self.tap: Tap | None = None
        self.on_closed: Callable[[Connection], None] | None = None
        """Called in the forwarder's thread when a connection is over."""
        self.connect_error: int | None = None
        """What every connect() raises, as the port numbers it: 12, 23, 105 where the IP stack has nothing left."""
        self._from_outside = from_outside
        self._unreachable = unreachable  # the port's number
        self._trouble_writes = trouble_writes
        self._write_error: int | None = None
        self._write_delay = 0.0
        self._stalled = False
        self._has_address = False
        self._flows = False
        self._flowing = asyncio.Event()
        self._listeners: dict[Address, tuple[asyncio.Server, Address]] = {}
        self._called: dict[Address, deque[_Streams]] = {}  # other ends that wait for the board's own connect()
        self._silent: list[socket.socket] = []  # makes up an address that never answers
        self._refusing: socket.socket | None = None
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
    def write_error(self) -> int | None:
        """What every write to a socket raises, as the port numbers it, 1 to 255; None is nothing."""
        return self._write_error

    @write_error.setter
    def write_error(self, number: int | None) -> None:
        self._write_error = number
        self._trouble_writes(number or 0, self._write_delay)

    @property
    def write_delay(self) -> float:
        """Seconds, up to 25, that every write to a socket blocks, whoever waits or not: lwip_tcp_send() in
        extmod/modlwip.c does so for 10 s where the stack of an ESP8266 has no memory left."""
        return self._write_delay

    @write_delay.setter
    def write_delay(self, seconds: float) -> None:
        self._write_delay = seconds
        self._trouble_writes(self._write_error or 0, seconds)

    @property
    def connections(self) -> list[Connection]:
        """The connections there are now, oldest first."""
        found: list[Connection] = self._from_outside(lambda: sorted(self._connections, key=lambda c: c.number))
        return found

    def cut(self) -> None:
        """Reset every connection, both ends get a RST."""
        self._from_outside(self._cut)

    # From here on everything runs in the event loop.

    def network_changed(self, has_address: bool, flows: bool) -> None:
        self._has_address = has_address
        self._flows = flows
        self._update()

    def _update(self) -> None:
        if self._flows and not self._stalled:
            self._flowing.set()
        else:
            self._flowing.clear()

    def leads_somewhere(self, host: str) -> bool:
        """Whether `host` is one that connections are let to."""
        return self.internet or _is_loopback(host) or any(host == asked for asked, _ in self.routes)

    async def connect(self, host: str, port: int) -> Address:
        """The address that the board's own connect() shall go to. Raises Raised where the IP stack itself refuses."""
        if self.connect_error is not None:
            raise Raised("OSError", self.connect_error)
        if not self._has_address:
            raise Raised("OSError", self._unreachable)
        asked = host, port
        target = self.routes.get(asked)
        if target is None and (self.internet or _is_loopback(host)):
            target = asked
        if not self._flowing.is_set():
            return self._never_answers()
        if target is None:
            raise Raised("OSError", self._unreachable)
        try:
            streams = await asyncio.wait_for(asyncio.open_connection(*target), _CALL_PATIENCE)
        except (TimeoutError, asyncio.TimeoutError):
            pass
        except OSError:
            return self._refuses()
        else:
            self._called.setdefault(asked, deque()).append(streams)
        return await self._listen(asked, target)

    async def _listen(self, asked: Address, target: Address) -> Address:
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

    def _refuses(self) -> Address:
        """An address where nobody listens."""
        if self._refusing is None:
            self._refusing = socket.socket()
            self._refusing.bind(("127.0.0.1", 0))
        return _name_of(self._refusing)

    def _never_answers(self) -> Address:
        """An address whose queue is full: the kernel drops what asks to connect, as a network does that is mute."""
        if not self._silent:
            listener = socket.socket()
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            self._silent.append(listener)
            for _ in range(4):
                waiting = socket.socket()
                waiting.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    waiting.connect(listener.getsockname())
                self._silent.append(waiting)
        return _name_of(self._silent[0])

    async def _carry(self, connection: Connection, board_reader: asyncio.StreamReader) -> None:
        board = connection._board
        assert board is not None
        await self._flowing.wait()  # a SYN does not get through either
        called = self._called.get(connection.asked)
        try:
            world_reader, world = called.popleft() if called else await asyncio.open_connection(*connection.target)
        except OSError:
            _reset(board)
            return
        connection._world = world
        for writer in (board, world):
            with contextlib.suppress(OSError):  # it may have been cut meanwhile
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
        for _, world in itertools.chain.from_iterable(self._called.values()):
            self._orphans.append(world)
        self._called.clear()
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
        for _, world in itertools.chain.from_iterable(self._called.values()):
            _reset(world)
        for sock in [*self._silent, *([self._refusing] if self._refusing else [])]:
            sock.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a RST."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):  # it may be closed already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()


def _bound_to(server: asyncio.Server) -> Address:
    return _name_of(server.sockets[0])


def _name_of(sock: Any) -> Address:
    host, port = sock.getsockname()[:2]
    return host, port


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
