"""A capture file of connections that were carried here, as TCP over IP, so that Wireshark opens it."""

import os
import random
import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from types import TracebackType

import dpkt  # type: ignore[import-untyped]

Address = tuple[str, int]
"""IP address and port."""

_LINKTYPE_RAW = 101  # an IPv4 or IPv6 packet and nothing around it
_SNAPLEN = 65535
_SEGMENT = 1440  # bytes of data in one TCP segment
_FIN, _SYN, _PSH, _ACK = dpkt.tcp.TH_FIN, dpkt.tcp.TH_SYN, dpkt.tcp.TH_PUSH, dpkt.tcp.TH_ACK


@dataclass
class _End:
    address: IPv4Address | IPv6Address
    port: int
    sequence: int
    """Number of the byte it sends next."""


class PcapWriter:
    """Writes a file of the kind pcap, each packet at once, so that it can be read while it grows.

    For any thread. A connection is whatever its user tells it by; what is told of one that is not open is left out. A
    disk that takes no more ends the recording and nothing else: see `error`. Passwords are in the file too, so nobody
    else may read it.
    """

    error: OSError | None = None
    """Why the recording ended before close()."""

    def __init__(self, path: Path) -> None:
        """What is there is overwritten. Raises OSError."""
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._lock = threading.Lock()
        self._connections: dict[Hashable, tuple[_End, _End]] = {}
        self._writer = dpkt.pcap.Writer(self._file, snaplen=_SNAPLEN, linktype=_LINKTYPE_RAW)
        self._file.flush()

    def opened(self, connection: Hashable, client: Address, server: Address) -> None:
        """A connection begins. Raises ValueError where an address is none."""
        ends = [_End(ip_address(host), port, random.getrandbits(32)) for host, port in (client, server)]
        if {end.address.version for end in ends} == {4, 6}:
            for end in ends:
                if end.address.version == 4:
                    end.address = ip_address(f"::ffff:{end.address}")
        with self._lock:
            self._connections[connection] = (ends[0], ends[1])
            self._write(ends[0], ends[1], _SYN)
            self._write(ends[1], ends[0], _SYN | _ACK)
            self._write(ends[0], ends[1], _ACK)

    def record(self, connection: Hashable, from_client: bool, data: bytes) -> None:
        """These bytes went from client to server, or the other way."""
        with self._lock:
            ends = self._connections.get(connection)
            if not ends:
                return
            sender, receiver = ends if from_client else ends[::-1]
            for at in range(0, len(data), _SEGMENT):
                self._write(sender, receiver, _PSH | _ACK, data[at : at + _SEGMENT])

    def closed(self, connection: Hashable) -> None:
        """A connection has ended, however it did."""
        with self._lock:
            ends = self._connections.pop(connection, None)
            if ends:
                client, server = ends
                self._write(client, server, _FIN | _ACK)
                self._write(server, client, _FIN | _ACK)
                self._write(client, server, _ACK)

    def close(self) -> None:
        """Ends the recording, whatever is still open. May be called twice."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> "PcapWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, sender: _End, receiver: _End, flags: int, data: bytes = b"") -> None:
        segment = dpkt.tcp.TCP(
            sport=sender.port,
            dport=receiver.port,
            seq=sender.sequence,
            ack=receiver.sequence if flags & _ACK else 0,
            flags=flags,
            data=data,
        )
        sender.sequence = (sender.sequence + len(data) + (1 if flags & (_SYN | _FIN) else 0)) & 0xFFFFFFFF
        source, target = sender.address.packed, receiver.address.packed
        if len(source) == 4:
            packet = dpkt.ip.IP(src=source, dst=target, p=dpkt.ip.IP_PROTO_TCP, df=1, data=segment)
        else:
            packet = dpkt.ip6.IP6(
                src=source, dst=target, nxt=dpkt.ip.IP_PROTO_TCP, hlim=64, plen=len(segment), data=segment
            )
        if self.error or self._file.closed:
            return
        try:
            self._writer.writepkt(packet, time.time())
            self._file.flush()
        except OSError as error:
            self.error = error
