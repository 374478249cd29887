"""boot.py: a deploy is finished whatever happens to the power, and main.py runs unless it had better not."""

import json
import os
import random
import sys

import fakes
from fakes import machine
from support import raises, replaced

import boot

OLD = {"main.py": "old main", "firmware/device.py": "old device", "lib/mqtt/client.py": "old client", "data": "mine"}
STAGED = {
    "main.py": "new main",
    "firmware/device.mpy": "new device",
    "lib/mqtt/client.mpy": "new client",
    "lib/extra/deep/more.mpy": "more",
}
RECORD = "".join("+" + path + "\n" for path in STAGED) + "-firmware/device.py\n-lib/mqtt/client.py\n-lib/old/gone.py\n"
NEW = {"data": "mine"}
NEW.update(STAGED)


class Flash:
    """A folder of its own as the current one, with these files in it. A context."""

    def __init__(self, files):
        self._files = files

    def __enter__(self):
        self._before = os.getcwd()
        self._root = (os.getenv("TMPDIR") or "/tmp") + "/boot-%d" % random.getrandbits(30)
        os.mkdir(self._root)
        os.chdir(self._root)
        self.write(self._files)
        return self

    def __exit__(self, *args):
        os.chdir(self._before)
        remove(self._root)

    def write(self, files):
        for path, text in files.items():
            for at in range(len(path)):
                if path[at] == "/" and path[:at] not in folders():
                    os.mkdir(path[:at])
            with open(path, "w") as file:
                file.write(text)

    def stage(self):
        self.write({"deploy/" + path.replace("/", "+"): text for path, text in STAGED.items()})
        self.write({"deploy/record": RECORD})


def is_folder(path):
    return os.stat(path)[0] & 0x4000


def paths(at="."):
    """All files and folders, without the folder they are in."""
    found = []
    for name in os.listdir(at):
        path = at + "/" + name
        found.append(path[2:])
        if is_folder(path):
            found += paths(path)
    return found


def folders():
    return [path for path in paths() if is_folder(path)]


def files():
    found = {}
    for path in paths():
        if not is_folder(path):
            with open(path) as file:
                found[path] = file.read()
    return found


def remove(path):
    if is_folder(path):
        for name in os.listdir(path):
            remove(path + "/" + name)
        os.rmdir(path)
    else:
        os.remove(path)


class PowerCut(BaseException):
    pass


class Os:
    """os, until the power goes: after so many changes."""

    def __init__(self, changes):
        self.left = changes
        self.listdir = os.listdir
        for name in ("mkdir", "rename", "remove", "rmdir"):
            setattr(self, name, self._limited(getattr(os, name)))

    def _limited(self, change):
        def limited(*args):
            if not self.left:
                raise PowerCut
            self.left -= 1
            change(*args)

        return limited


# A deploy


def test_nothing_to_finish():
    with Flash(OLD):
        boot.finish_deploy()
        assert files() == OLD


def test_what_is_only_staged_is_left_alone():
    with Flash(OLD) as flash:
        flash.write({"deploy/main.py": "new main", "deploy/record.new": RECORD})
        before = files()
        boot.finish_deploy()
        assert files() == before


def test_a_deploy_is_finished_and_leaves_nothing_behind():
    with Flash(OLD) as flash:
        flash.stage()
        boot.finish_deploy()
        assert files() == NEW
        assert sorted(folders()) == ["firmware", "lib", "lib/extra", "lib/extra/deep", "lib/mqtt"]


def test_power_cuts_anywhere_make_no_difference():
    changes = 0
    finished = False
    while not finished:
        with Flash(OLD) as flash:
            flash.stage()
            for more in (changes, 1, changes):  # three starts that do not come to the end
                with replaced(boot, "os", Os(more)):
                    try:
                        boot.finish_deploy()
                        finished = more == changes
                    except PowerCut:
                        pass
            boot.finish_deploy()
            assert files() == NEW, changes
        changes += 1
    assert changes > 15


def test_folders_that_become_empty_go():
    """An empty lib/mqtt would hide the one in ROMFS."""
    with Flash({"lib/mqtt/client.py": "", "lib/mine.py": ""}) as flash:
        flash.write({"deploy/record": "-lib/mqtt/client.py\n"})
        boot.finish_deploy()
        assert sorted(paths()) == ["lib", "lib/mine.py"]


