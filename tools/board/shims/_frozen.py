"""The modules the ports have in their firmware, imported when first used: there they take no heap until then."""

import os
import sys
import vfs

import _host

_NAMES = ("dht", "onewire", "ds18x20", "neopixel", "_onewire")  # each in a file _driver_NAME.py


def install(directory, own_time):
    """Keep hold of the host's `directory` with the shims, though the program will not see it. `own_time` is the
    interpreter's own module time."""
    if _host.shims is None:
        _host.shims = vfs.VfsPosix(directory)
    for name in _NAMES:
        sys.modules[name] = _Frozen(name)
    sys.modules["asyncio"] = _Asyncio(own_time)


class _Asyncio:
    """Stands for asyncio until it is used. It gets the interpreter's own ticks, as the half of it that is in C does."""

    def __init__(self, own_time):
        self._time = own_time

    def __getattr__(self, attribute):
        modules = sys.modules
        if modules.get("asyncio") is self:
            del modules["asyncio"]
            board_time = modules["time"]
            modules["time"] = self._time
            try:
                __import__("asyncio")
            finally:
                modules["time"] = board_time
        return getattr(modules["asyncio"], attribute)


class _Frozen:
    """Stands for such a module until somebody takes something out of it.

    A file of its name at the root goes first, as it does on a board: "" is before ".frozen" in sys.path.
    """

    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        name = self._name
        if sys.modules.get(name) is self:
            del sys.modules[name]
            sys.modules[name] = _own_module(name) or _host.load("_driver_" + name)
        return getattr(sys.modules[name], attribute)


def _own_module(name):
    for ending in ("", ".py", ".mpy"):
        try:
            os.stat("/" + name + ending)
        except OSError:
            continue
        return __import__(name)
