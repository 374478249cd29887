"""What makes many Devices a second possible: nothing is printed, nothing is written to the file crashes, and nothing is
swept; and their ticks go on when a test says so."""

import fakes
from support import replaced

from firmware import device, faults, health, log, requests, things

_MODULES = device, faults, log, requests, things


class _Nothing:
    """gc and crash at once."""

    def collect(self):
        pass

    def note(self, *args):
        pass

    mem_free = mem_alloc = lambda self: 100000


class Quick:
    """A context. `lines`: what was logged since; `ticks`: see fakes.Ticks."""

    def __init__(self):
        self.lines = []
        self.ticks = fakes.Ticks(*_MODULES, start=5000)
        nothing = _Nothing()
        borrowed = log.borrowed
        self._replaced = [
            replaced(log, "borrowed", lambda name: nothing if name == "firmware.crash" else borrowed(name)),
            replaced(log, "gc", nothing),
            replaced(device, "gc", nothing),
            replaced(health, "gc", nothing),
            replaced(log, "sys", self),
        ]

    def __enter__(self):
        self.ticks.__enter__()
        for one in self._replaced:
            one.swap()
        log.print = lambda ticks, text: self.lines.append(text)
        log._counted[:] = [self.ticks.now, 0]
        return self

    def print_exception(self, error):
        self.lines.append(repr(error))

    def __exit__(self, *args):
        del log.print
        for one in self._replaced:
            one.swap()
        self.ticks.__exit__()
        log._counted[0] = log.ticks_ms()
