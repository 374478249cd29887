"""Firmware files for the tests, made as the makers of official ones make them, but small."""

import hashlib
import random
import struct
from collections.abc import Sequence

from esptool.bin_image import (
    ELFSection,
    ESP32C3FirmwareImage,
    ESP32C6FirmwareImage,
    ESP32FirmwareImage,
    ESP32S3FirmwareImage,
    ESP8266ROMFirmwareImage,
)

VERSION = "v1.29.0"
DATE = "2026-10-09"
NVS = ("nvs", 1, 2, 0x9000, 0x6000)
PHY_INIT = ("phy_init", 1, 1, 0xF000, 0x1000)
FACTORY = ("factory", 0, 0, 0x10000, 0x1F0000)
VFS = ("vfs", 1, 0x81, 0x200000, 0x200000)
TABLE = (NVS, PHY_INIT, FACTORY)

_KINDS = {
    "ESP32": (ESP32FirmwareImage, 0x40080000, 0x3F400020, 0x400D0020),
    "ESP32-S3": (ESP32S3FirmwareImage, 0x40374000, 0x3C000020, 0x42010020),
    "ESP32-C3": (ESP32C3FirmwareImage, 0x40380000, 0x3C000020, 0x42010020),
    "ESP32-C6": (ESP32C6FirmwareImage, 0x40800000, 0x42000020, 0x42010020),
}


_SIZES = {2: 0x10, 4: 0x20, 8: 0x30, 16: 0x40}


def _code(size: int, seed: int) -> bytes:
    """Half of it as hard to compress as a program, half easier."""
    return random.Random(seed).randbytes(size // 2).ljust(size, b"\xdb")


def _segment(address: int, data: bytes) -> ELFSection:
    return ELFSection(b".text", address, data, 0)


def _strings(machine: str, build: str, version: str) -> bytes:
    """Those that the official images have, in their order and with what lies between: the ESP32's has the greeting in
    two strings, and its beginning once more behind Python's version."""
    name = f"MicroPython {version} on {DATE}"
    return (
        f"\0MPY version : {version} on {DATE}\r\nIDF version : v5.2.2\r\nMachine     : {machine}\r\n\r\n\0\0\0\0"
        f"{machine}\0{version[1:]}\0\0newlib\0\0MicroPython-{version[1:]}-xtensa-IDFv5.2.2-with-newlib4.3.0\0\0\0\0"
        f'raw REPL; CTRL-B to exit\r\n\0\0R\1\0\0{name}\0\0\0; {machine}\0\0\0Type "help()"\0'
        f"schedule queue full\0{build}\0\0\x003.4.0; {name}\0\0\0\0Welcome to MicroPython on the ESP32!\n\0"
    ).encode()


def _esp8266_strings(machine: str, build: str, version: str) -> tuple[bytes, bytes]:
    """The linker leaves out a string that is the end of another: the greeting's beginning is in Python's version only.
    The second part is far from the first."""
    first = f"\0esp8266\0{build}\x003.4.0; MicroPython {version} on {DATE}\0\0\0\0\4y(@"
    second = (
        f"\0GCC 4.8.5\0MicroPython-{version[1:]}-xtensa--with-\0\0raw REPL; CTRL-B to exit\r\n\0R\1\0; {machine}\0Type"
    )
    return first.encode(), second.encode()


def partition_table(partitions: Sequence[tuple[str, int, int, int, int]]) -> bytes:
    rows = b"".join(
        b"\xaa\x50" + struct.pack("<BBII16sI", kind, subtype, offset, size, name.encode(), 0)
        for name, kind, subtype, offset, size in partitions
    )
    return (rows + b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(rows).digest()).ljust(0xC00, b"\xff")


def esp32(
    chip: str = "ESP32",
    partitions: Sequence[tuple[str, int, int, int, int]] = TABLE,
    size: int = 60_000,
    version: str = VERSION,
    greeting: bytes = b"",
    flash_size: int = 4,
    revisions: tuple[int, int] | None = None,
) -> bytes:
    """As the ESP32 port's makeimg.py merges it: from the boot loader's offset on.

    flash_size: MB of flash in the boot loader's header.
    revisions: of the chip, in hundredths; by default those that official images want.
    """
    kind, iram, drom, irom = _KINDS[chip]
    offset = kind.ROM_LOADER.BOOTLOADER_FLASH_OFFSET

    def made(segments: list[ELFSection]) -> bytes:
        image = kind()
        image.chip_id = kind.ROM_LOADER.IMAGE_CHIP_ID
        image.flash_mode, image.flash_size_freq, image.entrypoint = 2, _SIZES[flash_size], iram
        image.min_rev_full, image.max_rev_full = revisions or ((3, 199) if chip == "ESP32-C3" else (0, 399))
        image.segments = segments
        return image.save(None)

    loader = made([_segment(iram, _code(12_000, 1))])
    build = "ESP32_GENERIC" + chip.removeprefix("ESP32").replace("-", "_")
    text = greeting or _strings(f"Generic {chip} module with {chip.replace('-', '')}", build, version)
    text += bytes(-len(text) % 4)
    program = made(
        [
            _segment(drom, text + _code(1024, 2)),
            _segment(irom, _code(size, 3)),
            _segment(iram, _code(4096, 4)),
        ]
    )
    image = loader.ljust(0x8000 - offset, b"\xff") + partition_table(partitions)
    return image.ljust(0x10000 - offset, b"\xff") + program


def esp8266(size: int = 50_000, version: str = VERSION, romfs: bool = True) -> bytes:
    """As the ESP8266 port's makeimg.py puts it together. romfs: it has the function by that name."""
    image = ESP8266ROMFirmwareImage()
    image.flash_mode, image.flash_size_freq, image.entrypoint = 0, 0x40, 0x40100004
    image.segments = [_segment(0x40100000, _code(20_000, 1)), _segment(0x3FFE8000, _code(2000, 2))]
    loaded, _ = _saved(image)
    first, second = _esp8266_strings("ESP module with ESP8266", "ESP8266_GENERIC" + "-FLASH_2M_ROMFS" * romfs, version)
    rom = b"".join([_code(1000, 4), b"\0rom_ioctl\0" if romfs else b"", first, _code(size, 3), second])
    data = loaded.ljust(0x8FFC, b"\xff") + struct.pack("<I", 0x9000 + len(rom)) + rom
    return data + hashlib.md5(data[4:]).digest()


def _saved(image: ESP8266ROMFirmwareImage) -> tuple[bytes, bytes | None]:
    irom, loaded = image.save(None)
    return loaded, irom
