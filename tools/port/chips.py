"""The chips this project runs on, and what differs between them."""

from dataclasses import dataclass

from ..language import _
from .esp import CHIP_DEFS, ESPLoader

MIB = 1024 * 1024
ESP8266_MOST = 4 * MIB
"""The ESP8266's ROM does not reach what lies behind."""


@dataclass(frozen=True)
class Chip:
    """One kind of chip."""

    name: str
    """As esptool and its maker spell it."""
    board: str
    """MicroPython's image for any board with this chip."""
    arch: str
    """mpy-cross's name for its processor."""
    least_flash: int = 4 * MIB
    """Bytes of flash that image needs."""

    @property
    def key(self) -> str:
        """esptool's name for it."""
        return self.name.lower().replace("-", "")

    @property
    def loader(self) -> type[ESPLoader]:
        """What esptool knows of it."""
        loader: type[ESPLoader] = CHIP_DEFS[self.key]
        return loader

    @property
    def offset(self) -> int:
        """Where in flash its images begin, in bytes."""
        return int(self.loader.BOOTLOADER_FLASH_OFFSET)


CHIPS = (
    # The heap of this one is too small for our modules: they run from a ROMFS.
    Chip("ESP8266", "ESP8266_GENERIC-FLASH_2M_ROMFS", "xtensa", 2 * MIB),
    Chip("ESP32", "ESP32_GENERIC", "xtensawin"),
    Chip("ESP32-S2", "ESP32_GENERIC_S2", "xtensawin"),
    Chip("ESP32-S3", "ESP32_GENERIC_S3", "xtensawin"),
    Chip("ESP32-C3", "ESP32_GENERIC_C3", "rv32imc"),
    Chip("ESP32-C6", "ESP32_GENERIC_C6", "rv32imc"),
)


def chip_called(name: str) -> Chip | None:
    """The chip of this name as esptool spells it; None for one this project does not run on."""
    return next((chip for chip in CHIPS if chip.name == name), None)


def megabytes(size: int) -> str:
    """Bytes of flash as people say it: 4 MB, 512 KB."""
    return _("{size} KB").format(size=size // 1024) if size < MIB else _("{size:g} MB").format(size=size / MIB)
