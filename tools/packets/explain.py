"""Packets of MQTT 3.1.1 in words: one at a time, or as they come out of a stream of bytes.

Nothing here raises, whatever the bytes are. What is legal is what the parser on the board takes.
"""

from collections.abc import Iterator

from ..files import use_board_libraries
from ..language import _

use_board_libraries()

from mqtt.errors import ProtocolError  # noqa: E402
from mqtt.server import AnyParser  # noqa: E402

from .body import walk_packet  # noqa: E402
from .cursor import Cursor, Fault, NotKept, count  # noqa: E402
from .fields import Explained, Field  # noqa: E402

__all__ = ["Explained", "Field", "PacketReader", "explain", "explain_all", "hexdump", "in_hex"]

_LIMIT = 65536
_HEAD = 1024  # bytes kept of a packet that is longer than the limit
_LONGEST_HEADER = 5  # bytes [2.2]
_WITHOUT_FLAGS = b"\x80\xa0"  # first bytes of SUBSCRIBE and UNSUBSCRIBE as OneNET's SDK sends them
_ANY_LENGTH = (1, 3, 8, 9, 10)  # types of packets whose remaining length is not fixed


def hexdump(data: bytes) -> str:
    return data.hex(" ").upper()


def in_hex(shown: Explained | Field) -> str:
    """Its bytes, those of secrets as **."""
    if isinstance(shown, Explained):
        return " ".join(in_hex(field) for field in shown.fields if field.data)
    return " ".join(["**"] * len(shown.data)) if shown.secret else hexdump(shown.data)


def explain(data: bytes, show_secrets: bool = False) -> Explained:
    """One packet, from client or server, byte by byte; its fields together are all of its bytes.

    Of a broken or partial one, the fields up to where it goes wrong, then `not read` for the rest, and `error`. The
    payload of a PUBLISH to OneNET's $dp is explained too; where it is bad, `error` says so and `broken` is False.
    SUBSCRIBE and UNSUBSCRIBE with flags 0000, which OneNET's own SDK sends, have a `warning`.
    Without show_secrets a password is asterisks, and so is what is left of a broken CONNECT that may hold one.
    """
    return _explain(data, show_secrets)


def explain_all(data: bytes, show_secrets: bool = False) -> Iterator[Explained]:
    """The packets that the bytes are, one after the other. Ends with the first that is broken."""
    at = 0
    while at < len(data):
        size = _packet_size(data[at : at + _LONGEST_HEADER]) or len(data)
        explained = explain(data[at : at + size], show_secrets)
        yield explained
        if explained.broken:
            return
        at += size


class PacketReader:
    """Cuts one direction of a connection into packets, with the parser that runs on the board.

    A packet of more than `limit` bytes is skipped; its first 1,024 are explained, which hold the header and mostly the
    topic. Memory is bounded by `limit`, whatever arrives. Where the stream is no MQTT, the last Explained is `broken`;
    then the reader is `broken` too and ignores what follows, for nobody can say where the next packet begins.
    """

    def __init__(self, show_secrets: bool = False, limit: int = _LIMIT) -> None:
        self.broken = False
        self._show_secrets = show_secrets
        self._limit = limit
        self._parser = AnyParser(limit)
        self._kept = bytearray()  # of the packet under way
        self._size = 0  # bytes of it that have come
        self._skip = 0  # bytes of it that have not, where the parser is not to see them

    def feed(self, data: bytes) -> Iterator[Explained]:
        """The packets that are complete now. Bytes are taken in as it is iterated over, not before."""
        at = 0
        while at < len(data) and not self.broken:
            if self._skip:
                end = min(at + self._skip, len(data))
                self._skip -= end - at
                self._keep(data[at:end], _HEAD)
                complete = not self._skip
            else:
                try:
                    if not self._size and data[at] in _WITHOUT_FLAGS:
                        self._parser.feed(bytes([data[at] | 0x02]), 0, 1)  # else it would end here
                        end = at + 1
                    else:
                        end = self._parser.feed(data, at, len(data))
                except ProtocolError as error:
                    if self._skips(data[at:], error):
                        continue
                    self._keep(data[at:], self._most)
                    yield self._take(str(error))
                    return
                self._keep(data[at:end], self._most)
                complete = self._parser.type != 0
            at = end
            if complete:
                yield self._take()

    def rest(self) -> Explained | None:
        """What there is of a packet that is not complete: for the end of the connection. None if there is nothing."""
        return self._take() if self._size else None

    def _skips(self, data: bytes, error: ProtocolError) -> bool:
        """True where nothing is wrong with a packet but that it is longer than the parser's buffer."""
        head = bytes(self._kept) + data[:_LONGEST_HEADER]
        size = _packet_size(head[:_LONGEST_HEADER])
        if not self._parser.oversize or error.where != 1 or head[0] >> 4 not in _ANY_LENGTH:
            return False
        self._parser.reset()
        self._skip = size - self._size
        return True

    @property
    def _most(self) -> int:
        """Bytes to keep of the packet that the parser is reading."""
        return _HEAD if self._parser.oversize else self._limit + _LONGEST_HEADER

    def _keep(self, data: bytes, most: int) -> None:
        self._size += len(data)
        self._kept += data[: max(0, most - len(self._kept))]

    def _take(self, error: str = "") -> Explained:
        kept = bytes(self._kept)
        left_out = self._size - len(kept)
        self._kept.clear()
        self._size = 0
        explained = _explain(kept, self._show_secrets, left_out, error)
        self.broken = explained.broken
        return explained


def _packet_size(head: bytes) -> int:
    """Bytes of the packet that begins so; 0 if that can't be told."""
    length = 0
    for i, byte in enumerate(head[1:5]):
        length |= (byte & 0x7F) << 7 * i
        if byte < 128:
            return 2 + i + length
    return 0


def _explain(data: bytes, show_secrets: bool, left_out: int = 0, error: str = "") -> Explained:
    """left_out: bytes of the packet that data has no more; error: what is wrong with it, if its fields don't tell."""
    cursor = Cursor(data, left_out, show_secrets)
    size = len(data) + left_out
    summary, fault = _("{size}, too long to keep").format(size=count(size, "byte")), None
    try:
        summary = walk_packet(cursor)
    except NotKept:
        pass
    except Fault as found:
        fault = found
    broken = fault is not None or bool(error)
    fault = fault or cursor.payload_fault
    cursor.note_rest(len(data))
    error = str(fault) if fault else error
    return Explained(
        type=cursor.type,
        data=b"".join(field.data for field in cursor.fields),
        summary=error if broken else summary,
        fields=tuple(cursor.fields),
        error=error,
        error_at=fault.at if fault else -1,
        broken=broken,
        size=size,
        warning=str(cursor.warning or ""),
    )
