"""The air around the board, and the station that connects in it.

Everything that decides whether the board has a network is here: which networks there are, which password is right,
whether they can be heard, and the ESP32 driver's habits: it connects in its own time and tries again by itself.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

IDLE = 1000
CONNECTING = 1001
GOT_IP = 1010
BEACON_TIMEOUT = 200
NO_AP_FOUND = 201
WRONG_PASSWORD = 202


class Wifi:
    """Networks, names to passwords ("" is an open one), and the faults a test can bring about.

    `connect_time` is how long one attempt to connect takes, in seconds; a real board needs one to five. `networks` may
    be changed at any time and counts for the next attempt; use `up` and `drop()` to end a connection there is.
    """

    def __init__(
        self,
        networks: Mapping[str, str] | None = None,
        *,
        up: bool = True,
        rssi: int = -55,
        connect_time: float = 0.05,
    ) -> None:
        self.networks = dict(networks) if networks is not None else {"home": "password"}
        self.connect_time = connect_time
        self._up = up
        self._rssi = rssi
        self._station: Station | None = None

    @property
    def up(self) -> bool:
        """Whether the access points can be heard. False drops the connection at once and lets none come about."""
        return self._up

    @up.setter
    def up(self, up: bool) -> None:
        self._up = up
        if self._station:
            self._station.from_outside(self._station.air_changed)

    @property
    def rssi(self) -> int:
        """Signal strength in dBm."""
        return self._rssi

    @rssi.setter
    def rssi(self, rssi: int) -> None:
        self._rssi = rssi
        if self._station:
            self._station.from_outside(self._station.publish)

    @property
    def connected(self) -> bool:
        """Whether the board has an address now."""
        return self._station is not None and self._station.status == GOT_IP

    def drop(self) -> None:
        """End the connection once, as an access point that restarts; the board's driver connects again by itself."""
        if self._station:
            self._station.from_outside(self._station.lose)


class Station:
    """The board's Wi-Fi driver. Lives in the event loop; `publish` is called whenever its state has changed."""

    def __init__(
        self,
        air: Wifi,
        loop: asyncio.AbstractEventLoop,
        from_outside: Callable[[Callable[[], Any]], Any],
        publish: Callable[[int, bool, int], None],
    ) -> None:
        self.air = air
        self.status = IDLE
        self.active = False
        self.ssid = ""
        self.from_outside = from_outside  # runs a function in the event loop and waits for it
        self._key = ""
        self._requested = False
        self._failures = 0
        self._reconnects = -1  # how often the driver tries again; -1 is without end
        self._attempt: asyncio.TimerHandle | None = None
        self._loop = loop
        self._publish = publish
        air._station = self
        self.publish()

    def publish(self) -> None:
        self._publish(self.status, self.active, self.air.rssi)

    def leave(self) -> None:
        """The board is gone; the air stays, for another one perhaps."""
        self.air._station = None

    def power_off(self) -> None:
        """As after a reset of the chip: everything forgotten."""
        self.activate(False)
        self.ssid = self._key = ""
        self._reconnects = -1

    def activate(self, on: bool) -> None:
        self.active = on
        if not on:
            self._requested = False
            self._stop_attempt()
            self.status = IDLE
        self.publish()

    def connect(self, ssid: str | None, key: str | None) -> None:
        """Raises RuntimeError with the driver's words when it refuses."""
        if not self.active:
            raise RuntimeError("Wifi Not Started")
        if self._attempt:
            raise RuntimeError("Wifi Internal State Error")
        if ssid is not None:
            self.ssid, self._key = ssid, key or ""
        self._requested = True
        self._failures = 0
        self._begin_attempt(CONNECTING)

    def disconnect(self) -> None:
        self._requested = False
        self._stop_attempt()
        self.status = IDLE
        self.publish()

    def reconnects(self, count: int | None) -> int:
        if count is not None:
            self._reconnects = count
        return self._reconnects

    def scan(self) -> list[tuple[str, int, bool]]:
        if not self.active:
            raise RuntimeError("STA must be active")
        return [(name, self.air.rssi, bool(key)) for name, key in self.air.networks.items()] if self.air.up else []

    def air_changed(self) -> None:
        if not self.air.up:
            self.lose()

    def lose(self) -> None:
        if self.status == GOT_IP:
            self._failed(BEACON_TIMEOUT)

    def _begin_attempt(self, status: int) -> None:
        self.status = status
        self._attempt = self._loop.call_later(self.air.connect_time, self._end_attempt)
        self.publish()

    def _stop_attempt(self) -> None:
        if self._attempt:
            self._attempt.cancel()
            self._attempt = None

    def _end_attempt(self) -> None:
        self._attempt = None
        if not self.air.up or self.ssid not in self.air.networks:
            self._failed(NO_AP_FOUND)
        elif self.air.networks[self.ssid] not in ("", self._key):
            self._failed(WRONG_PASSWORD)
        else:
            self._failures = 0
            self.status = GOT_IP
            self.publish()

    def _failed(self, reason: int) -> None:
        self._failures += 1
        if self._reconnects >= 0 and self._failures > self._reconnects:
            self.status = reason
            self.publish()
        else:  # the port reports these two while it goes on trying, and everything else as connecting
            self._begin_attempt(reason if reason in (NO_AP_FOUND, WRONG_PASSWORD) else CONNECTING)
