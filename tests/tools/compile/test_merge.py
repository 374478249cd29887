"""Modules that become one before they are compiled for a board: what they say to each other, and to the rest."""

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from onenet_tools.board.executable import find_micropython
from onenet_tools.compile.merge import ROOMS, SHARED, MergeError, merge
from onenet_tools.files import board_directory, board_modules

ROOM = {
    "lib/mqtt/errors.py": (
        "from micropython import const\n\n_A = const(1)\n\n\ndef _f():\n    return _A\n\n\n"
        "def one():\n    return _f()\n"
    ),
    "lib/mqtt/wire.py": (
        "from micropython import const\nfrom .errors import one\n\n_A = const(2)\n\n\ndef _f():\n    return _A\n\n\n"
        "def two():\n    return one(), _f()\n"
    ),
    "lib/mqtt/__init__.py": "from .wire import (\n    two,\n)\n\nNAME = __name__\n",
    "lib/mqtt/rare.py": (
        "from .errors import one as first\nfrom .wire import two\n\n\ndef three():\n    return first(), two()\n"
    ),
    "firmware/log.py": "from mqtt.wire import two\n\n\ndef log():\n    return two()\n",
    "firmware/__init__.py": "from .log import log\n",
}


def sources() -> dict[str, str]:
    return {name: (board_directory() / name).read_text("utf-8") for name in board_modules()}


def test_every_module_finds_the_others(tmp_path: Path) -> None:
    merged = merge(ROOM)
    assert set(merged.sources) == {"lib/mqtt/__init__.py", "lib/mqtt/rare.py", "firmware/__init__.py"}
    for name, text in merged.sources.items():
        path = tmp_path / name.removeprefix("lib/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "micropython.py").write_text("def const(x): return x\n")
    program = "import mqtt, mqtt.rare, firmware; print(mqtt.two(), mqtt.rare.three(), firmware.log(), mqtt.NAME)"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "(1, 2) (1, (1, 2)) (1, 2) mqtt\n", done.stderr


def test_a_line_tells_where_it_comes_from() -> None:
    merged = merge(sources())
    for package in [*ROOMS, *(host for hosts in SHARED.values() for host in hosts)]:
        lines = merged.sources[package].split("\n")
        for number, line in enumerate(lines, 1):
            module, there = merged.origin(package, number)
            if line.startswith("class "):
                assert sources()[module].split("\n")[there - 1] == line
    assert merged.origin("lib/mqtt/packet.py", 7) == ("lib/mqtt/packet.py", 7)


def test_nothing_is_lost_of_the_boards_modules() -> None:
    def functions(texts: Iterable[str]) -> list[int]:
        nodes = [node for text in texts for node in ast.walk(ast.parse(text))]
        return sorted(len(node.body) for node in nodes if isinstance(node, ast.FunctionDef))

    again = [sources()[shared] for shared, hosts in SHARED.items() for _ in hosts[1:]]
    assert functions(merge(sources()).sources.values()) == functions([*sources().values(), *again])


def test_what_only_computers_do_is_left_out() -> None:
    text = (
        "from .errors import MICROPYTHON\n\nif MICROPYTHON:\n    from socket import socket\nelse:\n"
        "    from .host import (\n        socket,\n    )\n    _x = 1\n\n\ndef f():\n    return socket\n"
    )
    for name in ("lib/mqtt/wire.py", "lib/mqtt/rare.py"):
        found = merge({"lib/mqtt/__init__.py": "", "lib/mqtt/errors.py": "MICROPYTHON = True\n", name: text})
        left = "".join(found.sources.values())
        assert "from socket import socket" in left and "host" not in left and "_x" not in left
        package = "lib/mqtt/rare.py" if name in found.sources else "lib/mqtt/__init__.py"
        lines = found.sources[package].split("\n")
        assert found.origin(package, lines.index("def f():") + 1) == (name, 12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lib/mqtt/wire.py": "def one():\n    return 3\n"}, "one is one thing in lib/mqtt/errors.py and another in"),
        ({"lib/mqtt/wire.py": "from time import sleep as one\n"}, "one is one thing"),
        ({"lib/mqtt/wire.py": "from .errors import one as other\n"}, "imports by another name"),
        ({"lib/mqtt/wire.py": "from ..errors import one\n"}, "imports from above its package"),
    ],
)
def test_what_cannot_be_one_is_refused(change: dict[str, str], words: str) -> None:
    with pytest.raises(MergeError, match=words):
        merge({**ROOM, **change, "lib/mqtt/__init__.py": "", "lib/mqtt/rare.py": "", "firmware/log.py": ""})


def test_the_program_works_merged(tmp_path: Path) -> None:
    for name, text in merge(sources()).sources.items():
        path = tmp_path / name.removeprefix("lib/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from mqtt import Client\n"
        "c = Client('me', '127.0.0.1', port=1, username='u', password='p', keepalive=10, window=2)\n"
        "c.publish('a', 'b', qos=1)\n"
        "try:\n    c.connect()\nexcept OSError as e:\n    print('refused', c.can_publish(1))\n"
    )
    done = subprocess.run([find_micropython(None), "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "refused True\n", done.stderr
