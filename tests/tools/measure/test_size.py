"""What the board's modules cost."""

import shutil
from pathlib import Path

import pytest
from onenet_tools.bench.webassembly import plain_mpy
from onenet_tools.cli import main
from onenet_tools.measure import heap, heap_update, size
from onenet_tools.measure.size import Size, code_lines, measure, problems

BUILD = Path(__file__).parents[3] / "build"
NAMES = ["lib/mqtt/errors.py", "lib/mqtt/wire.py"]

needs_npm = pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs node and npm")


def a_size(heap: int) -> Size:
    return Size("lib/some.py", 10, dict.fromkeys(size.ARCHITECTURES, 100), heap, heap // 2, 5)


@needs_npm
def test_measures_each_module_by_itself() -> None:
    sizes = {each.name: each for each in measure(BUILD, NAMES)}
    assert sorted(sizes) == NAMES
    for each in sizes.values():
        assert set(each.mpy) == set(size.ARCHITECTURES)
        assert min(each.mpy.values()) > 100
        assert 100 < each.heap_romfs < each.heap < 5000
        assert 0 < each.names < 50
    assert measure(BUILD, NAMES) == list(sizes.values())  # the same to the byte


@needs_npm
def test_command_records_and_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(size, "RECORD", tmp_path / "size.json")
    monkeypatch.setattr(heap, "BARS", ())  # they take long
    monkeypatch.setattr(heap_update, "BARS", ())
    monkeypatch.setattr(size, "run_dialects", lambda console: [])  # and so do these
    monkeypatch.setattr(size, "board_modules", lambda: NAMES)
    assert main(["size", "--check"]) == 1
    assert "lib/mqtt/wire.py: not recorded" in capsys.readouterr().out
    assert main(["size", "--record"]) == 0
    assert main(["size", "--check"]) == 0


def test_says_what_has_grown_by_more_than_a_tenth() -> None:
    assert problems([a_size(1100)], {"lib/some.py": 1000}) == []
    (line,) = problems([a_size(1101)], {"lib/some.py": 1000})
    assert "keeps 1101 bytes of heap, 1000 when recorded" in line
    (line,) = problems([a_size(1)], {})
    assert "not recorded" in line


def test_counts_neither_docstrings_nor_comments_nor_blanks() -> None:
    source = '"""What it\n\nis."""\n\n# why\nx = """\ntext"""\n\n\ndef f():\n    """Does."""\n    return (\n1\n)\n'
    assert code_lines(source) == 6


def test_machine_code_is_left_out(tmp_path: Path) -> None:
    source = tmp_path / "fast.py"
    source.write_text("import micropython\n\n\n@micropython.viper\ndef first(x) -> int:\n    return ptr8(x)[0]\n")
    mpy = plain_mpy(source, "fast.py")
    assert mpy[:2] == b"M\x06"
    assert mpy[2] >> 2 == 0  # no architecture
    assert b"ptr8" not in mpy
