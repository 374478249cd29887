"""os: the interpreter's own without what needs a system underneath; extmod/modos.c."""

from collections import namedtuple
from os import *
from sys import implementation as _own

import _port

del getenv, putenv, unsetenv, system

_release = ".".join(str(part) for part in _own.version[:3])


def uname():
    fields = ("sysname", "nodename", "release", "version", "machine")
    version = "v%s on 2026-01-01" % _release
    return namedtuple("uname", fields)(_port.PLATFORM, _port.PLATFORM, _release, version, _port.MACHINE)
