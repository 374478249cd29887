"""onenet new."""

from pathlib import Path

import pytest
from onenet_tools.cli import main
from onenet_tools.examples import examples
from onenet_tools.files import board_directory


def test_all_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new"]) == 0
    lines = capsys.readouterr().out.splitlines()
    folders = {path.name for path in (board_directory() / "examples").iterdir() if path.is_dir()}
    assert {line.split()[0] for line in lines} == folders == set(examples())
    assert max(map(len, lines)) <= 140 and all(len(line.split()) > 4 for line in lines)


@pytest.mark.parametrize("name", examples())
def test_each_can_be_begun(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", name]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-1].startswith(f"next: cd {name}, see README.md for the wiring, then: ")
    program = tmp_path / name / "main.py"
    assert program.read_text("utf-8") == (board_directory() / "examples" / name / "main.py").read_text("utf-8")
    assert (tmp_path / name / "typings" / "firmware" / "device.pyi").is_file()
    assert "../../docs" not in (tmp_path / name / "README.md").read_text("utf-8")


def test_what_cannot_be_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "dht23"]) == 2
    assert "there is no example 'dht23'; there are adc, battery," in capsys.readouterr().err
    (tmp_path / "relay").mkdir()
    assert main(["new", "relay"]) == 0, "an empty folder will do"
    assert main(["new", "relay"]) == 2
    assert "relay is there already, and not empty" in capsys.readouterr().err
    assert main(["new", "dht22", "relay/main.py"]) == 2
