"""SLIP (RFC 1055): packets on a serial line."""

END, ESC, ESC_END, ESC_ESC = 0xC0, 0xDB, 0xDC, 0xDD


def encode(packet: bytes) -> bytes:
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


class Decoder:
    """Takes bytes as they come and gives whole packets. What is outside of packets is noise and left out."""

    def __init__(self) -> None:
        self._packet: bytearray | None = None
        self._escaped = False

    def feed(self, data: bytes) -> list[bytes]:
        packets = []
        for byte in data:
            if byte == END:
                if self._packet:
                    packets.append(bytes(self._packet))
                    self._packet = None
                else:
                    self._packet = bytearray()
            elif self._packet is not None:
                if self._escaped:
                    self._packet.append({ESC_END: END, ESC_ESC: ESC}[byte])
                    self._escaped = False
                elif byte == ESC:
                    self._escaped = True
                else:
                    self._packet.append(byte)
        return packets
