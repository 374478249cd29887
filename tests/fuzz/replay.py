"""Runs a target with inputs: python or micropython tests/fuzz/replay.py TARGET FILE …

A file is an input; one that ends with .txt has many, each in a line as Python writes bytes. Prints what goes wrong, and
ends with 1 where anything does.
"""

import os
import sys

_HERE = __file__.rpartition("/")[0] or "."
if _HERE[0] != "/":  # whoever changes the folder shall still find modules
    _HERE = os.getcwd() + "/" + _HERE

_ENOUGH = 3  # findings


def inputs(path):
    """[(where it is from, bytes)] of a file."""
    with open(path, "rb") as file:
        if not path.endswith(".txt"):
            return [(path, file.read())]
        lines = file.read().decode().split("\n")
    return [("%s, line %d" % (path, i + 1), eval(line)) for i, line in enumerate(lines) if line[:1] == "b"]


def find_modules():
    """Makes the ways to all that a target imports."""
    sys.path[:0] = [_HERE, _HERE + "/../unit", _HERE + "/..", _HERE + "/../../lib"]
    if sys.implementation.name != "micropython":
        sys.path.insert(0, _HERE + "/../../tools/shim")
        import micropython  # noqa: F401


def main(name, paths):
    find_modules()
    import fakes  # noqa: F401  # which gives CPython's modules what MicroPython's have
    from flash_folder import Flash
    from targets import load

    here = os.getcwd()
    check = load(name)
    failed = 0
    for path in paths:
        if not path.startswith("/"):
            path = here + "/" + path
        for where, data in inputs(path):
            try:
                with Flash({}):
                    check(data)
            except BaseException as e:  # noqa: BLE001 - whatever it is, it is a finding
                failed += 1
                print("%s: %s" % (where, data if len(data) < 200 else "%d bytes" % len(data)))
                sys.print_exception(e)
                if failed == _ENOUGH or isinstance(e, KeyboardInterrupt):
                    return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