def test_what_cannot_be_done_is_no_secret():
    """The next start tries again, and main.py does not run until then."""
    with Flash(OLD) as flash:
        flash.stage()
        full = Os(99)

        def rename(old, new):
            raise OSError(28)

        full.rename = rename
        with replaced(boot, "os", full):
            raises(OSError, boot.finish_deploy)
        assert "deploy/record" in files()
        boot.finish_deploy()
        assert files() == NEW


# ROMFS


class Vfs:
    """Stands for vfs: a partition of 16 bytes, and what is mounted; rom: MicroPython has mounted one by itself."""

    def __init__(self, rom):
        self.mounted = {"/rom": b"at the beginning"} if rom else {}
        self.VfsRom = bytes

    def rom_ioctl(self, operation, partition):
        assert (operation, partition) == (2, 0)
        return b"0123456789abcdef"

    def mount(self, image, path):
        assert path not in self.mounted
        self.mounted[path] = image

    def umount(self, path):
        if path not in self.mounted:
            raise OSError(22)
        del self.mounted[path]


def after_mount_rom(text, rom=True):
    """What is mounted, and the ROMFS's places in sys.path, where the file romfs has this text, None for no file."""
    vfs = Vfs(rom)
    path = list(sys.path)
    before = sys.modules.get("vfs")
    sys.modules["vfs"] = vfs
    if rom:
        sys.path.extend(("/rom", "/rom/lib"))
    try:
        with Flash({} if text is None else {"romfs": text}):
            boot.mount_rom()
        return vfs.mounted, [place for place in sys.path if place[:4] == "/rom"]
    finally:
        sys.path[:] = path
        del sys.modules["vfs"]
        if before:
            sys.modules["vfs"] = before


def test_the_romfs_image_that_counts_is_mounted():
    places = ["/rom", "/rom/lib"]
    for rom in (False, True):
        assert after_mount_rom("8\n", rom) == ({"/rom": b"89abcdef"}, places)
        assert after_mount_rom("0\n", rom) == ({"/rom": b"0123456789abcdef"}, places)
        assert after_mount_rom("-1\n", rom) == ({}, [])


def test_without_a_word_of_ours_the_romfs_stays_as_micropython_has_it():
    for text in (None, "", "somebody's own file"):
        assert after_mount_rom(text, True) == ({"/rom": b"at the beginning"}, ["/rom", "/rom/lib"])
        assert after_mount_rom(text, False) == ({}, [])


# Safe mode


class Board(Flash):
    """A board that has just been reset for this cause, with the level 1 at every pin but those held down."""

    def __init__(self, cause=machine.PWRON_RESET, held=(), memory=b"", files=None):
        super().__init__(files or {})
        machine.cause = cause
        machine.levels.clear()
        machine.pulled.clear()
        machine.levels.update(dict.fromkeys(held, 0))
        machine.rtc_memory = memory
        self.slept = 0
        self._sleeping = replaced(boot, "sleep_ms", self._sleep)
        self._ctrl_c_after = None

    def _sleep(self, ms):
        self.slept += ms
        if self._ctrl_c_after is not None and self.slept > self._ctrl_c_after:
            raise KeyboardInterrupt

    def __enter__(self):
        self._sleeping.__enter__()
        return super().__enter__()

    def __exit__(self, *args):
        self._sleeping.__exit__()
        super().__exit__(*args)
        machine.rtc_memory = b""
        machine.cause = machine.PWRON_RESET

    def safe_mode(self, ctrl_c_after=None):
        self._ctrl_c_after = ctrl_c_after
        return boot.reason_for_safe_mode()


def test_an_ordinary_start():
    for cause in (1, 2, 3, 4, 5):
        with Board(cause) as board:
            assert board.safe_mode() is None
            assert board.slept == (300 if cause == machine.PWRON_RESET else 0)  # for the button


def test_the_file_that_stays():
    with Board(files={"safe_mode": ""}) as board:
        assert "delete the file safe_mode" in board.safe_mode()
        assert files() == {"safe_mode": ""} and not board.slept


def test_the_file_for_one_start():
    for also in ({}, {"safe_mode": ""}):
        with Board(machine.HARD_RESET, files=dict(also, safe_mode_once="")) as board:
            assert board.safe_mode()
            assert files() == also
            assert bool(board.safe_mode()) == bool(also)


