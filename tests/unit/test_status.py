"""What a board says of itself: to `onenet boards`, which presses Enter, and to who asks "!status" from afar."""

import builtins
import json
import sys

import fakes
from fakes import network
from flash_folder import Flash
from support import replaced
from test_health import OnAnEsp8266

from firmware import about, remote_status

SECRET = "sn001-secret"
CRASHES = "# 12 s, app\nTraceback\nValueError: %s\n\n# 9 s, app\nTraceback\nOSError: no sensor at %s\n\n" % (
    SECRET,
    SECRET,
)
CONFIG = json.dumps({"auth_info": SECRET})
DEPLOYED = '{"version": "1.4", "files": {"main.py": "%s"}}' % ("0" * 100)

_open = builtins.open


def _at_root(path, mode="r"):
    return _open(path.lstrip("/"), mode)


class Board:
    """A board with these files, in its root; a context. Of a device it has what its state is asked of."""

    dropped = 3

    def __init__(self, files=()):
        self._flash = Flash(dict(files))
        self._open = replaced(builtins, "open", _at_root)
        self.wifi = self.outbox = self

    def __enter__(self):
        network.new_air()
        self._flash.__enter__()
        self._open.swap()
        return self

    def __exit__(self, *args):
        self._open.swap()
        self._flash.__exit__()

    def rssi(self):
        return -61

    def status(self):
        return json.loads(remote_status.describe(self))


def test_a_new_board():
    with Board() as it:
        line = about.describe()
        assert line.startswith("version ?, MicroPython ") and line.endswith(", 24:0a:c4:00:00:01"), line
        assert about.failures() == ""
        status = it.status()
        assert (status["version"], status["rssi"], status["dropped"]) == ("?", -61, 3)
        for name in ("crashes", "change", "update", "alone"):
            assert name not in status


def test_the_version_is_that_of_what_was_deployed():
    with Board({"deployed.json": DEPLOYED}) as it:
        assert about.describe().startswith("version 1.4, ")
        assert it.status()["version"] == "1.4"
    for text in ("", "{}", "[1]", "version"):  # somebody's own file
        with Board({"deployed.json": text}):
            assert about.version() == "?"


def test_failures_are_counted_and_the_last_one_told_without_secrets():
    with Board({"crashes": CRASHES, "config.json": CONFIG}) as it:
        assert about.failures().startswith("; 2 failures kept, the last: OSError: no sensor at ")
        words = it.status()["crashes"]
        assert words.startswith("2 failures kept, the last: OSError: no sensor at ") and SECRET not in words
    with Board({"crashes": "# 12 s, app\nValueError: %s\n" % ("x" * 300)}) as it:
        assert about.describe().endswith("; 1 failure kept, the last: ValueError: " + "x" * 300)
        assert len(it.status()["crashes"]) == 120
    for text in ("", "somebody's own\n"):
        with Board({"crashes": text}) as it:
            assert about.failures() == "" and "crashes" not in it.status()


def test_memory_of_an_esp32():
    with Board() as it:
        status = it.status()
        assert (status["free_idf_heap"], status["largest_idf_block"]) == (70000, 40000)
        assert "largest_block" not in status, "what finds no room there makes the heap grow"


def test_memory_of_an_esp8266():
    def room(size):
        if size > 7168:
            raise MemoryError
        return size

    remote_status.bytearray = room
    try:
        with Board() as it, OnAnEsp8266():
            status = it.status()
        assert 7168 - 64 <= status["largest_block"] <= 7168 < status["free_heap"]
        assert "free_idf_heap" not in status and "largest_idf_block" not in status
    finally:
        del remote_status.bytearray


def test_how_a_change_of_the_configuration_went():
    undone = {"config.undone": "undone: not online in 120 s: " + "x" * 200}
    with Board(undone) as it:
        assert it.status()["change"] == undone["config.undone"][:120]
    with Board(dict(undone, **{"config.back": "{}"})) as it:
        assert it.status()["change"] == "on trial", "the one after it"


def test_how_an_update_ended():
    with Board({"update.ended": "upgraded to 1.5"}) as it:
        assert it.status()["update"] == "upgraded to 1.5"


def test_where_the_program_does_not_run_that_is_told():
    sys.modules["firmware.alone"] = sys
    try:
        with Board() as it:
            assert it.status()["alone"] is True
    finally:
        del sys.modules["firmware.alone"]


assert fakes  # the way to firmware
