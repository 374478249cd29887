"""Deep sleep: Device.sleep(), and Device.run() with "sleep" in the configuration."""

import fakes
from device_bench import Keys, device_of, rarely
from fakes import machine, network
from support import raises, replaced
from test_outbox import contents

from firmware import seldom, visit, wake, watchdog
from firmware import sleep as module
from firmware.notes import Notes, load

LOG = fakes.Log(module)


def fresh(test):
    def run():
        machine.rtc_memory = b""
        machine.cause = machine.PWRON_RESET
        del LOG.lines[:]
        with LOG:
            try:
                test()
            finally:
                machine.rtc_memory = b""
                machine.cause = machine.PWRON_RESET

    return run


def asleep(function, *args):
    """Milliseconds of the deep sleep that a call ends in."""
    return raises(machine.Asleep, function, *args).args[0]


def woken(**config):
    """The Device after deep sleep."""
    machine.cause = machine.DEEPSLEEP_RESET
    return device_of(**config)


@fresh
def test_what_waits_is_there_after_sleep():
    device = device_of()
    device.put("n", 7)
    assert asleep(device.sleep, 600) == 600000
    assert "1 data points wait" in LOG and "sleep: 600 s" in LOG
    device = woken()
    assert [value for _, value, _ in contents(device.outbox)] == [b"7"]
    assert "sleep: woken by timer" in LOG.lines
    assert load().wakes == 1


@fresh
def test_how_long_it_may_be():
    device = device_of()
    for seconds in (0, 0.9, -5, 2000001, "600", None):
        raises(ValueError, device.sleep, seconds, match="seconds: must be 1 to 2000000")
    assert asleep(device.sleep, 1.9) == 1000
    assert asleep(device.sleep, 2000000) == 2000000000


@fresh
def test_the_radio_of_an_esp32_is_switched_off():
    """ESP-IDF does not do that; an ESP8266's SDK does, and would write active(False) to its flash."""
    for esp8266 in (False, True):
        air = network.new_air({"home": "12345678"}, esp8266=esp8266)
        device = device_of()
        device.wifi.connected()
        assert air.active
        with replaced(module, "_ESP8266", esp8266):
            asleep(device.sleep, 600)
        assert air.active == esp8266
    network.new_air()


@fresh
def test_the_connection_is_closed_and_a_wrong_configuration_does_not_keep_it_awake():
    device = device_of()
    closed = []
    device._client.close = lambda: closed.append(1)
    asleep(device.sleep, 60)
    assert closed == [1]
    device = device_of(device_id=5)
    assert not device.config and asleep(device.sleep, 60) == 60000


@fresh
def test_an_esp8266_sleeps_long_in_pieces():
    """Its port has 32 bits for microseconds, 71 minutes: ports/esp8266/modmachine.c, mp_machine_deepsleep()."""
    with replaced(module, "_PIECE", 4200):
        device = device_of()
        device.put("n", 7)
        assert asleep(device.sleep, 10000) == 4200000
        machine.cause = machine.DEEPSLEEP_RESET
        for ms, rest in ((4200000, 1600), (1600000, 0)):
            assert asleep(device_of) == ms and load().rest == rest
        assert load().slept == 10000 and load().wakes == 1
        device = device_of()
        assert [value for _, value, _ in contents(device.outbox)] == [b"7"]
        machine.cause = machine.HARD_RESET
        asleep(device.sleep, 10000)
        device_of()  # somebody has pressed reset


@fresh
def test_attempts_are_an_hour_apart_at_most():
    for seconds, most in ((60, 59), (600, 5), (1800, 1), (3600, 0), (86400, 0)):
        notes = Notes(b"")
        notes.failed, notes.skip = 9, 127
        with replaced(module, "rare", with_notes(notes)):
            asleep(device_of().sleep, seconds)
        assert notes.skip == most, seconds


def with_notes(notes):
    class Found:
        def load(self):
            return notes

    rare = module.rare
    return lambda name: Found() if name == "notes" else rare(name)


