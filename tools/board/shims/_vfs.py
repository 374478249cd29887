"""vfs: the interpreter's own, and a flash partition for ROMFS as the ESP8266 has it: mapped into memory to be read,
written through rom_ioctl(). Here it is a file, and a copy of it on the heap stands for the mapping."""

from vfs import *

_BLOCK = 4096  # bytes, the erase block of the real chip
_LEAST_WRITE = 4  # bytes

_file = None
_memory = None


def attach(file, size):
    """Take `file` for the partition."""
    global _file, _memory
    _file = file
    _memory = bytearray(size)
    file.seek(0)
    file.readinto(_memory)


def rom_ioctl(operation, partition=0, *arguments):
    """Operations on partition 0, the only one; what cannot be done returns a negative errno."""
    if operation == 1:  # number of partitions
        return 1
    if partition != 0:
        return -22
    if operation == 2:  # the mapping
        return memoryview(_memory)
    if operation == 3:  # prepare to write: offset and length, or length from 0
        offset, length = arguments if len(arguments) == 2 else (0, arguments[0])
        if offset % _BLOCK or offset + length > len(_memory):
            return -22
        for at in range(offset, offset + length, _BLOCK):
            _write(at, b"\xff" * _BLOCK)
        return _LEAST_WRITE
    if operation == 4:  # write: offset and data, onto prepared blocks
        offset, data = arguments
        if offset + len(data) > len(_memory):
            return -22
        if any(byte != 0xFF for byte in _memory[offset : offset + len(data)]):
            return -5  # bits of flash only go from 1 to 0 until it is erased
        _write(offset, data)
        return 0
    if operation == 5:  # that was all
        return 0
    if operation == 6:  # bytes a block
        return _BLOCK
    return -22


def _write(offset, data):
    _memory[offset : offset + len(data)] = data
    _file.seek(offset)
    _file.write(data)
