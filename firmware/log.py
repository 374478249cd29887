"""The board's log: a line on the console, with the milliseconds since the program started."""

import gc
import sys
from time import ticks_add, ticks_diff, ticks_ms

from mqtt.errors import borrowed

_counted: list = [ticks_ms(), 0]  # the ticks up to which seconds are counted, and these


def uptime():
    """Whole seconds since the program started. Ticks wrap, this does not; so it is for what is kept for long. Has to be
    called once in six days, which the main loop sees to."""
    passed = ticks_diff(ticks_ms(), _counted[0]) // 1000
    if passed > 0:
        _counted[0] = ticks_add(_counted[0], passed * 1000)
        _counted[1] += passed
    return _counted[1]


def log(subject, text):
    """Writes a line: the milliseconds since the program started, the subject, a word, and the text. It is on the
    console, and where config.json has "log", kept for who asks from afar."""
    seconds = uptime()
    print(seconds * 1000 + ticks_diff(ticks_ms(), _counted[0]), "%s: %s" % (subject, text))


def rare(name):
    """A module of ours that is seldom wanted, and forgotten afterwards. What was forgotten before goes first: what this
    one makes, and stays, would lie above that."""
    gc.collect()
    return borrowed("firmware." + name)


def keep(subject, error, kept=False):
    """Logs an error of the user's program, with its traceback, and keeps it in the file crashes, unless told not to."""
    log(subject, "failed:")
    sys.print_exception(error)
    if not kept:
        try:
            rare("crash").note(error, subject)
        except MemoryError:
            pass
