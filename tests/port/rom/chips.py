"""What a chip's registers say of it: its magic number or chip number, its MAC address, where its SPI controller is."""

from dataclasses import dataclass

MAC = bytes.fromhex("24 0a c4 12 34 56")


@dataclass(frozen=True)
class ChipModel:
    """A kind of chip, as far as its loader shows it."""

    name: str
    registers: dict[int, int]
    """Those that do not change; all others read as last written, or 0."""
    spi_base: int
    spi_usr2: int
    spi_w0: int
    chip_id: int | None = None
    """The number GET_SECURITY_INFO answers with; None where the loader has no such command."""
    status_size: int = 4
    """Bytes of status in the ROM's answers."""
    has_deflate: bool = True
    """Whether the ROM's own loader takes compressed data and computes MD5."""


def _word(data: bytes) -> int:
    return int.from_bytes(data, "big")


CHIPS = {
    chip.name: chip
    for chip in (
        ChipModel(
            "ESP8266",
            {
                0x40001000: 0xFFF0C101,
                0x3FF00050: MAC[5] << 24,
                0x3FF00054: _word(MAC[3:5]),
                0x3FF0005C: _word(MAC[:3]),
            },
            spi_base=0x60000200,
            spi_usr2=0x24,
            spi_w0=0x40,
            status_size=2,
            has_deflate=False,
        ),
        ChipModel(
            "ESP32",
            # Revision v1.0, of which most boards are
            {0x3FF5A00C: 1 << 15, 0x40001000: 0x00F01D83, 0x3FF5A004: _word(MAC[2:]), 0x3FF5A008: _word(MAC[:2])},
            spi_base=0x3FF42000,
            spi_usr2=0x24,
            spi_w0=0x80,
        ),
        ChipModel(
            "ESP32-C3",
            # Revision v0.3, the first that was sold
            {0x60008850: 3 << 18, 0x60008844: _word(MAC[2:]), 0x60008848: _word(MAC[:2])},
            spi_base=0x60002000,
            spi_usr2=0x20,
            spi_w0=0x58,
            chip_id=5,
        ),
    )
}
