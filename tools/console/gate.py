"""Who comes to the console over MQTT: everybody until they are let in, then one connection of each device."""

import asyncio

from ..language import _
from . import legacy
from .connection import Broker, Connection, Recorder
from .dialect import Connect, Dialect
from .platform import Platform

_MOST_STRANGERS = 4096  # connections that have sent no CONNECT: a class after a power cut; beyond that the oldest goes


class Gate:
    """All connections of the console."""

    def __init__(self, platform: Platform, recorder: Recorder | None = None) -> None:
        self.platform = platform
        self.recorder = recorder
        self.broker: Broker | None = None
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._strangers: dict[Connection, None] = {}
        self._inside: dict[str, Connection] = {}
        self._doors: dict[str, asyncio.Lock] = {}
        self._unreleased: dict[str, set[int]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Deals with a new connection, over TCP [MQTT-7.1.1-1], until it has ended."""
        if writer.get_extra_info("peername") is None:  # gone already
            writer.transport.abort()
            return
        connection = Connection(self, reader, writer)
        self._connections[connection] = asyncio.create_task(connection.run())
        self._strangers[connection] = None
        if len(self._strangers) > _MOST_STRANGERS:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.close(_("too many others have sent no CONNECT either"))
        try:
            await asyncio.shield(self._connections[connection])
        finally:
            self._strangers.pop(connection, None)
            del self._connections[connection]

    def online(self, device_id: str) -> Connection | None:
        """The connection of a device that is online."""
        connection = self._inside.get(device_id)
        return connection if connection and connection.online else None

    def has_spoken(self, connection: Connection) -> None:
        """It has sent its first packet."""
        self._strangers.pop(connection, None)

    def welcome(self, connect: Connect, connection: Connection) -> tuple[str, Dialect]:
        """The device that logs in so, and what to speak with it. Raises Refused and Ended.

        Products of the old platform are numbers, those of the current one are not: the user name says whose it is.
        """
        if self.platform.studio.is_meant(connect.username):
            return self.platform.studio.welcome(connect, connection)
        return legacy.welcome(self.platform, connect)

    async def enter(self, connection: Connection) -> None:
        """Makes this the one connection of its device, for the newest wins [MQTT-3.1.4-2]; returns when the earlier one
        is gone."""
        async with self._doors.setdefault(connection.device_id, asyncio.Lock()):
            earlier = self._inside.get(connection.device_id)
            if earlier:
                earlier.close(_("the same device id has logged in from {address}").format(address=connection.address))
                await earlier.gone.wait()
            self._inside[connection.device_id] = connection

    def unreleased(self, device_id: str, clean: bool) -> set[int]:
        """Packet ids of messages of QoS 2 that have been taken and wait for PUBREL, of a session; clean: of a new one.
        [MQTT-3.1.2-4, -6], [MQTT-4.3.3-2]."""
        if clean:
            self._unreleased.pop(device_id, None)
            return set()
        return self._unreleased.setdefault(device_id, set())

    def leave(self, connection: Connection) -> None:
        if self._inside.get(connection.device_id) is connection:
            del self._inside[connection.device_id]

    async def close(self) -> None:
        """Ends all connections."""
        for connection in self._connections:
            connection.close(_("the console ends"))
        await asyncio.gather(*self._connections.values(), return_exceptions=True)
