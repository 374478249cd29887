"""The user's program on this computer, of which the console makes packages: main.py, and what that imports from beside
it. Other files a board keeps as they are."""

import ast
from collections.abc import Iterator
from pathlib import Path

from ..package.making import Wanted, build
from ..package.package import Package
from ..port.errors import PortError
from ..port.names import OUR_PACKAGES

_FOLDERS = ("", "lib/")
"""Where a board looks for a program's own modules."""


class OwnProgram:
    """In this folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def files(self) -> dict[str, Path]:
        """By their names on the board. Raises PortError for what is no Python."""
        found = {"main.py": self.folder / "main.py"}
        waiting = ["main.py"]
        while waiting:
            for name, path in self._imported_by(found[waiting.pop()]):
                if name not in found:
                    found[name] = path
                    waiting.append(name)
        return found

    def _imported_by(self, path: Path) -> Iterator[tuple[str, Path]]:
        for top in sorted(_tops(path)):
            for folder in _FOLDERS:
                yield from self._module(f"{folder}{top}")

    def _module(self, name: str) -> Iterator[tuple[str, Path]]:
        """The file, or a package's, where there are such."""
        if (file := self.folder / f"{name}.py").is_file():
            yield f"{name}.py", file
        for file in sorted((self.folder / name).rglob("*.py")):
            inside = file.relative_to(self.folder)
            if not any(part.startswith((".", "__pycache__")) for part in inside.parts):
                yield inside.as_posix(), file

    def build(self, chip: str, version: str) -> tuple[Package, list[str]]:
        """Its package for boards with this chip, signed where ONENET_UPDATE_KEY is set, and what is to be said of the
        program. Takes some seconds. Raises PortError and OSError."""
        package, rehearsal = build(self.files(), Wanted(chip, version))
        return package, rehearsal.careful


def _tops(path: Path) -> set[str]:
    """The modules that a file imports, but for ours, by what their names begin with."""
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (SyntaxError, ValueError) as error:
        raise PortError(f"{path.name}: {error}") from error
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found - set(OUR_PACKAGES)
