"""What the wheel puts where."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from onenet_tools.board import VirtualBoard

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from what git has and what is new, as a clone would have it."""
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
    (built,) = (clone / "dist").glob("onenet_tools-*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Names of the files in it."""
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


def test_an_installed_wheel_deploys(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with VirtualBoard() as board:
        done = subprocess.run(
            [sys.executable, "-m", "onenet_tools", "deploy", "--port", board.port, "--timeout", "0"],
            cwd=elsewhere,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert f"the program is {tmp_path / 'site' / 'onenet_tools' / '_board' / 'main.py'}" in done.stdout
        board.wait_for("config: .*config\\.json has 1 problem")
