"""Device: how exactly intervals are kept, by a clock of the test's, and how long the main loop waits for it."""

from device_bench import Bench, counter
from mqtt.client import OFFLINE


class Pace:
    """Runs a device's loop at a network that keeps silent for as long as it is asked to wait. `waits`: how long each
    turn was ready to; slow: ms that it takes besides."""

    def __init__(self, it, slow=0):
        self._it = it
        self._slow = slow
        self.waits = []
        it.client.loop = self._loop

    def _loop(self, timeout_ms):
        self.waits.append(timeout_ms)
        self._it.ticks.go_on(timeout_ms)

    def go_on(self, seconds):
        """Returns how many turns that took."""
        ticks = self._it.ticks
        end = ticks.now + seconds * 1000
        turns = 0
        while ticks.now < end:
            self._it.device._turn()
            ticks.go_on(self._slow)
            turns += 1
        return turns


def timed(it, every):
    """A stream that notes the ticks of its calls; returns the list of them."""
    moments = []

    @it.device.stream("t", every=every)
    def note():
        moments.append(it.ticks.now)

    return moments


def steps(moments):
    return [moments[i + 1] - moments[i] for i in range(len(moments) - 1)]


def test_a_tenth_of_a_second_is_one_whatever_a_turn_takes():
    for slow in (0, 3, 25, 60):
        with Bench() as it:
            moments = timed(it, 0.1)
            Pace(it, slow).go_on(60)
            found = steps(moments)
            assert 598 <= len(found) <= 602, (slow, len(found))
            assert all(100 - slow <= step <= 100 + slow for step in found), (slow, min(found), max(found))


def test_streams_of_different_paces_do_not_hold_each_other_up():
    with Bench() as it:
        quick, odd, slow = [counter(it.device, every, name) for every, name in ((0.1, "a"), (0.17, "b"), (1, "c"))]
        Pace(it, 2).go_on(30)
        assert (len(quick), len(odd), len(slow)) == (300, 177, 30)


def test_a_stream_that_takes_its_time_is_measured_at_its_interval_all_the_same():
    with Bench() as it:
        moments = []

        @it.device.stream("t", every=0.5)
        def slowly():
            moments.append(it.ticks.now)
            it.ticks.go_on(180)

        Pace(it).go_on(30)
        assert all(step == 500 for step in steps(moments)) and len(moments) == 60


def test_a_stream_slower_than_its_interval_leaves_the_others_and_the_network_their_turns():
    with Bench() as it:
        other = counter(it.device, 1, "other")

        @it.device.stream("t", every=0.1)
        def slowly():
            it.ticks.go_on(300)

        pace = Pace(it)
        pace.go_on(30)
        assert len(pace.waits) >= 90 and set(pace.waits) == {1}  # not 0: an idle task has to run now and then
        assert 24 <= len(other) <= 31


def test_without_wifi_and_between_attempts_the_pace_is_the_same():
    with Bench() as it:
        moments = timed(it, 0.13)
        pace = Pace(it)
        it.air.lose()
        it.air.networks.clear()
        pace.go_on(20)
        assert it.client.state == OFFLINE
        found = steps(moments)
        assert len(found) >= 152 and all(step == 130 for step in found), found
    with Bench(online=False) as it:
        moments = timed(it, 0.13)
        it.device._fault_at = it.ticks.now
        it.device._delay = 60000
        Pace(it).go_on(20)
        found = steps(moments)
        assert len(found) >= 152 and all(step == 130 for step in found), found


def test_waiting_is_as_long_as_before_where_nothing_is_quick():
    """Five turns a second, and 20 offline: that is what a board's processor is awake for."""
    with Bench() as it:
        counter(it.device, 60)
        pace = Pace(it)
        assert pace.go_on(60) <= 302
        assert max(pace.waits) == 200
        it.air.lose()
        it.air.networks.clear()
        assert it.client.state and pace.go_on(60) <= 1202


def test_a_tick_is_no_measurement_too_many():
    """Where a wait ends a little early, as a poll may, nothing is measured before its time, nor twice."""
    with Bench() as it:
        moments = timed(it, 0.1)
        pace = Pace(it)
        early = pace._loop
        it.client.loop = lambda timeout_ms: early(max(timeout_ms - 1, 1))
        pace.go_on(30)
        assert all(step == 100 for step in steps(moments)) and len(moments) == 300
