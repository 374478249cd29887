"""What is around the board's chip: air, network, names, time servers, and what is at its pins. Answers the shims."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from .access_point import ACCESS_POINTS, AccessPoint
from .chips import Chip
from .dns import Dns
from .errors import Raised
from .link import Address, Link
from .peripherals import Peripherals
from .sntp import TimeServer
from .state import Analog, Pins, State
from .station import STATIONS, Outlook
from .wifi import Wifi, draw


class Surroundings:
    """Lives in the event loop; `call` runs a function there for another thread."""

    def __init__(
        self,
        chip: Chip,
        state: State,
        wifi: Wifi,
        pins: Pins,
        adc: Analog,
        routes: Mapping[Address, Address],
        internet: bool,
        call: Callable[[Callable[[], Any]], Any],
    ) -> None:
        self._chip = chip
        self._state = state
        self._call = call
        self.wifi = wifi
        self.link = Link(routes, internet, call, chip.unreachable, state.trouble_writes)
        self.peripherals = Peripherals(chip, pins, adc)
        pins.on_change = self._pin_changed
        self._flows = False
        self.dns = Dns(chip.name, self._name_leads_somewhere)
        loop, point = asyncio.get_running_loop(), ACCESS_POINTS[chip.name]
        self._station = STATIONS[chip.name](wifi, state.unique_id, loop, call, self._changed, point)
        self.ntp = TimeServer(lambda: self._flows)

    async def open(self) -> None:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self.ntp, local_addr=("127.0.0.1", 0))

    @property
    def access_point(self) -> AccessPoint:
        """The board's own."""
        return self._station.access_point

    def close(self) -> None:
        self.access_point.power_off()
        self._station.leave()
        self.link.close()
        self.ntp.close()
        self.peripherals.interrupts.close()

    def power_off(self) -> None:
        """What every reset but a soft one does."""
        self._station.power_off()
        self.dns.forget()

    def start(self) -> None:
        """The chip starts after that."""
        self._station.start()

    async def answer(self, request: dict[str, Any]) -> Any:
        """Answer a question of the shims. Raises Raised, OSError."""
        station = self._station
        match request["ask"]:
            case "wifi_active":
                station.activate(request["on"])
            case "wifi_connect":
                station.connect(_bytes(request["ssid"]), _bytes(request["key"]))
            case "wifi_static":
                station.fix_address(request["address"])
            case "wifi_subnet":
                return self.wifi.subnet
            case "wifi_access_point":
                return station.access_point.configure(request["settings"])
            case "listens":
                return station.access_point.listen(request["kind"], request["port"])
            case "wifi_disconnect":
                station.disconnect()
            case "wifi_reconnects":
                return station.reconnects(request.get("count"))
            case "wifi_scan":
                found = station.scan()
                await asyncio.sleep(draw(self.wifi.scan_time))
                return found
            case "wifi_ssid":
                return station.ssid.hex()
            case "lookup":
                return await self.dns.lookup(request["host"], request["port"])
            case "connect":
                return await self.link.connect(self.dns.name_of(request["host"]), request["port"])
            case "datagram":
                return self._datagrams_go_to(self.dns.name_of(request["host"]), request["port"])
            case _:
                return await self.peripherals.answer(request)
        return None

    def _datagrams_go_to(self, host: str, port: int) -> Address:
        if not self.wifi.connected:
            raise Raised("OSError", self._chip.unreachable)
        if (host, port) in self.link.routes:
            return self.link.routes[host, port]
        if port == 123:
            return self.ntp.address
        raise Raised("OSError", self._chip.unreachable)

    def _name_leads_somewhere(self, name: str, port: int) -> bool:
        return port == 123 or self.link.leads_somewhere(name)

    def _pin_changed(self, pin: int, level: int) -> None:
        self._call(lambda: self.peripherals.interrupts.pin_changed(pin, level))

    def _changed(self, seen: Outlook) -> None:
        self._state.set_wifi(seen.status, seen.active, seen.rssi, seen.connected, seen.has_address)
        self._flows = seen.flows
        self.link.network_changed(seen.has_address, seen.flows)
        self.dns.network_changed(seen.flows)


def _bytes(text: str | None) -> bytes | None:
    """What came over the control wire, which knows no bytes."""
    return None if text is None else bytes.fromhex(text)
