"""What the code writes of the pages is as the code is now, and the errors that they tell of are those of the code."""

import ast
import re
from itertools import chain

import pytest
from onenet_tools.pages import clone, configuration
from onenet_tools.words import catalogue
from reading import ROOT, pages

PAGES = pages()
ERRORS = ["docs/errors.md", "docs/errors.zh-CN.md"]


def test_the_api_is_that_of_the_sources() -> None:
    api = pytest.importorskip("onenet_tools.pages.api", reason="griffe is for Python 3.11 and later")
    assert (ROOT / api.PAGE).read_text("utf-8") == api.written(), "make docs writes it anew"
    assert "#### put\n" in api.written() and "client.publish(topic, payload=" in api.written()


@pytest.mark.parametrize("name", ["docs/config.md", "docs/config.zh-CN.md"])
def test_the_configuration_is_what_the_board_checks(name: str) -> None:
    text = PAGES[name].path.read_text("utf-8")
    assert text == configuration.written(text, PAGES[name].chinese), "make docs writes it anew"
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) > 30
    for row in rows:
        assert configuration._cells(row)[2], "what the key is for must be told"


def test_keys_come_go_and_change() -> None:
    text = (ROOT / "docs/config.md").read_text("utf-8")
    changed = text.replace("`trace`", "`gone`").replace("| `512` |", "| `999` |").replace("128 to 16384", "1 to 2")
    lost, anew = "| `gone` |", "| `trace` | `false` |  | true to show every MQTT packet on the console, or false |"
    assert lost in changed
    again = configuration.written(changed)
    assert lost not in again and anew in again and "`999`" not in again
    for key in ("tx_size", "retain", "device_key"):
        assert f"`{key}`" in again


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_address_to_clone_is_in_one_place(name: str) -> None:
    text, pyproject = PAGES[name].path.read_text("utf-8"), (ROOT / "pyproject.toml").read_text("utf-8")
    assert text == clone.written(text, pyproject, PAGES[name].chinese), "python -m onenet_tools.pages writes it anew"
    given = clone.written(text, '[project.urls]\nRepository = "https://example.org/onenet-esp.git"\n')
    assert given.count("git clone https://example.org/onenet-esp.git onenet-esp && cd onenet-esp\n") == 1
    again = clone.written(given, "# [project.urls]\n", PAGES[name].chinese)
    assert again.count("git clone <") == 1 and "example.org" not in again


def said() -> str:
    """Every text in the sources that may be said, one after the other; what is filled in is an ellipsis."""
    texts = []
    for path in chain(*((ROOT / top).rglob("*.py") for top in ("lib", "firmware", "tools")), [ROOT / "boot.py"]):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "%s" for part in node.values]
                texts.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\0".join(texts)


@pytest.mark.parametrize("name", ERRORS)
def test_each_message_can_be_said(name: str) -> None:
    sources = said()
    messages = [row[0][0] for table in PAGES[name].tables for row in table[1:]]
    assert len(messages) > 60
    pieces = {piece.strip(" :;,()") for message in messages for piece in re.split("…", message)}
    assert sorted(piece for piece in pieces if piece not in sources) == []


def test_what_is_said_on_the_computer_is_there_in_chinese() -> None:
    said_in_chinese = "\0".join(str(message.string) for message in catalogue.kept())
    rows = re.findall(r"^\| `.*`<br>(.*?) \|", PAGES["docs/errors.zh-CN.md"].path.read_text("utf-8"), re.MULTILINE)
    assert len(rows) == len(PAGES["docs/errors.zh-CN.md"].tables[-1]) - 1
    pieces = {piece.strip(" \uff1a\uff1b") for row in rows for piece in re.split("…", row)}
    assert sorted(piece for piece in pieces if piece not in said_in_chinese) == []


def test_a_message_that_nobody_says_is_found() -> None:
    assert "the moon is in the way" not in said().replace("\0", "")
