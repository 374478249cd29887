"""Streams that send what has moved, or averages: delta, at_least, average, and what put() does for their ids."""

import json
import os
import sys

import fakes
from current_device_bench import Studio
from device_bench import Bench, device_of, write
from support import MICROPYTHON, SkipTest, raises
from test_outbox import contents

from firmware import change as module
from firmware.device import Device


def sent(it):
    """What has come into the outbox since last time: [(stream id, value)]."""
    outbox = it.device.outbox
    found = [(name.decode(), json.loads(value)) for name, value, _ in contents(outbox)]
    outbox.send(len(found))
    outbox.done()
    return found


class Readings:
    """A stream of so many values in turn, of which the last one stays; None is none. A BaseException is raised."""

    def __init__(self, it, values, every=5, name="t", **options):
        self.values = list(values)
        self.calls = 0
        self._it = it
        it.device.stream(name, every=every, **options)(self)

    def __call__(self):
        self.calls += 1
        value = self.values.pop(0) if len(self.values) > 1 else self.values[0]
        if isinstance(value, Exception):
            raise value
        return value

    def run(self, times, every=5):
        """The values that are put within so many measurements."""
        found = []
        for _ in range(times):
            self._it.device._measure()
            found += [value for _, value in sent(self._it)]
            self._it.ticks.go_on(int(every * 1000))
        return found


class Offline(Bench):
    def __init__(self, **config):
        super().__init__(online=False, **config)
        self.same_ticks = fakes.Ticks(module)
        self.same_ticks.ticks_ms = self.ticks.ticks_ms
        self.same_ticks.__enter__()

    def __exit__(self, *args):
        self.same_ticks.__exit__()
        super().__exit__(*args)


def seen(values, times=None, every=5, **options):
    """What a stream puts of these values."""
    with Offline() as it:
        return Readings(it, values, every, **options).run(times or len(values), every)


def test_without_a_word_of_it_every_value_goes_and_nothing_is_loaded():
    with Offline() as it:
        assert Readings(it, [1, 1, 1]).run(3) == [1, 1, 1]
        assert "put" not in it.device.__dict__


def test_what_has_moved_by_delta_goes():
    assert seen([21.0, 21.1, 21.19, 21.2, 21.3, 21.4, 21.1], delta=0.2) == [21.0, 21.2, 21.4, 21.1]
    assert seen([5, 6, 7, 8, 3, 4], delta=3) == [5, 8, 3]
    assert seen([5, 4.5, 2, 2.5, 4], delta=2) == [5, 2, 4]


def test_a_slow_drift_is_seen_for_it_counts_from_what_was_sent():
    assert seen([20 + i / 10 for i in range(31)], delta=1) == [20, 21, 22, 23]


def test_a_delta_of_nothing_is_any_change():
    assert seen([1, 1, 1.0, 2, 2, 1], delta=0) == [1, 2, 1]
    assert seen([1, 1, 2], at_least=600) == [1, 2]


def test_what_is_short_of_delta_by_rounding_alone_has_moved():
    """Floats on a board have 24 bits, 22 on an ESP8266."""
    assert seen([21.0, 21.199998], delta=0.2) == [21.0, 21.199998]
    assert seen([1013.0, 1013.1 - 0.0001], delta=0.1) == [1013.0, 1013.0999]
    assert seen([21.0, 21.198], delta=0.2) == [21.0]


def test_percent_are_of_what_was_sent_last():
    assert seen([100, 104, 105, 100, 99.7, 95], delta="5 %") == [100, 105, 99.7]
    assert seen([-100, -104, -106], delta="5%") == [-100, -106]
    assert seen([0, 0, 0.001, 0], delta="50 %") == [0, 0.001, 0]


def test_text_and_switches_go_when_they_are_others():
    assert seen(["open", "open", "shut", "shut", "open"], delta=0) == ["open", "shut", "open"]
    assert seen([True, True, False, False, True], delta=5) == [True, False, True]
    assert seen([1, True, 1, "1", "1", [1], [1], [1, 2]], delta=5) == [1, True, 1, "1", [1], [1, 2]]


