"""Much at once: 500 points put in a moment, 50 streams, and what becomes of them."""

import json

import fakes  # noqa: F401  # the way to firmware
from device_bench import Bench
from flash_bench import Board, on_flash
from test_outbox import contents

BURST = 500


def values(outbox):
    return [int(value) for _, value, _ in contents(outbox)]


def test_a_burst_that_does_not_fit_ram_loses_the_oldest_and_counts_them():
    with Bench(online=False) as it:
        outbox = it.device.outbox
        assert all(it.device.put("n", n) for n in range(BURST))
        kept = values(outbox)
        assert kept == list(range(outbox.dropped, BURST)) and 0 < outbox.dropped < BURST
        assert len(kept) > 150  # 2,048 bytes


def test_or_the_newest_where_that_is_wanted():
    with Bench(online=False, outbox_full="drop_newest") as it:
        outbox = it.device.outbox
        taken = [it.device.put("n", n) for n in range(BURST)]
        kept = values(outbox)
        assert kept == [n for n in range(BURST) if taken[n]] and len(kept) + outbox.dropped == BURST
        assert kept[:150] == list(range(150))


def test_one_from_a_callback_while_the_outbox_is_gone_through_is_counted_too():
    with Bench(online=False) as it:
        outbox = it.device.outbox
        outbox.locked = True
        taken = [it.device.put("n", n) for n in range(BURST)]
        outbox.unlock()
        assert taken == [True] * 16 + [False] * (BURST - 16)
        assert values(outbox) == list(range(16)) and outbox.dropped == BURST - 16


@on_flash
def test_with_flash_none_is_lost():
    """In a moment, so without any more writes than there may be at once."""
    board = Board(size=2048)
    assert all(board.outbox.put(b"n", b"%d" % n, 840000000) for n in range(BURST))
    assert board.outbox.dropped == 0
    board.empty()
    assert sorted(board.values()) == list(range(BURST))  # what is in RAM comes first


@on_flash
def test_nor_of_what_twenty_writes_take_and_then_it_is_counted():
    board = Board(size=2048)
    put = 0
    while not board.outbox.dropped:
        board.outbox.put(b"n", b"%06d" % put, 840000000)
        put += 1
    assert put * 14 > 20 * 1536  # bytes: as many writes as may be made at once, of three quarters of the outbox
    dropped = board.outbox.dropped
    board.empty()
    assert len(board.values()) + dropped == put and len(set(board.values())) == len(board.values())


def test_fifty_streams_are_measured_in_one_turn_and_none_is_late():
    with Bench(outbox_size=8192, tx_size=4096) as it:
        calls = []
        for i in range(50):
            it.device.stream("s%d" % i, every=60)(lambda i=i: calls.append(i) or i)
        found = it.upload()
        assert found == [("s%d" % i, i) for i in range(50)] and calls == list(range(50))
        it.ticks.go_on(59000)
        assert it.upload() == found


def test_fifty_streams_with_a_delta_send_what_has_moved_alone():
    with Bench(outbox_size=8192, tx_size=4096) as it:
        state = list(range(50))
        for i in range(50):
            it.device.stream("s%d" % i, every=60, delta=1)(lambda i=i: state[i])
        assert len(it.upload()) == 50
        state[7] += 5
        it.ticks.go_on(59000)
        assert it.upload() == [("s7", 12)]


def test_a_batch_is_as_long_as_the_buffer_lets_it_be():
    """Up to the last point that would have fitted: what bounds it is tx_size, and 65,535 bytes of $dp."""
    for tx_size in (256, 1024, 16384):
        with Bench(outbox_size=65535, tx_size=tx_size) as it:
            for n in range(1000):
                it.device.put("n", n + 1000)
            found = it.upload()
            one = len(json.dumps({"id": "n", "datapoints": [{"value": 1000}]}, separators=(",", ":"))) + 1
            assert found == [("n", n + 1000) for n in range(len(found))]
            assert tx_size - 2 * one < len(found) * one + 40 <= tx_size + one, (tx_size, len(found))
