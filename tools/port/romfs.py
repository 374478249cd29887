"""A program in a ROMFS: modules that run from flash, without being loaded into the heap.

MicroPython has a partition for ROMFS on some boards, and mounts the image at its beginning. To keep the old program
until the new one is complete, two images share the partition, and boot.py mounts the one that a file on the file system
names; that file is part of the deploy, so the change is one with everything else.
"""

import binascii
from pathlib import Path

from mpremote.romfs import VfsRomWriter

from ..language import _
from .connection import Connection
from .errors import PortError
from .inventory import ESP8266, ROM_FILE, Inventory
from .many import Report
from .plan import Rom
from .program import Dialect, Form, in_form

_CHUNK = 512  # bytes in one statement: the board has to have room for some copies

# How to erase a block and to write, by what the port has. The ESP8266's rom_ioctl() erases from the beginning only, so
# from the image in force: ports/esp8266/vfs_rom_ioctl.c. Its chip can be written as such, and the partition ends where
# the file system begins: esp_flash_user_start() in ports/esp8266/modesp.c.
_BY_CHIP = """
import esp
_dev=vfs.rom_ioctl(2,0)
_at=esp.flash_user_start()-len(_dev)
def _erase(at):esp.flash_erase((_at+at)//4096)
def _write(at,data):esp.flash_write(_at+at,data)
b=bytearray(64)
esp.flash_read(_at,b)
print(len(_dev),4096 if _at%4096==0 and b==bytes(_dev[:64]) else 0)
"""
_BY_BLOCK = """
_dev=vfs.rom_ioctl(2,0)
_block=_dev.ioctl(5,0)
def _erase(at):_dev.ioctl(6,at//_block)
def _write(at,data):_dev.writeblocks(at//_block,data,at%_block)
print(len(memoryview(_dev)),_block)
"""
_BY_IOCTL = """
def _ok(n):
 if n<0:raise OSError(-n)
def _erase(at):_ok(vfs.rom_ioctl(3,0,at,_block))
def _write(at,data):_ok(vfs.rom_ioctl(4,0,at,data))
_block=vfs.rom_ioctl(6,0)
print(len(vfs.rom_ioctl(2,0)),_block)
"""
_HASH = """
def _rom_hash(at,n):
 h=hashlib.sha256()
 m=memoryview(vfs.rom_ioctl(2,0))
 for i in range(at,at+n,256):h.update(bytes(m[i:min(i+256,at+n)]))
 return binascii.hexlify(h.digest()).decode()
"""


def split(files: dict[str, Path], there: Inventory) -> tuple[dict[str, bytes], Rom]:
    """What goes to the file system, and the image with all the modules. Raises PortError."""
    if not there.has_rom:
        raise PortError(
            _(
                "MicroPython on the board has no partition for ROMFS; put one with it there (for an "
                "ESP8266: onenet flash --board ESP8266_GENERIC-FLASH_2M_ROMFS){or_files}"
            ).format(or_files=_or_files(there))
        )
    return _split(files, there.identity.dialect)


def _or_files(there: Inventory) -> str:
    """The other way, where there is one: modules from files do not fit an ESP8266's memory."""
    return "" if there.identity.platform == ESP8266 else _(", or use: onenet deploy --mpy")


def _split(files: dict[str, Path], dialect: Dialect) -> tuple[dict[str, bytes], Rom]:
    compiled = in_form(Form.MPY, files, dialect)
    modules = {name: data for name, data in compiled.items() if name.endswith(".mpy")}
    return {name: data for name, data in compiled.items() if name not in modules}, Rom(image(modules), tuple(modules))


def installed(files: dict[str, Path], dialect: Dialect) -> tuple[dict[str, bytes], bytes]:
    """What is in the file system and in the ROMFS of a board that has got these files. Raises PortError."""
    others, rom = _split(files, dialect)
    return others | file_for(0), rom.image


def image(files: dict[str, bytes]) -> bytes:
    """A ROMFS with these files, as `mpremote romfs build` makes it."""
    tree: dict[str, object] = {}
    for name, data in sorted(files.items()):
        *folders, last = name.split("/")
        at = tree
        for folder in folders:
            inside = at.setdefault(folder, {})
            assert isinstance(inside, dict)
            at = inside
        at[last] = data
    writer = VfsRomWriter()
    _add(writer, tree)
    return bytes(writer.finalise())


def _add(writer: VfsRomWriter, tree: dict[str, object]) -> None:
    for name, content in tree.items():
        if isinstance(content, dict):
            writer.opendir(name)
            _add(writer, content)
            writer.closedir()
        else:
            writer.mkfile(name, content)


def write_rom(connection: Connection, rom: Rom, there: Inventory, report: Report) -> int:
    """Writes the image to where none is in force, unless it is in force already; returns the byte it begins at."""
    connection.prepare()
    size, block = _prepare(connection, there)
    half = size // 2 // block * block
    if len(rom.image) > half:
        raise PortError(
            _(
                "the program takes {len} KB of ROMFS, and half of the board's partition is {half} KB, "
                "for the old program stays until the new one is complete{or_files}"
            ).format(len=len(rom.image) // 1024, half=half // 1024, or_files=_or_files(there))
        )
    if there.rom_at is not None and there.rom_at >= 0 and _is_at(connection, rom, there.rom_at):
        return there.rom_at
    at = 0 if there.rom_at == half else half
    if not _is_at(connection, rom, at):
        _write(connection, rom.image, at, block, report)
        if not _is_at(connection, rom, at):
            raise PortError(
                _("the ROMFS did not arrive as it was sent to {port}; try another cable, and again").format(
                    port=connection.port
                )
            )
        report.line(_("the modules are in the ROMFS: {len:.1f} KB sent").format(len=len(rom.image) / 1024))
    return at


def _prepare(connection: Connection, there: Inventory) -> tuple[int, int]:
    """Makes _erase(at), _write(at, data) and _rom_hash(at, length) there; bytes of the partition and of a block."""
    connection.exec("import vfs")
    connection.exec(_HASH)
    if there.identity.platform == ESP8266:
        ways = _BY_CHIP
    else:
        ways = _BY_BLOCK if connection.eval("hasattr(vfs.rom_ioctl(2,0),'ioctl')") else _BY_IOCTL
    size, block = map(int, connection.exec(ways).split())
    if block <= 0:
        raise PortError(
            _(
                "the ROMFS of the board at {port} is not where MicroPython's own image FLASH_2M_ROMFS "
                "has it; put that one there: onenet flash --board ESP8266_GENERIC-FLASH_2M_ROMFS"
            ).format(port=connection.port)
        )
    return size, block


def _write(connection: Connection, data: bytes, at: int, block: int, report: Report) -> None:
    report.stage(_("erasing ROMFS"))
    for done in range(0, len(data), block):
        connection.exec(f"_erase({at + done})")
        report.progress(done, len(data))
    report.stage(_("sending ROMFS"))
    padded = data + bytes(-len(data) % 16)  # a chip writes whole words
    for done in range(0, len(padded), _CHUNK):
        chunk = padded[done : done + _CHUNK]
        connection.exec(f"_write({at + done},_a({binascii.b2a_base64(chunk, newline=False)!r}))")
        report.progress(done + len(chunk), len(padded))


def _is_at(connection: Connection, rom: Rom, at: int) -> bool:
    return connection.exec(f"print(_rom_hash({at},{len(rom.image)}))").strip() == rom.digest


def file_for(at: int) -> dict[str, bytes]:
    """The file that has boot.py mount the image there; -1 for none."""
    return {ROM_FILE: b"%d\n" % at}
