"""firmware/swap.py and finish.py on littlefs itself, on flash whose power goes at each of its operations, one after the
other.

What test_swap.py and test_finish.py cut off between two calls of os, is cut off here within them: littlefs programs and
erases several times for one rename, and what a board finds after each is for littlefs to say.
"""

import os

import fakes
from fakes import machine
from flash_folder import Flash, files, skip_without_littlefs
from test_swap import SWAP, program

from firmware import swap

BLOCK = 4096  # bytes
BLOCKS = 48

with open(fakes.ROOT + "/boot.py") as _file:
    BOOT = _file.read().partition("\n# The file romfs")[0]
with open(fakes.ROOT + "/firmware/finish.py") as _file:
    FINISH = _file.read()

OLD = {
    "a.py": "old one before boot.py",
    "am.py": "old and gone",
    "b.py": "another old one",
    "boot.py": BOOT,
    "main.py": "old main",
    "mine": "the user's",
    "firmware/device.mpy": "old device",
    "firmware/gone/away.mpy": "old and gone",
    "firmware/more.mpy": "old more",
}
NEW = {
    "a.py": "new one before boot.py",
    "b.py": "another new one",
    "boot.py": BOOT + "# new\n",
    "main.py": "new main",
    "mine": "the user's",
    "firmware/device.mpy": "new device",
    "firmware/more.mpy": "new more",
    "lib/a/b.mpy": "more",
}
RECORD = """+a.py
+b.py
+boot.py
+firmware/device.mpy
+firmware/more.mpy
*lib/a/b.mpy
+main.py
-am.py
-firmware/gone/away.mpy
"""
DEPLOYED = RECORD.replace("*", "+")


class Chip:
    """NOR flash as a block device of littlefs' (vfs.AbstractBlockDev): what is programmed takes bits away.

    The power goes in its operation number cut_at, None for never: the image keeps what was there when half of it was
    done. What comes then, on a board nothing, happens to a copy, for littlefs to come to an end.
    """

    def __init__(self, image, cut_at=None):
        self.image = self.bytes = image
        self.cut_at = cut_at
        self.done = 0  # operations

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        buffer[:] = self.bytes[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        middle = len(buffer) // 2
        self._program(at, buffer, 0, middle)
        self._half_done()
        self._program(at, buffer, middle, len(buffer))

    def ioctl(self, operation, argument):
        if operation == 6:  # erase
            at, half = argument * BLOCK, BLOCK // 2
            self.bytes[at : at + half] = b"\xff" * half
            self._half_done()
            self.bytes[at + half : at + BLOCK] = b"\xff" * half
            return 0
        return {4: BLOCKS, 5: BLOCK}.get(operation)

    def _program(self, at, buffer, begin, end):
        for i in range(begin, end):
            self.bytes[at + i] &= buffer[i]

    def _half_done(self):
        self.done += 1
        if self.done == self.cut_at:
            self.bytes = bytearray(self.image)


class Board(Flash):
    """A board with this chip for its flash, from a start on. A context."""

    def __init__(self, chip):
        self._chip = chip

    def __enter__(self):
        import vfs

        self._before = os.getcwd()
        vfs.mount(vfs.VfsLfs2(self._chip), "/chip")
        os.chdir("/chip")
        return self

    def __exit__(self, *args):
        import vfs

        os.chdir(self._before)
        vfs.umount("/chip")


def waiting(finish, record):
    """Flash with OLD, to be changed into NEW by what is in deploy/."""
    import vfs

    chip = Chip(bytearray(b"\xff" * (BLOCK * BLOCKS)))
    vfs.VfsLfs2.mkfs(chip)
    with Board(chip) as board:
        board.write(OLD)
        board.write({"deploy/" + path.replace("/", "+"): text for path, text in NEW.items() if path != "mine"})
        board.write({"deploy/finish.py": finish, "deploy/+swap": SWAP, "deploy/record": record})
        board.write({"deploy/+head": '{"patience": 3}\nmore\n'})
    return chip.image


def start():
    """What a board does when it gets power: MicroPython runs boot.py, and that goes on with the update or deploy."""
    with open("boot.py") as file:
        boot = file.read()
    try:
        exec(boot, {"__name__": "__main__"})
    except StopIteration:  # an update's deploy/finish.py
        swap.main()
        return
    try:
        os.rename("deploy/record", "deploy/record")
        raise AssertionError("boot.py goes past it")
    except OSError:
        pass


def reset_after(image, *cuts):
    """Starts, each time with the power going after so many operations of the flash, and at last until it resets itself.
    Returns how many operations that took."""
    for cut_at in cuts + (None,):
        chip = Chip(image, cut_at)
        with Board(chip):
            start()
        if chip.bytes is image:
            return chip.done


def cut_everywhere(before, after):
    """Starts with the power going at each operation, twice, and then staying. Returns how many there are."""
    operations = reset_after(bytearray(before))
    for cut_at in range(1, operations + 1):
        image = bytearray(before)
        reset_after(image, cut_at, cut_at)
        with Board(Chip(image)):
            assert program() == after, cut_at
    return operations


def test_power_cuts_at_each_operation_of_the_flash_make_no_mixture_of_programs():
    skip_without_littlefs()
    machine.cause = machine.HARD_RESET
    fresh = waiting("raise StopIteration", RECORD)
    there = cut_everywhere(fresh, NEW)
    reset_after(fresh)
    with Board(Chip(fresh)) as board:
        assert "deploy/record" in files()
        board.write({"deploy/+state": "back it crawls"})
    back = cut_everywhere(fresh, OLD)
    print("the power went at %d operations of the swap, and %d of the way back" % (there, back))


def test_nor_of_a_deploys_files():
    skip_without_littlefs()
    print("the power went at %d operations" % cut_everywhere(waiting(FINISH, DEPLOYED), NEW))
