"""What the wheel puts where."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in a wheel, built from what git has and what is new, as a clone would have it."""
    clone = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            (clone / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", "dist", "."]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = (clone / "dist").glob("onenet_tools-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_nothing_else_at_top_level(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"onenet_tools"}


def test_board_files_are_in_it(names: set[str]) -> None:
    board = {name.removeprefix("onenet_tools/_board/") for name in names if name.startswith("onenet_tools/_board/")}
    sources = {path.relative_to(ROOT).as_posix() for top in ("lib", "firmware") for path in (ROOT / top).rglob("*.py")}
    assert sources | {"boot.py", "main.py", "config.json.example"} <= board
    assert {name.split("/")[0] for name in board} == {"lib", "firmware", "boot.py", "main.py", "config.json.example"}


def test_tools_are_in_it_and_no_rubbish(names: set[str]) -> None:
    for name in ("cli.py", "board/shims/_start.py", "shim/micropython.py"):
        assert f"onenet_tools/{name}" in names
    assert not [name for name in names if "__pycache__" in name or "/." in name or name.endswith((".pyc", ".mpy"))]
