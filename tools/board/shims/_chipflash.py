"""The whole flash of an ESP8266 as the SDK's functions reach it: the program, a ROMFS at 0xB0000, files from 0x100000,
and five sectors of the SDK's own at the end, as in the image FLASH_2M_ROMFS. There are no walls between them.

ROMFS is mapped into memory, too: so is the file, or a copy of it on the heap is made.
"""

import _host

SECTOR = 4096  # bytes
ROM_AT = 0xB0000
FILES_AT = 0x100000
_BLANK = b"\xff" * 256

_old = bytearray(256)

rom = None  # the mapping
_rom_file = None
_files = None
_files_size = 0


def attach_rom(file, size):
    global rom, _rom_file
    _rom_file = file
    rom = _mapped(file, size)
    if rom is None:
        rom = bytearray(size)
        file.seek(0)
        file.readinto(rom)


def _mapped(file, size):
    """The file as memory outside the heap; None for an interpreter that cannot."""
    try:
        import ffi
        import uctypes
    except ImportError:
        return None
    mmap = ffi.open("libc.so.6").func("P", "mmap", "Piiiil")
    return uctypes.bytearray_at(mmap(None, size, 3, 1, file.fileno(), 0) & 0xFFFFFFFF, size)


def attach_files(file, size):
    global _files, _files_size
    _files, _files_size = file, size


def size():
    return FILES_AT + _files_size + 5 * SECTOR


def read_into(address, buffer):
    place = _place(address)
    if place:
        place[0].seek(place[1])
        place[0].readinto(buffer)
    else:
        for i in range(len(buffer)):
            buffer[i] = 0xFF


def program(address, data):
    """As flash is: a bit goes from 1 to 0, and back only by erasing."""
    data = memoryview(data)
    for at in range(0, len(data), len(_old)):  # the port needs no heap for it, so here it may not be much
        n = min(len(_old), len(data) - at)
        old = memoryview(_old)[:n]
        read_into(address + at, old)
        for i in range(n):
            old[i] &= data[at + i]
        _put(address + at, old)


def erase(sector):
    for at in range(0, SECTOR, len(_BLANK)):
        _put(sector * SECTOR + at, _BLANK)


def _put(address, data):
    if address < ROM_AT:  # the interpreter lies there
        _host.vanish("crash", cause="PANIC", words="Fatal exception 0(IllegalInstructionCause):")
    place = _place(address)
    if not place:
        return
    file, at, mapping = place
    file.seek(at)
    file.write(data)
    if mapping:
        mapping[at : at + len(data)] = data


def _place(address):
    """File, offset in it, and the mapping of it; None where nothing of ours is."""
    if rom and ROM_AT <= address < ROM_AT + len(rom):
        return _rom_file, address - ROM_AT, rom
    if FILES_AT <= address < FILES_AT + _files_size:
        return _files, address - FILES_AT, None
    return None
