"""Device: how data points get to the platform, those too that it dislikes."""

from device_bench import Bench
from mqtt.client import OFFLINE
from support import replaced

from firmware import faults


def test_connect_names_the_device():
    with Bench(online=False) as it:
        packet = it.go_online()
        for name in (b"\0\x0827654321", b"\0\x0568790", b"\0\5sn001"):
            assert name in packet
        assert "online as device 27654321" in it.log
        assert "sn001" not in it.log


def test_one_upload_at_a_time_and_none_before_its_interval():
    with Bench(upload_interval=10) as it:
        it.ticks.go_on(10000)
        it.device.put("n", 1)
        assert it.upload(acknowledge=False) == [("n", 1)]
        it.device.put("n", 2)
        it.ticks.go_on(20000)
        assert it.silent()
        it.acknowledge()
        assert it.upload() == [("n", 2)]
        it.device.put("n", 3)
        it.ticks.go_on(8000)
        assert it.silent()
        it.ticks.go_on(2000)
        assert it.upload() == [("n", 3)]


def test_points_leave_the_outbox_when_they_are_acknowledged():
    with Bench() as it:
        it.device.put("n", 1)
        it.upload(acknowledge=False)
        assert len(it.device.outbox)
        it.close()
        it.go_online()
        assert len(it.device.outbox)
        assert it.upload() == [("n", 1)]
        assert not len(it.device.outbox)


def test_points_measured_offline_come_in_order():
    with Bench(online=False) as it:
        for i in range(60):
            it.device.put("n", i)
        it.go_online()
        found = []
        while len(it.device.outbox):
            found += it.upload()
        assert found == [("n", i) for i in range(60)]


def test_an_upload_after_a_week_without_any():
    """Ticks are 30 bits on a board; half of that is six days."""
    for days in (5, 7, 11, 13):
        with Bench() as it:
            it.device.put("n", 1)
            assert it.upload() == [("n", 1)]
            for _ in range(days):
                it.ticks.go_on(86400000)
                it.turns(1)
            it.device.put("n", 2)
            for _ in range(5):
                it.ticks.go_on(1000)
                it.turns(1)
            assert it.device._batch, "not sent after %d days" % days


# A batch that the platform dislikes


def serve(it, dislikes, most=400):
    """The platform: takes what comes and closes the connection at a data point it dislikes, until all is uploaded.
    Returns the values it has taken, and how often it has closed."""
    taken, closed = [], 0
    for _ in range(most):
        if not len(it.device.outbox):
            return taken, closed
        values = it.upload(acknowledge=False)
        if any(dislikes(value) for value in values):
            closed += 1
            it.close()
            it.until(lambda: it.client.state == OFFLINE, "the end")
            it.go_online()
        else:
            taken += values
            it.acknowledge()
    raise AssertionError("no end: %s" % it.log.lines)


def test_one_data_point_the_platform_dislikes_does_not_block_the_rest():
    for bad in ([0], [4], [9], [3, 4], [0, 9], list(range(10))):
        with Bench() as it:
            for i in range(10):
                it.device.put("n%d" % i, i)
            taken, closed = serve(it, lambda value, bad=bad: value[1] in bad)
            assert sorted(taken) == [("n%d" % i, i) for i in range(10) if i not in bad]
            assert it.device.outbox.dropped == len(bad) and closed <= 12 * len(bad)
            for i in bad:
                assert "n%d: dropped, for the connection is lost each time after it: %d" % (i, i) in it.log


def test_afterwards_batches_are_as_large_as_before():
    with Bench() as it:
        for i in range(10):
            it.device.put("n", i)
        serve(it, lambda value: value[1] == 5)
        for round in range(9):
            it.device.put("n", round)
            it.upload()
        for i in range(10):
            it.device.put("n", i)
        assert len(it.upload()) == 10


def test_the_culprit_is_looked_for_without_the_long_waits_of_a_server_that_is_down():
    """Each time fewer go, something new is tried. Not where one was dropped: the server may dislike them all."""
    waits = []
    with Bench() as it:
        fault = faults.fault

        def noting(device, reason):
            fault(device, reason)
            waits.append(("fewer" in " ".join(it.log.lines[-2:]), device._delay))

        with replaced(faults, "fault", noting):
            for i in range(10):
                it.device.put("n", i)
            serve(it, lambda value: value[1] == 3)
    halved = [wait for fewer, wait in waits if fewer]
    assert len(halved) >= 3 and max(halved) <= 250, waits


def test_a_connection_that_is_lost_for_other_reasons_costs_no_data_point():
    with Bench() as it:
        it.device.put("n", 1)
        for _ in range(5):  # Wi-Fi
            it.upload(acknowledge=False)
            it.air.lose()
            it.turns(3)
            it.air.settle()
            it.go_online()
        for _ in range(5):  # before the upload
            it.close()
            it.device._online_at = None
            it.until(lambda: it.client.state == OFFLINE, "the end")
            it.go_online()
        assert it.upload() == [("n", 1)] and it.device.outbox.dropped == 0
