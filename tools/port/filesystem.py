"""The file system of a board as part of an image: where MicroPython looks for it, and a littlefs made here.

ESP32 and its kin: the partition called vfs; where the table has none, as since MicroPython 1.26, all that lies behind
the last partition. ESP8266: from 1 MiB on, without the last five sectors, which the chip's SDK keeps for itself; its
ROMFS is where the linker script of FLASH_2M_ROMFS says. MicroPython mounts a littlefs only if it is exactly as large as
the place it is in, and so an image is for one size of flash.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from littlefs import LittleFS, LittleFSError

from ..language import _
from .chips import ESP8266_MOST, MIB, megabytes
from .errors import PortError
from .image import Image

_BLOCK = 4096
_ESP8266_START = 1 * MIB
_ESP8266_SDK = 5 * _BLOCK
_MAGIC = b"littlefs"
_ANY = 16 * MIB  # the size of the flash does not tell where the file system begins


@dataclass(frozen=True)
class Area:
    """A part of the flash, in bytes."""

    offset: int
    size: int


ESP8266_ROMFS = Area(0xB0000, 320 * 1024)


def filesystem_area(image: Image, flash_size: int) -> Area:
    """Where MicroPython keeps its file system, on a board with so much flash. Raises PortError if it has none."""
    if image.chip.name == "ESP8266":
        if image.variant in ("FLASH_1M", "FLASH_512K", "OTA"):
            raise PortError(
                _("{image} is for less flash than this firmware needs; take {board}").format(
                    image=image.name, board=image.chip.board
                )
            )
        offset, end = _ESP8266_START, min(flash_size, ESP8266_MOST) - _ESP8266_SDK
    else:
        for partition in image.partitions:
            if partition.name == "vfs" and partition.type == 1:
                return Area(partition.offset, partition.size)
            if partition.name == "ffat" and partition.type == 1:
                raise PortError(_("{image} wants a FAT file system; this makes littlefs only").format(image=image.name))
        offset, end = max(partition.end for partition in image.partitions), flash_size
    if end - offset < 16 * _BLOCK:
        raise PortError(
            _("{image} leaves no room for files in {megabytes} of flash").format(
                image=image.name, megabytes=megabytes(flash_size)
            )
        )
    return Area(offset, (end - offset) // _BLOCK * _BLOCK)


def make_filesystem(files: Mapping[str, bytes], size: int) -> bytes:
    """A littlefs of so many bytes with these files, whose names are paths with /; what is empty at its end is left out.

    Sizes are those of MicroPython's VfsLfs2. The version on disk is the older one, which all of them read.
    """
    filesystem = LittleFS(
        block_size=_BLOCK,
        block_count=size // _BLOCK,
        read_size=32,
        prog_size=32,
        cache_size=128,
        lookahead_size=32,
        block_cycles=100,
        disk_version=0x00020000,
    )
    try:
        for name, data in files.items():
            folder = name.rpartition("/")[0]
            if folder:
                filesystem.makedirs(folder, exist_ok=True)
            with filesystem.open(name, "wb") as file:
                file.write(data)
    except LittleFSError as error:
        total = sum(map(len, files.values()))
        raise PortError(
            _("{total} bytes of files do not fit a file system of {size}: {error}").format(
                total=total, size=size, error=error
            )
        ) from error
    filesystem.unmount()
    content = bytes(filesystem.context.buffer)
    used = -(-len(content.rstrip(b"\xff")) // _BLOCK) * _BLOCK
    return content[:used]


def check_filesystem(image: Image, flash_size: int) -> None:
    """Raises PortError if the image brings a littlefs for another size of flash."""
    try:
        area = filesystem_area(image, flash_size)
    except PortError:
        return  # then it does not bring one
    size = _filesystem_size(image, area.offset)
    if size not in (0, area.size):
        raise PortError(
            _(
                "the file system in {image} has {size} KB, the board has room for {size_2} KB; make the "
                "image for its size of flash: onenet image --flash-size {flash_size}MB"
            ).format(image=image.name, size=size // 1024, size_2=area.size // 1024, flash_size=flash_size // MIB)
        )


def brings_filesystem(image: Image) -> bool:
    """Whether the image has a littlefs where MicroPython looks for it."""
    try:
        return _filesystem_size(image, filesystem_area(image, _ANY).offset) > 0
    except PortError:
        return False


def _filesystem_size(image: Image, offset: int) -> int:
    """Bytes of the littlefs that begins at this offset in flash; 0 if there is none. It says so in two blocks."""
    for at in (offset - image.offset, offset - image.offset + _BLOCK):
        if image.data[at + 8 : at + 16] == _MAGIC:
            (blocks,) = struct.unpack_from("<I", image.data, at + 28)
            return int(blocks) * _BLOCK
    return 0
