"""SLIP (RFC 1055): packets on a serial line."""

_END = b"\xc0"


def encode(packet: bytes) -> bytes:
    return _END + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + _END


class Decoder:
    """Takes bytes as they come and gives whole packets. What is outside of packets is noise and left out."""

    def __init__(self) -> None:
        self._rest = b""
        self._inside = False

    def feed(self, data: bytes) -> list[bytes]:
        packets = []
        *parts, self._rest = (self._rest + data).split(_END)
        for part in parts:
            if self._inside and part:
                packets.append(part.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb"))
                self._inside = False
            else:
                self._inside = True
        return packets
