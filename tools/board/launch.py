"""Run a program with the terminal on stdin as its controlling terminal: `python launch.py PROGRAM ARGUMENTS…`.

When the other end of that terminal is closed, because the board was or because its process was killed, the kernel hangs
up on the program. So nothing survives its board, and no cooperation is needed for that. The caller has made this
process the leader of a new session. It stands alone: no import of its own package.
"""

import fcntl
import os
import sys
import termios

fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
