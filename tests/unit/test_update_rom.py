"""firmware/update_rom.py: the modules of an ESP8266 are written to where none is in force, and to no other place."""

import sys

from fakes import machine
from flash_folder import files, folders
from update_bench import Updating, package

from firmware import update

BLOCK = 4096
HALF = 3 * BLOCK
ROM = 2 * HALF + BLOCK  # the partition, a block more than two images of three each
BEGIN = 0x100000 - ROM
SIZE = 2 * BLOCK + 2349  # whose last write is no multiple of four
IMAGE = bytes([32 + n * 7 % 90 for n in range(SIZE)])


class Esp:
    """The modules esp and vfs of an ESP8266. Erased flash holds ones, and a write can only make zeros of them: what
    spi_flash_write() does. It wants whole words (esp8266/modesp.c, esp_flash_write())."""

    def __init__(self, rom=ROM):
        self.flash = bytearray(b"U" * ROM)
        self.erased = []
        self.rom = rom

    def flash_user_start(self):
        return BEGIN + ROM

    def rom_ioctl(self, operation, partition):
        assert (operation, partition) == (2, 0)
        return self.rom if isinstance(self.rom, int) else memoryview(self.flash)[: len(self.rom)]

    def flash_erase(self, sector):
        at = sector * BLOCK - BEGIN
        assert 0 <= at < ROM
        self.erased.append(at // BLOCK)
        self.flash[at : at + BLOCK] = b"\xff" * BLOCK

    def flash_write(self, at, data):
        if len(data) & 3:
            raise ValueError("len must be multiple of 4")
        at -= BEGIN
        assert 0 <= at and at + len(data) <= ROM
        for n in range(len(data)):
            self.flash[at + n] &= data[n]

    def spoil(self):
        """A bit falls over, in what was written first."""
        if self.erased:
            self.flash[HALF + 7] = 0

    def flash_read(self, at, buf):
        at -= BEGIN
        buf[:] = self.flash[at : at + len(buf)]


class Romfs(Updating):
    """An ESP8266 whose image in force is the one that the file romfs says."""

    def __init__(self, image=IMAGE, esp=True, **waiting):
        self.esp = Esp(bytes(ROM)) if esp is True else esp
        self.head = None
        data, _ = package(("!", "finish.py", b"x"), ("+", "main.py", b"new"), ("@", "rom", image), form="romfs")
        self.begin = len(data) - len(image)
        super().__init__(data, **waiting)

    def __enter__(self):
        self._before = {name: sys.modules.get(name) for name in ("esp", "vfs")}
        for name in self._before:
            sys.modules[name] = self.esp
        return super().__enter__()

    def __exit__(self, *args):
        super().__exit__(*args)
        for name in self._before:
            sys.modules.pop(name)
            if self._before[name]:
                sys.modules[name] = self._before[name]

    def refused(self, words):
        self.run()
        assert not machine.resets and "deploy" not in folders()
        assert words in self.device.said[-1], self.device.said


def test_the_image_goes_where_none_is_in_force():
    for romfs, where in (({}, HALF), ({"romfs": "0\n"}, HALF), ({"romfs": "%d\n" % HALF}, 0), ({"romfs": "x"}, HALF)):
        with Romfs(**romfs) as it:
            before = bytes(it.esp.flash)
            it.start()
            it.run()
            assert machine.resets == 1 and files()["deploy/romfs"] == "%d\n" % where
            assert "romfs\n" in files()["deploy/record"]
            assert it.esp.flash[where : where + SIZE] == IMAGE
            assert it.esp.erased == [where // BLOCK + n for n in range(3)]
            other = HALF - where
            assert it.esp.flash[other : other + HALF] == before[other : other + HALF], "the one in force"


def test_a_board_that_has_no_image_yet():
    with Romfs(romfs="-1\n") as it:
        it.start()
        it.run()
        assert files()["deploy/romfs"] == "%d\n" % HALF


def test_an_image_that_is_in_force_does_not_come():
    with Romfs() as it:
        it.esp.flash[:SIZE] = IMAGE
        it.start()
        it.run()
        assert machine.resets == 1 and not it.esp.erased and "deploy/romfs" not in files()
        assert max([last for _, last in it.server.asked[1:]]) < it.begin


def test_after_a_reset_it_goes_on_at_the_last_block():
    with Romfs() as it:
        it.start()
        while "deploy/+rom" not in files() or len(files()["deploy/+rom"]) < 2:
            it.turns(1)
        it.turns(1)
        it.server.asked, it.esp.erased = [], []
        del it.device._turn
        update.go_on(it.device)
        it.run()
        assert it.server.asked[0][0] == it.begin + 2 * BLOCK and it.esp.erased == [HALF // BLOCK + 2]
        assert it.esp.flash[HALF : HALF + SIZE] == IMAGE and machine.resets == 1


def test_what_was_written_is_read_again():
    with Romfs() as it:
        it.start()
        it.server.passes = lambda: it.esp.spoil()
        it.refused("the ROMFS image is corrupted")


def test_one_that_ends_early():
    with Romfs() as it:
        it.server.data = it.server.data[:-400]
        it.start()
        it.refused("the package is cut off")
    with Romfs() as it:
        it.start()
        it.server.passes = lambda: setattr(it.server, "short", bool(it.esp.erased))
        it.refused("the package is cut off")


def test_one_for_which_there_is_no_room():
    with Romfs(image=b"x" * (HALF + BLOCK + 1)) as it:
        it.start()
        it.refused("the ROMFS image has 16 KB, and there is room for 12")
        assert not it.esp.erased
    with Romfs(esp=Esp(bytes(ROM - 100))) as it:
        it.start()
        it.refused("the ROMFS image has 10 KB, and there is room for 12")


class Without:
    """A port that has the modules, and not these functions."""


def test_a_board_without_a_romfs():
    for esp in (Without(), Esp(-22)):  # an error's number: -MP_EINVAL of mp_vfs_rom_ioctl()
        with Romfs(esp=esp) as it:
            it.start()
            it.refused("this MicroPython has no ROMFS where an ESP8266 has it")


def test_a_turn_has_its_time():
    turns = []
    for ms in (0, 60):
        with Romfs() as it:
            it.server.passes = lambda: it.ticks.go_on(ms)  # noqa: B023
            it.start()
            it.run()
            turns.append(it.device.turns)
    assert turns[1] >= turns[0] + SIZE // 1024