# run()


def run(device, outcomes=1, keys=(), interrupt=False, somebody=True):
    """run(), until the deep sleep or its end; returns (ms asleep or None, what run_once() was called with)."""
    calls = []

    def run_once(device, timeout, keys, least):
        calls.append((timeout, least))
        device._measure()
        if interrupt and len(calls) == 1:
            raise KeyboardInterrupt

    keyboard = Keys(keys)
    watchdog._state.clear()
    with replaced(visit, "run_once", run_once), replaced(module, "poll", keyboard), replaced(module, "stdin", keyboard):
        with replaced(seldom, "rare", rarely(somebody)):
            try:
                device.run()
            except machine.Asleep as e:
                return e.args[0], calls
    return None, calls


@fresh
def test_run_visits_and_sleeps():
    assert run(device_of(sleep=600)) == (600000, [(30, 10)])
    assert run(device_of(sleep={"seconds": 900, "awake": 12})) == (900000, [(12, 10)])
    assert run(woken(sleep={"seconds": 900})) == (900000, [(30, 0)])
    assert machine.WDT.made.timeout == 60000


@fresh
def test_streams_whose_interval_is_some_wakes_long_wait_for_theirs():
    at = {60: [], 600: [], 1200: [], 3600: []}
    for n in range(13):
        machine.cause = machine.DEEPSLEEP_RESET if n else machine.PWRON_RESET
        device = device_of(sleep=600)
        for every in at:
            device.stream("every%d" % every, every=every)(lambda n=n, every=every: at[every].append(n))
        run(device)
    assert at[60] == at[600] == list(range(13))
    assert at[1200] == list(range(0, 13, 2)) and at[3600] == [0, 6, 12]


@fresh
def test_an_average_is_that_of_the_one_reading_of_a_wake():
    for every, wakes in ((60, [0, 1, 2, 3]), (1200, [0, 2])):
        machine.rtc_memory = b""
        for n in range(4):
            machine.cause = machine.DEEPSLEEP_RESET if n else machine.PWRON_RESET
            device = device_of(sleep=600)
            device.stream("t", every=every, average=5)(lambda n=n: n)
            run(device)
        assert [float(value) for _, value, _ in contents(woken().outbox)] == wakes, every


@fresh
def test_after_a_pin_has_woken_it_everything_is_measured():
    measured = []
    asleep(device_of(sleep=600).sleep, 600)
    machine.woken_by = 2
    try:
        device = woken(sleep=600)
        device.stream("n", every=86400)(lambda: measured.append(1))
        run(device)
    finally:
        machine.woken_by = 4
    assert measured == [1] and "sleep: woken by pin" in LOG.lines


@fresh
def test_ctrl_c_ends_it_if_it_is_somebodys():
    assert run(device_of(sleep=600), interrupt=True) == (None, [(30, 10)])
    assert run(device_of(sleep=600), interrupt=True, somebody=False) == (600000, [(30, 10)] * 2)


def test_a_board_that_does_not_sleep_has_nothing_of_it():
    device = device_of()
    assert "sleep" not in device.config and "run" not in device.__dict__


# Why it woke


def test_why_it_woke():
    try:
        for number, words in ((2, "pin"), (3, "pin"), (4, "timer"), (5, "touch"), (6, "ulp"), (7, "pin"), (99, "99")):
            machine.woken_by = number
            machine.cause = machine.DEEPSLEEP_RESET
            assert wake.reason() == words
            machine.cause = machine.WDT_RESET
            assert wake.reason() == ""
    finally:
        machine.woken_by = 4
        machine.cause = machine.PWRON_RESET


def test_an_esp8266_knows_its_timer_alone():
    class Machine:
        DEEPSLEEP_RESET = 5

        def reset_cause(self):
            return 5

    with replaced(wake, "machine", Machine()):
        assert wake.reason() == "timer"
