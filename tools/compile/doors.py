"""Methods of Device that only hand on to a module which is seldom loaded become functions of firmware/doors.py on a
board: each takes some 70 bytes of its heap as long as its class is there, and most programs call few of them, once.

Lines stay where they are, in the one and in the other: see Merged.origin().
"""

import ast
import textwrap
from collections.abc import Mapping

CLASS, HOME, DOORS = "Device", "firmware/device.py", "firmware/doors.py"
METHODS = ("stream", "command", "property", "service", "event", "update", "start", "run_once", "sleep")


def move_doors(sources: Mapping[str, str]) -> dict[str, str]:
    """The sources of a board's modules, by name, with METHODS in front of what DOORS has of its own, which begins at
    the line behind HOME's last one."""
    if HOME not in sources or DOORS not in sources:
        return dict(sources)
    lines = sources[HOME].split("\n")
    moved = [""] * len(lines)
    (home,) = (node for node in ast.parse(sources[HOME]).body if isinstance(node, ast.ClassDef) and node.name == CLASS)
    methods = [node for node in home.body if isinstance(node, ast.FunctionDef) and node.name in METHODS]
    assert len(methods) == len(METHODS), METHODS
    for method in methods:
        assert method.end_lineno is not None
        there = slice(method.lineno - 1, method.end_lineno)
        moved[there] = textwrap.dedent("\n".join(lines[there])).split("\n")
        lines[there] = [""] * (method.end_lineno - method.lineno + 1)
    return {**sources, HOME: "\n".join(lines), DOORS: "\n".join([*moved, sources[DOORS]])}
