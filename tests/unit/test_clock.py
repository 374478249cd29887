"""The clock: before and after it is set, and what it makes of times noted before."""

import time

import fakes
from fakes import machine, ntptime

from firmware import clock as module
from firmware import log as log_module
from firmware import ntp
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
        self.ticks = fakes.Ticks(log_module)
        self.log = fakes.Log(log_module, ntp)
        self._host = host

    def __enter__(self):
        self._saved = module.time
        module.time = ntp.time = self.time
        module.rare = lambda name: ntp
        ntp.RTC = self._rtc
        ntptime.up = True
        ntptime.asked.clear()
        ntptime.set_clock = self._set
        self.ticks.__enter__()
        log_module._counted[:] = [log_module.ticks_ms(), 0]
        self.log.__enter__()
        self.clock = Clock(self._host)
        return self

    def __exit__(self, *args):
        module.time = ntp.time = self._saved
        module.rare = log_module.rare
        ntp.RTC = machine.RTC
        ntptime.up = True
        self.ticks.__exit__()
        self.log.__exit__()
        log_module._counted[:] = [log_module.ticks_ms(), 0]

    def _rtc(self):
        return self

    def datetime(self, moment):
        """RTC.datetime(): year, month, day, weekday, hours, minutes, seconds, and what is less."""
        year, month, day, weekday, hour, minute, second, _ = moment
        if month < 3:
            year, month = year - 1, month + 12
        days = year * 365 + year // 4 - year // 100 + year // 400 + (month * 153 - 457) // 5 + day - 730426
        assert weekday == (days + 5) % 7  # 2000 began with a Saturday
        self.time.seconds = days * 86400 + hour * 3600 + minute * 60 + second

    def _set(self):
        self.time.seconds = NOW

    def go_on(self, seconds):
        self.time.seconds += seconds
        for _ in range(seconds // 100000):
            self.ticks.go_on(100000000)
            log_module.uptime()  # as the main loop does
        self.ticks.go_on(seconds % 100000 * 1000)


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


def test_an_esp8266_does_not_believe_its_clock_after_a_reset():
    """It goes back to when the run before began, by half an hour say; only deep sleep keeps it right."""
    for cause, kept in ((machine.HARD_RESET, False), (machine.WDT_RESET, False), (machine.DEEPSLEEP_RESET, True)):
        with Bench() as it:
            it.time.seconds = NOW - 1800
            ntp._ESP8266, machine.cause = True, cause
            try:
                clock = Clock("ntp.example")
            finally:
                ntp._ESP8266, machine.cause = False, machine.PWRON_RESET
            noted = clock.now()
            it.go_on(10)
            assert clock.true(noted) == (NOW - 1800 if kept else 0)
            clock.sync()
            assert clock.true(noted) == (NOW - 1800 if kept else NOW - 10)


def test_a_clock_that_the_program_sets_is_left_alone():
    with Bench() as it:
        it.time.seconds = NOW - 1800
        ntp._ESP8266 = True
        try:
            assert Clock("").now() == NOW - 1800
        finally:
            ntp._ESP8266 = False


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


def test_whatever_ntptime_raises_is_a_failure():
    """It checks nothing: a short answer, an empty list of addresses, an address of None, a time beyond an int."""
    for error in (
        ValueError("buffer too small"),
        IndexError(),
        TypeError(),
        OverflowError(),
        OSError(-202),
        MemoryError(),
    ):
        with Bench() as it:

            def fail(error=error):
                raise error

            ntptime.set_clock = fail
            assert it.clock.sync()
            assert it.clock.now() == 3 and it.clock.true(3) == 0
            assert "clock: no " in it.log and "ntp.example" in it.log
            ntptime.set_clock = it._set
            it.go_on(300)
            assert it.clock.sync() and it.clock.true(3) == NOW - 300


def test_a_lack_of_memory_is_a_failure():
    with Bench() as it:

        def none_left(name):
            raise MemoryError

        module.rare = none_left
        assert it.clock.sync() and not it.clock.sync()
        module.rare = lambda name: ntp
        it.go_on(300)
        assert it.clock.sync() and it.clock.now() == NOW


def test_a_date_that_cannot_be_is_refused_and_the_clock_put_back():
    for wrong in (0, 86400, 788918400, 1139293696, 1139293696 + 3600):  # 2000, 2025; 2036 is a kiss of death
        for before in (3, NOW - 7):
            with Bench() as it:
                it.time.seconds = before

                def set_wrong():
                    it.time.seconds = wrong  # noqa: B023

                ntptime.set_clock = set_wrong
                assert it.clock.sync()
                assert it.clock.now() == before, (wrong, before, it.clock.now())
                assert "which cannot be" in it.log
                assert it.clock.true(3) == 0
                ntptime.set_clock = it._set
                it.go_on(300)
                assert it.clock.sync() and it.clock.now() == NOW


def test_dates_from_now_on_are_believed():
    for right in (NOW, 1000000000, 1139293695, 1139293696 + 2 * 86400):
        with Bench() as it:

            def set_right():
                it.time.seconds = right  # noqa: B023

            ntptime.set_clock = set_right
            it.clock.sync()
            assert it.clock.now() == right


def test_the_time_a_lookup_takes_does_not_move_what_was_noted():
    with Bench() as it:

        def slowly():
            it.go_on(20)
            it.time.seconds = NOW

        ntptime.set_clock = slowly
        noted = it.clock.now()
        it.clock.sync()
        assert it.clock.true(noted) == NOW - 20


def test_an_esp8266_asks_every_quarter_of_an_hour():
    with Bench() as it:
        kept, ntp._RESYNC = ntp._RESYNC, 900
        try:
            for n in range(1, 10):
                assert it.clock.sync() and len(ntptime.asked) == n
                it.go_on(899)
                assert not it.clock.sync()
                it.go_on(1)
        finally:
            ntp._RESYNC = kept


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
