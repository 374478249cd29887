"""The commands in the pages are ones that there are, with options that they have; what can be run here prints what the
page says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from mpremote.main import _BUILTIN_COMMAND_EXPANSIONS, _COMMANDS
from onenet_tools.cli import app
from reading import ROOT, pages, shell_lines

PAGES = pages()
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
PLACEHOLDERS = {"SECONDS": "60", "NAME=VALUE": "posts=2", "DEVICE": "789546805"}
"""That stand for what is no text."""


def commands(program: str, name: str) -> list[tuple[str, bool]]:
    """The commands of this program in the page, and whether each is whole: one in a line of text may be cut short."""
    found = []
    for line in shell_lines(PAGES[name]):
        for part in re.split(r" && | \| ", re.sub(r"\s+#.*| >.*", "", line)):
            if part.split()[0] == program:
                found.append((part, True))
    for code in PAGES[name].code:
        text = " ".join(code.split())
        if text.startswith(f"{program} ") and "…" not in text:
            found.append((text, False))
    return found


ONENET = [(name, line, whole) for name in PAGES for line, whole in commands("onenet", name)]
MAKE = [(name, line) for name in PAGES for line, _ in commands("make", name)]
MPREMOTE = [(name, line, whole) for name in PAGES for line, whole in commands("mpremote", name)]


def parse(words: list[str]) -> None:
    """As `onenet` does before it begins. Raises TyperException, Exit after --help."""
    command = typer.main.get_command(app)
    parent = None
    while True:
        parent = command.make_context("onenet", words, parent=parent)
        words = [*parent._protected_args, *parent.args]
        if not words or not isinstance(command, typer.core.TyperGroup):
            return
        _, found, words = command.resolve_command(parent, words)
        assert found
        command = found


def test_there_are_commands() -> None:
    assert len(ONENET) > 150 and len(MAKE) > 50 and len(MPREMOTE) > 5
    for wrong in ("fly", "flash --prot x", "token make --til 1 a b", "packet connect extra", "console --lan 1"):
        with pytest.raises(typer.TyperException):
            parse(shlex.split(wrong))


@pytest.mark.parametrize(("name", "line", "whole"), ONENET)
def test_onenet_has_the_command(
    name: str, line: str, whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [PLACEHOLDERS.get(word, word) for word in shlex.split(line)[1:]]
    for word in words:
        if word in ("FILE", "main.py", "sensor.py", "model.json", "fleet.csv", "ca.pem", "key", "token", "pages/"):
            Path(word).mkdir() if word[-1] == "/" else Path(word).touch()
    try:
        parse(words.copy())
    except typer.Exit:
        assert words == ["--help"]
    except typer.TyperException as error:
        said = error.format_message()
        option_alone = words[-1].startswith("--") and "requires an argument" in said
        cut_short = not said or "Missing argument" in said or option_alone
        assert cut_short and not whole, said


@pytest.mark.parametrize(("name", "line"), MAKE)
def test_make_has_the_target(name: str, line: str) -> None:
    _, *words = shlex.split(line)
    targets = [word for word in words if "=" not in word]
    for target in targets:
        rule = re.search(rf"^{re.escape(target)}:.*\n(\t.*\n)*", MAKEFILE, re.MULTILINE)
        assert rule, target
        for word in words:
            variable = word.partition("=")[0]
            assert word in targets or f"$({variable})" in rule[0] or variable == "PYTHON", word


@pytest.mark.parametrize(("name", "line", "whole"), MPREMOTE)
def test_mpremote_has_the_command(name: str, line: str, whole: bool) -> None:
    for command in " ".join(shlex.split(line)[1:]).split(" + "):
        words = command.split()
        if words[0] not in _BUILTIN_COMMAND_EXPANSIONS:
            _, parser = _COMMANDS[words[0]]
            if whole or len(words) > 2:
                parser().parse_args(words[1:])


SESSIONS = {"docs/tokens.md": "en", "docs/tokens.zh-CN.md": "zh_CN"}


@pytest.mark.parametrize("name", SESSIONS)
def test_it_prints_what_the_page_says(name: str, tmp_path: Path) -> None:
    """The commands of a block one after the other in a shell, with what each prints in the language of the page."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "LANGUAGE": SESSIONS[name], "TZ": "Asia/Shanghai"}
    for _, text in PAGES[name].fences:
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            run = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
            assert (run.returncode, run.stderr) == (0, "")
            years = re.compile(r"\b\d+( years| 年)")
            assert years.sub("years", run.stdout) == years.sub("years", printed)


@pytest.mark.parametrize("name", ["docs/packets.md", "docs/packets.zh-CN.md"])
def test_the_packet_that_is_sent_is_the_one_that_was_built(name: str) -> None:
    (build, _), (send, _) = [found for found in commands("onenet", name) if found[1]]
    hexadecimal = subprocess.run(
        [sys.executable, "-m", "onenet_tools", *shlex.split(build)[1:], "--hex"], capture_output=True, text=True
    ).stdout
    assert bytes.fromhex(hexadecimal) == bytes.fromhex(" ".join(send.split()[5:]))
