"""The way into a board whatever runs there: Ctrl-C; then a reset by the port's lines, with Ctrl-C while the board
starts; then somebody has to press the button.

A program with a bare `except:`, with kbd_intr(-1) or one that never waits does not stop for Ctrl-C. While boot.py
starts, every program does.
"""

from collections.abc import Callable

from ..language import N_, _
from .connection import SETTLE, Connection, NoAnswer

PATIENCE = 6.0
"""Seconds for a program to stop."""
STARTING = 3.0
"""Seconds from a reset in which Ctrl-C is pressed all the time."""
SOMEBODY = 30.0
"""Seconds for somebody to press a button."""
RESETS = 3
"""By the port's lines, at the most: a program may forbid Ctrl-C in the first moment."""


def get_in(
    connection: Connection,
    say: Callable[[str], None],
    while_waiting: Callable[[], None] = lambda: None,
    wake: float = 0.0,
) -> None:
    """Stops whatever runs, and takes the raw REPL. `say` is told in words what is done, `while_waiting` called often.
    `wake`: seconds after which a board that may sleep wakes by itself.

    Raises NoAnswer.
    """
    try:
        connection.interrupt(PATIENCE, while_waiting)
        return
    except NoAnswer as error:
        said = error.said
    for attempt in range(RESETS):
        if not connection.reset_by_lines():
            break
        if not attempt:
            say(_("{what}; resetting the board at {port}").format(what=_(_WHAT[said]), port=connection.port))
        try:
            _while_starting(connection, STARTING, PATIENCE, while_waiting)
            return
        except NoAnswer as error:
            said = said or error.said
    now = _("now, or wait {wake:.0f} s for it to wake").format(wake=wake) if wake else _("now")
    say(
        _("{what}; press the reset button (RST or EN) of the board at {port} {now}").format(
            what=_(_WHAT[said]), port=connection.port, now=now
        )
    )
    try:
        _while_starting(connection, max(SOMEBODY, wake), PATIENCE, while_waiting)
    except NoAnswer as error:
        raise NoAnswer(connection.port, said or error.said) from error


_WHAT = {True: N_("the program does not stop for Ctrl-C"), False: N_("nothing comes from the board")}


def _while_starting(connection: Connection, seconds: float, patience: float, while_waiting: Callable[[], None]) -> None:
    connection.interrupt_start(seconds, while_waiting)
    connection.interrupt(patience, while_waiting, SETTLE)  # each Ctrl-C of before has an answer