def test_a_dict_goes_when_one_of_its_members_has_moved():
    places = [(106.5, 29.5), (106.5004, 29.4998), (106.502, 29.5), (106.502, 29.501), (106.502, 29.501)]
    found = seen([{"lon": lon, "lat": lat} for lon, lat in places], delta=0.001)
    assert [(place["lon"], place["lat"]) for place in found] == [places[0], places[2], places[3]]
    values = [{"a": 1}, {"a": 1.5}, {"a": 1, "b": 1}, {"b": 1, "c": 1}, {"a": {"b": 1}}, {"a": {"b": 1.4}}]
    assert seen(values, delta=1) == [values[0]] + values[2:5]


def test_a_dict_that_the_program_changes_in_place_is_seen_to_have_moved():
    with Offline() as it:
        place = {"lon": 1, "list": [1]}
        readings = Readings(it, [place], delta=1)
        assert len(readings.run(2)) == 1
        place["lon"] = 3
        assert len(readings.run(2)) == 1
        place["list"].append(2)
        assert len(readings.run(2)) == 1


def test_none_is_still_nothing_to_send():
    assert seen([None, 1, None, 1, None, 3], delta=1) == [1, 3]


def test_at_least_every_so_often_it_is_said_again():
    for start in (5000, 0x3FFFFFFF - 300000):
        with Offline() as it:
            it.ticks.now = start
            readings = Readings(it, [7], delta=1, at_least=600)
            moments = []
            for n in range(1000):
                if readings.run(1):
                    moments.append(n * 5)
            assert moments == list(range(0, 5000, 600)), moments


def test_at_least_is_never_a_whole_interval_late_and_counts_from_the_last():
    assert seen([1], 10, every=60, delta=1, at_least=100) == [1] * 10  # 120 s would be late
    assert seen([1], 10, every=60, delta=1, at_least=120) == [1] * 5
    assert seen([1, 1, 1, 5, 5, 5, 5, 5], every=60, delta=1, at_least=240) == [1, 5, 5]


def test_at_least_is_kept_where_turns_are_early_or_late():
    with Offline() as it:
        readings = Readings(it, [7], delta=1, at_least=600)
        count = 0
        for i in range(1200):
            it.device._measure()
            count += len(sent(it))
            it.ticks.go_on(4990 if i % 2 else 5010)
        assert count == 10, count
        assert readings.calls == 1200


def test_after_days_without_a_value_the_next_one_goes():
    """Ticks have wrapped, and tell nothing."""
    with Offline() as it:
        readings = Readings(it, [7] + [None] * 8 + [7], every=86400, delta=1, at_least=86400)
        found = []
        for _ in range(10):
            it.device._measure()
            found += sent(it)
            it.ticks.go_on(86400000)
        assert found == [("t", 7), ("t", 7)] and readings.calls == 10


def test_the_interval_of_the_configuration_wins():
    with Offline(intervals={"t": 60}) as it:
        readings = Readings(it, [1, 1, 2, 2], every=5, delta=1, at_least=30)
        assert readings.run(240, 1) == [1, 1, 2, 2]  # at_least is shorter now than the interval, so each goes
    with Offline(intervals={"t": 2}) as it:
        readings = Readings(it, list(range(100)), every=60, average=600)
        assert readings.run(100, 0.1) == [9.5, 29.5, 49.5, 69.5, 89.5]  # as many as fit into two seconds
        assert readings.calls == 100


def test_what_the_outbox_does_not_take_is_offered_again():
    with Offline(outbox_size=256, outbox_full="drop_newest") as it:
        while it.device.put("x", 1):
            pass
        readings = Readings(it, [7], delta=1)
        it.device._measure()
        assert [name for name, _ in sent(it)] == ["x"] * 28
        it.ticks.go_on(5000)
        assert readings.run(3) == [7]


def test_what_can_be_no_value_is_refused_as_ever():
    with Offline() as it:
        Readings(it, [7, float("nan"), float("inf"), b"x", 7], delta=1).run(5)
        assert len([line for line in it.log.lines if "stream: t: is " in line]) == 3, it.log.lines
        assert it.device._failed == 2


# Averages


def test_an_average_is_of_readings_spread_over_the_interval():
    with Offline() as it:
        readings = Readings(it, [1, 2, 3, 4, 10, 20, 30, 40], every=10, average=4)
        assert readings.run(8, 2.5) == [2.5, 25]
        assert readings.calls == 8
        it.ticks.go_on(-1)
        assert readings.run(1) == []


