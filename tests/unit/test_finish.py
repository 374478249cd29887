"""firmware/finish.py: a deploy is brought to its end whatever happens to the power."""

import os

import fakes
from flash_folder import Flash, files, folders, paths
from support import raises, replaced

from firmware import finish as module

with open(fakes.ROOT + "/firmware/finish.py") as _file:
    SOURCE = _file.read()

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


class Staged(Flash):
    """With a deploy that is to be finished."""

    def __enter__(self):
        super().__enter__()
        self.stage()
        return self

    def stage(self):
        self.write({"deploy/" + path.replace("/", "+"): text for path, text in STAGED.items()})
        self.write({"deploy/finish.py": SOURCE, "deploy/record": RECORD})


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


def test_a_deploy_is_finished_and_leaves_nothing_behind():
    with Staged(OLD):
        module.finish()
        assert files() == NEW
        assert sorted(folders()) == ["firmware", "lib", "lib/extra", "lib/extra/deep", "lib/mqtt"]


def start():
    """What boot.py does."""
    if "deploy/record" in files():
        module.finish()


def test_power_cuts_anywhere_make_no_difference():
    changes = 0
    finished = False
    while not finished:
        with Staged(OLD):
            for more in (changes, 1, changes):  # three starts that do not come to the end
                with replaced(module, "os", Os(more)):
                    try:
                        start()
                        finished = more == changes
                    except PowerCut:
                        pass
            start()
            left = files()
            left.pop("deploy/finish.py", None)  # the last thing to go, which nobody runs without a record
            assert left == NEW, changes
        changes += 1
    assert changes > 15


def test_folders_that_become_empty_go():
    """An empty lib/mqtt would hide the one in ROMFS."""
    with Flash({"lib/mqtt/client.py": "", "lib/mine.py": ""}) as flash:
        flash.write({"deploy/record": "-lib/mqtt/client.py\n"})
        module.finish()
        assert sorted(paths()) == ["lib", "lib/mine.py"]


def test_what_cannot_be_done_is_no_secret():
    """The next start tries again, and main.py does not run until then."""
    with Staged(OLD):
        full = Os(99)

        def rename(old, new):
            raise OSError(28)

        full.rename = rename
        with replaced(module, "os", full):
            raises(OSError, module.finish)
        assert "deploy/record" in files()
        module.finish()
        assert files() == NEW


def test_boot_py_runs_what_the_deploy_has_brought():
    """As a program of its own, not as the module that is being replaced."""
    with Staged(OLD):
        exec(SOURCE, {"__name__": "__main__"})
        assert files() == NEW
