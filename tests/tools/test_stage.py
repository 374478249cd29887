"""A stage of `make test` gives what failed among all the others another chance, alone, and tells of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from onenet_tools.broker import find_mosquitto

ROOT = Path(__file__).parents[2]

ENVIRONMENT = {**os.environ, "PYTEST_ADDOPTS": "-p no:hypothesispytest -p no:anyio"}
"""These take as long to load as all the rest of pytest."""

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
from onenet_tools.broker import find_mosquitto

@pytest.mark.parametrize("number", range(9))
def test_that_fails(number):
    assert False
"""


HANGS_ONCE = """
import pathlib, time

def test_that_hangs_the_first_time():
    seen = pathlib.Path(__file__).with_suffix(".seen")
    first = not seen.exists()
    seen.touch()
    if first:
        time.sleep(3600)
"""


@pytest.mark.long
def test_a_stage_that_hangs_is_run_again(tmp_path):
    (tmp_path / "test_it.py").write_text(HANGS_ONCE)
    run = subprocess.run(
        [sys.executable, ROOT / "tests" / "stage.py", "1", tmp_path],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**ENVIRONMENT, "STAGE_SILENCE": "30"},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "again, without workers that steal" in run.stdout and "1 passed" in run.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("tests", "status", "again", "last"),
    [
        (NOW_AND_THEN, 0, True, "but the second time only: "),
        (ALWAYS, 1, True, "1 failed, 1 passed"),
        pytest.param(MANY, 1, False, "9 failed", marks=pytest.mark.long),
        pytest.param("no Python", 1, False, "1 error", marks=pytest.mark.long),
    ],
    ids=["now and then", "always", "many", "no Python"],
)
def test_what_failed_is_run_again_alone(tmp_path, tests, status, again, last):
    (tmp_path / "test_it.py").write_text(tests)
    run = subprocess.run(
        [sys.executable, ROOT / "tests" / "stage.py", "1", tmp_path],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=ENVIRONMENT,
    )
    assert run.returncode == status, run.stdout + run.stderr
    assert ("Again, alone: " in run.stdout) == again
    assert last in run.stdout.splitlines()[-1]


@pytest.mark.long
def test_how_many_were_left_out_is_said(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    long: long\n")
    mark = "@pytest.mark." + "long"  # not as test_contributing.py looks for it
    marked = f"import pytest\n\n{mark}\ndef test_that_is_long():\n    pass\n"
    (tmp_path / "test_it.py").write_text(ALWAYS.replace("assert False", "pass"))
    (tmp_path / "test_other.py").write_text(marked + NOW_AND_THEN)
    run = subprocess.run(
        [sys.executable, ROOT / "tests" / "stage.py", "2", "-m", "not long", tmp_path],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=ENVIRONMENT,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 passed, 1 deselected" in run.stdout.splitlines()[-1]


MODULES = ["test_skips", *(f"test_{letter}" for letter in "abcdefgh")]
MICROPYTHON = """#!{python}
import pathlib, sys
module = sys.argv[-1]
seen = pathlib.Path({folder!r}, module + ".seen")
first = not seen.exists()
seen.touch()
print("BEGUN %s.test_it" % module)
if module in {silent!r}:
    sys.exit("Killed")
if module in {always!r} or (first and module in {once!r}):
    print("FAILED %s.test_it" % module)
    print("1 passed, 1 failed, 0 skipped")
    sys.exit(1)
print("PASSED %s.test_it" % module)
print("0 passed, 0 failed, 3 skipped" if module == "test_skips" else "2 passed, 0 failed, 1 skipped")
"""


@pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto")
@pytest.mark.parametrize(
    ("fails", "status", "again", "last"),
    [
        ({}, 0, "", "16 passed, 0 failed, 11 skipped"),
        ({"once": ["test_b"]}, 0, "test_b", "16 passed, 0 failed, 11 skipped, but the second time only: test_b"),
        ({"always": ["test_b"]}, 1, "test_b", "15 passed, 1 failed, 10 skipped"),
        ({"silent": ["test_b"]}, 1, "test_b", "14 passed, 1 failed, 10 skipped"),
        ({"always": MODULES}, 1, "", "9 passed, 9 failed, 0 skipped"),
    ],
    ids=["none", "once", "always", "ends", "many"],
)
def test_so_it_is_with_modules_on_micropython(tmp_path, fails, status, again, last):
    fails = {"once": [], "always": [], "silent": []} | fails
    fake = tmp_path / "micropython"
    fake.write_text(MICROPYTHON.format(python=sys.executable, folder=str(tmp_path), **fails))
    fake.chmod(0o755)
    run = subprocess.run(
        [sys.executable, ROOT / "tests" / "on_micropython.py", "--workers", "2", "--micropython", fake, *MODULES],
        capture_output=True,
        text=True,
    )
    assert run.returncode == status, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == last
    assert (f"Again, alone: {again}\n" in run.stdout) if again else ("Again" not in run.stdout)
    assert ("FAILED test_b.test_it" in run.stdout) == bool(fails["once"] or fails["always"])


BROKEN_BROKER = """#!{python}
import os, pathlib, sys
seen = pathlib.Path({folder!r}, "broker.seen")
first = not seen.exists()
seen.touch()
if first or {always}:
    sys.exit("Error: out of order")
os.execv({real!r}, sys.argv)
"""


@pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto")
@pytest.mark.parametrize("always", [False, True])
def test_a_broker_that_does_not_start_fails_its_module_by_name(tmp_path, always):
    modules = MODULES[1:5]
    texts = {
        "micropython": MICROPYTHON.format(python=sys.executable, folder=str(tmp_path), once=[], always=[], silent=[]),
        "mosquitto": BROKEN_BROKER.format(
            python=sys.executable, folder=str(tmp_path), always=always, real=find_mosquitto()
        ),
    }
    for name, text in texts.items():
        fake = tmp_path / name
        fake.write_text(text)
        fake.chmod(0o755)
    command = [sys.executable, ROOT / "tests" / "on_micropython.py", "--workers", "2"]
    run = subprocess.run(
        [*command, "--micropython", tmp_path / "micropython", *modules],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": os.pathsep.join([str(tmp_path), os.environ["PATH"]])},
    )
    assert run.returncode == always, run.stdout + run.stderr
    last = run.stdout.splitlines()[-1]
    if always:
        assert last == "0 passed, 4 failed, 0 skipped"
        assert all(f"{name}: not run" in run.stdout for name in modules)
    else:
        assert last.startswith("8 passed, 0 failed, 4 skipped, but the second time only: test_")
    assert "Error: out of order" in run.stdout
    assert "Again, alone: test_" in run.stdout
