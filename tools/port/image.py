"""A file with MicroPython for a board: what is in it, and whether it is whole.

For the ESP32 and its kin that is the boot loader, the partition table and the program, at the offsets they have in
flash, less that of the boot loader; boot loader and program carry a SHA-256 each, the table an MD5. For the ESP8266 it
is what MicroPython's ports/esp8266/makeimg.py writes: the code that is loaded at start, at 0x8ffc the length of all,
then the code that runs from flash, and an MD5.
"""

import hashlib
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from .chips import CHIPS, Chip, chip_called
from .errors import PortError
from .esp import FatalError, LoadFirmwareImage

_MAGIC = 0xE9
_TABLE = 0x8000
_TABLE_SIZE = 0xC00
_ESP8266_LENGTH = 0x8FFC
_ESP8266_ROM = 0x9000
_BANNER = re.compile(rb"MicroPython (v[\w.+-]+) on \d{4}-\d\d-\d\d; ([^\0\r\n]{1,80}) with ESP")
_OTHERS = {
    b"\x7fELF": "an ELF file, as a compiler makes it",
    b"UF2\n": "a UF2 file, for boards with a boot loader of their own",
    b"PK\x03\x04": "a ZIP file",
    b"\x1f\x8b": "a gzip file",
    b"<": "a web page",
    b":": "an Intel HEX file",
}


@dataclass(frozen=True)
class Partition:
    """A row of the partition table; offset in flash and size in bytes."""

    name: str
    type: int
    subtype: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size


@dataclass(frozen=True)
class Image:
    """A firmware file that has passed all checks it brings along."""

    name: str
    data: bytes
    chip: Chip
    offset: int
    """Where in flash it goes."""
    partitions: tuple[Partition, ...]
    """None on an ESP8266."""
    checked: str
    """What the checks were, in words."""
    version: str
    """MicroPython's, as v1.29.0; empty for other firmware."""
    board: str
    """As MicroPython greets, "Generic ESP32 module"; empty for other firmware."""

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return f"MicroPython {self.version}" if self.version else f"{self.name} (not MicroPython)"

    @property
    def flash_needed(self) -> int:
        """Bytes that the flash must have at least."""
        ends = [partition.end for partition in self.partitions]
        return max([self.offset + len(self.data), *ends])


