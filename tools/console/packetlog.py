"""The last packets of all connections, bounded in number and in bytes."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import cached_property

from ..packets.explain import Explained, explain
from .model import LoggedPacket

KEPT = 500
"""Packets of all connections together, and of each device."""

_MOST_BYTES = 1 << 20  # of the packets in one list
_OVERHEAD = 200  # bytes a record takes besides


@dataclass(frozen=True)
class _Record:
    """A packet as it was; put into words only when somebody looks, for that takes longer than all else."""

    number: int
    at: datetime
    device_id: str
    from_device: bool
    data: bytes
    error: str
    note: str

    @cached_property
    def packet(self) -> LoggedPacket:
        if self.data:
            explained = explain(self.data)
            if self.error:
                explained = replace(explained, error=self.error)
        else:
            explained = Explained("", b"", self.note, (), self.error)
        return LoggedPacket(self.number, self.at, self.device_id, self.from_device, explained)


class _Bounded:
    """The latest records."""

    def __init__(self) -> None:
        self._records: deque[_Record] = deque()
        self._bytes = 0

    def append(self, record: _Record) -> None:
        self._records.append(record)
        self._bytes += len(record.data) + _OVERHEAD
        while len(self._records) > KEPT or (self._bytes > _MOST_BYTES and len(self._records) > 1):
            self._bytes -= len(self._records.popleft().data) + _OVERHEAD

    def packets(self) -> list[LoggedPacket]:
        return [record.packet for record in self._records]


class PacketLog:
    """What was said on all connections lately."""

    def __init__(self) -> None:
        self._all = _Bounded()
        self._of_device: dict[str, _Bounded] = {}
        self._number = 0

    def add(
        self, device_id: str, from_device: bool, data: bytes, error: str = "", note: str = ""
    ) -> Callable[[], LoggedPacket]:
        """Keeps a packet, or without data a note of what happened in place of one. Returns what puts it into words.

        error: what is wrong with it, in place of what can be read off it.
        """
        self._number += 1
        record = _Record(self._number, datetime.now(timezone.utc), device_id, from_device, data, error, note)
        self._all.append(record)
        if device_id:
            self._of_device.setdefault(device_id, _Bounded()).append(record)
        return lambda: record.packet

    def forget(self, device_id: str) -> None:
        """Drops the list of a device that is not there any more."""
        self._of_device.pop(device_id, None)

    def packets(self, device_id: str = "") -> list[LoggedPacket]:
        """Those of a device, or of all connections; oldest first."""
        if not device_id:
            return self._all.packets()
        kept = self._of_device.get(device_id)
        return kept.packets() if kept else []