def test_readings_that_are_none_or_fail_are_left_out_of_it():
    assert seen([1, None, 3, None, None, None, 5, 7, 9], every=9, average=3) == [2, 7]
    with Offline() as it:
        readings = Readings(it, [OSError(5), 2, 4, 6, 8, 10], every=3, average=3)
        assert readings.run(6, 1) == [3, 8] and "t: failed" in it.log or "failed" in it.log


def test_an_average_with_a_delta():
    with Offline() as it:
        readings = Readings(it, [1, 3, 2, 2.5, 4, 5], every=2, average=2, delta=1)
        assert readings.run(6, 1) == [2, 4.5]


def test_only_numbers_have_an_average():
    for value in ("warm", True, {"a": 1}, [1]):
        with Offline() as it:
            readings = Readings(it, [value, 2, 4, 6], every=2, average=2)
            assert readings.run(3, 1) == [2]
            assert "average: must be of numbers, not " + type(value).__name__ in it.log
            assert len(it.log.kept) == 1


# put()


def test_put_of_the_same_id_follows_the_same():
    with Offline() as it:
        readings = Readings(it, [20, 21.5, 22.9, 23], delta=1, at_least=600)
        assert readings.run(1) == [20]
        for stream_id in ("t", b"t"):
            assert it.device.put(stream_id, 20.5) is True
        assert sent(it) == []
        assert it.device.put("t", 22) is True and sent(it) == [("t", 22)]  # at once, not at the next interval
        assert readings.run(3) == [23]  # 21.5 has moved from 20, but not from 22
        assert it.device.put("other", 1) and it.device.put("other", 1)
        assert sent(it) == [("other", 1)] * 2


def test_put_of_what_moved_counts_as_sent_for_the_time_too():
    with Offline() as it:
        readings = Readings(it, [20], every=60, delta=1, at_least=120)
        assert readings.run(1, 60) == [20]
        assert it.device.put("t", 30) and sent(it) == [("t", 30)]
        assert readings.run(1, 60) == [20]  # which is another one than 30
        assert readings.run(4, 60) == [20, 20]


def test_put_of_a_stream_of_averages_goes_as_it_is():
    with Offline() as it:
        readings = Readings(it, [2, 4], every=2, average=2)
        it.device._measure()
        assert it.device.put("t", 100) and it.device.put("t", 100)
        assert sent(it) == [("t", 100)] * 2
        it.ticks.go_on(1000)
        assert readings.run(1) == [3]


def test_a_stream_for_puts_alone():
    with Offline() as it:
        Readings(it, [None], every=1, name="door", delta=0)
        assert [it.device.put("door", is_open) for is_open in (True, True, False, False)] == [True] * 4
        assert sent(it) == [("door", True), ("door", False)]


def test_put_says_false_where_it_is_dropped():
    with Offline(outbox_size=256, outbox_full="drop_newest") as it:
        Readings(it, [None], delta=1)
        while it.device.put("x", 1):
            pass
        assert it.device.put("t", 5) is False and it.device.put("t", b"5") is False
        sent(it)
        assert it.device.put("t", 5) is True and sent(it) == [("t", 5)]


def test_put_with_an_id_of_no_kind_is_refused_as_ever():
    with Offline() as it:
        Readings(it, [1], delta=1)
        for stream_id in (None, 5, ["t"], ""):
            assert it.device.put(stream_id, 1) is False
        assert len(it.log.lines) == 4


def interrupted(it, n):
    """Puts 30, and at the n-th line of that a timer's callback puts 50. Returns whether it did."""
    left = [n]

    def trace(frame, event, argument):
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                sys.settrace(None)
                frame.f_trace = None
                assert it.device.put("t", 50)
        return trace

    before = sys.gettrace()  # make coverage has one
    sys.settrace(trace)
    try:
        assert it.device.put("t", 30)
    finally:
        sys.settrace(before)
    return left[0] <= 0


def test_a_callback_at_every_line_costs_nothing_and_leaves_no_wrong_idea_of_what_is_last():
    if MICROPYTHON:
        raise SkipTest("sys.settrace()")
    n = both = 0
    while True:
        n += 1
        with Offline() as it:
            assert Readings(it, [20], delta=1).run(1) == [20]
            if not interrupted(it, n):
                break
            found = [value for _, value in sent(it)]
            both += 1
            assert sorted(found) == [30, 50]
            for value in (found[-1], 100):  # the last one may go again, but another may not be taken for it
                it.device.put("t", value)
            assert sent(it)[-1] == ("t", 100)
            it.device.put("t", 20.5)
            assert sent(it) == [("t", 20.5)]
        with Offline() as it:
            Readings(it, [20], delta=1).run(1)
            interrupted(it, n)
            found = [value for _, value in sent(it)]
            it.device.put("t", 80 - found[-1])  # what came before the last
            assert sent(it), n
    assert both > 10


