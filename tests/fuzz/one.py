"""Fuzzes one target, in this process, until libFuzzer ends it: python tests/fuzz/one.py TARGET [OPTION OF LIBFUZZER …]

What is new to it is told by what of lib/, firmware/ and the target's tools an input has run through.
"""

import importlib
import os
import sys
import tempfile
from pathlib import Path

import atheris
from replay import find_modules

_ROOT = Path(__file__).parent.parent.parent
_NOT_FOR_TESTS = ("manifest", "start", "last_resort", "__init__")


def main(name: str, options: list[str]) -> None:
    find_modules()
    import fakes  # noqa: F401
    from targets import TARGETS, load

    with atheris.instrument_imports(include=["mqtt", "onenet", "firmware", "onenet_tools", TARGETS[name][0]]):
        for folder in (_ROOT / "lib" / "mqtt", _ROOT / "lib" / "onenet", _ROOT / "firmware"):
            for file in sorted(folder.glob("*.py")):
                if file.stem not in _NOT_FOR_TESTS:
                    importlib.import_module(f"{folder.name}.{file.stem}")
        check = load(name)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        os.chdir(folder)
        os.environ["TMPDIR"] = folder
        again = f"{sys.executable} {Path(__file__).resolve()} {name}"  # what libFuzzer runs, with a shell, to merge
        atheris.Setup([again, *options], check)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
