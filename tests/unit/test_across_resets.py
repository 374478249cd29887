"""What RTC memory brings over a reset: data points with their times, and what sleep keeps, as far as there is room."""

import os

import fakes
from device_bench import device_of
from fakes import machine
from flash_folder import Flash
from support import raises, replaced
from test_outbox import contents

from firmware import across_resets as module
from firmware import clock, crash, last_resort, seldom

for name in (
    "mqtt.packet",
    "firmware.begin",
    "firmware.config",
    "firmware.flash_outbox",
    "firmware.legacy",
    "firmware.segments",
):
    __import__(name)  # a Device would not find them with another folder as the current one

NOW = 840000000  # a true time
UNKNOWN = 0xFFFFFFFF
HEAD = b"crashes \0\0\0\0\0\0"
LOG = fakes.Log(module, last_resort, seldom)


def fresh(test):
    """A test that begins and ends with nothing in RTC memory."""

    def run():
        machine.rtc_memory = b""
        del LOG.lines[:]
        with LOG:
            try:
                test()
            finally:
                machine.rtc_memory = b""
                machine.cause = machine.PWRON_RESET

    return run


def device(now=NOW, cause=machine.HARD_RESET, **config):
    """A Device that begins after a reset for this cause, when its clock shows `now`."""
    machine.cause = cause
    with replaced(clock.Clock, "now", lambda self: now):
        made = device_of(**config)
    made.clock.now = lambda: now
    return made


def put(made, *numbers, seconds=NOW):
    for n in numbers:
        made.outbox.put(b"temperature", b"%d" % n, seconds + n)


def points(*numbers, seconds=NOW):
    return [(b"temperature", b"%d" % n, seconds + n) for n in numbers]


def values(made):
    return [int(value) for _, value, _ in contents(made.outbox)]


@fresh
def test_data_points_are_back_after_a_reset_with_their_times():
    made = device()
    put(made, 1, 2, 3)
    assert module.save(made) == 3
    for cause in (machine.HARD_RESET, machine.WDT_RESET, machine.SOFT_RESET, machine.DEEPSLEEP_RESET):
        assert contents(device(cause=cause).outbox) == points(1, 2, 3)
    assert "outbox: 3 data points from before the reset wait to be sent" in LOG.lines


@fresh
def test_nothing_to_keep_leaves_nothing_behind():
    made = device()
    assert module.save(made) == 0 and machine.rtc_memory == b""
    assert contents(device().outbox) == [] and LOG.lines == []


@fresh
def test_what_is_on_its_way_is_kept_too():
    made = device()
    put(made, 1, 2, 3)
    made.outbox.send(2)
    made.outbox.locked = True
    put(made, 4)
    module.save(made)
    assert values(device()) == [1, 2, 3, 4]


@fresh
def test_times_are_made_true_while_that_can_be_done():
    """By how much the clock jumped when it was set is known until the reset."""
    made = device()
    put(made, 1, 2, seconds=100)
    made.clock._jump = NOW
    module.save(made)
    assert contents(device(now=5, cause=machine.PWRON_RESET).outbox) == points(1, 2, seconds=NOW + 100)


@fresh
def test_a_time_before_the_clock_was_set_holds_as_long_as_the_clock_goes_on():
    for platform, cause, now, holds in (
        ("esp32", machine.DEEPSLEEP_RESET, 200, True),
        ("esp32", machine.HARD_RESET, 200, True),
        ("esp32", machine.WDT_RESET, 200, True),
        ("esp32", machine.HARD_RESET, 20, False),
        ("esp8266", machine.DEEPSLEEP_RESET, 200, True),
        ("esp8266", machine.HARD_RESET, 200, False),
        ("esp8266", machine.WDT_RESET, 200, False),
    ):
        made = device(now=150)
        put(made, 1, 2, seconds=100)
        module.save(made)

        class Sys:
            pass

        Sys.platform = platform
        with replaced(module, "sys", Sys):
            found = contents(device(now, cause).outbox)
        assert [when for _, _, when in found] == ([101, 102] if holds else [UNKNOWN] * 2), (platform, cause)
        machine.rtc_memory = b""


@fresh
def test_a_time_holds_for_ever_from_the_second_on_from_which_a_clock_counts_as_set():
    made = device(now=150)
    put(made, 0, 1, seconds=820000000)
    module.save(made)
    found = contents(device(20).outbox)
    assert [when for _, _, when in found] == [UNKNOWN, 820000001]


@fresh
def test_what_has_no_room_is_dropped_by_choice_and_counted():
    for choice, kept in (("drop_oldest", list(range(104, 200))), ("drop_newest", list(range(100, 196)))):
        made = device(outbox_size=8192, outbox_full=choice)
        put(made, *range(100, 200))
        made.outbox.dropped = 3
        assert module.save(made) == len(kept)
        assert len(machine.rtc_memory) <= 2048 and "4 data points dropped" in LOG
        again = device(outbox_size=8192)
        assert values(again) == kept and again.outbox.dropped == 7
        machine.rtc_memory = b""


