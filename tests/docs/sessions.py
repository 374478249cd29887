"""What the pages show of commands, and what these print: in the language of the page, whatever the numbers are."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from reading import pages

PATIENCE = 300  # seconds
LANGUAGES = {"": "en_US.UTF-8", ".zh-CN": "zh_CN.UTF-8"}
"""By what is in the name of a page."""


def session(page: str, mark: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of the block that has `mark` in it, and the lines that each prints; of a block without commands, ""
    and all its lines."""
    (text,) = (text for language, text in pages()[page].fences if mark in text and not language)
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[0 if text[:2] != "$ " else 1 :]:
        command, *printed = part.splitlines() if text[:2] == "$ " else ["", *part.splitlines()]
        yield command, printed


def environment(folder: Path, language: str, columns: int = 80) -> dict[str, str]:
    """Of a person who keeps everything in this folder."""
    there = {"PATH": os.environ["PATH"], "HOME": str(folder), "TZ": "Asia/Shanghai", "PYTHONUNBUFFERED": "1"}
    return there | {"LANG": language, "COLUMNS": str(columns)}


def onenet(words: Iterable[str], folder: Path, language: str, said: str = "", columns: int = 80) -> str:
    """All that the command prints, run in this folder on a terminal so wide; `said` is what it reads."""
    done = subprocess.run(
        [sys.executable, "-m", "onenet_tools", *words],
        cwd=folder,
        env=environment(folder, language, columns),
        input=said,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout


def without_numbers(text: str) -> list[str]:
    """Its lines; a number stands for any."""
    return [" ".join(re.sub(r"[\d.]*\d", "0", line).split()) for line in text.splitlines()]


def compare(shown: list[str], printed: str) -> int:
    """Whether each line of the page was printed, in this order; returns how many there are. … stands for any lines."""
    lines = iter(without_numbers(printed.replace("python -m onenet_tools", "onenet")))
    for line in shown:
        if line.strip() != "…":
            (wanted,) = without_numbers(line)
            assert any(wanted == got for got in lines), f"{line}\nis not in\n{printed}"
    return len(shown)
