"""MQTT packets as they go over the wire, cut out of a stream of bytes and shown to people."""

from collections.abc import Iterator
from dataclasses import dataclass

from .files import use_board_libraries

use_board_libraries()

from mqtt.errors import ProtocolError  # noqa: E402
from mqtt.server import NAMES, AnyParser  # noqa: E402

__all__ = ["Packet", "PacketReader", "ProtocolError", "explain_connect", "hexdump"]

_LONGEST = 65536  # bytes of a packet that is shown


@dataclass(frozen=True)
class Packet:
    """One packet, whole."""

    name: str
    data: bytes


class PacketReader:
    """Cuts one direction of a connection into packets, with the parser that runs on the board."""

    def __init__(self) -> None:
        self._parser = AnyParser(_LONGEST)
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """The packets that are complete now. Raises ProtocolError for what is none."""
        at = 0
        while at < len(data):
            end = self._parser.feed(data, at, len(data))
            self._data += data[at:end]
            at = end
            if self._parser.type:
                packet = Packet(NAMES[self._parser.type] or "", bytes(self._data))
                self._data.clear()
                yield packet


def hexdump(data: bytes) -> str:
    return data.hex(" ").upper()


def explain_connect(data: bytes, show_secrets: bool = False) -> list[tuple[str, str]]:
    """The parts of a CONNECT packet of OneNET: bytes in hex, and what they are. `data` is a whole, valid packet.

    The password's bytes are shown as ** unless show_secrets.
    """
    parser = AnyParser(len(data))
    parser.feed(data, 0, len(data))
    body = next(i for i in range(1, 5) if data[i] < 128) + 1  # after type and remaining length
    flags = data[body + 7]
    meanings = [
        words
        for bit, words in ((0x80, "user name"), (0x40, "password"), (0x04, "will"), (0x02, "clean session"))
        if flags & bit
    ]
    parts = [
        (hexdump(data[:body]), f"CONNECT, {len(data) - body} bytes follow"),
        (hexdump(data[body : body + 6]), "protocol name: MQTT"),
        (hexdump(data[body + 6 : body + 7]), f"protocol level {parser.protocol_level}: MQTT 3.1.1"),
        (hexdump(data[body + 7 : body + 8]), f"flags: {', '.join(meanings) or 'none'}"),
        (hexdump(data[body + 8 : body + 10]), f"keep alive: {parser.keepalive} s"),
    ]
    at = body + 10
    fields = (
        ("client id (device ID)", parser.client_id),
        ("will topic", parser.will_topic),
        ("will payload", parser.will_payload),
        ("user name (product ID)", parser.username),
        ("password (auth-info)", parser.password),
    )
    for name, value in fields:
        if value is None:
            continue
        end = at + 2 + len(value)
        if name.startswith("password") and not show_secrets:
            parts.append((" ".join([hexdump(data[at : at + 2]), *["**"] * len(value)]), f"{name}, not shown"))
        else:
            parts.append((hexdump(data[at:end]), f"{name}: {value.decode('utf-8', 'replace')}"))
        at = end
    return parts
