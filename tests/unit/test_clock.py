"""The clock: before and after it is set, and what it makes of times noted before."""

import time

import fakes
from fakes import ntptime

from firmware import clock as module
from firmware.clock import Clock

OFFSET = 0 if time.gmtime(0)[0] == 2000 else 946684800
NOW = 850000000  # a moment in 2026, in seconds since 2000


class Time:
    """The board's own clock, in seconds since 2000."""

    def __init__(self, seconds):
        self.seconds = seconds

    def time(self):
        return self.seconds + OFFSET + 0.75  # some ports have fractions

    def gmtime(self, seconds=None):
        return time.gmtime(self.seconds + OFFSET if seconds is None else seconds)


class Bench:
    """A clock on a board that has just started, with a time server that knows NOW; a context."""

    def __init__(self, host="ntp.example"):
        self.time = Time(3)
        self.ticks = fakes.Ticks(module)
        self.log = fakes.Log(module)
        self._host = host

    def __enter__(self):
        self._saved = module.time
        module.time = self.time
        ntptime.up = True
        ntptime.asked.clear()
        ntptime.set_clock = self._set
        self.ticks.__enter__()
        self.log.__enter__()
        self.clock = Clock(self._host)
        return self

    def __exit__(self, *args):
        module.time = self._saved
        self.ticks.__exit__()
        self.log.__exit__()

    def _set(self):
        self.time.seconds = NOW

    def go_on(self, seconds):
        self.time.seconds += seconds
        self.ticks.go_on(seconds * 1000)


def test_a_clock_that_was_never_set_counts_and_knows_nothing():
    with Bench() as it:
        assert it.clock.now() == 3
        it.go_on(5)
        assert it.clock.now() == 8
        assert it.clock.true(3) == 0


def test_setting_it_corrects_what_was_noted_before():
    with Bench() as it:
        noted = it.clock.now()
        it.go_on(100)
        it.clock.sync()
        assert it.clock.now() == NOW
        assert it.clock.true(noted) == NOW - 100
        assert it.clock.true(NOW + 7) == NOW + 7
        assert it.clock.true(it.clock.now()) == NOW


def test_now_is_whole_seconds():
    with Bench() as it:
        assert type(it.clock.now()) is int


def test_a_clock_that_is_set_already_is_believed():
    with Bench() as it:
        it.time.seconds = NOW - 50
        noted = it.clock.now()
        assert it.clock.true(noted) == NOW - 50
        it.clock.sync()
        assert it.clock.now() == NOW and it.clock.true(noted) == NOW - 50


def test_the_server_is_asked_once_and_again_after_twelve_hours():
    with Bench() as it:
        it.clock.sync()
        assert ntptime.asked == ["ntp.example"]
        for _ in range(11):
            it.go_on(3600)
            it.clock.sync()
        assert len(ntptime.asked) == 1
        it.go_on(3600)
        it.clock.sync()
        assert len(ntptime.asked) == 2


def test_setting_it_again_leaves_the_correction_alone():
    with Bench() as it:
        it.clock.sync()
        corrected = it.clock.true(2)
        it.go_on(50000)
        it.clock.sync()
        assert len(ntptime.asked) == 2 and it.clock.true(2) == corrected


def test_failing_is_told_and_tried_again_in_five_minutes():
    with Bench() as it:
        ntptime.up = False
        it.clock.sync()
        assert "ntp.example" in it.log
        assert it.clock.true(3) == 0
        ntptime.up = True
        it.go_on(299)
        it.clock.sync()
        assert len(ntptime.asked) == 1
        it.go_on(1)
        it.clock.sync()
        assert len(ntptime.asked) == 2 and it.clock.now() == NOW
        assert it.clock.true(3) == NOW - 300


def test_an_answer_that_makes_no_sense_is_a_failure():
    with Bench() as it:

        def nonsense():
            raise OverflowError

        ntptime.set_clock = nonsense
        it.clock.sync()
        assert it.clock.now() == 3 and it.clock.true(3) == 0


def test_no_host_no_question():
    with Bench("") as it:
        it.clock.sync()
        assert ntptime.asked == [] and not it.log.lines


def test_the_log_tells_the_time():
    with Bench() as it:
        it.clock.sync()
        assert "%04d-%02d-%02d" % tuple(time.gmtime(NOW + OFFSET)[:3]) in it.log


def test_asked_anew_after_weeks_without_a_question():
    """Ticks wrap after twelve days; the clock must not take a long time for a short one."""
    for days in (1, 5, 7, 9, 12, 13):
        with Bench() as it:
            it.clock.sync()
            it.go_on(days * 86400)
            it.clock.sync()
            assert len(ntptime.asked) == 2, "after %d days" % days
