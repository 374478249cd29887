"""The language in which people are spoken to: Chinese where their system is, else English.

The texts in the code are the English ones. The Chinese ones are in locale/zh_CN/LC_MESSAGES/onenet.po, which `make
words` brings up to date; at run time the standard library's gettext reads what is made from it. What is for programs,
as the answers of the console's HTTP API, is English always.
"""

import contextlib
import functools
import gettext
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path

DOMAIN = "onenet"
FOLDER = Path(__file__).with_name("locale")
CHINESE = "zh_CN"
ENGLISH = "en"

_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""The first of them that is set counts, as for gettext; LANGUAGE may name several, with colons."""
_WINDOWS_CHINESE = 0x04
"""Of a Windows language identifier, the lower ten bits: LANG_CHINESE of winnt.h."""


def system_language() -> str:
    """The language of this user's system, of the two that we speak."""
    for variable in _VARIABLES:
        for wanted in filter(None, os.environ.get(variable, "").split(":")):
            if wanted.lower().startswith("zh"):
                return CHINESE
            if wanted.lower().startswith(("en", "c", "posix")) or variable != "LANGUAGE":
                return ENGLISH
    if sys.platform == "win32":
        import ctypes

        if ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == _WINDOWS_CHINESE:
            return CHINESE
    return ENGLISH


_SYSTEM = system_language()
_language: ContextVar[str] = ContextVar("language", default=_SYSTEM)


def spoken() -> str:
    """The language that counts here and now."""
    return _language.get()


@contextlib.contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within it, and in tasks begun there, texts are in this language."""
    before = _language.set(language)
    try:
        yield
    finally:
        _language.reset(before)


@functools.cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The texts of a language; of English, and where they have not been made, one without any."""
    if language == ENGLISH:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, FOLDER, [language], fallback=True)


def _(text: str) -> str:
    """The text in the language that counts; put values in afterwards: _("no file {name}").format(name=name)."""
    return catalogue(spoken()).gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """The text for this number of things."""
    return catalogue(spoken()).ngettext(one, many, number)


def N_(text: str) -> str:
    """Marks a text that is looked up later, with _()."""
    return text


def N_n(one: str, many: str) -> tuple[str, str]:
    """Marks a text for one thing and for several, which is looked up later, with ngettext()."""
    return one, many


def listed(words: Iterable[str]) -> str:
    """One after the other, with what stands between them in the language that counts."""
    return _(", ").join(words)


def named(name: str, words: str) -> str:
    """What the words are of, and they."""
    return name + _(": ") + words


def padded(text: str, width: int) -> str:
    """The text with spaces after it, as wide on a terminal as `width` letters; a Chinese character is as two."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return text.ljust(width - wide)
