"""The access point that a board opens itself, with the habits of its chip's driver, and what joins it: a Phone, by
which a test reaches what listens on the board, from real clients.

A board that listens does so on this machine's loopback, at a port of its own choice, and tells that here; a phone gives
addresses on loopback, too, that lead there as long as it is in the Wi-Fi.
"""

import asyncio
import contextlib
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from ..language import _
from .errors import BoardError, Raised
from .link import Address

_CHUNK = 65536
_OPEN = 0
_WEP = 1
_ADDRESS = "192.168.4.1"


class AccessPoint(ABC):
    """Lives in the event loop. `write_flash` is called where the driver does that."""

    MOST = 4  # stations at once, of both drivers where nothing else is said

    def __init__(self, mac: bytes, write_flash: Callable[[], None]) -> None:
        self.settings: dict[str, Any] = {}
        self.listens: dict[tuple[str, int], Address] = {}
        """By "tcp" or "udp" and the port that the program has asked for, where that is on loopback."""
        self.phones: list[Phone] = []
        self._mac = mac
        self._write_flash = write_flash

    @property
    def name(self) -> bytes | None:
        """None while it is off."""
        return bytes.fromhex(self.settings["ssid"]) if self.settings["on"] else None

    def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        """WLAN(AP_IF).active(on), or config() with all of its settings at once; returns all there are. Names and keys
        are in hex. Raises Raised."""
        if "on" in changes:
            self._switch(changes["on"])
        elif changes:
            self._set(changes)
        return {**self.settings, "stations": [phone.mac.hex() for phone in self.phones]}

    def listen(self, kind: str, port: int) -> int:
        """A port of this machine for one of the board's."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as free:
            free.bind(("127.0.0.1", 0))
            at: int = free.getsockname()[1]
        self.listens[kind, port] = "127.0.0.1", at
        return at

    def power_off(self) -> None:
        """As after a reset of the chip."""
        self.listens.clear()
        self.empty()

    def empty(self) -> None:
        """Whoever has joined is out: the driver starts the access point anew, or the channel becomes another one."""
        for phone in list(self.phones):
            phone.leave()

    def let_in(self, phone: "Phone", name: bytes | None, key: str) -> None:
        """Raises BoardError, as a phone would say it."""
        if not self.settings["on"]:
            raise BoardError(_("the board's access point is off"))
        if name is not None and name != self.name:
            raise BoardError(_("there is no network {name!r}, but {other!r}").format(name=name, other=self.name))
        secured = self.settings["security"] != _OPEN
        if key.encode() != (bytes.fromhex(self.settings.get("key", "")) if secured else b""):
            raise BoardError(_("the board's access point has another password"))
        if len(self.phones) >= self.settings.get("max_clients", self.MOST):
            raise BoardError(_("the board's access point lets nobody else in"))
        self.phones.append(phone)

    def _switch(self, on: bool) -> None:
        if not on:
            self.empty()
        self.settings["on"] = on

    @abstractmethod
    def _set(self, changes: dict[str, Any]) -> None: ...

    def _is_refused(self, changes: dict[str, Any]) -> bool:
        """WPA and WPA2 take 8 to 63 characters; both ports cut a longer key off (network_wlan.c, MP_QSTR_key)."""
        after = {**self.settings, **changes}
        return after["security"] != _OPEN and not 8 <= len(bytes.fromhex(after.get("key", ""))) <= 63


class Esp32AccessPoint(AccessPoint):
    """ports/esp32/network_wlan.c: network_wlan_config(), network_wlan_active(). Nothing is kept: esp_initialise_wifi()
    wants WIFI_STORAGE_RAM, so it is open, and called ESP_ and the end of its MAC, each time it goes on anew."""

    def __init__(self, mac: bytes, write_flash: Callable[[], None]) -> None:
        super().__init__(mac, write_flash)
        self.power_off()

    def power_off(self) -> None:
        super().power_off()
        name = b"ESP_" + self._mac[3:].hex().upper().encode()
        self.settings = {"on": False, "ssid": name.hex(), "security": _OPEN, "channel": 1, "hidden": False}
        self.settings["max_clients"] = self.MOST

    def _set(self, changes: dict[str, Any]) -> None:
        # esp_wifi_set_config(): "can be called only when specified interface is enabled, otherwise, API fail"; a key
        # that is too short is ESP_ERR_WIFI_PASSWORD (esp_wifi.h of ESP-IDF)
        if not self.settings["on"]:
            raise Raised("OSError", "Wifi Invalid Mode")
        _cut(changes)
        if self._is_refused(changes):
            raise Raised("OSError", "Wifi Invalid Password")
        if changes.get("security") == _WEP:  # "does not support WEP" as an access point
            raise Raised("RuntimeError", "Wifi Unknown Error 0x0102")
        if changes.get("ssid") == "":
            raise Raised("OSError", "Wifi SSID Invalid")
        self.settings.update(changes)
        self.empty()


class Esp8266AccessPoint(AccessPoint):
    """ports/esp8266/network_wlan.c: esp_config(), esp_active(), on Espressif's SDK, which keeps all of it in flash and
    has it again at the next start."""

    def __init__(self, mac: bytes, write_flash: Callable[[], None]) -> None:
        super().__init__(mac, write_flash)
        # modules/inisetup.py: wifi(); the MAC of the access point has the bit for "given locally"
        name = b"MicroPython-" + self._mac[3:].hex().encode()
        self.settings = {"on": True, "ssid": name.hex(), "security": 4, "channel": 6, "hidden": False}
        self.settings["key"] = b"micropythoN".hex()

    def _switch(self, on: bool) -> None:
        if on != self.settings["on"]:
            self._write_flash()
        super()._switch(on)

    def _set(self, changes: dict[str, Any]) -> None:
        # wifi_softap_set_config() "can be called only when the soft-AP is enabled", and takes what it likes or nothing:
        # error_check() has one text for all of it
        _cut(changes)
        if not self.settings["on"] or self._is_refused(changes) or changes.get("ssid") == "":
            raise Raised("OSError", "can't set AP config")
        if any(self.settings.get(name) != value for name, value in changes.items()):
            self._write_flash()
            self.settings.update(changes)
            self.empty()


def _cut(changes: dict[str, Any]) -> None:
    """Both ports take as much of a text as there is room for."""
    if "ssid" in changes:
        changes["ssid"] = changes["ssid"][: 32 * 2]
    if "key" in changes:
        changes["key"] = changes["key"][: 63 * 2]


ACCESS_POINTS: dict[str, type[AccessPoint]] = {
    "esp32": Esp32AccessPoint,
    "esp32c3": Esp32AccessPoint,
    "esp8266": Esp8266AccessPoint,
}


class Phone:
    """What has joined a board's access point: VirtualBoard.phone() makes one. `address` is the board's there.

    Real clients reach what listens on the board at tcp(80) or udp(53), addresses of this machine. When the access point
    goes, or the board, connections are reset, and stay refused: as a phone's own system does when its Wi-Fi is lost.
    """

    address = _ADDRESS
    joined = True

    def __init__(self, point: AccessPoint, number: int, from_outside: Callable[[Any], Any], await_: Any) -> None:
        self.mac = bytes((0x02, 0, 0, 0, 1, number))
        self._point = point
        self._from_outside = from_outside
        self._await = await_
        self._servers: dict[int, asyncio.Server] = {}
        self._relays: dict[int, tuple[asyncio.DatagramTransport, Address]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def __enter__(self) -> "Phone":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the Wi-Fi. May be called twice."""
        self._from_outside(self.leave)

    def tcp(self, port: int) -> Address:
        """Where on this machine the board's port is."""
        address: Address = self._await(self._tcp(port))
        return address

    def udp(self, port: int) -> Address:
        """The same for datagrams."""
        address: Address = self._await(self._udp(port))
        return address

    # From here on everything runs in the event loop.

    def leave(self) -> None:
        if not self.joined:
            return
        self.joined = False
        self._point.phones.remove(self)
        for task in self._tasks:
            task.cancel()
        for server in self._servers.values():
            server.close()
        for transport, _line in self._relays.values():
            transport.close()

    async def _tcp(self, port: int) -> Address:
        if port not in self._servers:
            self._servers[port] = await asyncio.start_server(
                lambda *streams: self._carry(port, *streams), "127.0.0.1", 0
            )
        host, at = self._servers[port].sockets[0].getsockname()[:2]
        return host, at

    async def _carry(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        others: list[asyncio.StreamWriter] = [writer]
        try:
            address = self._point.listens.get(("tcp", port))
            if address is None or not self.joined:
                raise ConnectionRefusedError
            board_reader, board_writer = await asyncio.open_connection(*address)
            others.append(board_writer)
            await asyncio.gather(_pump(reader, board_writer), _pump(board_reader, writer))
        except (OSError, asyncio.CancelledError):
            for one in others:
                with contextlib.suppress(OSError):
                    sock = one.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # RST
                one.transport.abort()
        finally:
            self._tasks.discard(task)
            for one in others:
                one.close()

    async def _udp(self, port: int) -> Address:
        if port not in self._relays:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(lambda: _Relay(self, port), local_addr=("127.0.0.1", 0))
            self._relays[port] = transport, transport.get_extra_info("sockname")[:2]
        return self._relays[port][1]

    def board_at(self, port: int) -> Address | None:
        """Where the board takes datagrams for this port."""
        return self._point.listens.get(("udp", port)) if self.joined else None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


class _Relay(asyncio.DatagramProtocol):
    """Datagrams of a phone's programs to the board and back; each program has a socket of its own to the board."""

    def __init__(self, phone: Phone, port: int) -> None:
        self._phone, self._port = phone, port
        self._ways: dict[Any, asyncio.Future[asyncio.DatagramTransport]] = {}

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        for way in self._ways.values():
            if way.done() and not way.cancelled() and not way.exception():
                way.result().close()

    def datagram_received(self, data: bytes, peer: Any) -> None:
        asyncio.get_running_loop().create_task(self._send(data, peer))

    async def _send(self, data: bytes, peer: Any) -> None:
        address = self._phone.board_at(self._port)
        if address is None:
            return
        if peer not in self._ways:
            loop = asyncio.get_running_loop()
            way: asyncio.Future[asyncio.DatagramTransport] = loop.create_future()
            self._ways[peer] = way
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Back(self._transport, peer), remote_addr=address
            )
            way.set_result(transport)
        (await self._ways[peer]).sendto(data)


class _Back(asyncio.DatagramProtocol):
    def __init__(self, to: asyncio.DatagramTransport, peer: Any) -> None:
        self._to, self._peer = to, peer

    def datagram_received(self, data: bytes, peer: Any) -> None:
        self._to.sendto(data, self._peer)

    def error_received(self, error: Exception) -> None:
        """Nobody listens at the board any more: nobody is told, as in the air."""
