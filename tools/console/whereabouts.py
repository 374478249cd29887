"""Where in the network a console is: `onenet config --local` calls out, and a console that lets the network in answers.

The question goes to UDP, to the number that the console's port for boards has, by broadcast in each network that this
computer is in. The answer tells what everybody there may know: ports, product id, the computer's name. No secret is in
it. Whoever answers may be anybody, so that who asks is told who it was.
"""

import asyncio
import contextlib
import ipaddress
import json
import socket
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass
from typing import Any, cast

import ifaddr

from ..datapoints import parse_json
from .registry import LONGEST_ID

_QUESTION = b"Is a OneNET console there? Then say where, in JSON, please. " + b"." * 68
"""As long as an answer may be, so that nobody is flooded with answers to what he has not asked."""
_SECONDS = 2.0  # for an answer
_AGAIN = 0.5  # seconds until it is asked again, for a broadcast may be lost
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Whereabouts:
    """What a console says of itself."""

    port: int
    """For boards."""
    product_id: str
    """Of the older platform."""
    name: str
    """Of its computer."""


class _Answering(asyncio.DatagramProtocol):
    def __init__(self, said: Whereabouts) -> None:
        self._answer = json.dumps(asdict(said)).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: Any) -> None:
        if data == _QUESTION:
            self._transport.sendto(self._answer, address)


@contextlib.asynccontextmanager
async def answering(port: int, product_id: str) -> AsyncIterator[None]:
    """Answers who asks, while it lasts; not if another program has the port."""
    said = Whereabouts(port, product_id, _shown(socket.gethostname()))
    try:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Answering(said), ("0.0.0.0", port))
    except OSError:
        yield
        return
    try:
        yield
    finally:
        transport.close()


def consoles(port: int, targets: Iterable[str] = (), seconds: float = _SECONDS) -> dict[str, Whereabouts]:
    """By their address, those that answer within so many seconds; of one that has several addresses, the first to
    answer counts. targets: whom to ask, by default all networks. No network is as good as no console."""
    found: dict[str, Whereabouts] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        start = time.monotonic()
        asked = 0
        while (passed := time.monotonic() - start) < seconds:
            if passed >= asked * _AGAIN:
                asked += 1
                for target in targets or _broadcast_addresses():
                    with contextlib.suppress(OSError):  # a network that is down
                        sock.sendto(_QUESTION, (target, port))
            sock.settimeout(max(0.01, min(seconds, asked * _AGAIN) - passed))
            try:
                answer, (address, _) = sock.recvfrom(2048)
            except OSError:
                continue
            said = _whereabouts(answer)
            if said and said not in found.values():
                found[address] = said
    return found


def _broadcast_addresses() -> list[str]:
    networks = (
        ipaddress.IPv4Interface((ip.ip, ip.network_prefix)).network
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if isinstance(ip.ip, str)  # an IPv6 address is a tuple
    )
    return [str(network.broadcast_address) for network in networks]


def _whereabouts(answer: bytes) -> Whereabouts | None:
    """None if it is no answer of a console."""
    try:
        match parse_json(answer):
            case {"port": int(port), "product_id": str(product_id), "name": str(name)}:
                if 0 < port < 65536 and product_id.isascii() and product_id.isdigit() and len(product_id) <= LONGEST_ID:
                    return Whereabouts(port, product_id, _shown(name))
    except ValueError:
        pass
    return None


def _shown(name: str) -> str:
    """Without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:_LONGEST_NAME]
