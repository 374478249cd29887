"""Updates over the air that go wrong; `make test-update` has all of them, and a hundred power cuts on each chip."""

import random

import pytest
from update_cuts import run_all, tally

_SOME = [
    *("cut off", "corrupted", "for another chip", "for another .mpy", "not signed", "signed by another key"),
    *("a path to above", "onto a full flash", "crashes at once", "never online", "hangs online", "is not healthy"),
]


_FEW = ["corrupted", "is not healthy"]


@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
@pytest.mark.long
def test_a_change_of_the_configuration_is_made_or_is_not(chip: str) -> None:
    seed = random.randrange(1, 1000000)
    outcome = run_all(chip, 0, seed, [], changes=3)
    assert not outcome.problems, f"seed {seed}: {outcome.problems}"
    assert sum(outcome.config.values()) >= 3, tally(outcome)


@pytest.mark.parametrize(
    ("chip", "faults", "cuts"),
    [
        ("esp32", _FEW, 1),
        ("esp8266", _FEW[:1], 1),
        pytest.param("esp32", _SOME, 4, marks=pytest.mark.long),
        pytest.param("esp8266", _FEW, 4, marks=pytest.mark.long),
    ],
)
def test_the_board_has_the_old_program_or_a_good_one(chip: str, faults: list[str], cuts: int) -> None:
    seed = random.randrange(1, 1000000)
    outcome = run_all(chip, cuts, seed, faults)
    assert not outcome.problems, f"seed {seed}: {outcome.problems}"
    assert sum(outcome.cuts.values()) >= cuts, tally(outcome)
