"""Texts that a board forgets with the module they are in."""

import ast
import subprocess

import pytest
from onenet_tools.board.executable import find_micropython
from onenet_tools.compile.forgotten import PASSING, forget_const, forget_texts, path_of
from onenet_tools.files import board_directory, board_modules

NAMES = "import micropython; micropython.qstr_info(1); "
"""Has MicroPython list its names."""


def board_sources() -> dict[str, str]:
    return {name: (board_directory() / name).read_text("utf-8") for name in board_modules()}


def forgetting(text: str) -> str:
    return forget_texts({"firmware/led.py": text})["firmware/led.py"]


@pytest.mark.parametrize("text", ["led %d", "no led", "|", "\n- ", 'say "x"', "'", "\\", "0123456-89"])
def test_a_text_is_the_same_and_no_name_any_more(text: str) -> None:
    program = forgetting(f"t = {text!r}\nprint(repr(t), t == {text + '!'!r}[:-1], type(t))")
    assert "str(b" in program
    done = subprocess.run([find_micropython(None), "-c", program], capture_output=True, text=True, check=True)
    shown, same, kind = done.stdout.rsplit(" ", 3)[0], *done.stdout.rsplit(" ", 3)[1:3]
    assert (ast.literal_eval(shown), same, kind) == (text, "True", "<class")


def test_a_board_that_has_run_it_has_no_such_name() -> None:
    for program, known in (("t = 'a - z'", True), (forgetting("t = 'a - z'"), False)):
        told = subprocess.run(
            [find_micropython(None), "-c", f"{program}; {NAMES}"], capture_output=True, text=True, check=True
        )
        assert ("Q(a - z)" in told.stdout) == known


@pytest.mark.parametrize(
    "text",
    [
        '"""Led."""\nx = 1',
        "def f():\n    '''Led.'''",
        "x = 'name'",
        "x = 'longer - than a name'",
        "x = ''",
        "x = 'a°'",
        "x = b'a b'",
        "x = ('a'\n ' b')",
    ],
)
def test_what_is_none_or_may_be_a_name_stays(text: str) -> None:
    assert forgetting(text) == text


def test_modules_that_stay_in_memory_stay_as_they_are() -> None:
    sources = {
        "lib/mqtt/client.py": "x = 'a b'",
        "firmware/device.py": "x = 'a b'",
        "firmware/watchdog.py": "x = 'a b'",
    }
    assert forget_texts(sources) == sources


def test_const_is_for_the_compiler_alone() -> None:
    head = "from micropython import const\n"
    plain = head + "_A = const(1)\nB = const(_A + 1)\ndef f():\n    return _A\n"
    others = [
        head + text for text in ("_A, _B = const(1), const(2)\n", "def f():\n    return const(1)\n", "a = [const]\n")
    ]
    found = forget_const({"plain": plain, **{text: text for text in others}})
    assert found.pop("plain") == plain.replace(head, "\n")
    assert all(name == text for name, text in found.items())


def test_lines_stay_where_they_are() -> None:
    before, after = board_sources(), forget_texts(board_sources())
    assert before.keys() == after.keys() and before != after
    for name, text in after.items():
        ast.parse(text)
        assert text.count("\n") == before[name].count("\n")


def test_what_a_board_asks_for_and_forgets_is_known() -> None:
    asked = set()
    for source in board_sources().values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("rare", "borrowed"):
                argument = node.args[0]
                if isinstance(argument, ast.Constant):
                    asked.add(argument.value)
    by_another_name = {
        "config_mqtt",
        "config_studio",
        "config_tls",
        "dp",
        "legacy",
        "mqtt",
        "onenet.at_broker",
        "onenet.closed",
        "onenet.older",
        "onenet.refused",
        "studio",
        "wished",
    }  # that of the module beside it, or of the platform, or what requests.py or onenet.reasons says
    stays = {"asynchronous", "commands", "health", "property", "things", "tls_name"}
    assert asked - stays | by_another_name == set(PASSING) - {"start"}
    assert {path_of(name) for name in PASSING} <= set(board_modules())
