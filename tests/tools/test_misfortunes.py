"""The table of misfortunes: what counts as recovered, and what as lost."""

import re
from collections.abc import Callable

import pytest
from onenet_tools.misfortunes import run_misfortunes
from onenet_tools.misfortunes.misfortune import Misfortune
from onenet_tools.misfortunes.misfortunes import MISFORTUNES
from onenet_tools.misfortunes.run import reasons
from onenet_tools.misfortunes.scene import PROGRAM, RUN, Missed, Scene


def test_boards_recover(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_misfortunes(names=["connections-reset", "stream-raises"]) == 0
    out = capsys.readouterr().out
    assert "2 of 2 boards recovered" in out
    assert re.search(r"connections reset.* \d+\.\d s +(\d+) of \1 +0", out), out


HASTE = PROGRAM + "device.config['upload_interval'] = 0.1\n"


def outcome(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
    more: Callable[[Scene], None] = lambda scene: None,
) -> str:
    """The table of a single row: a board with this program starts, and then there is more."""

    def happen(scene: Scene) -> None:
        scene.program = program
        scene.start()
        more(scene)

    one = Misfortune("one", "something happens", happen, 8)
    monkeypatch.setattr("onenet_tools.misfortunes.run.MISFORTUNES", [one])
    monkeypatch.setattr("onenet_tools.misfortunes.run._DRAIN", 3)
    told: list[str] = []
    assert run_misfortunes(log=told.append) == 1
    assert len(told) == 1
    return " ".join(capsys.readouterr().out.split())


def power_cut(scene: Scene) -> None:
    scene.online()
    scene.board.power_cut()
    scene.board.power_on()


@pytest.mark.parametrize(
    ("program", "more", "failure"),
    [
        ("print('nothing')", None, "no number measured since then arrived"),
        (HASTE.replace("if device.put(", "if number % 2 or device.put(") + RUN, None, r"lost \d+ for no reason"),
        (PROGRAM + RUN, power_cut, "it was reset: PWRON"),
        (PROGRAM + RUN, lambda scene: scene.offline(6), "numbers went on arriving: this was no misfortune"),
    ],
    ids=["silent", "every other number kept back", "reset", "no misfortune"],
)
def test_a_board_that_does_not_recover_is_told(
    program: str,
    more: Callable[[Scene], None] | None,
    failure: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert re.search(failure, outcome(monkeypatch, capsys, program, more or (lambda scene: None)))


@pytest.mark.parametrize(
    ("missing", "dropped", "resets", "told"),
    [
        ([], 0, False, (0, 0, 0)),
        ([], 7, False, (0, 0, 0)),
        (["1:4", "more 1:9"], 5, False, (2, 0, 0)),
        (["1:4", "more 1:9", "1:5"], 2, False, (2, 0, 1)),
        (["2:4", "more 2:9", "1:5"], 0, False, (0, 0, 3)),
        (["2:4", "more 2:9", "1:5"], 0, True, (0, 2, 1)),
        (["2:4", "11:9", "1:5"], 8, True, (1, 2, 0)),
        (["2:4", "2:5"], 8, False, (0, 0, 2)),
    ],
)
def test_nothing_is_excused_by_another_start_or_twice(
    missing: list[str], dropped: int, resets: bool, told: tuple[int, int, int]
) -> None:
    """The last start is number 1; `told` are dropped, gone with the RAM, lost for no reason."""
    assert reasons(missing, 1, dropped, resets) == told


def test_ctrl_c_ends_it_with_a_table_of_what_was_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def forever(scene: Scene) -> None:
        scene.start()
        scene.until(lambda: False, "", 600)

    def quick(scene: Scene) -> None:
        raise Missed("at once")

    rows = [Misfortune("forever", "for ever", forever), Misfortune("quick", "quick", quick)]
    monkeypatch.setattr("onenet_tools.misfortunes.run.MISFORTUNES", rows)

    def log(text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_misfortunes(log=log)
    assert "at once" in capsys.readouterr().out


def test_names_are_those_of_the_list() -> None:
    names = [one.name for one in MISFORTUNES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9.-]+", name) for name in names)
    with pytest.raises(KeyError):
        run_misfortunes(names=["no such thing"])
