"""A littlefs whose blocks are damaged under the outbox: whatever its calls say then, the outbox starts, goes on with
what it is given, and ends nothing."""

import errno
import functools

import fakes  # noqa: F401  # the way to firmware
import littlefs
from fakes import machine
from flash_bench import Board, opening
from support import replaced
from taken import Taken

from firmware import segments

_BLOCKS, _BLOCK = 24, 4096


class _FileSystem:
    """os and open() of what is in an image: their errors are OSErrors with littlefs's numbers, as on a board
    (extmod/vfs_lfsx.c)."""

    def __init__(self, image):
        self._fs = littlefs.LittleFS(block_size=_BLOCK, block_count=_BLOCKS, mount=False)
        self._fs.context.buffer[:] = image
        self._fs.mount()

    @property
    def image(self):
        return bytes(self._fs.context.buffer)

    def mkdir(self, path):
        _told(self._fs.mkdir, path)

    def remove(self, path):
        _told(self._fs.remove, path)

    def listdir(self, path):
        return _told(self._fs.listdir, path)

    def stat(self, path):
        found = _told(self._fs.stat, path)
        return (0, 0, 0, 0, 0, 0, found.size)

    def open(self, path, mode="r"):
        return _File(_told(self._fs.open, path, mode if "b" in mode else mode + "b"), "b" not in mode)


class _File:
    def __init__(self, file, text):
        self._file = file
        self._text = text

    def read(self, *args):
        data = _told(self._file.read, *args)
        return str(data, "utf-8") if self._text else data

    def write(self, data):
        return _told(self._file.write, data.encode() if self._text else bytes(data))

    def seek(self, at):
        _told(self._file.seek, at)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def close(self):
        _told(self._file.close)


def _told(call, *args):
    try:
        return call(*args)
    except littlefs.LittleFSError as e:
        raise OSError(-e.code, str(e)) from None
    except OSError as e:
        raise OSError(e.errno or errno.EIO, str(e)) from None


@functools.cache
def _image():
    """With some segments, of which one is half read."""
    fs = littlefs.LittleFS(block_size=_BLOCK, block_count=_BLOCKS)
    system = _FileSystem(bytes(fs.context.buffer))
    with replaced(segments, "os", system), opening(system.open), replaced(segments, "log", lambda *args: None):
        machine.cause = machine.PWRON_RESET
        board = Board(512, 64)
        board.put(*range(400))
        board.now += 400
        board.outbox.save()
        for _ in range(9):
            board.upload(4)
    return system.image


def check(data):
    taken = Taken(data)
    image = bytearray(_image())
    while len(taken) > 3:
        at = taken.below(_BLOCKS) * _BLOCK + (taken.below(16) << 8 | taken.below(256))
        image[at] ^= taken.below(256)
    try:
        system = _FileSystem(bytes(image))
    except littlefs.LittleFSError:
        return  # a board makes a new one, or has none
    with replaced(segments, "os", system), opening(system.open), replaced(segments, "log", lambda *args: None):
        machine.cause = machine.PWRON_RESET
        board = Board(512, 64)
        before = board.put(*range(1000, 1100))
        for _ in range(300):
            board.upload(8)
            board.now += 20
            if not len(board.outbox) and not board.outbox.first:
                break
        values = [value for value in board.values() if value >= 1000]
        assert before and values and len(board.outbox.buf) == 512
