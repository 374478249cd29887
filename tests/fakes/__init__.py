"""What the firmware needs around it to run its unit tests on CPython and on the bare MicroPython.

Importing this puts the repository on sys.path and small stand-ins for a board's modules in their places: network,
machine and esp32; timeserver.py is for the socket of one of ours. Each does what a test tells it and nothing by itself.
"""

import gc
import sys
import time

from . import esp32, machine, network

HERE = __file__.rpartition("/")[0]
ROOT = HERE + "/../.."
if ROOT not in sys.path:
    sys.path.append(ROOT)

for _module in (esp32, machine, network):
    sys.modules[_module.__name__.rpartition(".")[2]] = _module

if sys.implementation.name != "micropython":  # the names MicroPython has in modules that CPython has too
    import asyncio
    import micropython
    import traceback

    _threshold = [-1]
    micropython.kbd_intr = lambda character: None
    sys.implementation._machine = "a PC"
    time.ticks_ms = lambda: time.monotonic_ns() // 1000000 & 0x3FFFFFFF
    time.ticks_diff = lambda end, start: ((end - start + 0x20000000) & 0x3FFFFFFF) - 0x20000000
    time.ticks_add = lambda ticks, ms: ticks + ms & 0x3FFFFFFF
    time.sleep_ms = lambda ms: time.sleep(ms / 1000)
    asyncio.sleep_ms = lambda ms: asyncio.sleep(ms / 1000)
    gc.mem_free = lambda: 100000
    gc.mem_alloc = lambda: 28000
    gc.threshold = lambda *amount: _threshold.append(amount[0]) if amount else _threshold[-1]
    sys.print_exception = lambda error, file=sys.stdout: traceback.print_exception(error, file=file)


class _Instead:
    """Stands in for functions that modules import, those in `names`, by its own methods. A context: the modules have
    their own back afterwards."""

    names = ()

    def __init__(self, modules):
        self._modules = modules
        self._saved = []

    def __enter__(self):
        for module in self._modules:
            for name in self.names:
                if hasattr(module, name):
                    self._saved.append((module, name, getattr(module, name)))
                    setattr(module, name, getattr(self, name))
        return self

    def __exit__(self, *args):
        for module, name, value in self._saved:
            setattr(module, name, value)


class Ticks(_Instead):
    """A clock of the test's for modules that count ticks: 30 bits as on a board, going on only when told to or when a
    module sleeps."""

    names = ("ticks_ms", "ticks_diff", "ticks_add", "sleep_ms")

    def __init__(self, *modules, start=0x3FFFFF00):
        """start: by default the ticks wrap soon."""
        super().__init__(modules)
        self.now = start

    def go_on(self, ms):
        self.now += ms

    sleep_ms = go_on

    def ticks_ms(self):
        return self.now & 0x3FFFFFFF

    def ticks_add(self, ticks, ms):
        return ticks + ms & 0x3FFFFFFF

    def ticks_diff(self, end, start):
        for ticks in (end, start):
            if not 0 <= ticks <= 0x3FFFFFFF:  # no small int on a board, which would take its address for a number
                raise ValueError(f"ticks: {ticks} were not made by ticks_add()")
        return ((end - start + 0x20000000) & 0x3FFFFFFF) - 0x20000000


class Log(_Instead):
    """The lines a module logs, without the time, in `lines`."""

    names = ("log", "keep")

    def __init__(self, *modules):
        super().__init__(modules)
        self.lines = []
        self.kept = []  # (subject, error) of those that go into the file crashes

    def log(self, subject, text):
        self.lines.append(subject + ": " + text)

    def keep(self, subject, error, kept=False):
        self.log(subject, "failed: " + repr(error))
        if not kept:
            self.kept.append((subject, error))

    def __contains__(self, words):
        """True if a line has these words in it."""
        return any(words in line for line in self.lines)
