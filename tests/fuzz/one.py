"""Fuzzes one target, in this process, until libFuzzer ends it: python tests/fuzz/one.py TARGET FOLDER [OPTION …]

The options are libFuzzer's. What is new to it is told by what of lib/, firmware/ and the target's tools an input has
run through.
"""

import importlib
import os
import sys
import time
from pathlib import Path

_BEGAN = time.monotonic()

import atheris  # noqa: E402
from replay import find_modules  # noqa: E402

_ROOT = Path(__file__).parent.parent.parent
_NOT_FOR_TESTS = ("manifest", "start", "last_resort", "__init__")


def main(name: str, folder: str, options: list[str]) -> None:
    """folder: where what a target writes may go. Of -max_total_time, the beginning is a part here."""
    find_modules()
    import fakes  # noqa: F401
    from targets import HOST_ONLY, TARGETS, load

    with atheris.instrument_imports(include=["mqtt", "onenet", "firmware", "onenet_tools", TARGETS[name][0]]):
        check = load(name)
        for package in (_ROOT / "lib" / "mqtt", _ROOT / "lib" / "onenet", _ROOT / "firmware"):
            for file in sorted(package.glob("*.py")) if name not in HOST_ONLY else ():
                if file.stem not in _NOT_FOR_TESTS:
                    importlib.import_module(f"{package.name}.{file.stem}")
    os.chdir(folder)
    os.environ["TMPDIR"] = folder
    again = (
        f"{sys.executable} {Path(__file__).resolve()} {name} {folder}"  # what libFuzzer runs, with a shell, to merge
    )
    atheris.Setup([again, *map(_less, options)], check)
    atheris.Fuzz()


def _less(option: str) -> str:
    name, _, seconds = option.partition("=")
    if name != "-max_total_time":
        return option
    left = int(seconds) - time.monotonic() + _BEGAN
    return f"{name}={max(1, round(left) - 1)}"  # it ends when more whole seconds than that have passed


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
