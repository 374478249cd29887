"""Updates over the air that go wrong; `make test-update` has all of them, and a hundred power cuts on each chip."""

import random

import pytest
from over_the_air import FORMS
from update_cuts import run_all, tally

_SOME = [
    *("cut off", "corrupted", "for another chip", "for another .mpy", "not signed", "signed by another key"),
    *("a path to above", "onto a full flash", "crashes at once", "never online", "hangs online", "is not healthy"),
]


@pytest.mark.parametrize("chip", FORMS)
def test_the_board_has_the_old_program_or_a_good_one(chip: str) -> None:
    seed = random.randrange(1, 1000000)
    outcome = run_all(chip, 4, seed, _SOME if chip == "esp32" else ["corrupted", "is not healthy"])
    assert not outcome.problems, f"seed {seed}: {outcome.problems}"
    assert sum(outcome.cuts.values()) >= 4, tally(outcome)
