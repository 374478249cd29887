"""A week without a network, at a point a minute: what of it arrives, and what it costs the flash."""

import os

from fakes import machine
from flash_bench import NOW, Board, files
from flash_folder import Flash, skip_without_littlefs
from support import MICROPYTHON, SkipTest, replaced

from firmware import segments

POINTS = 7 * 24 * 60
STREAMS = b"temperature", b"humidity", b"pressure"
BLOCK = 4096
BLOCKS = 256  # a megabyte, as much as a board has at least
LIFE = 100000  # erases that a block of flash stands


class Blocks:
    """A block device of littlefs' (vfs.AbstractBlockDev) that counts."""

    def __init__(self):
        self._bytes = bytearray(BLOCK * BLOCKS)
        self.erased = self.written = 0

    def readblocks(self, block, buf, offset=0):
        at = block * BLOCK + offset
        buf[:] = self._bytes[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * BLOCK + offset
        self._bytes[at : at + len(buf)] = buf
        self.written += len(buf)

    def ioctl(self, op, argument):
        if op == 6:
            self.erased += 1
            return 0
        return {4: BLOCKS, 5: BLOCK}.get(op)


def week():
    """Measures, with a reset now and then, and uploads all in the end: each point once, and with its time. Returns the
    bytes that were in flash before."""
    board = Board(size=2048, kb=800)
    for n in range(POINTS):
        board.now += 60
        assert board.outbox.put(STREAMS[n % 3], b"%d.%d" % (n % 100, n % 10), NOW + n * 60)
        if n % (POINTS // 5) == 0:
            board.outbox.save()
            now = board.now
            machine.cause = machine.WDT_RESET
            board = Board(size=2048, kb=800, now=now)
    in_flash = sum([os.stat("outbox/%d" % number)[6] for number in files()])
    came = bytearray(POINTS)
    while len(board.outbox) or board.outbox.first:
        board.upload(8)
        board.now += 1
        for name, value, when in board.got:
            n = (when - NOW) // 60
            assert when == NOW + n * 60 and name == STREAMS[n % 3] and value == b"%d.%d" % (n % 100, n % 10)
            came[n] += 1
        del board.got[:]
    assert board.outbox.dropped == 0 and min(came) == max(came) == 1
    return in_flash


def test_every_point_of_a_week_without_network_arrives_with_its_time():
    if MICROPYTHON:
        raise SkipTest("littlefs has it below")
    with Flash({}), replaced(segments, "log", lambda subject, text: None):
        week()


def test_a_week_of_it_is_little_for_littlefs():
    """Bytes written and blocks erased for each point are what the README tells."""
    skip_without_littlefs()
    import vfs

    blocks = Blocks()
    vfs.VfsLfs2.mkfs(blocks)
    before = os.getcwd()
    vfs.mount(vfs.VfsLfs2(blocks), "/blocks")
    try:
        os.chdir("/blocks")
        blocks.erased = blocks.written = 0
        with replaced(segments, "log", lambda subject, text: None):
            in_flash = week()
    finally:
        os.chdir(before)
        vfs.umount("/blocks")
    figures = in_flash / POINTS, blocks.written // POINTS, blocks.erased / POINTS
    print("a point takes %.0f bytes, %d are written and %.2f blocks erased for it" % figures)
    assert blocks.written < 500 * POINTS and blocks.erased < 0.25 * POINTS
    # As often as it may write, for ten years, and a write erases two blocks at most.
    assert 2 * 200 * 24 * 3653 < LIFE * BLOCKS * 2
