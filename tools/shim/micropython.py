"""What CPython needs to run board code: the names MicroPython's compiler knows by itself.

On a board, `@micropython.viper` compiles a function to machine code and `ptr8(x)` is the address of x's bytes. Here the
decorators do nothing and `ptr8(x)` is x, so the very same functions run, slower. Import it before `mqtt` or `onenet`.
"""

import builtins


def const(value):
    return value


def native(function):
    return function


viper = native


def opt_level(level=0):
    return 0


def _pointer(buffer):
    return buffer


for _name in ("ptr", "ptr8", "ptr16", "ptr32"):
    setattr(builtins, _name, _pointer)
builtins.uint = int  # type: ignore[attr-defined]
