"""errno of an ESP32: newlib's numbers (its sys/errno.h), which are not Linux's where it is about networks.

Limit: where source writes `errno.EINPROGRESS`, the interpreter's compiler puts in its own number (py/parse.c,
MICROPY_COMP_MODULE_CONST); `from errno import EINPROGRESS` gets the board's.
"""

from errno import *

_NEWLIB = {
    "EADDRINUSE": 112,
    "EALREADY": 120,
    "ECONNABORTED": 113,
    "EHOSTUNREACH": 118,
    "EINPROGRESS": 119,
    "ENOTCONN": 128,
    "ETIMEDOUT": 116,
}
for _name, _number in _NEWLIB.items():
    globals()[_name] = _number
errorcode = {number: name for name, number in globals().items() if name[0] == "E"}
