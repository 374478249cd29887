"""boot.py: what it leaves to MicroPython, what it runs itself, and which ROMFS image and folders count."""

import sys

import fakes
from flash_folder import Flash

with open(fakes.ROOT + "/boot.py") as _file:
    SOURCE = _file.read()


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


class Start:
    """firmware/start.py: begin() returns what the test says, or raises it; `ends` are what ended() was told."""

    def __init__(self, way):
        self._way = way
        self.ends = []

    def begin(self):
        if isinstance(self._way, Exception):
            raise self._way
        return self._way

    def ended(self, error):
        self.ends.append(error)
        raise RuntimeError("stopped")


def boot(way, files=None, vfs=None, path=()):
    """Runs boot.py; returns its globals, sys.path and Start. vfs: stands for that module."""
    before = list(sys.path), sys.modules.get("vfs")
    start = sys.modules["firmware/start"] = Start(way)
    if vfs:
        sys.modules["vfs"] = vfs
    sys.path.extend(path)
    left = {"__name__": "__main__", "execfile": lambda name: execute(name, left)}
    try:
        with Flash(files or {}):
            try:
                exec(SOURCE, left)
                ended = None
            except RuntimeError as e:
                ended = str(e)
        return left, list(sys.path), start, ended
    finally:
        del sys.modules["firmware/start"]
        sys.path[:], modules = before
        if vfs:
            del sys.modules["vfs"]
            if modules:
                sys.modules["vfs"] = modules


def execute(name, where):
    with open(name) as file:
        exec(file.read(), where)


def test_the_romfs_image_that_counts_is_mounted():
    for rom in (False, True):
        for text, image in (("8\n", b"89abcdef"), ("0\n", b"0123456789abcdef"), ("-1\n", None)):
            vfs = Vfs(rom)
            boot(None, {"romfs": text}, vfs)
            assert vfs.mounted.get("/rom") == image


def test_without_a_word_of_ours_the_romfs_stays_as_micropython_has_it():
    for text in (None, "", "somebody's own file"):
        for rom in (False, True):
            vfs = Vfs(rom)
            boot(None, {} if text is None else {"romfs": text}, vfs)
            assert vfs.mounted == ({"/rom": b"at the beginning"} if rom else {})


def test_our_folders_come_before_files_beside_main_py():
    _, path, _, _ = boot(None)
    assert path == ["/rom", "/rom/lib", "/lib", "", ".frozen"]


def test_a_deploy_is_brought_to_its_end_by_what_came_with_it():
    finish = "import os\nos.remove('deploy/record')\nfinished = 1\n"
    left, _, _, ended = boot(None, {"deploy/record": "", "deploy/finish.py": finish})
    assert ended is None and "finished" not in left
    left, _, _, ended = boot(None, {"deploy/finish.py": "raise OSError\n"})
    assert ended is None


def test_main_py_is_left_to_micropython():
    _, _, start, ended = boot(None, {"main.py": "ran = 1"})
    assert ended is None and not start.ends


def test_safe_mode_keeps_micropython_from_running_main_py():
    left, _, start, ended = boot(RuntimeError("safe mode: main.py is not run"), {"main.py": "ran = 1"})
    assert ended == "safe mode: main.py is not run" and "ran" not in left and not start.ends


def test_main_py_runs_in_the_globals_of_the_prompt_and_once():
    for way in (True, (memoryview(b"ran = __name__"),), ("before = 1", memoryview(b"ran = before and __name__"))):
        left, _, start, ended = boot(way, {"main.py": "ran = __name__"})
        assert left["ran"] == "__main__" and start.ends == [None] and ended == "stopped"


def test_whatever_main_py_raises_is_handled():
    for text, kind in (
        ("syntax error", SyntaxError),
        ("import nonsense_that_is_not_there", ImportError),
        ("raise OSError(19)", OSError),
        ("raise MemoryError", MemoryError),
        ("raise SystemExit", SystemExit),
        ("raise KeyboardInterrupt", KeyboardInterrupt),
    ):
        for way in (True, (memoryview(text.encode()),), (text, memoryview(b"1 / 0"))):
            _, _, start, ended = boot(way, {"main.py": text})
            assert isinstance(start.ends[0], kind) and ended == "stopped", text


def test_without_our_firmware_main_py_is_left_to_micropython():
    assert boot(ImportError("no module"))[3] is None


def test_in_a_deploy_that_sends_boot_py_first_main_py_does_not_run():
    _, _, _, ended = boot(ImportError("no module"), {"safe_mode_once": "", "main.py": "ran = 1"})
    assert ended.startswith("safe mode: main.py is not run")


def test_it_leaves_few_names_to_main_py():
    """They would take room as long as it runs, and names for ever."""
    left, _, _, _ = boot(None)
    assert sorted(name for name in left if name[:2] != "__") == ["execfile", "os", "sys", "value"]
    assert "\ndef " not in SOURCE and "\nclass " not in SOURCE