# What can't be


def test_arguments_that_cannot_be():
    device = device_of()
    for delta in (-1, -0.1, True, None, [1], "5", "%", "x %", "-5 %", "5 % or so", float("nan"), float("inf"), "nan%"):
        raises(ValueError, device.stream, "a", 5, match='delta: must be a number from 0 on, as 0.2, or a text as "5 %"',
               delta=delta)  # fmt: skip
    for at_least in (4, 0, -1, 86401, "600", True, float("nan")):
        raises(ValueError, device.stream, "a", 5, match="at_least: must be seconds, from every, which is 5, to 86400",
               at_least=at_least)  # fmt: skip
    for average in (0, -1, 51, 2.0, "3", True, None):
        raises(ValueError, device.stream, "a", 5, match="average: must be a whole number of readings, 1 to 50 with",
               average=average)  # fmt: skip
    raises(TypeError, device.stream, "a", 5, match="detla: no such argument; there are every, delta", detla=1)
    raises(ValueError, device.stream, "a", 100000, match="every", delta=1)
    assert not device._streams and "put" not in device.__dict__
    right = {"delta": 0}, {"delta": "0.5 %"}, {"delta": 7, "at_least": 5}, {"at_least": 86400}, {"average": 50}
    for options in right:
        device.stream("a", 5, **options)(lambda: 1)
    device.stream("a", 0.3, average=3)(lambda: 1)
    assert device._streams[0][1] == 100


def test_the_decorator_gives_the_function_back():
    def function():
        return 7

    assert device_of().stream("a", 60, delta=1, average=2)(function) is function


def test_the_last_of_two_with_one_name_counts():
    with Offline() as it:
        Readings(it, [1], delta=1)
        assert Readings(it, [7, 7]).run(2) == [7, 7]
        assert it.device.put("t", 7) and it.device.put("t", 7) and len(sent(it)) == 2
        assert Readings(it, [7, 7], delta=1).run(2) == [7]


def test_a_program_with_a_wrong_configuration_gets_as_far_as_run():
    path = write("{")
    try:
        device = Device(path)
    finally:
        os.remove(path)
    device.stream("t", 5, delta=1, at_least=60, average=5)(lambda: 1)
    assert device.put("t", 1) is False


# Properties


def test_a_property_sends_what_has_moved_and_whatever_was_set():
    def thermostat(device):
        @device.property("target", every=5, delta=1)
        def target():
            return state["target"]

        @target.setter
        def set_target(value):
            state["target"] = value

    state = {"target": 20.0}
    with Studio(thermostat) as bench:
        assert bench.sent("property/desired/get")["params"] == ["target"]
        bench.says("property/desired/get/reply", {"id": "1", "code": 200, "data": {}})
        assert bench.upload() == {"target": 20.0}
        bench.ticks.go_on(5000)
        state["target"] = 20.5
        bench.turns()
        assert not len(bench.device.outbox)
        assert bench.asks("property/set", {"target": 20.6})["code"] == 200
        assert bench.upload() == {"target": 20.6}  # though it has not moved by 1
        bench.ticks.go_on(5000)
        bench.turns()
        assert not len(bench.device.outbox)


def test_a_property_of_averages_is_asked_for_a_value_and_gives_one():
    def averages(device):
        device.property("level", every=5, average=5)(lambda: 3)
        device.stream("warmth", every=5, average=5)(lambda: 21)

    with Studio(averages) as bench:
        assert bench.asks("property/get", ["level", "warmth"])["data"] == {"level": 3, "warmth": 21}


def test_a_property_without_an_interval_has_nothing_to_compare_at():
    with Studio(online=False) as bench:
        for options in ({"delta": 1}, {"at_least": 60}, {"average": 2}):
            raises(ValueError, bench.device.property, "p", None, match="every: must be seconds", **options)
        raises(ValueError, bench.device.property, "p", 5, match="delta: must be", delta=-1)
