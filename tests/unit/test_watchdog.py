"""The watchdog: the ESP32's hardware, the ESP8266's timer, and patience with what blocks."""

from fakes import machine

from firmware import watchdog


class Bench:
    """A watchdog that has not been started; a context."""

    def __init__(self, esp8266):
        machine.WDT.esp8266 = esp8266

    def __enter__(self):
        del watchdog._state[:], machine.timeouts[:]
        machine.WDT.made = machine.Timer.made = None
        machine.resets = 0
        return self

    def __exit__(self, *args):
        machine.WDT.esp8266 = False
        del watchdog._state[:]


def test_the_hardware_is_started_once_with_the_time_asked_for():
    with Bench(esp8266=False):
        watchdog.start(60)
        watchdog.start(10)
        assert machine.timeouts == [60000]
        for _ in range(3):
            watchdog.feed()
        assert machine.WDT.made.fed == 3


def test_none():
    for esp8266 in (False, True):
        with Bench(esp8266):
            watchdog.start(0)
            watchdog.feed()
            watchdog.patient(True)
            assert watchdog.stop() and not machine.timeouts and not machine.Timer.made


def test_a_lookup_of_a_minute_does_not_trip_it():
    for seconds in (10, 30, 59):
        with Bench(esp8266=False):
            watchdog.start(seconds)
            watchdog.patient(True)
            watchdog.patient(False)
            assert machine.timeouts == [seconds * 1000, 60000, seconds * 1000]
    for seconds in (60, 600):
        with Bench(esp8266=False):
            watchdog.start(seconds)
            watchdog.patient(True)
            watchdog.patient(False)
            assert machine.timeouts == [seconds * 1000]


def test_the_hardware_cannot_be_stopped():
    with Bench(esp8266=False):
        watchdog.start(60)
        assert not watchdog.stop()
        watchdog.feed()
        assert machine.WDT.made.fed == 1


def test_an_esp8266_has_a_timer_with_the_time_asked_for():
    for seconds in (10, 60, 600):
        with Bench(esp8266=True):
            watchdog.start(seconds)
            timer = machine.Timer.made
            assert timer.period == 1000 and not machine.timeouts
            timer.fire(seconds - 1)
            watchdog.feed()
            timer.fire(seconds)
            assert not machine.resets
            timer.fire()
            assert machine.resets == 1


def test_a_timer_is_stopped_for_a_prompt_and_may_start_again():
    with Bench(esp8266=True):
        watchdog.start(10)
        timer = machine.Timer.made
        assert watchdog.stop()
        timer.fire(100)
        watchdog.feed()
        assert not machine.resets
        watchdog.start(10)
        machine.Timer.made.fire(11)
        assert machine.resets == 1


def test_a_timer_is_patient_for_a_minute_or_for_longer_if_that_is_wanted():
    """It is served while a lookup blocks, which calls poll_sockets() in extmod/modlwip.c."""
    for seconds, most in ((10, 60), (59, 60), (60, 60), (600, 600)):
        with Bench(esp8266=True):
            watchdog.start(seconds)
            watchdog.patient(True)
            watchdog.feed()
            machine.Timer.made.fire(most)
            watchdog.patient(False)
            machine.Timer.made.fire(seconds)
            assert not machine.resets and not machine.timeouts
            machine.Timer.made.fire()
            assert machine.resets == 1
