"""Methods of Device that a board has in a module of their own."""

import ast

import pytest
from onenet_tools.compile.doors import CLASS, DOORS, HOME, METHODS, move_doors
from onenet_tools.compile.mpy import merged_board
from onenet_tools.files import board_directory, board_modules


def board_sources() -> dict[str, str]:
    return {name: (board_directory() / name).read_text("utf-8") for name in board_modules()}


def functions(source: str) -> dict[str, tuple[int, int | None]]:
    """First and last lines of the functions at the top of a module, by name."""
    return {node.name: (node.lineno, node.end_lineno) for node in ast.parse(source).body if _is_function(node)}


def methods(source: str) -> dict[str, tuple[int, int | None]]:
    (home,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == CLASS)
    return {node.name: (node.lineno, node.end_lineno) for node in home.body if _is_function(node)}


def _is_function(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef)


def test_what_is_moved_is_there_at_the_same_lines_and_nowhere_else() -> None:
    before, after = board_sources(), move_doors(board_sources())
    were = methods(before[HOME])
    assert set(METHODS) < were.keys()
    moved = functions(after[DOORS])
    assert {name: moved[name] for name in METHODS} == {name: were[name] for name in METHODS}
    assert methods(after[HOME]) == {name: lines for name, lines in were.items() if name not in METHODS}
    assert {name: text for name, text in after.items() if name not in (HOME, DOORS)} == {
        name: text for name, text in before.items() if name not in (HOME, DOORS)
    }


def test_a_method_that_the_main_loop_calls_at_each_turn_is_none_of_them() -> None:
    """It would be loaded for each call."""
    assert not set(METHODS) & {"put", "log", "run"}
    assert not any(name.startswith("_") for name in METHODS)


def test_a_traceback_s_line_tells_where_it_is_written() -> None:
    merged = merged_board("xtensawin")
    at, _ = functions(merged.sources[DOORS])["run_once"]
    assert merged.origin(DOORS, at) == (HOME, methods(board_sources()[HOME])["run_once"][0])
    own, _ = functions(merged.sources[DOORS])["of"]
    assert merged.origin(DOORS, own) == (DOORS, functions(board_sources()[DOORS])["of"][0])


@pytest.mark.parametrize("missing", [HOME, DOORS])
def test_where_one_of_both_is_not_among_them_all_stays(missing: str) -> None:
    sources = {name: text for name, text in board_sources().items() if name != missing}
    assert move_doors(sources) == sources
