"""The air around the board: which networks there are, which password is right, whether they can be heard, how long
joining one takes, and what is wrong with them. The driver that joins them is in station.py."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .station import Station

Seconds = float | tuple[float, float]
"""A time, or the least and the most of it; math.inf is never."""
Names = bool | Collection[str | bytes]
"""Names of networks; True is all of them."""

LIVELY = {"association_time": (1.5, 5.0), "dhcp_time": (1.0, 4.0)}
"""What real boards need with real routers; DHCP may take 20 s (micropython issue 4720, and what people report)."""


class Wifi:
    """Networks, names to passwords ("" is an open one), and the faults a test can bring about.

    A name is up to 32 bytes and no text; str stands for its UTF-8. `networks` may be changed at any time and counts for
    the next attempt; use `up` and `drop()` to end a connection there is. An attempt takes `association_time`, until the
    network is joined or refuses or is not found, and then `dhcp_time` for an address. Both are short for tests;
    Wifi(…, **LIVELY) is like life.
    """

    association_time: Seconds
    dhcp_time: Seconds
    """math.inf where no DHCP server answers."""
    error: str | None
    """What every connect() of the driver raises: "WiFi Out of Memory" and other texts of esp_exceptions_helper() in
    ports/esp32/network_common.c as OSError, "Wifi Unknown Error 0x…" as RuntimeError."""
    subnet: str
    """The first three numbers of the addresses that DHCP gives. Nothing flows with a fixed address of another one."""
    others: list[tuple[bytes, int, int]]
    """What a scan hears besides `networks`: name, empty where it is hidden, signal strength, and kind of security as
    in AUTH_…. A name may come twice."""
    scan_time: Seconds
    """For which scan() blocks: some 2 s on real boards, in which an access point of the board's own is deaf."""
    joins: int
    """How often the board has got an address."""

    def __init__(
        self,
        networks: Mapping[str, str] | Mapping[bytes, str] | Mapping[str | bytes, str] | None = None,
        *,
        up: bool = True,
        rssi: int = -55,
        association_time: Seconds = 0.04,
        dhcp_time: Seconds = 0.01,
    ) -> None:
        self.networks: dict[str | bytes, str] = {"home": "password"}
        if networks is not None:
            self.networks = dict(networks.items())
        self.association_time = association_time
        self.dhcp_time = dhcp_time
        self.error = None
        self.subnet = "192.168.4"
        self.others = []
        self.scan_time = 0.02
        self.joins = 0
        self._up = up
        self._rssi = rssi
        self._mute: Names = False
        self._no_address: Names = False
        self._station: Station | None = None

    @property
    def up(self) -> bool:
        """Whether the access points can be heard. False drops the connection at once and lets none come about."""
        return self._up

    @up.setter
    def up(self, up: bool) -> None:
        self._up = up
        self._changed()

    @property
    def rssi(self) -> int:
        """Signal strength in dBm."""
        return self._rssi

    @rssi.setter
    def rssi(self, rssi: int) -> None:
        self._rssi = rssi
        self._changed()

    @property
    def mute(self) -> Names:
        """The networks on which everything seems well and nothing flows."""
        return self._mute

    @mute.setter
    def mute(self, names: Names) -> None:
        self._mute = names
        self._changed()

    @property
    def no_address(self) -> Names:
        """The networks on which the driver says it is connected while its address is 0.0.0.0, as after a lease that ran
        out: nobody listens to that event in ports/esp32/network_wlan.c. Nothing flows either."""
        return self._no_address

    @no_address.setter
    def no_address(self, names: Names) -> None:
        self._no_address = names
        self._changed()

    @property
    def connected(self) -> bool:
        """Whether the board has an address now."""
        return self._station is not None and self._station.has_address

    @property
    def flash_writes(self) -> int:
        """How often the driver has written the flash, which an ESP8266 does for each new network or mode."""
        return self._station.flash_writes if self._station else 0

    @property
    def access_point(self) -> bytes | None:
        """The name of the board's own access point, None while it is off."""
        return self._station.access_point.name if self._station else None

    def drop(self) -> None:
        """End the connection once, as an access point that restarts; the board's driver connects again by itself."""
        if self._station:
            self._station.from_outside(self._station.lose)

    def password(self, ssid: bytes) -> str | None:
        """None where there is no such network."""
        if not self._up:
            return None
        return next((key for name, key in self.networks.items() if as_bytes(name) == ssid), None)

    def affects(self, names: Names, ssid: bytes) -> bool:
        return names if isinstance(names, bool) else any(as_bytes(name) == ssid for name in names)

    def _changed(self) -> None:
        if self._station:
            self._station.from_outside(self._station.air_changed)


def as_bytes(name: str | bytes) -> bytes:
    return name.encode() if isinstance(name, str) else name


def draw(seconds: Seconds) -> float:
    return random.uniform(*seconds) if isinstance(seconds, tuple) else seconds
