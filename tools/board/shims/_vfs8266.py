"""vfs of an ESP8266 with ROMFS: the interpreter's own, and ports/esp8266/vfs_rom_ioctl.c."""

from vfs import *

import _chipflash

attach = _chipflash.attach_rom


def rom_ioctl(operation, *arguments):
    """The port looks at no partition number and at no bounds, takes three arguments to prepare for writing and erases
    from the beginning, whatever offset is given, and knows operations 1 to 4 only."""
    if operation == 1:  # number of partitions
        return 1
    if operation == 2:  # the mapping
        return memoryview(_chipflash.rom)
    if operation == 3:  # prepare to write: partition, length
        for at in range(0, arguments[1], _chipflash.SECTOR):
            _chipflash.erase((_chipflash.ROM_AT + at) // _chipflash.SECTOR)
        return 4  # bytes, the least to write
    if operation == 4:  # write: partition, offset, data
        _chipflash.program(_chipflash.ROM_AT + arguments[1], arguments[2])
        return 0
    return -22
