"""A stage of `make test` gives what failed among all the others another chance, alone, and tells of it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

NOW_AND_THEN = """
import pathlib

def test_that_passes():
    pass

def test_that_fails_the_first_time():
    seen = pathlib.Path(__file__).with_suffix(".seen")
    first = not seen.exists()
    seen.touch()
    assert not first
"""

ALWAYS = """
def test_that_passes():
    pass

def test_that_fails():
    assert False
"""

MANY = """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_that_fails(number):
    assert False
"""


@pytest.mark.parametrize(
    ("tests", "status", "again", "last"),
    [
        (NOW_AND_THEN, 0, True, "but the second time only: "),
        (ALWAYS, 1, True, "1 failed, 1 passed"),
        (MANY, 1, False, "4 failed"),
        ("no Python", 1, False, "1 error"),
    ],
    ids=["now and then", "always", "many", "no Python"],
)
def test_what_failed_is_run_again_alone(tmp_path, tests, status, again, last):
    (tmp_path / "test_it.py").write_text(tests)
    run = subprocess.run(
        [sys.executable, ROOT / "tests" / "stage.py", "1", tmp_path], capture_output=True, text=True, cwd=tmp_path
    )
    assert run.returncode == status, run.stdout + run.stderr
    assert ("Again, alone: " in run.stdout) == again
    assert last in run.stdout.splitlines()[-1]
