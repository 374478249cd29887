"""How the command line says that something cannot be done."""

import contextlib
import sys
from collections.abc import Iterator

import typer

from .language import _
from .system_words import failure


class NotOnWindows(ImportError):
    """What was asked for needs what Windows has not; says what to do."""


@contextlib.contextmanager
def failures_in_one_line(*kinds: type[Exception]) -> Iterator[None]:
    """These exceptions become one line on stderr and exit status 2."""
    try:
        yield
    except kinds as error:
        complain(failure(error))
        raise typer.Exit(2) from error


def complain(words: str) -> None:
    """One line on stderr, whatever `words` is made of."""
    print(_("error: {words}").format(words=" ".join(words.split())), file=sys.stderr)
