"""The board's Wi-Fi driver, with the habits of its chip's."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .access_point import AccessPoint
from .errors import Raised
from .wifi import Wifi, draw


@dataclass(frozen=True)
class Outlook:
    """What the program can see of the driver."""

    status: int
    active: bool
    connected: bool
    has_address: bool
    rssi: int
    flows: bool


class Station(ABC):
    """A driver: joins networks in the background, in its own time, and tries again by itself.

    Lives in the event loop; `publish` is called whenever what the program can see has changed.
    """

    NO_NETWORK_RSSI = 0

    def __init__(
        self,
        air: Wifi,
        mac: bytes,
        loop: asyncio.AbstractEventLoop,
        from_outside: Callable[[Callable[[], Any]], Any],
        publish: Callable[[Outlook], None],
        access_point: type[AccessPoint],
    ) -> None:
        self.air = air
        self.access_point = access_point(mac, self.count_flash_write)
        self.mac = mac
        self.active = False
        self.ssid = b""
        self.flash_writes = 0
        self.from_outside = from_outside  # runs a function in the event loop and waits for it
        self._key = b""
        self._address: str | None = None  # a fixed one, None for DHCP's
        self._no_lease = False  # though connected
        self._associated = False
        self._connected = False  # in the eyes of the driver
        self._attempt: asyncio.TimerHandle | None = None
        self._loop = loop
        self._publish = publish
        self._seen: Outlook | None = None
        air._station = self

    def publish(self) -> None:
        outlook = Outlook(
            self.status,
            self.active,
            self._connected,
            self.has_address,
            self.air.rssi if self._associated else self.NO_NETWORK_RSSI,
            self.has_address and self._belongs() and not self.air.affects(self.air.mute, self.ssid),
        )
        if outlook != self._seen:
            self._seen = outlook
            self._publish(outlook)

    @property
    @abstractmethod
    def status(self) -> int:
        """What WLAN.status() says."""

    @property
    def has_address(self) -> bool:
        return self._connected and not self._no_lease and not self.air.affects(self.air.no_address, self.ssid)

    def _belongs(self) -> bool:
        """Whether a fixed address is one of the network's, so that it gets answers."""
        return self._address is None or self._address.startswith(self.air.subnet + ".")

    def count_flash_write(self) -> None:
        self.flash_writes += 1

    def leave(self) -> None:
        """The board is gone; the air stays, for another one perhaps."""
        self.air._station = None

    @abstractmethod
    def power_off(self) -> None:
        """As after a reset of the chip."""

    def start(self) -> None:  # noqa: B027, most do nothing
        """The chip starts after anything but a soft reset."""

    @abstractmethod
    def activate(self, on: bool) -> None:
        """WLAN(STA_IF).active(on)."""

    @abstractmethod
    def connect(self, ssid: bytes | None, key: bytes | None) -> None:
        """WLAN.connect(). Raises Raised."""

    @abstractmethod
    def disconnect(self) -> None:
        """WLAN.disconnect(). Raises Raised."""

    def fix_address(self, address: str | None) -> None:
        """Use this address, None for one that DHCP gives. Where there is a connection, that takes its time: the address
        is 0.0.0.0 until then (esp_netif_dhcpc_start() of ESP-IDF), and the driver says it is connected."""
        if address is None and self._address is not None and self._associated:
            self._no_lease = True
            self._attempt = self._loop.call_later(min(draw(self.air.dhcp_time), 1e8), self._got_lease)
        self._address = address
        self.publish()

    def _got_lease(self) -> None:
        self._attempt = None
        self._no_lease = False
        self.publish()

    def reconnects(self, count: int | None) -> int:
        """How often to try again by itself, -1 for ever."""
        raise Raised("ValueError", "unknown config param")

    def scan(self) -> list[tuple[str, int, int]]:
        """Names in hex, signal strengths and kinds of security, of each access point that is heard. Raises Raised."""
        if not self.active:
            raise Raised("OSError", "STA must be active")
        if not self.air.up:
            return []
        names = [name.encode() if isinstance(name, str) else name for name in self.air.networks]
        ours = [(name.hex(), self.air.rssi, 3 if self.air.password(name) else 0) for name in names]
        return ours + [(name.hex(), rssi, security) for name, rssi, security in self.air.others]

    def air_changed(self) -> None:
        if not self.air.up:
            self.lose()
        self.publish()

    def lose(self) -> None:
        if self._associated:
            self._cut_off()
            self._disconnected(200)

    def _begin_attempt(self) -> None:
        self._attempt = self._loop.call_later(draw(self.air.association_time), self._associate)
        self.publish()

    def _stop(self) -> None:
        """End the attempt, or the connection."""
        if self._attempt:
            self._attempt.cancel()
            self._attempt = None
        self._cut_off()

    def _cut_off(self) -> None:
        if self._attempt:  # for an address
            self._attempt.cancel()
            self._attempt = None
        self._associated = self._connected = self._no_lease = False

    def _associate(self) -> None:
        self._attempt = None
        password = self.air.password(self.ssid)
        if password is None:
            self._disconnected(201)
        elif password and password.encode() != self._key:
            self._disconnected(202)
        else:
            self._associated = True
            seconds = draw(self.air.dhcp_time) if self._address is None else 0
            self._attempt = self._loop.call_later(min(seconds, 1e8), self._got_address)
            self.publish()

    def _got_address(self) -> None:
        self._attempt = None
        self._connected = True
        self.air.joins += 1
        self.publish()

    @abstractmethod
    def _disconnected(self, reason: int) -> None:
        """An attempt has failed, or the network was lost, with a reason of the IEEE's or Espressif's."""


