"""`make words`: the catalogue of Chinese texts, brought up to date with the code.

Takes every text that is said to people out of tools/, the help that typer makes of the commands, and what the board's
code says in its log, puts new ones into locale/zh_CN/LC_MESSAGES/onenet.po and takes old ones out, and compiles it. The
rest is a person's work: to fill in what is empty there. For contributors; needs Babel.
"""

import ast
import itertools
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from ..examples import examples
from ..files import HOST_ONLY
from ..language import CHINESE, DOMAIN, FOLDER

_TOOLS = Path(__file__).parent.parent
_BOARD = _TOOLS.parent
PO = FOLDER / CHINESE / "LC_MESSAGES" / f"{DOMAIN}.po"
MO = PO.with_suffix(".mo")

_ALWAYS_NEW = re.compile(r'"(?:POT-Creation|PO-Revision|Generated-By|Last-Translator|Language-Team).*\n')
"""Lines of the file's head that would be another's after each run."""
_KEYWORDS = {"_": None, "N_": None, "N_n": (1, 2), "ngettext": (1, 2)}
_NOT_SAID = re.compile(
    r"\r$|^[ A-Z0-9-]+$|^[\[{(]|^\"at|^File |value_json| tojson| trace| \||^%04d|^raise |^legacy: |^(surrogate|hex )"
)
"""In the board's code: what goes to a server or stays inside, though it has a space in it."""
_NAMES = re.compile(r"(?!.* (?:and|to|the|for) )(?=.*_)[\w ]+|(clock command|legacy mqtt|seconds awake|size stream).*")
_WORDS = re.compile(r"[A-Za-z]{2,}.* |[%\w].* [A-Za-z]{2,}")


def extracted() -> Catalog:
    """All that is to be translated."""
    found = Catalog(project="onenet", locale=CHINESE)
    for _file, _line, text, _comments, _context in extract_from_dir(_TOOLS, [("**.py", "python")], keywords=_KEYWORDS):
        flags = ["python-brace-format"] if "{" in str(text) else []
        found.add(text, flags=flags)
    for text in _help_texts():
        found.add(text)
    for text in examples().values():
        found.add(text)
    for text in board_texts():
        found.add(text, context="board")
    return found


def kept() -> Catalog:
    """What the file has."""
    with PO.open("rb") as file:
        return read_po(file, locale=CHINESE)


def update() -> list[Message]:
    """Brings the file up to date; returns what has no translation."""
    old = kept() if PO.is_file() else Catalog(locale=CHINESE)
    new = Catalog(
        locale=CHINESE, project="onenet", header_comment="# What onenet says, in Chinese.", charset="utf-8", fuzzy=False
    )
    for message in extracted():
        if message.id:
            before = old.get(message.id, message.context)
            new.add(message.id, before.string if before else None, flags=message.flags, context=message.context)
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, new, sort_output=True, no_location=True, omit_header=False, width=120)
    PO.write_text(_ALWAYS_NEW.sub("", PO.read_text("utf-8")), "utf-8")
    compile_words()
    return [message for message in kept() if message.id and not _whole(message)]


def compile_words() -> None:
    """Makes of the file what is read at run time."""
    made = MO.with_suffix(f".mo.{os.getpid()}")
    with made.open("wb") as file:
        write_mo(file, kept())
    made.replace(MO)


def _whole(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def _help_texts() -> Iterator[str]:
    import typer

    from ..cli import app
    from .help_words import help_texts

    yield from help_texts(typer.main.get_command(app))


# What a board says


def board_texts() -> list[str]:
    """The texts of lib/, firmware/ and boot.py that can be read in a board's log, with %s where values go."""
    names = [path for top in ("lib", "firmware") for path in sorted((_BOARD / top).rglob("*.py"))]
    files = [path for path in (*names, _BOARD / "boot.py") if path.relative_to(_BOARD).as_posix() not in HOST_ONLY]
    found = (text for path in files for text in _said_in(ast.parse(path.read_text("utf-8"))))
    return list(dict.fromkeys(found))


def _said_in(tree: ast.Module) -> Iterator[str]:
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if id(node) in documents and isinstance(node, ast.Constant):
            continue
        if _is_list_of_names(node):
            continue
        texts = list(_texts_of(node)) if isinstance(node, ast.expr) else []
        for piece in (piece for text in texts for piece in re.split(r"\n- |\n|\|+", text)):
            if _WORDS.search(piece) and not _NOT_SAID.search(piece) and not _NAMES.fullmatch(piece):
                yield piece
        if _is_log(node):
            yield from _texts_of(node.args[1])
        waiting += _within(node) if texts else ast.iter_child_nodes(node)


def _is_list_of_names(node: ast.AST) -> bool:
    """Whether it is "one two".split()."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "split"
        and isinstance(node.func.value, ast.Constant)
        and not node.args
    )


def _is_log(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log"


def _texts_of(node: ast.expr) -> Iterator[str]:
    """What this expression can be, if it is a text at all: with %s for what is not known."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        yield from _texts_of(node.left)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = [list(_texts_of(side)) for side in (node.left, node.right)]
        if any(sides):
            for left, right in itertools.product(*(side or ["%s"] for side in sides)):
                yield left + right
    elif isinstance(node, ast.IfExp):
        yield from _texts_of(node.body)
        yield from _texts_of(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _texts_of(value)


def _within(node: ast.AST) -> Iterator[ast.AST]:
    """Of an expression whose own texts are known, what else there is in it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and not list(_texts_of(child)):
            yield child
        elif isinstance(child, ast.BinOp) and isinstance(child.op, ast.Mod):
            yield child.right
        elif not isinstance(child, ast.Constant):
            yield from _within(child)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        yield node.right


def main() -> int:
    missing = update()
    for message in missing:
        print(f"no Chinese yet: {message.id!r}")
    print(f"{PO}: {len(kept())} texts, {len(missing)} without Chinese")
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
