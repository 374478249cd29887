"""The project's pages, as a reader of Markdown takes them apart."""

import re
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
CHINESE = ".zh-CN"
ENGLISH_ALONE = {"docs/api.md", "docs/compliance.md"}
"""Written by the code, for readers of both languages."""


@dataclass
class Page:
    """One file. `name` is its path in the repository."""

    name: str
    headings: list[tuple[int, str]] = field(default_factory=list)
    """Level, and text as it is read."""
    fences: list[tuple[str, str]] = field(default_factory=list)
    """Language, and text, of each block of code."""
    links: list[str] = field(default_factory=list)
    """Where links lead and pictures come from."""
    code: list[str] = field(default_factory=list)
    """What is code in the lines of text."""
    tables: list[list[list[list[str]]]] = field(default_factory=list)
    """What is code in each cell of each row of each table."""

    @property
    def path(self) -> Path:
        return ROOT / self.name

    @property
    def chinese(self) -> bool:
        return CHINESE in self.name

    @property
    def twin(self) -> str:
        """The name of the same page in the other language."""
        return self.name.replace(CHINESE, "") if self.chinese else self.name.replace(".md", f"{CHINESE}.md")

    @property
    def anchors(self) -> list[str]:
        """As GitHub makes them, and Sphinx as it is told to."""
        return [re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for _, text in self.headings]


@cache
def pages() -> dict[str, Page]:
    """Those of the repository, by name."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name: read(name) for name in sorted(listed.stdout.split("\n")) if name and (ROOT / name).exists()}


def read(name: str, text: str | None = None) -> Page:
    """The page, or what its text would make."""
    page = Page(name)
    tokens = MarkdownIt("commonmark").enable("table").parse(text or (ROOT / name).read_text("utf-8"))
    for i, token in enumerate(tokens):
        if token.type == "heading_open":
            page.headings.append((int(token.tag[1:]), _plain(tokens[i + 1])))
        elif token.type == "fence":
            page.fences.append((token.info, token.content))
        elif token.type == "table_open":
            page.tables.append([])
        elif token.type == "tr_open":
            page.tables[-1].append([])
        elif token.type == "inline":
            code = [child.content for child in token.children or [] if child.type == "code_inline"]
            page.code += code
            if tokens[i - 1].type in ("td_open", "th_open"):
                page.tables[-1][-1].append(code)
            for child in token.children or []:
                if where := child.attrGet("href") or child.attrGet("src"):
                    page.links.append(str(where))
    return page


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or [] if child.type in ("text", "code_inline"))


def shell_lines(page: Page) -> list[str]:
    """Each command for a shell in its blocks of code: in one of its own, or after a "$ " before what it prints."""
    lines = []
    for language, text in page.fences:
        for line in text.splitlines():
            if line.startswith("$ "):
                lines.append(line[2:])
            elif language == "sh" and line.strip() and not line.startswith("#"):
                lines.append(line)
    return lines
