"""The log's times, and how long the program is up: both go on where ticks wrap."""

import fakes

from firmware import log as module

DAY = 86400


class Bench(fakes.Ticks):
    """The ticks of a program that has just started; a context. What the log says has `printed`, a list."""

    def __init__(self):
        super().__init__(module)
        self.printed = []

    def __enter__(self):
        super().__enter__()
        module._counted[:] = [module.ticks_ms(), 0]
        module.print = self._print
        return self

    def __exit__(self, *args):
        super().__exit__(*args)
        del module.print
        module._counted[:] = [module.ticks_ms(), 0]

    def _print(self, *words):
        self.printed.append(" ".join([str(word) for word in words]))

    def go_on_for(self, days):
        for _ in range(days * 4):
            self.go_on(DAY * 250)
            module.uptime()


def test_milliseconds():
    with Bench() as it:
        module.log("mqtt", "one")
        it.go_on(7)
        module.log("mqtt", "two")
        it.go_on(61005)
        module.log("mqtt", "three")
        assert it.printed == ["0 mqtt: one", "7 mqtt: two", "61012 mqtt: three"]


def test_times_grow_for_ever():
    """Ticks wrap after 12 days, and their difference is below 0 after 6."""
    for days in (1, 6, 7, 12, 13, 25, 400):
        with Bench() as it:
            it.go_on(999)
            it.go_on_for(days)
            it.go_on(1)
            module.log("mqtt", "still here")
            assert it.printed == ["%d mqtt: still here" % (days * DAY * 1000 + 1000)], days


def test_uptime_is_whole_seconds_and_loses_none():
    with Bench() as it:
        for _ in range(1000):
            it.go_on(333)
            module.uptime()
        assert module.uptime() == 333
        it.go_on(5 * DAY * 1000)
        assert module.uptime() == 333 + 5 * DAY
