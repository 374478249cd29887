"""The examples, and a project that begins with one."""

import ast
import re
import shutil
from pathlib import Path

from .files import board_directory
from .language import _
from .system_words import reason

_OUTSIDE = re.compile(r"\[([^]]*)\]\(\.\./\.\./[^)]*\)")
"""A link to a page of this project, which a copy has not beside it."""


_TYPES = "typings/program"
"""What an editor knows of `device.` by: Pylance and Pyright look in typings/ of a project by themselves."""


class ExampleError(Exception):
    """What cannot be begun, and what would be right."""


def examples() -> dict[str, str]:
    """Their names, and in a line what each does."""
    found = {}
    for path in sorted((board_directory() / "examples").glob("*/main.py")):
        words = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        found[path.parent.name] = words.partition("\n\n")[0].replace("\n", " ")
    return found


def begin(name: str, directory: Path) -> list[str]:
    """Copies the example of this name there; returns the names of the files. Raises ExampleError."""
    if name not in examples():
        raise ExampleError(
            _("there is no example {name!r}; there are {examples}").format(name=name, examples=", ".join(examples()))
        )
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ExampleError(
            _("{directory} is there already, and not empty; name another folder: onenet new {name} FOLDER").format(
                directory=directory, name=name
            )
        )
    copied = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path in sorted((board_directory() / "examples" / name).iterdir()):
            if path.suffix == ".md":
                (directory / path.name).write_text(_OUTSIDE.sub(r"\1", path.read_text("utf-8")), "utf-8")
            elif path.is_file():
                shutil.copyfile(path, directory / path.name)
            else:
                continue
            copied.append(path.name)
        shutil.copytree(board_directory() / _TYPES, directory / "typings")
        copied.append("typings")
    except OSError as error:
        raise ExampleError(
            _("{directory} can't be written: {strerror}").format(directory=directory, strerror=reason(error))
        ) from error
    return copied


def next_step(name: str, directory: Path) -> str:
    """What to run there, which is the last command that the example's page has."""
    text = (board_directory() / "examples" / name / "README.md").read_text("utf-8")
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    return _("cd {directory}, see README.md for the wiring, then: {commands}").format(
        directory=directory, commands=commands[-1]
    )
