"""firmware/prove.py and swap.py: the new program is put in place, or the old one back, wherever the power goes."""

import os

import fakes
from fakes import machine
from flash_folder import Flash, files, folders
from support import replaced

from firmware import prove
from firmware import swap as module

with open(fakes.ROOT + "/firmware/swap.py") as _file:
    SWAP = _file.read()

OLD = {
    "boot.py": "old boot" * 99,
    "main.py": "old main",
    "firmware/device.mpy": "old device",
    "firmware/gone/away.mpy": "old and gone",
    "mine": "the user's",
}
STAGED = {"boot.py": "new boot", "main.py": "new main", "firmware/device.mpy": "new device", "lib/a/b.mpy": "more"}
RECORD = "+boot.py\n*lib/a/b.mpy\n+firmware/device.mpy\n+main.py\n-firmware/gone/away.mpy\n"
NEW = {"mine": "the user's"}
NEW.update(STAGED)


class PowerCut(BaseException):
    pass


class Os:
    """os, until the power goes: after so many changes."""

    def __init__(self, changes):
        self.left = changes
        self.stat = os.stat
        for name in ("mkdir", "rename", "remove", "rmdir"):
            setattr(self, name, self._limited(getattr(os, name)))

    def _limited(self, change):
        def limited(*args):
            if not self.left:
                raise PowerCut
            self.left -= 1
            change(*args)

        return limited


class Updated(Flash):
    """With an update that is to be put in place."""

    def __enter__(self):
        super().__enter__()
        self.write({"deploy/" + path.replace("/", "+"): text for path, text in STAGED.items()})
        self.write({"deploy/+head": '{"patience": 3}\nmore\n', "deploy/+swap": SWAP, "deploy/record": RECORD})
        machine.cause = machine.HARD_RESET
        return self


def program():
    """The files that are not the update's own."""
    return {path: text for path, text in files().items() if path[:7] != "deploy/" and path != "crashes"}


def state():
    return files()["deploy/+state"]


def until(reached, changes):
    """Starts again and again, each time with the power going after so many changes, until it is reached."""
    starts = 0
    while not reached():
        with replaced(module, "os", Os(changes)):
            try:
                module.main()
            except PowerCut:
                pass
        starts += 1
        changes = changes if starts < 3 else 99


def test_the_swap_and_the_way_back():
    with Updated(OLD):
        resets = machine.resets
        module.main()
        assert program() == NEW and state() == "0 3\n" and machine.resets == resets + 1
        assert files()["deploy/-boot.py"] == OLD["boot.py"]
        with open("deploy/+state", "w") as file:
            file.write("back it crawls")
        module.main()
        assert program() == OLD and files()["deploy/+back"] == "it crawls"
        assert "deploy/record" not in files() and machine.resets == resets + 2
        assert "lib/a" not in folders() and "lib" not in folders()


def test_power_cuts_anywhere_make_no_difference():
    for changes in range(30):
        with Updated(OLD):
            until(lambda: "deploy/+state" in files(), changes)
            assert program() == NEW, changes
            with open("deploy/+state", "w") as file:
                file.write("back it crawls")
            until(lambda: "deploy/record" not in files(), changes)
            assert program() == OLD, changes
            assert files()["deploy/+back"] == "it crawls"


def test_boot_py_is_always_there():
    """Without it nobody would go on with the swap."""

    class Watching(Os):
        def _limited(self, change):
            def watched(*args):
                change(*args)
                assert "boot.py" in files(), args

            return watched

    with Updated(OLD), replaced(module, "os", Watching(0)):
        module.main()
        with open("deploy/+state", "w") as file:
            file.write("back it crawls")
        module.main()
        assert program() == OLD


def test_a_flash_that_is_full_brings_the_old_one_back():
    with Updated(OLD):
        full = Os(99)
        rename = full.rename

        def fails(old, new):
            if new == "main.py":
                raise OSError(28)
            rename(old, new)

        full.rename = fails
        with replaced(module, "os", full):
            module.main()
        assert state()[:28] == "back it could not be put in "
        module.main()
        assert program() == OLD


def test_a_flash_that_is_full_does_not_keep_the_old_one_from_coming_back():
    """What is written first has no room; when the new program is gone there is."""
    with Updated(OLD):
        module.main()
        room = []

        def write(path, text):
            if not room:
                room.append(True)
                raise OSError(28)
            before(path, text)

        before = module.write
        with open("deploy/+state", "w") as file:
            file.write("3 600\n")
        with replaced(module, "write", write):
            module.main()
        assert program() == OLD and "deploy/record" not in files()
        assert files()["deploy/+back"] == "it has started 3 times, and did not stay online"


def test_it_has_three_starts():
    with Updated(OLD):
        with open("crashes", "w") as file:
            file.write("# 1 - wdt\nOldError\n\n")
        module.main()
        assert state() == "0 3\nOldError"
        for n in (1, 2, 3):
            prove.start()
            assert state() == "%d 3\nOldError" % n and program() == NEW
        with open("crashes", "a") as file:
            file.write("# 1 - wdt\nNewError\n\n")
        prove.start()
        assert program() == OLD
        assert files()["deploy/+back"] == "it has started 3 times, and did not stay online: NewError"


def test_waking_is_no_new_start():
    with Updated(OLD):
        module.main()
        machine.cause = machine.DEEPSLEEP_RESET
        prove.start()
        assert state() == "0 3\n"


def test_it_has_so_much_time():
    with Updated(OLD):
        module.main()
        prove.start()
        resets = machine.resets
        machine.Timer.made.fire(2)
        assert machine.resets == resets and state() == "1 3\n"
        machine.Timer.made.fire(1)
        assert machine.resets == resets + 1 and state() == "back it was not online to stay in time\n"
        module.main()
        assert program() == OLD


def test_crashes_that_were_counted_are_forgotten():
    """Or the old program would have to wait for ten minutes."""
    with Updated(OLD):
        machine.rtc_memory = b"crashes \4\0"
        module.main()
        assert machine.rtc_memory == b""
        machine.rtc_memory = b"the program's own"
        prove.start()
        assert machine.rtc_memory == b"the program's own"
        machine.rtc_memory = b""


class Unreadable(Os):
    """os whose stat() fails once, at the nth call."""

    def __init__(self, nth):
        super().__init__(99)
        self.calls = 0
        self._nth = nth
        self.stat = self._stat

    def _stat(self, path):
        self.calls += 1
        if self.calls == self._nth:
            raise OSError(5)
        return os.stat(path)


def test_a_flash_that_cannot_be_read_for_a_moment_makes_no_mixture():
    for nth in range(1, 13):
        flash = Unreadable(nth)
        with Updated(OLD):
            with replaced(module, "os", flash):
                module.main()
            if state()[:4] == "back":
                module.main()
            assert program() == (NEW if flash.calls < nth else OLD), nth