def read_image(path: Path) -> Image:
    """The image in this file. Raises PortError if there is none, or one that is damaged."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PortError(f"cannot read the image: {error.strerror}: {path}") from error
    return parse_image(path.name, data)


def parse_image(name: str, data: bytes) -> Image:
    """The image in these bytes. Raises PortError, which calls it `name`."""
    try:
        chip, offset = _chip_and_offset(data)
        partitions: tuple[Partition, ...] = ()
        if chip.name == "ESP8266":
            checked = _check_esp8266(data)
        else:
            partitions, checked = _check_esp32(chip, offset, data)
    except _Unfit as error:
        raise PortError(f"{name}: {error}") from None
    banner = _BANNER.search(data)
    version, board = (banner[1].decode(), banner[2].decode(errors="replace")) if banner else ("", "")
    return Image(name, data, chip, offset, partitions, checked, version, board)


class _Unfit(Exception):
    """What is wrong with the file, without its name."""


def _chip_and_offset(data: bytes) -> tuple[Chip, int]:
    if not data:
        raise _Unfit("is empty; download it again")
    esp32 = CHIPS[1].offset
    if data[0] == 0xFF and len(data) > esp32 and not data[:esp32].strip(b"\xff"):
        return _chip(data[esp32:]), 0  # merged with what lies before the boot loader, too
    chip = _chip(data)
    return chip, chip.offset


def _chip(data: bytes) -> Chip:
    if data[0] != _MAGIC:
        for start, what in _OTHERS.items():
            if data.lstrip().startswith(start):
                raise _Unfit(f"is no firmware but {what}; take the .bin file from micropython.org/download")
        raise _Unfit(f"is no firmware: it begins with 0x{data[0]:02X}, an ESP image with 0x{_MAGIC:02X}")
    if len(data) < 24:
        raise _Unfit(f"is cut off after {len(data)} bytes; download it again")
    first_address, chip_id = struct.unpack_from("<8xI H", data)
    if 0x40100000 <= first_address < 0x40108000 or 0x3FFE8000 <= first_address < 0x40000000:
        return CHIPS[0]  # where later chips say which they are, this one has an address in its RAM
    for chip in CHIPS:
        if chip_id == chip.loader.IMAGE_CHIP_ID:
            return chip
    known = ", ".join(chip.name for chip in CHIPS)
    raise _Unfit(f"is for a chip with number {chip_id}, which this project does not run on; it knows {known}")


def _check_segments(chip: Chip, data: bytes, what: str) -> int:
    """Checks a boot loader or program at the beginning of data; returns how many bytes it has."""
    try:
        image = LoadFirmwareImage(chip.key, data)
    except FatalError as error:
        raise _Unfit(f"{what} is cut off or damaged: {error}; download it again") from error
    except (struct.error, RuntimeError, TypeError) as error:  # so it meets a header that ends early, or nonsense
        raise _Unfit(f"{what} is cut off or damaged; download it again") from error
    if image.checksum != image.calculate_checksum():
        raise _Unfit(f"{what} is damaged: its check sum is wrong; download it again")
    if chip.name == "ESP8266":
        return 0
    if image.chip_id != chip.loader.IMAGE_CHIP_ID:
        raise _Unfit(f"{what} is for another chip than the boot loader")
    if not image.append_digest:
        return len(data)
    if image.stored_digest != image.calc_digest:
        raise _Unfit(f"{what} is cut off or damaged: its SHA-256 is wrong; download it again")
    return int(image.data_length) + 32


def _check_esp32(chip: Chip, offset: int, data: bytes) -> tuple[tuple[Partition, ...], str]:
    _check_segments(chip, data[chip.offset - offset :], "the boot loader")
    start = _TABLE - offset
    if len(data) < start + _TABLE_SIZE:
        raise _Unfit("has no partition table: it is cut off, or an update for a running board; take the .bin file")
    partitions = parse_partitions(data[start : start + _TABLE_SIZE])
    programs = [partition for partition in partitions if partition.type == 0]
    if not programs:
        raise _Unfit("has no program in its partition table")
    program = min(programs, key=lambda partition: partition.offset)
    if len(data) <= program.offset - offset:
        raise _Unfit("is cut off before its program; download it again")
    length = _check_segments(chip, data[program.offset - offset :], "the program")
    if length > program.size:
        raise _Unfit(f"the program has {length} bytes, its partition {program.size}")
    return partitions, "SHA-256 of boot loader and program, MD5 of the partition table"


def parse_partitions(table: bytes) -> tuple[Partition, ...]:
    """The partition table of an ESP32: rows of 32 bytes, then one with the MD5 of those before."""
    partitions = []
    for at in range(0, len(table), 32):
        row = table[at : at + 32]
        if row[:2] == b"\xaa\x50":
            kind, subtype, offset, size, name = struct.unpack_from("<2xBBII16s", row)
            partitions.append(Partition(name.rstrip(b"\0").decode(errors="replace"), kind, subtype, offset, size))
        elif row[:2] == b"\xeb\xeb":
            if row[16:] != hashlib.md5(table[:at]).digest():
                raise _Unfit("the partition table is damaged: its MD5 is wrong; download it again")
            break
        elif row.strip(b"\xff"):
            raise _Unfit("has no partition table where one must be: it is an update for a running board, or damaged")
        else:
            break
    if not partitions:
        raise _Unfit("has an empty partition table")
    return tuple(partitions)


def _check_esp8266(data: bytes) -> str:
    _check_segments(CHIPS[0], data, "the code that is loaded at start")
    if len(data) < _ESP8266_ROM:
        raise _Unfit(f"is cut off after {len(data)} bytes; download it again")
    (length,) = struct.unpack_from("<I", data, _ESP8266_LENGTH)
    if not _ESP8266_ROM < length < 16 * 1024 * 1024:
        raise _Unfit("is no MicroPython for the ESP8266: it has no length at 0x8FFC")
    if len(data) < length + 16:
        raise _Unfit(f"is cut off: {len(data)} bytes of {length + 16}; download it again")
    # The first four bytes hold the flash's size, which whoever writes them changes.
    if hashlib.md5(data[4:length]).digest() != data[length : length + 16]:
        raise _Unfit("is damaged: its MD5 is wrong; download it again")
    return "the image's own MD5"


def check_fits(image: Image, chip_name: str, flash_size: int | None) -> None:
    """Raises PortError if the image is not for this chip, or not for a flash of so many bytes (None: unknown)."""
    if image.chip.name != chip_name:
        chip = chip_called(chip_name)
        right = f"; right would be {chip.board}" if chip else ""
        raise PortError(f"{image.name} is for {image.chip.name}, the board has {chip_name}{right}")
    if flash_size is not None and image.flash_needed > flash_size:
        needed, there = image.flash_needed / 1024, flash_size / 1024
        raise PortError(f"{image.name} needs {needed:.0f} KB of flash, the board has {there:.0f} KB")
