"""What names become before modules are compiled for a board, and what they must not."""

import ast
import io
import json
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from onenet_tools.board.executable import find_micropython
from onenet_tools.board.flash import SHIMS
from onenet_tools.compile.shorten import INNER, _private_names, function_at, shorten
from onenet_tools.files import board_directory, board_modules

FOREIGN = (
    str,
    bytes,
    bytearray,
    memoryview,
    dict,
    list,
    set,
    int,
    float,
    socket.socket,
    select,
    io,
    os,
    json,
    time,
    sys,
)


def run(sources: dict[str, str], program: str, folder: Path) -> str:
    for name, text in sources.items():
        (folder / name).write_text(text)
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout


def board_sources() -> dict[str, str]:
    return {name: (board_directory() / name).read_text("utf-8") for name in board_modules()}


def names(text: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(text)))
    found = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    found |= {node.id for node in nodes if isinstance(node, ast.Name)}
    found |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return found | {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_a_private_attribute_is_the_same_one_in_every_module(tmp_path: Path) -> None:
    sources = {
        "a.py": "class A:\n    def __init__(self):\n        self._first = 1\n        self._second = 2\n",
        "b.py": "from a import A\ndef peep(of_what):\n    return of_what._first, of_what._second\n",
    }
    short = shorten(sources)
    assert "_first" not in short["a.py"] + short["b.py"]
    assert run(short, "import a, b; print(b.peep(a.A()))", tmp_path) == "(1, 2)\n"


def test_an_attribute_that_only_others_set_meets_no_other(tmp_path: Path) -> None:
    sources = {
        "a.py": "class A:\n    def __init__(self): self._one = 1\nclass B:\n    def __init__(self): self._two = 2\n",
        "b.py": "def lend(to):\n    to._three = 3\n    return to\n",
    }
    short = shorten(sources)
    assert "_three" not in short["b.py"]
    said = run(short, "import a, b; print(*[sorted(vars(b.lend(x)).values()) for x in (a.A(), a.B())])", tmp_path)
    assert said == "[1, 3] [2, 3]\n"


def test_what_others_set_meets_no_other_though_another_class_has_one_of_that_name(tmp_path: Path) -> None:
    sources = shorten(
        {
            "a.py": "class A:\n    def __init__(self):\n        self._x = 1\n        self._y = 2\n",
            "b.py": "class B:\n    def append(self):\n        return self.append\n",
            "c.py": "def lend(box):\n    box.append = 5\n    return box._x, box._y, box.append\n",
        }
    )
    program = "from a import A\nfrom c import lend\nprint(*lend(A()))"
    assert run(sources, program, tmp_path) == "1 2 5\n"


_TWO = "class A:\n    def __init__(self):\n        self._x = 1\n        self._y = 2\n"
_ONE = "class A:\n    def _one(self): return 1\n    def one(self): return self._one()\n"


@pytest.mark.parametrize(
    ("module", "program"),
    [
        # A name has two owners, one of which is out of reach.
        ("def _one(): return 1\n", "from b import _one as _two\nprint(_two())\n"),
        ("def one(): return 1\nclass B:\n    _two = 2\n", "from b import B, one as _two\nprint(_two(), B._two)\n"),
        (_TWO, "from b import A\ndef f(_x=1): return _x\nprint(f(_x=5), A()._x)\n"),
        (_TWO, "from b import A\ndef f(_x=1): return _x\nprint(f(**dict(_x=5)), A()._x)\n"),
        (
            "class A:\n    def keep(self): return 1\n",
            "import b\ndef f(keep): return keep\nprint(f(keep=5), b.A().keep())\n",
        ),
        (_TWO, "from b import A\ntry:\n    A() + 1\nexcept TypeError as _x:\n    print(len(_x.args), A()._x)\n"),
        (_TWO, "from b import A\nprint([getattr(A(), name) for name in '_x _y'.split(' ')])\n"),
        (_TWO, "from b import A\ndef f():\n    global _x\n    _x = 3\nf()\nprint(_x, A()._x)\n"),
        # What others set.
        (
            _TWO + "class B:\n    def append(self): pass\nclass H: pass\n",
            "from b import A, H\ndef f(h):\n    h.a.append = 5\n    return h.a._x, h.a._y, h.a.append\n"
            "h = H()\nh.a = A()\nprint(f(h))\n",
        ),
        (
            _TWO + "class B:\n    def __init__(self): self._z = 3\n",
            "from b import A, B\ndef give(a): a._z = 9\ndef show(a): return a._x, a._y, a._z, B()._z\n"
            "a = A()\ngive(a)\nprint(show(a))\n",
        ),
        ("_hidden = 4\ndef f(): return 7\n", "import b\nb.append = 3\nprint(b._hidden, b.f(), b.append)\n"),
        # Whom a class inherits from.
        (_ONE, "import b\nclass B(b.A):\n    def _two(self): return 2\nprint(B().one(), B()._two())\n"),
        (_ONE, "from b import A as X\nclass B(X):\n    def _two(self): return 2\nprint(B().one(), B()._two())\n"),
        (_ONE, "from b import A as X\nclass A(X):\n    def _two(self): return 2\nprint(A().one(), A()._two())\n"),
        (
            _ONE + "class B(A): pass\n",
            "import b\nclass A(b.B):\n    def _two(self): return 2\nprint(A().one(), A()._two())\n",
        ),
    ],
)
def test_a_program_does_the_same_with_short_names(module: str, program: str, tmp_path: Path) -> None:
    sources = {"b.py": module, "a.py": program}
    said = run(sources, "import a", tmp_path)
    short = tmp_path / "short"
    short.mkdir()
    assert run(shorten(sources), "import a", short) == said != ""


@pytest.mark.parametrize(
    ("modules", "called"),
    [
        (("firmware/outbox", "firmware/flash_outbox"), ("box", "outbox")),
        (("firmware/device",), ("device",)),
        (("firmware/wifi",), ("wifi",)),
        (("firmware/clock",), ("clock",)),
        (("firmware/things",), ("things",)),
        (("firmware/notes",), ("notes",)),
        (("lib/mqtt/sender", "lib/mqtt/client"), ("client",)),
        (("lib/mqtt/session",), ("session",)),
        (("lib/mqtt/parser",), ("parser",)),
    ],
)
def test_all_that_an_object_has_stays_apart(modules: tuple[str, ...], called: tuple[str, ...]) -> None:
    """What it is given in other modules, too, by whatever these call it: two of one name have lost data points."""
    trees = {name.removesuffix(".py"): ast.parse(text) for name, text in board_sources().items()}
    has = set()
    for module, tree in trees.items():
        by = {*called, *(f"self._{name}" for name in called)} | ({"self"} if module in modules else set())
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        has |= {node.attr for node in nodes if ast.unparse(node.value) in by}
    becomes = _private_names(trees)
    short = {name: becomes.get(name, name) for name in has}
    assert len(has) > 5 and len(set(short.values())) == len(has), sorted(short.items(), key=lambda pair: pair[1])


def test_names_that_never_meet_become_the_same_one() -> None:
    short = shorten({"a.py": "class A:\n    def _one(self): pass\nclass B:\n    def _two(self): pass\n"})
    assert len(names(short["a.py"]) - {"A", "B", "self"}) == 1


@pytest.mark.parametrize("base", ["class B(A):\n", "class M:\n    pass\nclass B(M, A):\n"])
def test_names_of_a_class_and_its_base_stay_apart(base: str, tmp_path: Path) -> None:
    sources = {
        "a.py": "class A:\n    def _one(self): return 1\n    def one(self): return self._one()\n",
        "b.py": "from a import A\n" + base + "    def _two(self): return 2\n    def two(self): return self._two()\n",
    }
    assert run(shorten(sources), "import b; print(b.B().one(), b.B().two())", tmp_path) == "1 2\n"


def test_a_name_is_not_one_that_its_module_or_class_uses(tmp_path: Path) -> None:
    text = (
        "def _first(append):\n    args = append\n    return callable(args), [args].copy()\n"
        "class A:\n    def __init__(self): self._list = []\n"
        "    def append(self, x): self._list.append(x)\n    def args(self): return self._list\n"
    )
    program = "import a; x = a.A(); x.append(3); print(x.args(), list(vars(a))[-2:]); f = list(vars(a))[-2]"
    said = run(shorten({"a.py": text}), program + "; print(vars(a)[f](5))", tmp_path)
    assert said.endswith("\n(False, [5])\n") and said.startswith("[3] ")


def test_a_constant_keeps_its_underscore() -> None:
    sources = {
        "a.py": "from micropython import const\nfrom b import append\n_ONE = const(1)\nx = append(_ONE)\n",
        "b.py": "_ONE = 1\ndef append(x): return x + _ONE\n",
        "c.py": "def f():\n    from b import append\n    return append(_g())\ndef _g(): return 1\n",
    }
    short = shorten(sources)
    assert short["a.py"] == sources["a.py"]
    assert "def append" not in short["c.py"]


def test_names_of_a_class_and_its_bases_base_stay_apart(tmp_path: Path) -> None:
    text = (
        "class A:\n    def _one(self): return 1\n    def one(self): return self._one()\n"
        "class B(A): pass\n"
        "class C(B):\n    def _two(self): return 2\n"
    )
    assert run(shorten({"a.py": text}), "import a; print(a.C().one())", tmp_path) == "1\n"


def test_what_others_define_keeps_its_name(tmp_path: Path) -> None:
    sources = {"a.py": "import sys\ndef look(x):\n    return sys._getframe, x._theirs, getattr(x, '_named')\n"}
    sources["b.py"] = "class T:\n    def __init__(self): self._named = 1\n"
    short = shorten(sources)
    assert {"_getframe", "_theirs"} <= names(short["a.py"])
    assert "_named" in names(short["b.py"])


def test_parameters_get_letters_except_where_they_are_called_by_name(tmp_path: Path) -> None:
    text = (
        "def f(topic, payload, qos=0):\n    rest = payload, qos\n    return lambda packet: (topic, packet) + rest\n"
        "class Client:\n    def publish(self, topic, retain=False): return topic, retain\n"
        "def g(): return f(1, 2, qos=3)(4)\n"
    )
    short = shorten({"a.py": text})
    assert not {"payload", "packet"} & names(short["a.py"])
    said = run(short, "import a; print(a.g(), a.Client().publish(topic=1, retain=2))", tmp_path)
    assert said == "(1, 4, 2, 3) (1, 2)\n"


def test_a_parameters_letter_is_not_one_that_the_function_uses(tmp_path: Path) -> None:
    text = "a = 5\ndef f(first, second):\n    b = first + a\n    return [c + b for c in second]\n"
    assert run(shorten({"m.py": text}), "import m; print(m.f(1, [2]))", tmp_path) == "[8]\n"


def test_lines_stay_where_they_are() -> None:
    for name, text in shorten(board_sources()).items():
        before, after = ast.parse(board_sources()[name]), ast.parse(text)
        assert [type(n) for n in ast.walk(before)] == [type(n) for n in ast.walk(after)]
        assert [getattr(n, "lineno", 0) for n in ast.walk(before)] == [getattr(n, "lineno", 0) for n in ast.walk(after)]


def test_a_board_learns_fewer_names() -> None:
    before = set().union(*map(names, board_sources().values()))
    after = set().union(*map(names, shorten(board_sources()).values()))
    assert len(after) < len(before) * 0.85


def test_the_libraries_work_with_short_names(tmp_path: Path) -> None:
    """On MicroPython, a client and a session that never saw the long ones."""
    for name, text in shorten(board_sources()).items():
        path = tmp_path / name.removeprefix("lib/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from mqtt import Client, MQTTError\n"
        "c = Client('me', '127.0.0.1', port=1, username='u', password='p', keepalive=10, window=2)\n"
        "c.publish('a', 'b', qos=1)\n"
        "try:\n    c.connect()\nexcept OSError as e:\n    print('refused', c.can_publish(1))\n"
    )
    done = subprocess.run([find_micropython(None), "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "refused True\n", done.stderr


def test_inner_names_are_nobody_elses() -> None:
    """What they are called is defined here, stands in no text, and nothing that a board's programs use is called so."""
    sources = board_sources()
    assert set().union(*map(names, sources.values())) >= INNER
    shims = [path.read_text("utf-8") for path in (SHIMS).glob("_*.py")]
    theirs = set().union(*map(names, shims), *(dir(kind) for kind in FOREIGN))
    assert not INNER & theirs
    programs = [(board_directory() / name).read_text("utf-8") for name in ("boot.py", "main.py", "firmware/finish.py")]
    assert not INNER & set().union(*map(names, programs))


def test_a_line_tells_the_functions_own_name() -> None:
    text = "class A:\n    def outer(self):\n        def inner():\n            pass\n        return inner\nx = 1\n"
    assert function_at(text, 4) == "inner"
    assert function_at(text, 5) == "outer"
    assert function_at(text, 6) is None
