"""sys: the interpreter's own, of the board's port."""

from collections import namedtuple
from sys import *
from sys import argv, path  # `*` leaves out what can be assigned to
from sys import implementation as _own

import _port

platform = _port.PLATFORM

_mpy = _own._mpy if _port.MPY_ARCH is None else _own._mpy & 0x3FF | _port.MPY_ARCH << 10  # py/persistentcode.h
implementation = namedtuple("implementation", ("name", "version", "_machine", "_mpy", "_build"))(
    _own.name, _own.version, _port.MACHINE, _mpy, _own._build
)
