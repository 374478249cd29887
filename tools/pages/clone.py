"""Where the project is cloned from: in pyproject.toml, and from there in both READMEs."""

import re

_ADDRESS = re.compile(r'^Repository = "(\S+)"$', re.MULTILINE)
_CLONE = re.compile(r"^git clone (?:<[^>\n]+>|\S+) ", re.MULTILINE)


def written(page: str, pyproject: str, chinese: bool = False) -> str:
    """The page with the address that pyproject.toml has; with words in its place where that has none."""
    found = _ADDRESS.search(pyproject)
    address = found[1] if found else "<本仓库>" if chinese else "<this repository>"
    return _CLONE.sub(lambda _: f"git clone {address} ", page)
