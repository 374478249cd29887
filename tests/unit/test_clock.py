"""The clock: before and after it is set, by which server, and what it makes of times noted before."""

import time

import fakes
from fakes import machine, timeserver

from firmware import clock as module
from firmware import log as log_module
from firmware import ntp
from firmware.clock import Clock

OFFSET = 0 if time.gmtime(0)[0] == 2000 else 946684800
NOW = 850000000  # a moment in 2026, in seconds since 2000


class Time:
    """The board's own clock, in ms since 2000."""

    def __init__(self, ms):
        self.ms = ms

    def time(self):
        return self.ms / 1000 + OFFSET  # some ports have fractions

    def time_ns(self):
        return (self.ms + OFFSET * 1000) * 1000000

    def gmtime(self, seconds):
        return time.gmtime(seconds)


class Bench:
    """A clock on a board that has just started, at servers that know NOW; a context. ppm: by how much the board's own
    clock is fast."""

    def __init__(self, host="ntp.example", unit=1000, ppm=0):
        self.time = Time(3000)
        self.ticks = fakes.Ticks(log_module, ntp)
        self.log = fakes.Log(log_module, ntp)
        self.truth = NOW * 1000
        self._host = host
        self._unit = unit
        self._ppm = ppm

    def __enter__(self):
        self._saved = module.time
        module.time = ntp.time = self.time
        module.rare = lambda name: ntp
        ntp.RTC = lambda: self
        ntp.socket = timeserver
        timeserver.reset(lambda: self.truth)
        self.ticks.__enter__()
        log_module._counted[:] = [log_module.ticks_ms(), 0]
        self.log.__enter__()
        self.clock = Clock(self._host)
        return self

    def __exit__(self, *args):
        module.time = ntp.time = self._saved
        module.rare = log_module.rare
        ntp.RTC = machine.RTC
        ntp.socket = SOCKET
        self.ticks.__exit__()
        self.log.__exit__()
        log_module._counted[:] = [log_module.ticks_ms(), 0]
        assert not timeserver.open_sockets

    def datetime(self, moment):
        """RTC.datetime(): year, month, day, weekday, hours, minutes, seconds, and what is less: microseconds, or ms on
        an ESP8266 (machine_rtc.c of both)."""
        year, month, day, weekday, hour, minute, second, rest = moment
        if month < 3:
            year, month = year - 1, month + 12
        days = year * 365 + year // 4 - year // 100 + year // 400 + (month * 153 - 457) // 5 + day - 730426
        assert weekday == (days + 5) % 7  # 2000 began with a Saturday
        self.time.ms = (days * 86400 + hour * 3600 + minute * 60 + second) * 1000 + rest // self._unit

    def go_on(self, seconds):
        self.wait(seconds % 100000 * 1000)
        for _ in range(seconds // 100000):
            self.wait(100000000)
            log_module.uptime()  # as the main loop does

    def wait(self, ms):
        self.truth += ms
        self.time.ms += ms + ms * self._ppm // 1000000
        self.ticks.go_on(ms)


SOCKET = ntp.socket


def test_a_clock_that_was_never_set_counts_and_knows_nothing():
    with Bench() as it:
        assert it.clock.now() == 3
        it.go_on(5)
        assert it.clock.now() == 8
        assert it.clock.true_time(3) == 0


def test_setting_it_corrects_what_was_noted_before():
    with Bench() as it:
        noted = it.clock.now()
        it.go_on(100)
        it.clock.sync()
        assert it.clock.now() == NOW + 100
        assert it.clock.true_time(noted) == NOW
        assert it.clock.true_time(NOW + 7) == NOW + 7
        assert it.clock.true_time(it.clock.now()) == NOW + 100


def test_from_december_2025_on_it_counts_as_set():
    """Which clock.py and ntp.py agree on."""
    first = 820000000
    assert time.gmtime(first + OFFSET)[:3] == (2025, 12, 25)
    with Bench() as it:
        assert (it.clock.true_time(first), it.clock.true_time(first + 1)) == (0, first + 1)
        it.clock.sync()
        assert (it.clock.true_time(first), it.clock.true_time(first + 1)) == (first + NOW - 3, first + 1)
        assert (it.clock.true_time(0x7FFFFFFF), it.clock.true_time(0x80000000)) == (0x7FFFFFFF, 0)
    for early, believed in ((1, False), (0, True)):
        with Bench() as it:
            it.truth = first * 1000 - early
            it.clock.sync()
            assert (it.clock.now() == first) == believed
            assert ("which cannot be" in it.log) == (not believed)
    for shown, jumps in ((first, True), (first + 1, False)):
        with Bench() as it:
            it.time.ms = shown * 1000
            it.clock.sync()
            assert bool(it.clock._jump) == jumps


def test_what_was_noted_is_true_to_a_second_whatever_the_fractions():
    for begins in (3000, 3250, 3500, 3999):
        for truth in (0, 250, 999):
            with Bench() as it:
                it.time.ms = begins
                it.truth += truth
                for _ in range(4):
                    noted, right = it.clock.now(), it.truth // 1000
                    it.wait(1300)
                it.clock.sync()
                assert abs(it.clock.true_time(noted) - right) <= 1, (begins, truth)


def test_it_is_set_to_the_millisecond_in_the_ports_units():
    for unit, esp8266 in ((1000, False), (1, True)):
        with Bench(unit=unit) as it:
            ntp._ESP8266 = esp8266
            try:
                it.truth += 789
                it.clock.sync()
            finally:
                ntp._ESP8266 = False
            assert it.time.ms == it.truth


def test_half_of_the_way_there_and_back_is_added():
    with Bench() as it:
        timeserver.sent = lambda: it.wait(200)  # so much there, and so much back
        it.clock.sync()
        assert it.time.ms == it.truth and timeserver.timeouts == [1]


def test_an_esp8266_does_not_believe_its_clock_after_a_reset():
    """It goes back to when the run before began, by half an hour say; only deep sleep keeps it right."""
    for cause, kept in ((machine.HARD_RESET, False), (machine.WDT_RESET, False), (machine.DEEPSLEEP_RESET, True)):
        with Bench() as it:
            it.time.ms = (NOW - 1800) * 1000
            ntp._ESP8266, machine.cause = True, cause
            try:
                clock = Clock("ntp.example")
            finally:
                ntp._ESP8266, machine.cause = False, machine.PWRON_RESET
            noted = clock.now()
            it.go_on(10)
            assert clock.true_time(noted) == (NOW - 1800 if kept else 0)
            clock.sync()
            assert clock.true_time(noted) == (NOW - 1800 if kept else NOW)


def test_a_clock_that_the_program_sets_is_left_alone():
    with Bench() as it:
        it.time.ms = (NOW - 1800) * 1000
        ntp._ESP8266 = True
        try:
            assert Clock("").now() == NOW - 1800
        finally:
            ntp._ESP8266 = False


def test_now_is_whole_seconds():
    with Bench() as it:
        it.wait(750)
        assert type(it.clock.now()) is int


def test_a_clock_that_is_set_already_is_believed():
    with Bench() as it:
        it.time.ms = (NOW - 50) * 1000
        noted = it.clock.now()
        assert it.clock.true_time(noted) == NOW - 50
        it.clock.sync()
        assert it.clock.now() == NOW and it.clock.true_time(noted) == NOW - 50


# Which server, and when


def test_the_server_is_asked_once_and_again_after_twelve_hours():
    with Bench() as it:
        it.clock.sync()
        assert timeserver.asked == ["ntp.example"]
        for _ in range(11):
            it.go_on(3600)
            it.clock.sync()
        assert len(timeserver.asked) == 1
        it.go_on(3600)
        it.clock.sync()
        assert len(timeserver.asked) == 2


def test_setting_it_again_leaves_the_correction_alone():
    with Bench() as it:
        it.clock.sync()
        corrected = it.clock.true_time(2)
        it.go_on(50000)
        it.clock.sync()
        assert len(timeserver.asked) == 2 and it.clock.true_time(2) == corrected


def test_failing_is_told_and_tried_again_in_five_minutes():
    with Bench() as it:
        timeserver.up = False
        it.clock.sync()
        assert "clock: no answer from ntp.example" in it.log
        assert it.clock.true_time(3) == 0
        timeserver.up = True
        it.go_on(299)
        it.clock.sync()
        assert len(timeserver.asked) == 1
        it.go_on(1)
        it.clock.sync()
        assert len(timeserver.asked) == 2 and it.clock.now() == NOW + 300
        assert it.clock.true_time(3) == NOW


def asked_for(it, seconds):
    """What is asked within so many seconds of turns: [(after how many, host)], none of them in the same turn."""
    found = []
    for n in range(seconds):
        before = len(timeserver.asked)
        it.clock.sync()
        assert len(timeserver.asked) <= before + 1
        found += [(n, host) for host in timeserver.asked[before:]]
        it.go_on(1)
    return found


def test_the_next_server_is_asked_in_the_next_turn_but_five_seconds():
    with Bench(["a", "b", "c"]) as it:
        timeserver.up = ("c",)
        assert asked_for(it, 100) == [(0, "a"), (5, "b"), (10, "c")]
        assert it.time.ms == it.truth
        assert "clock: no answer from a" in it.log and "clock: no answer from b" in it.log


def test_the_one_that_answers_stays_the_first_and_each_is_asked_every_five_minutes_while_none_does():
    with Bench(["a", "b"]) as it:
        timeserver.up = False
        assert asked_for(it, 620) == [(0, "a"), (5, "b"), (305, "a"), (310, "b"), (610, "a"), (615, "b")]
        timeserver.up = ("b",)
        assert asked_for(it, 600) == [(295, "a"), (300, "b")]
        it.go_on(43200)
        assert asked_for(it, 10) == [(0, "b")]
        timeserver.up = ("a",)
        it.go_on(43200)
        assert asked_for(it, 10) == [(0, "b"), (5, "a")]


# What is no answer


def test_whatever_is_wrong_with_a_lookup_is_a_failure():
    """An empty list of addresses, an address of None for a name of IPv6 alone (esp32/modsocket.c), an error."""

    def fail():
        raise OSError(-202)

    for found in (list, lambda: [(2, 2, 0, "", None)], fail):
        with Bench() as it:
            timeserver.look_up = lambda host, port, found=found: found()
            assert it.clock.sync()
            assert it.clock.now() == 3 and it.clock.true_time(3) == 0
            assert "clock: no " in it.log and "ntp.example" in it.log
            timeserver.look_up = None
            it.go_on(300)
            assert it.clock.sync() and it.clock.true_time(3) == NOW


def wrong(change):
    """What is said of an answer that is changed like this, which must do nothing."""
    with Bench() as it:
        timeserver.change = change
        assert it.clock.sync() and it.clock.now() == 3 and it.clock.true_time(3) == 0
        timeserver.change = None
        it.go_on(300)
        assert it.clock.sync() and it.clock.true_time(3) == NOW
        return it.log.lines[0]


def put(at, what):
    return lambda answer: answer[:at] + what + answer[at + len(what) :]


def test_what_is_no_answer_of_a_server_is_none():
    for change in (
        lambda answer: b"",
        lambda answer: answer[:47],
        put(0, b"\x23"),  # a client's
        put(24, b"\0" * 8),  # to somebody else, or to an earlier question
    ):
        assert "clock: no time from ntp.example (" in wrong(change) and "no answer)" in wrong(change)


def test_a_server_that_refuses_or_has_no_time_itself_sets_no_clock():
    for change, words in (
        (lambda answer: bytes([0xE4, 0]) + answer[2:12] + b"RATE" + answer[16:40] + bytes(8), "RATE"),  # kiss of death
        (put(0, b"\xe4"), "it has none"),  # leap indicator 3: not synchronized
        (put(1, b"\x10"), "it has none"),  # stratum 16
        (put(40, bytes(8)), "it has none"),
    ):
        said = wrong(change)
        assert "no time from ntp.example (it has none, or refuses" in said and words in said, said


def test_a_date_that_cannot_be_is_refused_and_leaves_the_clock_as_it_is():
    for truth in (-978307200, -86400, 0, 86400, 788918400, 819999999):  # 1969, 1999, 2000, 2025
        for before in (3, NOW - 7):
            with Bench() as it:
                it.time.ms = before * 1000
                it.truth = truth * 1000
                assert it.clock.sync()
                assert it.clock.now() == before and "which cannot be" in it.log, it.log.lines
                assert it.clock.true_time(3) == 0
                it.truth = NOW * 1000
                it.go_on(300)
                assert it.clock.sync() and it.clock.now() == NOW + 300


def test_dates_from_now_on_are_believed_also_beyond_the_end_of_ntps_seconds():
    for right in (NOW, 1000000000, 1139293695, 1139293697, 1139293696 + 2 * 86400, 2000000000):
        with Bench() as it:
            it.truth = right * 1000
            it.clock.sync()
            assert it.clock.now() == right and it.clock.true_time(3) == right


def test_a_lack_of_memory_is_a_failure():
    with Bench() as it:

        def none_left(name):
            raise MemoryError

        module.rare = none_left
        assert it.clock.sync() and not it.clock.sync()
        module.rare = lambda name: ntp
        it.go_on(300)
        assert it.clock.sync() and it.clock.now() == NOW + 300


def test_the_time_a_lookup_takes_does_not_move_what_was_noted():
    with Bench() as it:

        def slowly(host, port):
            it.go_on(20)
            return [(2, 2, 0, "", (host, port))]

        timeserver.look_up = slowly
        noted = it.clock.now()
        it.clock.sync()
        assert it.clock.true_time(noted) == NOW and it.time.ms == it.truth


def test_an_esp8266_asks_every_quarter_of_an_hour():
    with Bench() as it:
        kept, ntp._RESYNC = ntp._RESYNC, 900
        try:
            for n in range(1, 10):
                assert it.clock.sync() and len(timeserver.asked) == n
                it.go_on(899)
                assert not it.clock.sync()
                it.go_on(1)
        finally:
            ntp._RESYNC = kept


def test_no_host_no_question():
    with Bench("") as it:
        it.clock.sync()
        assert timeserver.asked == [] and not it.log.lines


def test_asked_anew_after_weeks_without_a_question():
    """Ticks wrap after twelve days; the clock must not take a long time for a short one."""
    for days in (1, 5, 7, 9, 12, 13):
        with Bench() as it:
            it.clock.sync()
            it.go_on(days * 86400)
            it.clock.sync()
            assert len(timeserver.asked) == 2, "after %d days" % days


# What the log tells


def test_the_log_tells_the_time_and_of_a_clock_that_was_not_set_no_more():
    with Bench() as it:
        it.clock.sync()
        assert it.log.lines == ["clock: %04d-%02d-%02d %02d:%02d:%02d UTC" % tuple(time.gmtime(NOW + OFFSET)[:6])]


def drifted(ppm, passed=43200, jump=0):
    with Bench(ppm=ppm) as it:
        it.clock.sync()
        it.go_on(passed)
        it.time.ms += jump
        it.clock.sync()
        assert it.time.ms == it.truth and it.clock.true_time(3) == NOW
        return it.log.lines[1].partition("; ")[2]


def test_the_drift_between_two_settings_is_told():
    assert drifted(20) == "it was off by +0.86 s after 43200 s: +20 ppm, + is fast"
    assert drifted(-695) == "it was off by -30.02 s after 43200 s: -695 ppm, + is fast"
    assert drifted(0) == "it was off by +0.00 s after 43200 s: +0 ppm, + is fast"


def test_a_jump_is_no_drift():
    assert drifted(0, jump=-3600000) == "it was off by -3600.00 s after 43200 s"


def test_after_a_failure_the_drift_is_since_the_clock_was_set():
    with Bench(ppm=100) as it:
        it.clock.sync()
        it.go_on(43200)
        timeserver.up = False
        it.clock.sync()
        timeserver.up = True
        it.go_on(300)
        it.clock.sync()
        assert it.log.lines[-1].endswith("it was off by +4.35 s after 43500 s: +100 ppm, + is fast")
