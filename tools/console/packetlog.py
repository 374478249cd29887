"""The last packets of all connections, bounded in number and in bytes."""

from collections import deque
from datetime import datetime, timezone

from .model import LoggedPacket

KEPT = 500
"""Packets of all connections together, and of each device."""

_MOST_BYTES, _MOST_BYTES_OF_DEVICE = 1 << 20, 1 << 18
_OVERHEAD = 200  # bytes one takes besides


class _Bounded:
    """The latest packets, up to so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.packets: deque[LoggedPacket] = deque()
        self._bytes = 0

    def append(self, packet: LoggedPacket) -> None:
        self.packets.append(packet)
        self._bytes += len(packet.data) + _OVERHEAD
        while len(self.packets) > KEPT or (self._bytes > self._most_bytes and len(self.packets) > 1):
            self._bytes -= len(self.packets.popleft().data) + _OVERHEAD


class PacketLog:
    """What was said on all connections lately."""

    def __init__(self) -> None:
        self._all = _Bounded(_MOST_BYTES)
        self._of_device: dict[str, _Bounded] = {}
        self._number = 0

    def add(self, device_id: str, from_device: bool, data: bytes, error: str = "", note: str = "") -> LoggedPacket:
        """Keeps a packet, or without data a note."""
        self._number += 1
        packet = LoggedPacket(self._number, datetime.now(timezone.utc), device_id, from_device, data, error, note)
        self._all.append(packet)
        if device_id:
            self._of_device.setdefault(device_id, _Bounded(_MOST_BYTES_OF_DEVICE)).append(packet)
        return packet

    def forget(self, device_id: str) -> None:
        """Drops the list of a device that is not there any more."""
        self._of_device.pop(device_id, None)

    def packets(self, device_id: str = "") -> list[LoggedPacket]:
        """Those of a device, or of all connections; oldest first."""
        if not device_id:
            return list(self._all.packets)
        kept = self._of_device.get(device_id)
        return list(kept.packets) if kept else []
