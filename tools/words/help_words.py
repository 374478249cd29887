"""What `onenet … --help` and typer's errors say, in the language that counts.

Help is written in English where the commands are, in typer's own way; here it is taken from what typer has made of it.
"""

from collections.abc import Iterator
from typing import Any

import typer

from ..language import CHINESE, N_, _, spoken
from .said import rendered

_PANELS = (
    "DEPRECATED_STRING",
    "DEFAULT_STRING",
    "ENVVAR_STRING",
    "REQUIRED_LONG_STRING",
    "ARGUMENTS_PANEL_TITLE",
    "OPTIONS_PANEL_TITLE",
    "COMMANDS_PANEL_TITLE",
    "ERRORS_PANEL_TITLE",
    "ABORTED_TEXT",
)
"""Names in typer.rich_utils."""

_FIELDS = ("help", "short_help", "epilog", "rich_help_panel", "options_metavar", "subcommand_metavar", "metavar")
"""Of commands and parameters, what is for people."""

TYPER_WORDS = (
    N_("(deprecated) "),
    N_("[default: {}]"),
    N_("[env var: {}]"),
    N_("[required]"),
    N_("Arguments"),
    N_("Options"),
    N_("Commands"),
    N_("Error"),
    N_("Aborted."),
    N_("Usage: "),
    N_("Missing command."),
    N_("No such command {name}."),
    N_("No such command {name}. Did you mean {others}?"),
    N_("No such option: {name}"),
    N_("{words} (Possible options: {others})"),
    N_("Invalid value: {words}"),
    N_("Invalid value for {name}: {words}"),
    N_("Missing argument {name}."),
    N_("Missing option {name}."),
    N_("Missing argument {name}. {words}"),
    N_("Missing option {name}. {words}"),
    N_("Choose from:\n\t{choices}"),
    N_("Got unexpected extra argument(s) ({names})"),
    N_("Option {name} requires an argument."),
    N_("Option {name} requires {number} arguments."),
    N_("Option {name} does not take a value."),
    N_("Argument {name} takes {number} values."),
    N_("Could not open file {name}: {words}"),
    N_("{value} is not one of {choices}."),
    N_("Value error, {words}"),
    N_("Input should be a valid number, unable to parse string as a number"),
    N_("Input should be a valid integer, unable to parse string as an integer"),
    N_("Input should be a finite number"),
    N_("Input should be greater than or equal to {least}"),
    N_("Input should be less than or equal to {most}"),
    N_("File {name} does not exist."),
    N_("Directory {name} does not exist."),
    N_("Path {name} does not exist."),
)
"""What typer 0.29 and pydantic say, with gaps for their values."""


def translated(command: Any) -> Any:
    """The command that typer has made, all its help in the language that counts."""
    if spoken() != CHINESE:
        return command
    # With what these import, onenet would take twice as long to start.
    from typer import rich_utils

    from .line_breaks import set_line_breaks

    set_line_breaks()
    for name in _PANELS:
        setattr(rich_utils, name, _(str(getattr(rich_utils, name))))
    command.context_class.formatter_class = _Formatter
    for thing, field, text in _texts(command):
        setattr(thing, field, _(text))
    return command


def help_texts(command: Any) -> Iterator[str]:
    """All texts of the help."""
    for _thing, _field, text in _texts(command):
        yield text


def error_words(text: str) -> str:
    """An error of typer's in the language that counts."""
    return rendered(text)


def _texts(command: Any, parent: Any = None) -> Iterator[tuple[Any, str, str]]:
    """Commands and their parameters, with the field's name and what is in it."""
    context = command.context_class(command, parent=parent, **command.context_settings)
    help_option = command.get_help_option(context)  # an object of its own, made when it is first wanted
    for thing in (command, *command.params, *([help_option] if help_option else [])):
        for field in _FIELDS:
            text = getattr(thing, field, None)
            if isinstance(text, str) and text:
                yield thing, field, text
    for sub in getattr(command, "commands", {}).values():
        yield from _texts(sub, context)


_TypersFormatter: Any = typer.Context.formatter_class


class _Formatter(_TypersFormatter):  # type: ignore[misc]
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or _("Usage: "))
