"""How Sphinx makes web pages of the files beside this one: `make docs`. English, or with `-t chinese` Chinese.

Each page is X.md in English and X.zh-CN.md in Chinese, which read well at a repository's web site, too; a page that has
no twin is for both. So there is nothing here that only Sphinx understands: the contents at the side are the lists of
links in index.md, and the links from one language to the other lead from one build to the other.
"""

import re
from pathlib import Path

HERE = Path(__file__).parent
CHINESE = tags.has("chinese")  # noqa: F821 - Sphinx's
MARK = ".zh-CN"

project = "onenet-esp"
author = "The onenet-esp authors"
copyright = author
language = "zh_CN" if CHINESE else "en"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index" + MARK * CHINESE
include_patterns = ["**.zh-CN.md"] if CHINESE else ["**.md"]
exclude_patterns = [] if CHINESE else ["**.zh-CN.md"]

html_theme = "furo"
html_title = "onenet-esp"
html_copy_source = False
html_show_sphinx = False
html_use_index = False

myst_heading_anchors = 4
smartquotes = False

_LINK = re.compile(r"(?<!!)\[((?:[^][]|\[[^]]*\])*)\]\(([^()#:]+?\.md)(#[^()]*)?\)")


def _of_this_build(path):
    return path.name.endswith(MARK + ".md") == CHINESE


def _address(docname, path, anchor):
    """Of a page of the other language, from a page of this one."""
    up = "../" * (docname.count("/") + CHINESE)
    there = path.relative_to(HERE).with_suffix(".html").as_posix()
    return f"{up}{'' if CHINESE else 'zh-CN/'}{there}{anchor or ''}"


def _prepare(app, docname, content):
    here = HERE / docname

    def link(match):
        text, target, anchor = match.groups()
        path = (here.parent / target).resolve()
        if not path.is_relative_to(HERE) and path.exists():
            return text  # at the repository's top, and no page here
        if not path.exists() or _of_this_build(path):
            return match[0]  # Sphinx's business: also to say that there is no such page
        return f'<a href="{_address(docname, path, anchor)}">{text}</a>'

    text = content[0]
    if docname == root_doc:
        text += _contents(text)
    content[0] = _LINK.sub(link, text)


def _contents(index):
    """A table of contents for the side, from the lists of links under the index's headings."""
    trees = []
    for section in index.split("\n## ")[1:]:
        pages = [f"{title} <{target}>" for title, target, _ in _LINK.findall(section) if _of_this_build(HERE / target)]
        caption = section.splitlines()[0]
        trees.append("\n".join(["", "", "```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```"]))
    return "\n".join(trees) + "\n"


def _begin(app, error):
    """A folder's address shows its index.html, and the Chinese pages begin with another."""
    if CHINESE and not error:
        page = f'<!doctype html><meta http-equiv="refresh" content="0; url={root_doc}.html">'
        Path(app.outdir, "index.html").write_text(page, "utf-8")


def setup(app):
    app.connect("source-read", _prepare)
    app.connect("build-finished", _begin)