class Esp32Station(Station):
    """ports/esp32/network_wlan.c, its events in network_wlan_wifi_event_handler()."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._requested = False
        self._reason = 0
        self._tries = 0
        self._most_tries = 0  # 0 is without end
        self.power_off()

    def power_off(self) -> None:
        self._stop()
        self.active = self._requested = False
        self._address = None
        self.ssid = self._key = b""
        self._reason = self._tries = self._most_tries = 0
        self.access_point.power_off()
        self.publish()

    @property
    def status(self) -> int:
        """network_wlan_status(). The reason of the last failure stays until there is an address."""
        if self._connected:
            return 1010
        if self._reason in (201, 202):
            return self._reason
        if self._reason == 8:  # ASSOC_LEAVE, after disconnect()
            return 1000
        if self._requested and (self._most_tries == 0 or self._tries < self._most_tries):
            return 1001
        return self._reason or 1000

    def activate(self, on: bool) -> None:
        if on and not self.active:
            self._tries = 0
        if not on and self._associated:
            self._reason = 8
        if not on:
            self._stop()
        self.active = on
        self.publish()

    def connect(self, ssid: bytes | None, key: bytes | None) -> None:
        if self.air.error:
            raise Raised("RuntimeError" if self.air.error.startswith("Wifi Unknown") else "OSError", self.air.error)
        if ssid is not None:
            self.ssid, self._key = ssid[:32], (key or b"")[:64]
        self._tries = 0
        if not self.active:
            raise Raised("OSError", "Wifi Not Started")
        if self._attempt or self._associated:  # "sta is connecting, return error"; micropython issue 17661
            raise Raised("OSError", "Wifi Internal Error")
        self._requested = True
        self._begin_attempt()

    def disconnect(self) -> None:
        self._requested = False
        if not self.active:
            raise Raised("OSError", "Wifi Not Started")
        if self._associated:
            self._reason = 8
        self._stop()
        self.publish()

    def reconnects(self, count: int | None) -> int:
        if count is not None:
            self._most_tries = 0 if count == -1 else count + 1
        return self._most_tries - 1

    def scan(self) -> list[tuple[str, int, int]]:
        """esp_wifi_scan_start() is refused while it is connecting, and network_wlan_scan() says nothing of it."""
        found = super().scan()
        return [] if self._attempt and not self._associated else found

    def _got_address(self) -> None:
        self._reason = 0
        super()._got_address()

    def _disconnected(self, reason: int) -> None:
        self._reason = reason
        if self._requested:
            if self._most_tries:
                self._tries += 1
            if not self._most_tries or self._tries < self._most_tries:
                self._begin_attempt()
        self.publish()


class Esp8266Station(Station):
    """ports/esp8266/network_wlan.c on Espressif's SDK, which keeps mode and networks in flash and uses them at the next
    start without being asked."""

    NO_NETWORK_RSSI = 31

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._status = 0  # STATION_IDLE
        self.publish()

    @property
    def status(self) -> int:
        return 5 if self._connected else self._status

    def power_off(self) -> None:
        self._stop()
        self.access_point.power_off()
        self._status = 0
        self._address = None
        self.publish()

    def start(self) -> None:
        if self.active and self.ssid:
            self._status = 1
            self._begin_attempt()

    def activate(self, on: bool) -> None:
        if on != self.active:
            self.flash_writes += 1
        self.active = on
        if not on:
            self._stop()
            self._status = 0
        self.publish()

    def connect(self, ssid: bytes | None, key: bytes | None) -> None:
        if not self.active:
            raise Raised("OSError", "Cannot set STA config" if ssid is not None else "Cannot connect to AP")
        if ssid is not None:
            network = ssid[:32], (key or b"")[:64]
            if network != (self.ssid, self._key):
                self.flash_writes += 1
            self.ssid, self._key = network
        self._stop()
        self._status = 1  # STATION_CONNECTING
        self._begin_attempt()

    def disconnect(self) -> None:
        if not self.active:
            raise Raised("OSError", "Cannot disconnect from AP")
        self._stop()
        self._status = 0
        self.publish()

    def scan(self) -> list[tuple[str, int, int]]:
        """esp_scan() waits for a callback; what it says while the SDK is connecting nobody has written down, so it is
        taken to have failed."""
        found = super().scan()
        if self._attempt and not self._associated:
            raise Raised("OSError", "scan failed")
        return found

    def _associate(self) -> None:
        super()._associate()
        if self._associated:  # there is one radio: the access point follows to the network's channel
            self.access_point.empty()

    def _disconnected(self, reason: int) -> None:
        self._status = {201: 3, 202: 2}.get(reason, 1)  # STATION_NO_AP_FOUND, STATION_WRONG_PASSWORD, _CONNECTING
        self._begin_attempt()


STATIONS: dict[str, type[Station]] = {
    "esp32": Esp32Station,
    "esp32c3": Esp32Station,
    "esp8266": Esp8266Station,
}
