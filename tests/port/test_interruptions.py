"""A deploy may be interrupted whenever it likes; `make test-deploy` does it a hundred times."""

import random

from interruptions import run_all, tally


def test_the_board_starts_the_old_program_or_the_new_one() -> None:
    seed = random.randrange(1_000_000)
    results, wrong = run_all(6, seed, quiet=True)
    assert not wrong, f"seed {seed}: {wrong}"
    assert sum(results.values()) == 6, tally(results)