def test_the_file_for_one_start_counts_for_the_reset_that_follows_it():
    """Where power went in between, or the watchdog came, nobody may be there who would end safe mode."""
    for cause in (machine.PWRON_RESET, machine.WDT_RESET, machine.SOFT_RESET):
        with Board(cause, files={"safe_mode_once": ""}) as board:
            assert board.safe_mode() is None
            assert not files()


def test_the_button_counts_when_somebody_has_reset_the_board():
    for cause in (1, 2, 3, 4, 5):
        with Board(cause, held=(0,)) as board:
            assert bool(board.safe_mode()) == (cause == machine.PWRON_RESET)
            assert machine.pulled == ([0] if cause == machine.PWRON_RESET else [])


def test_which_pin_the_button_is_at():
    for text, pins in (
        ('{"safe_mode_pin": 12}', [12]),
        ('{"safe_mode_pin": "boot"}', [0]),
        ("{}", [0]),
        ('{"safe_mode_pin": -1}', []),
        ('{"safe_mode_pin": "GPIO4"}', []),
        ('{"safe_mode_pin": 99}', []),
        ('{"safe_mode_pin": [1]}', []),
        ('{"safe_mode_pin": null}', []),
        ('{"safe_mode_pin": 12', [0]),
        ("[]", [0]),
        ("", [0]),
    ):
        with Board(held=pins, files={"config.json": text}) as board:
            assert bool(board.safe_mode()) == bool(pins), text
            assert machine.pulled == pins, text
    assert json.loads('{"safe_mode_pin": null}')["safe_mode_pin"] is None


def test_the_boot_button_of_a_risc_v_chip():
    class Implementation:
        _machine = "ESP32C3 module with ESP32C3"

    class Sys:
        implementation = Implementation

    with Board(held=(9,)) as board, replaced(boot, "sys", Sys):
        assert board.safe_mode()
        assert machine.pulled == [9]


def crashes(cause, starts, memory=b""):
    """Whether there was a pause in each of so many starts, all for the same cause."""
    paused = []
    for _ in range(starts):
        with Board(cause, memory=memory) as board:
            assert board.safe_mode() is None
            paused.append(board.slept > 1000)
            assert board.slept in (0, 300, 600000)
            memory = machine.rtc_memory
    return paused


def test_after_five_crashes_each_try_waits_ten_minutes():
    for cause in (machine.WDT_RESET, machine.HARD_RESET, 0):
        assert crashes(cause, 7) == [False] * 4 + [True] * 3


def test_what_is_no_crash():
    for cause in (machine.PWRON_RESET, machine.DEEPSLEEP_RESET, machine.SOFT_RESET):
        assert not any(crashes(cause, 7))
        with Board(cause, memory=b"crashes \7") as board:
            assert board.safe_mode() is None and machine.rtc_memory == b""


def test_the_count_does_not_overflow():
    assert crashes(machine.WDT_RESET, 3, b"crashes \xfe") == [True] * 3


def test_ctrl_c_ends_the_pause():
    with Board(machine.WDT_RESET, memory=b"crashes \7") as board:
        assert board.safe_mode(ctrl_c_after=5000)
        assert 5000 < board.slept < 6000


def test_what_a_program_keeps_in_rtc_memory_is_its_own():
    with Board(machine.WDT_RESET, memory=b"mine") as board:
        for _ in range(10):
            assert board.safe_mode() is None
        boot.forget_crashes()
        assert machine.rtc_memory == b"mine"


def test_forgetting_crashes():
    with Board(machine.WDT_RESET, memory=b"crashes \7"):
        boot.forget_crashes()
        assert machine.rtc_memory == b""


def source():
    with open(fakes.ROOT + "/boot.py") as file:
        return file.read()


def test_it_leaves_no_functions_to_main_py():
    """They would take room on the heap as long as it runs."""
    text = source()
    functions = [line[4 : line.index("(")] for line in text.split("\n") if line[:4] == "def "]
    assert len(functions) > 5
    with Board():
        left = {"__name__": "__main__"}
        exec(text, left)
        assert not [name for name in functions + ["safe_mode", "way_out"] if name in left]


def test_where_it_fails_main_py_is_told():
    text = source()
    with Board(memory=b"crashes \3", files={"safe_mode": ""}):
        left = {"__name__": "__main__"}
        raises(RuntimeError, exec, text, left, match="safe mode: main.py is not run; delete the file safe_mode")
        assert left["safe_mode"] and machine.rtc_memory == b""
