"""A deploy may be interrupted whenever it likes; `make test-deploy` does it a hundred times."""

import random

import pytest
from interruptions import run_all, tally


@pytest.mark.parametrize(
    ("chip", "times"),
    [
        ("esp8266", 2),
        pytest.param("esp8266", 6, marks=pytest.mark.long),
        pytest.param("esp32", 6, marks=pytest.mark.long),
    ],
)
def test_the_board_starts_the_old_program_or_the_new_one(chip: str, times: int) -> None:
    seed = random.randrange(1_000_000)
    results, wrong = run_all(times, seed, quiet=True, chip=chip)
    assert not wrong, f"seed {seed}: {wrong}"
    assert sum(results.values()) == times, tally(results)
