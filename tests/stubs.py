"""Holds the types in typings/program against firmware/, which is loaded with stand-ins for a board's modules:
mypy.stubtest."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROGRAM = HERE.parent / "typings" / "program"
INNER = r"firmware\.device\.(OFFLINE|ONLINE|POLLIN)"
"""Public names that are of no use to a program."""


def main() -> int:
    sys.path[:0] = [str(HERE.parent / "tools" / "shim"), str(HERE.parent / "lib"), str(HERE)]
    import fakes  # noqa: F401  # a board's modules, before anything of the firmware's
    from mypy.stubtest import parse_options, test_stubs

    os.chdir(PROGRAM)  # where mypy looks first
    allowed = HERE.parent / "build" / "stubtest.txt"
    allowed.parent.mkdir(exist_ok=True)
    rooms = {path.stem for path in (HERE.parent / "firmware").glob("[!_]*.py")}
    typed = {path.stem for path in (PROGRAM / "firmware").glob("[!_]*.pyi")}
    allowed.write_text("\n".join([INNER, *(f"firmware.{name}" for name in sorted(rooms - typed))]))
    return test_stubs(parse_options(["--allowlist", str(allowed), "--ignore-unused-allowlist", "firmware"]))


sys.exit(main())
