"""The board's log: a line on the console, with the milliseconds since it started."""

from time import ticks_ms


def log(subject, text):
    print(ticks_ms(), "%s: %s" % (subject, text))
