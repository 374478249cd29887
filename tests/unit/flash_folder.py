"""A folder that stands for a board's flash."""

import os
import random
from errno import EEXIST

from support import MICROPYTHON, SkipTest, getenv

if not MICROPYTHON:
    os.ilistdir = lambda folder: [(name, is_folder(folder + "/" + name)) for name in os.listdir(folder)]


class Flash:
    """A folder of its own as the current one, with these files in it. A context."""

    def __init__(self, files):
        self._files = files

    def __enter__(self):
        self._before = os.getcwd()
        while True:  # a test that has set the seed may run twice at a time, or have left its folder
            self._root = (getenv("TMPDIR") or "/tmp") + "/boot-%d" % random.getrandbits(30)
            try:
                os.mkdir(self._root)
                break
            except OSError as e:
                if e.errno != EEXIST:
                    raise
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


def skip_without_littlefs():
    if not MICROPYTHON:
        raise SkipTest("needs MicroPython's littlefs")
    import vfs

    if not hasattr(vfs, "VfsLfs2"):
        raise SkipTest("needs littlefs")


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
