"""Device: streams, when they are measured, and what becomes of what they return."""

import random

from device_bench import Bench, counter, device_of
from fakes import machine
from mqtt.client import ONLINE
from support import raises

from firmware import connect


def test_a_stream_is_measured_at_once_and_then_at_its_interval():
    with Bench(online=False) as it:
        calls = counter(it.device, 30)
        it.device._measure()
        assert len(calls) == 1
        it.ticks.go_on(29999)
        it.device._measure()
        assert len(calls) == 1
        it.ticks.go_on(1)
        it.device._measure()
        it.device._measure()
        assert len(calls) == 2


def test_intervals_do_not_drift():
    with Bench(online=False) as it:
        calls = counter(it.device, 10)
        for _ in range(100 * 4):
            it.device._measure()
            it.ticks.go_on(2500 + random.getrandbits(3))
        assert 99 <= len(calls) <= 102


def test_a_long_pause_is_not_made_up_for():
    with Bench(online=False) as it:
        calls = counter(it.device, 10)
        it.device._measure()
        it.ticks.go_on(95000)
        it.device._measure()
        it.device._measure()
        assert len(calls) == 2
        it.ticks.go_on(9999)
        it.device._measure()
        assert len(calls) == 2
        it.ticks.go_on(1)
        it.device._measure()
        assert len(calls) == 3


def test_intervals_are_right_when_ticks_wrap():
    with Bench(online=False) as it:
        it.ticks.now = 0x3FFFFFFF - 15000
        calls = counter(it.device, 10)
        for _ in range(60):
            it.device._measure()
            it.ticks.go_on(1000)
        assert len(calls) == 6


def test_the_configuration_comes_before_the_program():
    with Bench(online=False, intervals={"a": 5, "b": 86400}) as it:
        a, b, c = [counter(it.device, 10, name) for name in "abc"]
        for _ in range(21):
            it.device._measure()
            it.ticks.go_on(1000)
        assert (len(a), len(b), len(c)) == (5, 1, 3)


def test_intervals_and_ids_that_cannot_be():
    device = device_of()
    for every in (0, 0.09, -1, 86401, float("nan"), float("inf")):
        raises(ValueError, device.stream, "a", every, match="every")
    for stream_id in ("", 'a"b', "a\\b", "a\nb", "x" * 65, "温" * 22):
        raises(ValueError, device.stream, stream_id, 60, match="stream id")
    for stream_id, every in (("x" * 64, 0.1), ("温" * 21, 86400), ("a b%/", 1)):
        device.stream(stream_id, every)


def test_the_decorators_give_the_function_back():
    device = device_of()

    def function(payload=None):
        return 7

    assert device.stream("a", 60)(function) is function
    assert device.command(function) is function


def test_the_last_of_two_streams_with_one_name_counts():
    with Bench(online=False) as it:
        first = counter(it.device, 10, "same")
        second = counter(it.device, 20, "same")
        it.device._measure()
        assert (len(first), len(second)) == (0, 1)


def test_a_stream_that_fails_does_not_stop_the_others():
    with Bench() as it:

        @it.device.stream("broken", every=1)
        def broken():
            raise OSError(5)

        calls = counter(it.device, 1, "good")
        assert it.upload() == [("good", 1)]
        it.ticks.go_on(1000)
        assert it.upload() == [("good", 2)]
        assert len(calls) >= 2 and "broken: failed" in it.log
        assert it.client.state == ONLINE


def test_none_is_no_data_point():
    with Bench() as it:
        it.device.stream("nothing", every=1)(lambda: None)
        it.device.stream("something", every=1)(lambda: 0)
        assert it.upload() == [("something", 0)]


def test_the_board_s_health():
    machine.cause = machine.WDT_RESET
    with Bench(health_interval=60) as it:
        found = dict(it.upload())
        assert found["reset_cause"] == "watchdog" and found["free_heap"] > 0 and found["free_idf_heap"] == 70000
        assert sorted(found) == ["dropped", "free_heap", "free_idf_heap", "reset_cause"]
    machine.cause = machine.PWRON_RESET


def test_what_a_decorator_takes_is_said():
    with Bench(online=False) as it:
        device = it.device

        def temperature():
            return 1

        for decorator in (device.stream, device.property):  # as @device.stream, without parentheses
            raises(
                ValueError, decorator, temperature, match='stands in parentheses, as in @device.stream("temperature")'
            )
            for stream_id in ("", "a" * 65, 'a"', 5, None, ("a",)):
                raises(ValueError, lambda: decorator(stream_id)(temperature), match="id: must be 1 to 64")  # noqa: B023
            for every in ("60", "", 0, -1, 86401):
                raises(ValueError, lambda: decorator("t", every=every), match="every: must be 0.1 to 86400")  # noqa: B023
        raises(ValueError, lambda: device.service(temperature)(temperature), match="in parentheses")


def test_an_interval_in_quotes_is_told_apart():
    with Bench(online=False) as it:
        for every in ("60", b"60"):
            raises(ValueError, it.device.stream, "t", every=every, match="86400 s, a number without quotes")
        for every in (None, [60], (60,)):
            raises(ValueError, it.device.stream, "t", every=every, match="every: must be 0.1 to 86400 s")


def test_none_for_ever_is_told_once():
    values = []
    with Bench(online=False) as it:
        it.device.stream("t", every=1)(lambda: values.pop() if values else None)
        it.device.stream("u", every=1, average=2)(lambda: 5)
        it.device.stream("v", every=1, average=2)(lambda: None)

        def measure(times):
            for _ in range(times):
                it.ticks.go_on(1000)
                it.device._measure()

        measure(9)
        assert "t: nothing" not in it.log
        measure(300)
        words = ": nothing was ever sent, for its function returns None; return the value, if there is to be one"
        told = sorted([line for line in it.log.lines if words in line])
        assert told == ["stream: t" + words, "stream: v" + words], told


def test_none_after_a_value_is_no_fault():
    values = [1]
    with Bench(online=False) as it:
        it.device.stream("t", every=1)(lambda: values.pop() if values else None)
        for _ in range(300):
            it.ticks.go_on(1000)
            it.device._measure()
        assert "nothing was ever sent" not in it.log


def test_an_interval_for_a_stream_that_there_is_not_is_told_once():
    with Bench(lambda device: counter(device, stream_id="n"), intervals={"n": 5, "m": 5, "温度": 6}) as it:
        told = [line for line in it.log.lines if "intervals" in line]
        assert sorted(told) == [
            'config: "intervals": no stream is called "m"',
            'config: "intervals": no stream is called "温度"',
        ]
        it.log.lines.clear()
        connect.tells(it.device)
        assert "intervals" not in it.log and it.device.config["intervals"] == {"n": 5}
