"""The names on the board's network: who looks one up, how long that blocks, and what comes of it."""

import asyncio
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from itertools import count
from typing import Literal

from .errors import Raised

_MADE_UP = ip_network("198.18.0.0/15")  # for benchmarks, RFC 2544: nobody's
_POLL = 0.02  # seconds

Answer = Literal["ipv6", "empty", "unknown"]


class Dns:
    """The resolver of the board and what a test does to it. getaddrinfo() blocks the program meanwhile.

    A name that the board's routes lead somewhere, that is localhost, or that internet=True lets the host look up has an
    address; so has each name of a time server. Others are unknown at once.
    """

    up: bool
    """Whether a name server answers. If not, a lookup blocks for `delay` and fails, unless one does in between."""
    delay: float
    """Seconds of all the retries: ESP32 7.0 as measured on an official image, ESP8266 10 (lwIP: DNS_MAX_RETRIES)."""
    latency: float
    """Seconds a lookup takes that is answered."""
    answers: dict[str, Answer]
    """Names with special answers. "ipv6" has addresses of IPv6 only, which an ESP32 gives as None
    (esp_socket_getaddrinfo() in ports/esp32/modsocket.c) and an ESP8266 does not find; "empty" has none at all, and
    "unknown" does not exist."""
    queries: list[str]
    """The names asked for, oldest first; addresses are not."""

    def __init__(self, chip: str, finds: Callable[[str, int], bool]) -> None:
        self.up = True
        self.delay = 10.0 if chip == "esp8266" else 7.0
        self.latency = 0.0
        self.answers = {}
        self.queries = []
        self._failure = -2 if chip == "esp8266" else -202  # lwip_getaddrinfo_cb(); EAI_FAIL
        self._gives_none = chip != "esp8266"
        self._finds = finds
        self._names: dict[str, str] = {}  # made-up address to name
        self._numbers = count(1)
        self._flows = False
        self._configured = False  # whether DHCP has ever named a server

    def network_changed(self, flows: bool) -> None:
        self._flows = flows
        self._configured |= flows

    def forget(self) -> None:
        """The chip was reset."""
        self._configured = self._flows

    def name_of(self, address: str) -> str:
        """What was asked for when `address` was the answer."""
        return self._names.get(address, address)

    async def lookup(self, name: str, port: int) -> list[str | None]:
        """The addresses, or Raised or OSError with the port's negative number."""
        try:
            address = ip_address(name)
        except ValueError:
            pass
        else:
            if not isinstance(address, IPv6Address):
                return [name]
            if self._gives_none:
                return [None]
            raise Raised("OSError", self._failure)
        self.queries.append(name)
        if name == "localhost":
            return ["127.0.0.1"]
        await self._ask()
        answer = self.answers.get(name)
        if answer == "empty":
            return []
        if answer == "ipv6" and self._gives_none:
            return [None]
        if answer or not self._finds(name, port):
            raise Raised("OSError", self._failure)
        return [self._made_up(name)]

    async def _ask(self) -> None:
        if not self._configured:  # no name server to ask
            raise Raised("OSError", self._failure)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.delay
        while not (self.up and self._flows):
            if loop.time() >= deadline:
                raise Raised("OSError", self._failure)
            await asyncio.sleep(_POLL)
        await asyncio.sleep(self.latency)

    def _made_up(self, name: str) -> str:
        for address, known in self._names.items():
            if known == name:
                return address
        address = str(_MADE_UP[next(self._numbers)])
        self._names[address] = name
        return address
