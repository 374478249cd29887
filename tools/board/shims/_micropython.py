"""micropython: the interpreter's own, but kbd_intr() also tells the console when bytes are to pass unchanged.

A board's print() ends lines with CR LF where sys.stdout.buffer.write() sends bytes as they are. Here both are the same
file, and the host side adds the CR. mpremote's mount speaks a binary protocol over the console and switches Ctrl-C off
for that time, which is when nothing may be added.
"""

import sys
from micropython import *
from micropython import kbd_intr as _kbd_intr


def kbd_intr(character):
    if character < 0:
        sys.stdout.write("\x1b_board:binary\x1b\\")
        _kbd_intr(character)
    else:
        _kbd_intr(character)
        sys.stdout.write("\x1b_board:text\x1b\\")
