"""The MQTT packets in a capture file: TCP put together again, both directions explained."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import dpkt  # type: ignore[import-untyped]

from ..language import _
from .cursor import count
from .explain import Explained, PacketReader

PORTS = (1883, 6002)
"""Of servers: MQTT's and OneNET's."""

_ETHERNET = 1
_BEFORE_IP = {0: 4, 108: 4, 113: 16, 276: 20, 12: 0, 14: 0, 101: 0, 228: 0, 229: 0}
# Bytes before an IP packet, by link type: BSD loopback twice, Linux cooked twice, and what has nothing but IP.
_MOST_WAITING = 4 * 1024 * 1024  # bytes that wait for some that are missing
_FIN, _SYN, _RST, _ACK = dpkt.tcp.TH_FIN, dpkt.tcp.TH_SYN, dpkt.tcp.TH_RST, dpkt.tcp.TH_ACK


class CaptureError(Exception):
    """The file is no capture that can be read; says why."""


@dataclass(frozen=True)
class Sniffed:
    """A packet of MQTT in a capture, or in place of one a remark on its connection."""

    time: float
    """Seconds since the capture's first frame."""
    connection: int
    """Counts from 1."""
    client: str
    server: str
    from_client: bool
    explained: Explained | None = None
    remark: str = ""


def sniff(path: Path, ports: tuple[int, ...] = PORTS, show_secrets: bool = False) -> Iterator[Sniffed]:
    """What a pcap or pcapng file has of connections to these ports of a server. Raises CaptureError, OSError."""
    connections: dict[tuple[bytes, int, bytes, int], _Connection] = {}
    number = 0
    time = 0.0
    for time, ip in _packets(path):
        tcp = ip.data
        to_server = tcp.dport in ports
        if not to_server and tcp.sport not in ports:
            continue
        source, target = (ip.src, tcp.sport), (ip.dst, tcp.dport)
        key = (*source, *target) if to_server else (*target, *source)
        connection = connections.get(key)
        if connection and to_server and tcp.flags & _SYN and connection.up.first != tcp.seq:
            yield from connection.end(time)
            connection = None
        if not connection:
            number += 1
            connection = connections[key] = _Connection(number, _name(*key[:2]), _name(*key[2:]), show_secrets)
        yield from connection.take(time, tcp, to_server)
    for connection in connections.values():
        yield from connection.end(time)


class _Direction:
    """One direction of a connection: segments in any order in, packets out."""

    def __init__(self, show_secrets: bool) -> None:
        self.first: int | None = None
        """Sequence number of its SYN."""
        self.packets = PacketReader(show_secrets)
        self.lost = False
        self._next: int | None = None  # sequence number of the byte that comes next
        self._end: int | None = None  # of its FIN
        self._waiting: dict[int, bytes] = {}  # segments that came too soon, by sequence number

    def synchronize(self, sequence: int) -> bool:
        """Takes a SYN. True if it is the first of it."""
        if self.first is not None:
            return False
        self.first = sequence
        self._next = (sequence + 1) & 0xFFFFFFFF
        return True

    def take(self, sequence: int, data: bytes) -> bytes:
        """Takes a segment; returns the bytes that are in order now and were not before."""
        if self._next is None:
            self._next = sequence  # the capture began in the middle of the connection
        if self.lost:
            return b""
        if len(data) > len(self._waiting.get(sequence, b"")):
            self._waiting[sequence] = data
        ready = bytearray()
        while (at := min(self._waiting, key=self._ahead, default=None)) is not None and self._ahead(at) <= 0:
            part = self._waiting.pop(at)[-self._ahead(at) :]
            ready += part
            self._next = (self._next + len(part)) & 0xFFFFFFFF
        self.lost = sum(map(len, self._waiting.values())) > _MOST_WAITING
        return bytes(ready)

    def finish(self, sequence: int) -> None:
        """Takes a FIN; it counts when all before it is there."""
        if self._end is None:
            self._end = sequence

    def finished(self) -> bool:
        """True once, when all is there up to the FIN."""
        if self._end is None or self._end != self._next:
            return False
        self._end = -1
        return True

    @property
    def missing(self) -> int:
        """Bytes that are not there though later ones are."""
        return min(map(self._ahead, self._waiting), default=0)

    def _ahead(self, sequence: int) -> int:
        """Bytes from what comes next to `sequence`; sequence numbers wrap around."""
        assert self._next is not None
        return (sequence - self._next + 0x80000000 & 0xFFFFFFFF) - 0x80000000


