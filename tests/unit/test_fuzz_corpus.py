"""What `make fuzz` has kept, through its targets once more: on either interpreter nothing of it is wrong."""

import sys

import fakes
from flash_folder import Flash

_FUZZ = fakes.ROOT + "/tests/fuzz"
sys.path.append(_FUZZ)

from replay import inputs  # noqa: E402
from targets import HOST_ONLY, TARGETS, load  # noqa: E402


def _replays(name):
    def test():
        check = load(name)
        for where, data in inputs("%s/corpus/%s.txt" % (_FUZZ, name)):
            with Flash({}):
                try:
                    check(data)
                except Exception:
                    print(where)
                    raise

    return test


for _name in TARGETS:
    if sys.implementation.name != "micropython" or _name not in HOST_ONLY:
        setattr(sys.modules[__name__], "test_" + _name, _replays(_name))  # which has dir() find it on MicroPython, too
