"""Links lead somewhere, headings included; every page can be found."""

from pathlib import Path
from urllib.parse import unquote

import pytest
from reading import ROOT, Page, pages, read

PAGES = pages()


def broken(page: Page) -> list[str]:
    """Those of its links within the repository that lead nowhere."""
    found = []
    for link in page.links:
        if link.split(":")[0] in ("http", "https", "mailto"):
            continue
        where, _, anchor = unquote(link).partition("#")
        path = (page.path.parent / where).resolve() if where else page.path
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
        target = PAGES.get(name) if where else page
        if not (anchor in target.anchors if target and anchor else path.exists() and name and not anchor):
            found.append(link)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    assert broken(PAGES[name]) == []


def test_what_leads_nowhere_is_found() -> None:
    page = read(
        "README.md", "[a](docs/nothing.md) [b](docs/index.md#nothing) [c](#d-e) [f](../f) ![g](g.png)\n\n# D, e"
    )
    assert broken(page) == ["docs/nothing.md", "docs/index.md#nothing", "../f", "g.png"]
    assert read("x.md", "# 出现异常时\uff0c`make` a\n").anchors == ["出现异常时make-a"]


@pytest.mark.parametrize("index", ["docs/index.md", "docs/index.zh-CN.md"])
def test_each_page_is_in_the_contents(index: str) -> None:
    """And so in the web pages' navigation: docs/conf.py makes that from these lists."""
    listed = {Path("docs", link.partition("#")[0]).as_posix() for link in PAGES[index].links}
    mine = {name for name, page in PAGES.items() if name.startswith("docs/") and page.chinese == PAGES[index].chinese}
    assert mine - listed - {index} == set()


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_is_short(name: str) -> None:
    assert len(PAGES[name].path.read_text("utf-8").splitlines()) <= 200