@dataclass
class _Connection:
    number: int
    client: str
    server: str
    show_secrets: bool
    up: _Direction = field(init=False)
    down: _Direction = field(init=False)

    def __post_init__(self) -> None:
        self.up = _Direction(self.show_secrets)
        self.down = _Direction(self.show_secrets)

    def take(self, time: float, tcp: Any, to_server: bool) -> Iterator[Sniffed]:
        """A TCP segment."""
        direction = self.up if to_server else self.down
        if tcp.flags & _SYN:
            if direction.synchronize(tcp.seq):
                yield self._remark(time, to_server, _("connects") if to_server else _("accepts"))
            return
        known = not direction.lost
        for explained in direction.packets.feed(direction.take(tcp.seq, tcp.data)):
            yield Sniffed(time, self.number, self.client, self.server, to_server, explained)
        if known and direction.lost:
            yield self._missing(time, to_server, direction)
        if tcp.flags & _FIN:
            direction.finish((tcp.seq + len(tcp.data)) & 0xFFFFFFFF)
        if direction.finished():
            yield from self._rest(time, to_server, direction)
            yield self._remark(time, to_server, _("closes"))
        if tcp.flags & _RST:
            yield self._remark(time, to_server, _("resets the connection"))

    def end(self, time: float) -> Iterator[Sniffed]:
        """What is left when no more comes."""
        for to_server, direction in ((True, self.up), (False, self.down)):
            yield from self._rest(time, to_server, direction)
            if direction.missing and not direction.lost:
                yield self._missing(time, to_server, direction)

    def _rest(self, time: float, to_server: bool, direction: _Direction) -> Iterator[Sniffed]:
        explained = direction.packets.rest()
        if explained:
            yield Sniffed(time, self.number, self.client, self.server, to_server, explained)

    def _missing(self, time: float, to_server: bool, direction: _Direction) -> Sniffed:
        missing = count(direction.missing, "byte")
        return self._remark(
            time, to_server, _("{missing} missing from the capture; what follows can't be read").format(missing=missing)
        )

    def _remark(self, time: float, from_client: bool, remark: str) -> Sniffed:
        return Sniffed(time, self.number, self.client, self.server, from_client, remark=remark)


def _packets(path: Path) -> Iterator[tuple[float, Any]]:
    """IP packets that hold TCP, with the time of each. Raises CaptureError, OSError."""
    with path.open("rb") as file:
        try:
            reader = dpkt.pcap.UniversalReader(file)
        except (dpkt.Error, ValueError, struct.error) as error:
            raise CaptureError(_("{path} is no capture file of the kind pcap or pcapng").format(path=path)) from error
        link = reader.datalink()
        if link != _ETHERNET and link not in _BEFORE_IP:
            raise CaptureError(
                _("{path} is of link type {link}; Ethernet, loopback, raw IP and Linux cooked can be read").format(
                    path=path, link=link
                )
            )
        start: float | None = None
        frames = iter(reader)
        while True:
            try:
                stamp, frame = next(frames)
            except StopIteration:
                return
            except (dpkt.Error, ValueError, struct.error) as error:
                raise CaptureError(
                    _("{path} is damaged after its first {tell:,} bytes: {error}").format(
                        path=path, tell=file.tell(), error=error
                    )
                ) from error
            time = float(stamp)
            start = time if start is None else start
            packet = _ip(link, frame)
            if packet is not None and isinstance(packet.data, dpkt.tcp.TCP):
                yield time - start, packet


def _ip(link: int, frame: bytes) -> Any:
    """The IP packet in a frame, None if there is none that can be read."""
    try:
        if link == _ETHERNET:
            found = dpkt.ethernet.Ethernet(frame).data
            while isinstance(found, dpkt.pppoe.PPPoE | dpkt.ppp.PPP):  # between a router and its provider
                found = found.data
            return found if isinstance(found, dpkt.ip.IP | dpkt.ip6.IP6) else None
        data = frame[_BEFORE_IP[link] :]
        version = data[0] >> 4 if data else 0
        return dpkt.ip.IP(data) if version == 4 else dpkt.ip6.IP6(data) if version == 6 else None
    except (dpkt.Error, struct.error, IndexError):
        return None


def _name(address: bytes, port: int) -> str:
    ip = ip_address(address)
    return f"[{ip}]:{port}" if ip.version == 6 else f"{ip}:{port}"
