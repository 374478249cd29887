"""Run a program with the terminal on stdin as its controlling terminal: `python launch.py PROGRAM ARGUMENTS…`. Where
the program is a MicroPython made into a module of Python's, as PyPI has it, it runs in this very process.

When the other end of that terminal is closed, because the board was or because its process was killed, the kernel hangs
up on the program. So nothing survives its board, and no cooperation is needed for that. The caller has made this
process the leader of a new session. It stands alone: no import of its own package, and little else, for each start of
a board waits for it; signal itself would load enum.
"""

import _signal  # type: ignore[import-not-found]
import fcntl
import os
import sys
import termios

_signal.signal(_signal.SIGHUP, _signal.SIG_DFL)  # which it is not under nohup: the board would go on for ever
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
folder, name = os.path.split(sys.argv[1])
if name.startswith("micropython_run."):
    sys.path.append(folder)
    from micropython_run import run_main

    sys.exit(run_main(sys.argv[1:]))
os.execv(sys.argv[1], sys.argv[1:])
