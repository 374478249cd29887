"""Writes the pages that the code writes."""

from ..files import board_directory
from . import api, clone, configuration, setup


def main() -> None:
    docs = board_directory() / "docs"
    pyproject = (docs.parent / "pyproject.toml").read_text("utf-8")
    for name in ("config.md", "config.zh-CN.md"):
        page = docs / name
        page.write_text(configuration.written(page.read_text("utf-8"), "zh" in name), "utf-8")
    for name in ("README.md", "README.zh-CN.md"):
        page = docs.parent / name
        page.write_text(clone.written(page.read_text("utf-8"), pyproject, "zh" in name), "utf-8")
    (docs.parent / api.PAGE).write_text(api.written(), "utf-8")
    page = docs.parent / setup.PAGE
    page.write_text(setup.written(page.read_text("utf-8") if page.is_file() else ""), "utf-8")


main()
