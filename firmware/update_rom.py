"""The modules of an update on an ESP8266: a ROMFS image, written to where none is in force. Loaded for that only.

The chip is written as such, for the port's rom_ioctl() erases from the beginning, where the image in force may lie
(esp8266/vfs_rom_ioctl.c); the partition ends where the file system begins (esp_flash_user_start(), esp8266/modesp.c).
The file romfs says which of the two images boot.py mounts: that is what is swapped. deploy/+rom has a byte for each
block that is written.
"""

import hashlib
from binascii import hexlify
from micropython import const

from .log import log

_BLOCK = const(4096)
_CHUNK = const(1024)  # as update.py's


def fetch(update, http, path, at, size, digest):
    """A generator, as those of update.py: the image, `size` bytes of the package from `at` on."""
    try:
        import esp
        import vfs

        rom = len(vfs.rom_ioctl(2, 0))
    except (ImportError, AttributeError, TypeError):
        raise ValueError("this MicroPython has no ROMFS where an ESP8266 has it")
    begin = esp.flash_user_start() - rom
    half = rom // 2 // _BLOCK * _BLOCK
    if begin % _BLOCK or size > half:
        raise ValueError("the ROMFS image has %d KB, and there is room for %d" % (size // 1024, half // 1024))
    there = _in_force()
    if there >= 0 and _hash_of(esp, begin + there, size) == digest:
        return
    where = 0 if there == half else half
    done = _blocks() * _BLOCK
    while done < size:
        n = min(_CHUNK, size - done)
        yield from http.get(path, at + done, at + done + n - 1)
        if http.n != n:
            raise ValueError("the package is cut off")
        if done % _BLOCK == 0:
            esp.flash_erase((begin + where + done) // _BLOCK)
        esp.flash_write(begin + where + done, http.body if n & 3 == 0 else bytes(http.body) + b"\xff" * (4 - (n & 3)))
        done += n
        if done % _BLOCK == 0:
            with open("deploy/+rom", "ab") as file:
                file.write(b".")
        update.came(n)
        if update.late():
            yield
    if _hash_of(esp, begin + where, size) != digest:
        raise ValueError("the ROMFS image is corrupted")
    log("update", "the modules are in the ROMFS")
    with open("deploy/romfs", "w") as file:
        file.write("%d\n" % where)


def _in_force():
    try:
        with open("romfs") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0


def _blocks():
    try:
        with open("deploy/+rom", "rb") as file:
            return len(file.read())
    except OSError:
        return 0


def _hash_of(esp, at, size):
    digest = hashlib.sha256()
    buf = bytearray(256)
    view = memoryview(buf)
    for done in range(0, size, 256):
        esp.flash_read(at + done, buf)
        digest.update(view[: min(256, size - done)])
    return str(hexlify(digest.digest()), "utf-8")
