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

from ..language import N_, _, named
from ..system_words import reason
from .chips import CHIPS, MIB, Chip, chip_called, megabytes
from .errors import PortError
from .esp import FatalError, LoadFirmwareImage, flash_size_bytes
from .versions import check_version

_MAGIC = 0xE9
_TABLE = 0x8000
_TABLE_SIZE = 0xC00
_ANY_REVISION = 0xFFFF
_ESP8266_LENGTH = 0x8FFC
_ESP8266_ROM = 0x9000
# The strings a MicroPython greets with; the linker puts them where it likes. See py/modsys.c and py/mpconfig.h.
_VERSION = re.compile(rb"MicroPython (?:\([^)\0]*\) )?(v\d[\w.+-]*) on (\d{4}-\d\d-\d\d)\0")
_MACHINE = re.compile(rb"\0; ([^\0\r\n]{1,80}) with ESP[\w-]+\0")
_BUILD = re.compile(rb"\0([A-Z]\w*(?:-[A-Z]\w*)?)\0{1,4}3\.4\.0; MicroPython ", re.ASCII)
_OTHERS = {
    b"\x7fELF": N_("an ELF file, as a compiler makes it"),
    b"UF2\n": N_("a UF2 file, for boards with a boot loader of their own"),
    b"PK\x03\x04": N_("a ZIP file"),
    b"\x1f\x8b": N_("a gzip file"),
    b"<": N_("a web page"),
    b":": N_("an Intel HEX file"),
}


NO_ROMFS = N_(
    "this image has no ROMFS, and this firmware's modules are larger than an ESP8266's heap "
    "of 36 KB: the board will say MemoryError and stay offline; take {board}"
)
"""What to say of an image that lacks_romfs, with the board that is to be taken."""


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
    date: str = ""
    """Of that MicroPython, as 2025-04-15."""
    board: str = ""
    """As MicroPython greets, "Generic ESP32 module"; empty for other firmware."""
    build: str = ""
    """As micropython.org names it, ESP32_GENERIC; images before 1.25 do not say."""

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        if not self.version:
            return _("{name} (not MicroPython)").format(name=self.name)
        board = _(", ") + self.board if self.board else ""
        return _("MicroPython {version} of {date}{board}").format(version=self.version, date=self.date, board=board)

    @property
    def release(self) -> tuple[int, ...]:
        """MicroPython's version as numbers, (1, 29, 0); empty for other firmware."""
        return tuple(int(number) for number in re.findall(r"\d+", self.version.partition("-")[0]))

    @property
    def variant(self) -> str:
        """Which of its board's images it is, as FLASH_2M_ROMFS; empty for the plain one."""
        if self.build:
            return self.build.partition("-")[2]
        found = re.match(r"[A-Z]\w*-([A-Z]\w*)", self.name, re.ASCII)
        return found[1] if found else ""

    @property
    def lacks_romfs(self) -> bool:
        """Whether it is for an ESP8266 and cannot run our modules from flash, and so not at all: see NO_ROMFS."""
        return self.chip.name == "ESP8266" and b"\0rom_ioctl\0" not in self.data

    @property
    def flash_needed(self) -> int:
        """Bytes that the flash must have at least: for the image, its partitions, and what its boot loader expects."""
        ends = [partition.end for partition in self.partitions]
        return max([self.offset + len(self.data), self.flash_in_header, *ends])

    @property
    def flash_in_header(self) -> int:
        """Bytes of flash that the boot loader's header says there are; 0 on an ESP8266, where esptool sets it.

        A boot loader that finds less does not start: "smaller than the size in the binary image header".
        """
        if self.chip.name == "ESP8266":
            return 0
        code = self.data[self.chip.offset - self.offset + 3] & 0xF0
        sizes: dict[str, int] = self.chip.loader.FLASH_SIZES  # type: ignore[attr-defined]
        return next((int(flash_size_bytes(name)) for name, number in sizes.items() if number == code), 0)

    @property
    def revisions(self) -> tuple[int, int]:
        """The oldest and the newest revision of the chip that its boot loader starts on, in hundredths: 300 is v3.0."""
        if self.chip.name == "ESP8266":
            return 0, _ANY_REVISION
        least, most = struct.unpack_from("<HH", self.data, self.chip.offset - self.offset + 15)
        return least, most or _ANY_REVISION


