"""The table of misfortunes: what counts as recovered, and what as lost."""

import re

import pytest
from onenet_tools.misfortunes import run_misfortunes
from onenet_tools.misfortunes.misfortunes import MISFORTUNES, Misfortune
from onenet_tools.misfortunes.scene import PROGRAM, RUN, Scene


def test_boards_recover(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_misfortunes(names=["connections-reset", "stream-raises"]) == 0
    out = capsys.readouterr().out
    assert "2 of 2 boards recovered" in out
    assert re.search(r"connections reset.* \d+\.\d s +(\d+) of \1 +0", out), out


@pytest.mark.parametrize(
    ("program", "failure"),
    [
        ("print('nothing')", "no number measured since then arrived"),
        (PROGRAM.replace("if device", "if n % 2 or device") + RUN, "numbers are lost"),
    ],
    ids=["silent", "every other number kept back"],
)
def test_a_board_that_does_not_recover_is_told(
    program: str, failure: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def happen(scene: Scene) -> None:
        scene.program = program
        scene.start()

    monkeypatch.setattr("onenet_tools.misfortunes.run.MISFORTUNES", [Misfortune("one", "something happens", 5, happen)])
    monkeypatch.setattr("onenet_tools.misfortunes.run._TAIL", 3)
    told: list[str] = []
    assert run_misfortunes(log=told.append) == 1
    assert failure in capsys.readouterr().out
    assert told


def test_names_are_those_of_the_list() -> None:
    names = [one.name for one in MISFORTUNES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9.-]+", name) for name in names)
    with pytest.raises(KeyError):
        run_misfortunes(names=["no such thing"])
