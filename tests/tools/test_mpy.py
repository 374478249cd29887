"""Compiling for boards."""

from pathlib import Path

import pytest
from onenet_tools import mpy
from onenet_tools.cli import main
from onenet_tools.files import board_directory
from onenet_tools.mpy import CompileError, architectures, compile_board

BOARDS = {"xtensa": 9, "xtensawin": 10, "rv32imc": 11}
"""Architectures of the boards, and their numbers in the header of an .mpy file."""


def test_knows_what_mpy_cross_knows() -> None:
    assert set(BOARDS) < set(architectures())
    assert "host" not in architectures()


@pytest.mark.parametrize("arch", BOARDS)
def test_all_modules_compile_and_are_small(arch: str, tmp_path: Path) -> None:
    modules = compile_board(arch, tmp_path)
    names = [module.name for module in modules]
    assert "lib/mqtt/packet.py" in names
    assert "lib/mqtt/host.py" not in names
    for module in modules:
        assert module.path == (tmp_path / module.name).with_suffix(".mpy")
        assert module.path.stat().st_size == module.size
        assert module.size > 0
        assert module.path.read_bytes()[:2] == b"M\x06"
    assert sum(module.size for module in modules) < 60_000  # an ESP8266 has to have room for more than this
    compiled_for = {module.path.read_bytes()[2] >> 2 & 0x2F for module in modules}
    assert compiled_for == {0, BOARDS[arch]}  # bytecode, and viper's machine code
    errors = (tmp_path / "lib/mqtt/errors.mpy").read_bytes()
    assert b"mqtt/errors.py" in errors
    assert str(board_directory()).encode() not in errors


def test_empties_its_folder_first(tmp_path: Path) -> None:
    left_over = tmp_path / "target" / "old.mpy"
    left_over.parent.mkdir()
    left_over.touch()
    compile_board("xtensa", tmp_path / "target", ["lib/mqtt/errors.py"])
    assert not left_over.exists()


def test_says_which_module_does_not_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wrong.py").write_text("def f(:\n")
    monkeypatch.setattr(mpy, "board_directory", lambda: tmp_path)
    with pytest.raises(CompileError, match=r"wrong\.py does not compile for xtensa: SyntaxError"):
        compile_board("xtensa", tmp_path / "target", ["wrong.py"])


def test_command_shows_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mpy", "--arch", "xtensa", "--output", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "lib/mqtt/client.py" in out
    assert "total" in out
    assert (tmp_path / "out/lib/mqtt/client.mpy").exists()