def read_image(path: Path) -> Image:
    """The image in this file. Raises PortError if there is none, or one that is damaged."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PortError(
            _("cannot read the image: {strerror}: {path}").format(strerror=reason(error), path=path)
        ) from error
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
        raise PortError(named(name, str(error))) from None
    if not (greeting := _VERSION.search(data)):
        return Image(name, data, chip, offset, partitions, checked, version="")
    version, date = (part.decode() for part in greeting.groups())
    machine, build = (
        found[1].decode(errors="replace") if (found := form.search(data)) else "" for form in (_MACHINE, _BUILD)
    )
    return Image(name, data, chip, offset, partitions, checked, version, date, machine, build)


class _Unfit(Exception):
    """What is wrong with the file, without its name."""


def _chip_and_offset(data: bytes) -> tuple[Chip, int]:
    if not data:
        raise _Unfit(_("is empty; download it again"))
    esp32 = CHIPS[1].offset
    if data[0] == 0xFF and len(data) > esp32 and not data[:esp32].strip(b"\xff"):
        return _chip(data[esp32:]), 0  # merged with what lies before the boot loader, too
    chip = _chip(data)
    return chip, chip.offset


def _chip(data: bytes) -> Chip:
    if data[0] != _MAGIC:
        for start, other in _OTHERS.items():
            if data.lstrip().startswith(start):
                raise _Unfit(
                    _("is no firmware but {what}; take the .bin file from micropython.org/download").format(
                        what=_(other)
                    )
                )
        raise _Unfit(
            _("is no firmware: it begins with 0x{data:02X}, an ESP image with 0x{magic:02X}").format(
                data=data[0], magic=_MAGIC
            )
        )
    if len(data) < 24:
        raise _Unfit(_("is cut off after {count} bytes; download it again").format(count=len(data)))
    first_address, chip_id = struct.unpack_from("<8xI H", data)
    if 0x40100000 <= first_address < 0x40108000 or 0x3FFE8000 <= first_address < 0x40000000:
        return CHIPS[0]  # where later chips say which they are, this one has an address in its RAM
    for chip in CHIPS:
        if chip_id == chip.loader.IMAGE_CHIP_ID:
            return chip
    known = ", ".join(chip.name for chip in CHIPS)
    raise _Unfit(
        _("is for a chip with number {chip_id}, which this project does not run on; it knows {known}").format(
            chip_id=chip_id, known=known
        )
    )


def _check_segments(chip: Chip, data: bytes, what: str) -> int:
    """Checks a boot loader or program at the beginning of data; returns how many bytes it has."""
    try:
        image = LoadFirmwareImage(chip.key, data)
    except FatalError as error:
        raise _Unfit(
            _("{what} is cut off or damaged: {error}; download it again").format(what=what, error=error)
        ) from error
    except (struct.error, RuntimeError, TypeError) as error:  # so it meets a header that ends early, or nonsense
        raise _Unfit(_("{what} is cut off or damaged; download it again").format(what=what)) from error
    if image.checksum != image.calculate_checksum():
        raise _Unfit(_("{what} is damaged: its check sum is wrong; download it again").format(what=what))
    if chip.name == "ESP8266":
        return 0
    if image.chip_id != chip.loader.IMAGE_CHIP_ID:
        raise _Unfit(_("{what} is for another chip than the boot loader").format(what=what))
    if not image.append_digest:
        return len(data)
    if image.stored_digest != image.calc_digest:
        raise _Unfit(_("{what} is cut off or damaged: its SHA-256 is wrong; download it again").format(what=what))
    return int(image.data_length) + 32


def _check_esp32(chip: Chip, offset: int, data: bytes) -> tuple[tuple[Partition, ...], str]:
    _check_segments(chip, data[chip.offset - offset :], _("the boot loader"))
    start = _TABLE - offset
    if len(data) < start + _TABLE_SIZE:
        raise _Unfit(_("has no partition table: it is cut off, or an update for a running board; take the .bin file"))
    partitions = parse_partitions(data[start : start + _TABLE_SIZE])
    programs = [partition for partition in partitions if partition.type == 0]
    if not programs:
        raise _Unfit(_("has no program in its partition table"))
    program = min(programs, key=lambda partition: partition.offset)
    if len(data) <= program.offset - offset:
        raise _Unfit(_("is cut off before its program; download it again"))
    length = _check_segments(chip, data[program.offset - offset :], _("the program"))
    if length > program.size:
        raise _Unfit(_("the program has {length} bytes, its partition {size}").format(length=length, size=program.size))
    return partitions, _("SHA-256 of boot loader and program, MD5 of the partition table")


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
                raise _Unfit(_("the partition table is damaged: its MD5 is wrong; download it again"))
            break
        elif row.strip(b"\xff"):
            raise _Unfit(_("has no partition table where one must be: it is an update for a running board, or damaged"))
        else:
            break
    if not partitions:
        raise _Unfit(_("has an empty partition table"))
    return tuple(partitions)


def _check_esp8266(data: bytes) -> str:
    _check_segments(CHIPS[0], data, _("the code that is loaded at start"))
    if len(data) < _ESP8266_ROM:
        raise _Unfit(_("is cut off after {count} bytes; download it again").format(count=len(data)))
    (length,) = struct.unpack_from("<I", data, _ESP8266_LENGTH)
    if not _ESP8266_ROM < length < 16 * 1024 * 1024:
        raise _Unfit(_("is no MicroPython for the ESP8266: it has no length at 0x8FFC"))
    if len(data) < length + 16:
        raise _Unfit(
            _("is cut off: {count} bytes of {length}; download it again").format(count=len(data), length=length + 16)
        )
    # The first four bytes hold the flash's size, which whoever writes them changes.
    if hashlib.md5(data[4:length]).digest() != data[length : length + 16]:
        raise _Unfit(_("is damaged: its MD5 is wrong; download it again"))
    return _("the image's own MD5")


def check_release(image: Image) -> None:
    """Raises PortError for a MicroPython that is too old for this firmware. What is no MicroPython passes."""
    if image.version:
        check_version(
            image.release,
            image.name,
            _("take a newer one, as {board} from micropython.org/download").format(board=image.chip.board),
        )


def check_fits(image: Image, chip_name: str, flash_size: int | None, revision: int = 0) -> None:
    """Raises PortError if the image is not for this chip, or not for a flash of so many bytes (None: unknown).

    revision: the chip's, in hundredths.
    """
    if image.chip.name != chip_name:
        chip = chip_called(chip_name)
        right = _("; right would be {board}").format(board=chip.board) if chip else ""
        raise PortError(
            _("{image} is for {chip}, the board has {chip_name}{right}").format(
                image=image.name, chip=image.chip.name, chip_name=chip_name, right=right
            )
        )
    oldest, newest = image.revisions
    if not oldest <= revision <= newest:
        wanted = (
            _("{revision} or later").format(revision=_revision(oldest))
            if revision < oldest
            else _("{revision} or earlier").format(revision=_revision(newest))
        )
        raise PortError(
            _("{image} is for {chip_name} of revision {wanted}, the board's has {revision}").format(
                image=image.name, chip_name=chip_name, wanted=wanted, revision=_revision(revision)
            )
        )
    if flash_size is None:
        return
    if image.flash_needed > flash_size:
        needed, there = image.flash_needed // 1024, flash_size // 1024
        raise PortError(
            _("{image} needs {needed} KB of flash, the board has {there} KB").format(
                image=image.name, needed=needed, there=there
            )
        )
    least = _files_need(image)
    if flash_size < least:
        raise PortError(
            _(
                "the board has {megabytes} of flash; {image} has room for a program's files only where "
                "there are {megabytes_2}, and {board}, which this firmware needs, takes {megabytes_3}"
            ).format(
                megabytes=megabytes(flash_size),
                image=image.name,
                megabytes_2=megabytes(least),
                board=image.chip.board,
                megabytes_3=megabytes(image.chip.least_flash),
            )
        )


def _files_need(image: Image) -> int:
    """Bytes of flash below which this MicroPython has no file system; 0 where partitions tell.

    See ports/esp8266/modules/flashbdev.py, and the linker scripts in its boards folder.
    """
    if image.chip.name != "ESP8266":
        return 0
    return MIB if image.variant in ("FLASH_1M", "FLASH_512K") else 2 * MIB


def _revision(hundredths: int) -> str:
    return f"v{hundredths // 100}.{hundredths % 100}"
