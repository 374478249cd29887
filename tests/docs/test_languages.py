"""Both languages say the same: headings, code, tables."""

import re

import pytest
from reading import ENGLISH_ALONE, Page, pages

PAGES = pages()
TWINS = [
    name for name, page in PAGES.items() if name.startswith(("docs/", "README", "CONTRIBUTING")) and not page.chinese
]


def without_words(language: str, text: str) -> str:
    """Code without what is for people: comments, and placeholders in <>; of what a program prints the numbers."""
    if language in ("python", "sh"):
        text = re.sub(r"(^|  )#.*", "", text, flags=re.MULTILINE)
    elif not language:
        typed = re.findall(r"^[$>] .*", text, flags=re.MULTILINE)
        printed = re.sub(r"^ {1,3}(?=\d+  [\dA-F]{2} )", "", text, flags=re.MULTILINE)  # before the offset in a packet
        printed = re.sub(r"^[$>] .*|[\uff08(].*[)\uff09]| {3,}[^\"$ ].*", "", printed, flags=re.MULTILINE)
        text = "\n".join([*typed, *sorted(re.findall(r"\d+", printed))])
    return re.sub(r"<[^>]*>", "<>", "\n".join(line.rstrip() for line in text.splitlines()))


def without_language(link: str) -> str:
    """Where a link leads, but for what is in the other language: headings, and pictures with words."""
    return link.partition("#")[0].replace(".zh-CN", "").replace("-zh.", ".")


def cells(page: Page) -> list[list[list[list[str]]]]:
    """What is code in the tables, whatever its order within a cell."""
    return [[[sorted(cell) for cell in row] for row in table] for table in page.tables]


@pytest.mark.parametrize("name", TWINS)
def test_each_page_is_there_in_both(name: str) -> None:
    assert (name in ENGLISH_ALONE) == (PAGES[name].twin not in PAGES)


@pytest.mark.parametrize("name", [name for name in TWINS if name not in ENGLISH_ALONE])
def test_both_say_the_same(name: str) -> None:
    english, chinese = PAGES[name], PAGES[PAGES[name].twin]
    assert [level for level, _ in english.headings] == [level for level, _ in chinese.headings]
    assert [language for language, _ in english.fences] == [language for language, _ in chinese.fences]
    for (language, one), (_, other) in zip(english.fences, chinese.fences, strict=True):
        assert without_words(language, one) == without_words(language, other)
    assert cells(english) == cells(chinese)
    assert sorted(map(without_language, english.links)) == sorted(map(without_language, chinese.links))


@pytest.mark.parametrize("name", [name for name in TWINS if name not in ENGLISH_ALONE])
def test_chinese_is_chinese(name: str) -> None:
    """Every heading, but for names that are the same everywhere."""
    page = PAGES[PAGES[name].twin]
    text = page.path.read_text("utf-8")
    assert len(re.findall(r"[\u4e00-\u9fff]", text)) > 60
    same = {text for _, text in page.headings} & {text for _, text in PAGES[name].headings}
    assert [text for text in same if re.search(r"\b(the|a|of|and|is)\b", text)] == []
