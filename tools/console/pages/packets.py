"""The packet log in the browser."""

from collections.abc import Iterable
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from ...language import _
from ...packets.fields import Explained, Field
from ..model import LoggedPacket
from .text import shown, shown_time
from .words import Words

_KEPT = 300  # packets
_FIELDS = 100  # of one packet, likewise bits of a field
_FIELD_BYTES = 48
_DUMP_BYTES = 1024
_ROW = 16  # bytes in a line of the dump


class PacketLog(Element, component="packet_log.js"):
    """The last packets, newest first. What is in one goes to the browser when it is opened."""

    def __init__(self, words: Words, packets: Iterable[LoggedPacket]) -> None:
        super().__init__()
        self._language = words
        self._packets: dict[int, LoggedPacket] = {}
        self._props["initial"] = self._keep(packets)
        self._props["kept"] = _KEPT
        self._props["words"] = {
            **words.some("no_packets", "pause", "resume", "from_device", "to_device"),
            **words.some("offset", "hex", "field", "value", "meaning", "clause"),
            "packets_hint": words.packets_hint.format(count=_KEPT),
        }
        self.on("details", self._show)

    def append(self, packets: Iterable[LoggedPacket]) -> None:
        self.run_method("append", self._keep(packets))

    def _keep(self, packets: Iterable[LoggedPacket]) -> list[dict[str, Any]]:
        newest = list(packets)[-_KEPT:]
        self._packets.update((packet.number, packet) for packet in newest)
        for number in list(self._packets)[:-_KEPT]:
            del self._packets[number]
        return [self._row(packet) for packet in reversed(newest)]

    def _row(self, packet: LoggedPacket) -> dict[str, Any]:
        with self._language.spoken():
            explained = packet.told()
        return {
            "number": packet.number,
            "time": shown_time(packet.at),
            "up": packet.from_device,
            "type": explained.type or (self._language.unknown_type if explained.data else ""),
            "summary": shown(explained.summary),
            "error": shown(explained.error),
            "warning": shown(explained.warning),
            "badge": self._badge(explained),
            "size": self._language.bytes.format(count=explained.size) if explained.data else "",
        }

    def _badge(self, explained: Explained) -> str:
        if not explained.error:
            return self._language.warned if explained.warning else ""
        refused = explained.type == "CONNECT" and not explained.broken
        return self._language.refused if refused else self._language.illegal

    def _show(self, event: GenericEventArguments) -> None:
        packet = self._packets.get(event.args)
        if packet:
            self.run_method("show", packet.number, _details(packet, self._language))


def _details(packet: LoggedPacket, words: Words) -> dict[str, Any]:
    with words.spoken():
        return _told(packet.told(), words)


def _told(explained: Explained, words: Words) -> dict[str, Any]:
    secret = {at for field in explained.fields if field.secret for at in _places(field)}
    fields = len(explained.fields) - _FIELDS
    more = explained.size - _DUMP_BYTES
    return {
        "trouble": [shown(words, 1000) for words in (explained.error, explained.warning) if words],
        "fields": [_field(field) for field in explained.fields[:_FIELDS]],
        "more_fields": words.more_fields.format(count=fields) if fields > 0 else "",
        "dump": _dump(explained.data[:_DUMP_BYTES], secret),
        "more_bytes": words.more_bytes.format(count=more) if more > 0 else "",
    }


def _field(field: Field) -> dict[str, Any]:
    data = field.data[:_FIELD_BYTES]
    spelled = " ".join(["**"] * len(data)) if field.secret else data.hex(" ").upper()
    return {
        "offset": field.offset,
        "hex": spelled + (" …" if len(field.data) > _FIELD_BYTES else ""),
        "name": shown(_(field.name)),
        "value": shown(field.value, 500),
        "meaning": shown(field.meaning, 500),
        "clause": shown(field.clause),
        "bits": [[shown(text) for text in bit] for bit in field.bits[:_FIELDS]],
    }


def _places(field: Field) -> range:
    return range(field.offset, field.offset + len(field.data))


def _dump(data: bytes, secret: set[int]) -> str:
    """In hex and in ASCII, sixteen bytes a line."""
    lines = []
    for start in range(0, len(data), _ROW):
        places = range(start, min(start + _ROW, len(data)))
        spelled = " ".join("**" if at in secret else f"{data[at]:02X}" for at in places)
        text = "".join("*" if at in secret else chr(data[at]) if 32 <= data[at] < 127 else "." for at in places)
        lines.append(f"{start:04X}  {spelled:<{_ROW * 3}} {text}")
    return "\n".join(lines)
