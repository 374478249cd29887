"""The board's log: a line on the console, with the milliseconds since the program started, which wrap."""

import sys
from time import ticks_diff, ticks_ms

_START = ticks_ms()


def log(subject, text):
    print(ticks_diff(ticks_ms(), _START), "%s: %s" % (subject, text))


def log_exception(subject, error):
    """The same with the error's traceback, for mistakes in the user's program."""
    log(subject, "failed:")
    sys.print_exception(error)