@fresh
def test_an_esp8266_has_room_for_less():
    machine.rtc_size = 492
    try:
        with replaced(module, "_SPACE", 492):
            made = device()
            put(made, *range(100, 150))
            assert module.save(made, bytes(41)) == 20
            assert values(device()) == list(range(130, 150))
    finally:
        machine.rtc_size = 2048


@fresh
def test_what_has_no_room_goes_into_flash_where_there_is_some():
    with Flash({}):
        made = device(outbox_size=4096, outbox_flash=64)
        put(made, *range(100, 150))
        assert module.save(made) == 50 and os.listdir("outbox") == ["state"]
        machine.rtc_memory = b""
        put(made, *range(150, 200))
        assert module.save(made) == 0 and sorted(os.listdir("outbox")) == ["1", "state"]
        assert made.outbox.dropped == 0
        assert values(device(outbox_size=4096, outbox_flash=64)) == []


@fresh
def test_what_came_out_of_flash_and_is_there_still_is_not_kept_twice():
    with Flash({}):
        made = device(outbox_flash=64)
        put(made, 1, 2, 3)
        made.outbox.copied = sum([made.outbox._size(made.outbox._start) for _ in range(2)])
        assert module.save(made) == 1
        assert values(device(outbox_flash=64)) == [3]


@fresh
def test_a_smaller_outbox_takes_what_it_can():
    made = device(outbox_size=4096)
    put(made, *range(100, 180))
    made.outbox.put(b"long", b'"%s"' % (b"x" * 300), NOW)
    module.save(made)
    again = device(outbox_size=256)
    assert values(again)[-1] == 179 and len(values(again)) < 80
    assert again.outbox.dropped == 81 - len(values(again))


@fresh
def test_memory_that_is_not_whole_is_nothing():
    made = device()
    put(made, 1, 2, 3)
    module.save(made, b"notes")
    whole = machine.rtc_memory
    for at in range(len(whole)):
        machine.rtc_memory = whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :]
        again = values(device())
        assert again == ([1, 2, 3] if 8 <= at < len(HEAD) else []), at
    for n in range(len(whole)):
        machine.rtc_memory = whole[:n]
        assert values(device()) == [] and module.state() == b"", n


@fresh
def test_a_program_that_keeps_something_there_is_left_alone():
    made = device()
    machine.rtc_memory = b"my counter"
    put(made, 1)
    assert module.save(made) == 0 and machine.rtc_memory == b"my counter"
    assert made.outbox.dropped == 1 and values(device()) == []


@fresh
def test_what_start_has_there_stays():
    machine.rtc_memory = b"crashes \3\1abcd"
    made = device()
    put(made, 1)
    module.save(made, b"notes")
    assert machine.rtc_memory[:14] == b"crashes \3\1abcd" and module.state() == b"notes"
    module.note(b"others")
    assert machine.rtc_memory[:14] == b"crashes \3\1abcd" and module.state() == b"others" and values(device()) == [1]
    machine.rtc_memory = b"crashes \7"  # as it was once
    module.save(made)
    assert machine.rtc_memory[:14] == b"crashes \7\0\0\0\0\0" and values(device()) == [1]


@fresh
def test_it_stays_until_it_has_arrived():
    """Device.run() looks after it once a minute."""
    made = device()
    put(made, 1)
    module.save(made)
    again = device()
    assert seldom.forget_crashes(again) is not None and values(device()) == [1]
    again.outbox.send(1)
    again.outbox.done()
    assert seldom.forget_crashes(again) is None and machine.rtc_memory == b""


@fresh
def test_a_planned_reset_and_ctrl_c_keep_what_waits():
    class Somebody:
        def somebody(self, feed):
            return True

    def rare(name):
        return {"keyboard": Somebody()}.get(name, module)

    made = device()
    put(made, 1, 2)
    resets = machine.resets
    with replaced(crash, "note", lambda error, cause: None):
        last_resort.reset(made.wifi, 0)
    assert machine.resets == resets + 1 and values(device()) == [1, 2]
    machine.rtc_memory = b""
    with replaced(seldom, "rare", rare):
        assert seldom.ctrl_c(made)
    assert values(device()) == [1, 2]


@fresh
def test_a_reset_comes_whatever_keeps_it_from_saving():
    made = device()
    made.outbox = None
    resets = machine.resets
    with replaced(crash, "note", lambda error, cause: None):
        last_resort.reset(made.wifi, 0)
    assert machine.resets == resets + 1 and "not saved" in LOG


def test_size_is_the_ports():
    """ports/esp32/mpconfigport.h, ports/esp8266/machine_rtc.c."""
    assert module._SPACE == 2048
    raises(ValueError, machine.RTC().memory, bytes(2049))
