"""The flash chip: a block device over the image file, and the littlefs on it."""

import vfs

_BLOCK = 4096  # bytes, the erase block of the real chip
_BLANK = b"\xff" * 256
_LOOKS = 7  # of eight reads one looks whether they shall fail, which takes longer than to read; each one where they do


class Flash:
    """Block device with the extended interface littlefs wants.

    Every operation is a write(2) that has happened when it returns, so a SIGKILL leaves what a power cut would: all
    that was programmed before, and nothing after. Reading takes nothing from the heap, as on both ports:
    esp32_partition_readblocks() in ports/esp32/esp32_partition.c, and FlashBdev in ports/esp8266/modules/flashbdev.py.
    A collection in the middle of what littlefs does would close forgotten files (extmod/vfs_lfsx_file.c).

    Where a test lets reads or writes fail, they raise, in the middle of what littlefs does, as those of both ports do:
    check_esp_err() in ports/esp32/esp32_partition.c, esp_flash_read() and its likes in ports/esp8266/modesp.c.
    """

    def __init__(self, file, size, host=None):
        """host: the module _host of a board that runs, None for a flash that never fails."""
        self._file = file
        self._blocks = size // _BLOCK
        self._host = host
        self._fails = bytearray(2)  # every so many a read, and a write or erasure, fail; 0 for none
        self._since = bytearray(2)  # how many have not
        self._looks = 0

    def _may_fail(self, writes):
        host = self._host
        if host:
            self._looks = (self._looks + 1) & _LOOKS
            if writes or not self._looks or self._fails[0]:
                host.peek(host.FLASH_FAILS, self._fails)
            every = self._fails[writes]
            if every:
                self._since[writes] = since = (self._since[writes] + 1) % every
                if not since:
                    raise OSError(*host.port.FLASH_ERROR)

    def readblocks(self, block, buffer, offset=0):
        self._may_fail(0)
        self._file.seek(block * _BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=None):
        if offset is None:
            self.ioctl(6, block)
            offset = 0
        self._may_fail(1)
        self._file.seek(block * _BLOCK + offset)
        self._file.write(buffer)

    def ioctl(self, operation, argument):
        if operation == 4:  # number of blocks
            return self._blocks
        if operation == 5:  # bytes a block
            return _BLOCK
        if operation == 6:  # erase: a real chip's blocks read as ones until they are programmed
            self._may_fail(1)
            self._file.seek(argument * _BLOCK)
            for _ in range(_BLOCK // len(_BLANK)):
                self._file.write(_BLANK)
            return 0


def mount(flash, boot):
    """Mount the littlefs at / and make one first on a blank chip, with `boot` for boot.py, as a board does when it
    starts for the first time."""
    blank = False
    try:
        filesystem = vfs.VfsLfs2(flash)
    except OSError:
        first = bytearray(64)
        flash.readblocks(0, first)
        if any(byte != 0xFF for byte in first):
            raise  # damaged, not blank: formatting would hide a bug
        vfs.VfsLfs2.mkfs(flash)
        filesystem = vfs.VfsLfs2(flash)
        blank = True
    vfs.mount(filesystem, "/")
    if blank:
        with open("boot.py", "w") as file:
            file.write(boot)
