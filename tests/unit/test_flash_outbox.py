"""The outbox that may use flash: what has no room in RAM or has waited for long comes back, once and with its time."""

import random

from fakes import machine
from flash_bench import CHUNK, NOW, OFFLINE, ONLINE, Board, files, on_flash, opening
from test_outbox import contents

from firmware import segments


@on_flash
def test_what_fits_into_ram_never_touches_flash():
    board = Board()
    for n in range(100):
        board.put(n)
        board.upload()
    assert board.values() == list(range(100)) and files() == []


@on_flash
def test_an_outage_longer_than_ram_lasts_loses_nothing_and_keeps_order_and_times():
    board = Board()
    assert board.put(*range(600)) == 600
    assert files() and len(board.outbox) < 512
    board.empty()
    assert sorted(board.values()) == list(range(600)) and board.outbox.dropped == 0 and files() == []
    assert [(value, when) for _, value, when in sorted(board.got, key=lambda point: point[2])] == [
        (b"%d" % n, NOW + n) for n in range(600)
    ]


@on_flash
def test_old_ones_come_in_order_and_live_ones_between():
    board = Board()
    board.put(*range(300))
    in_ram = len(contents(board.outbox))
    live = 1000
    while board.outbox.first:
        board.put(live)
        live += 1
        board.upload()
    assert [n for n in board.values() if n < 300 - in_ram] == list(range(300 - in_ram))
    assert min([board.values().index(n) for n in range(1000, 1010)]) < board.values().index(100)


@on_flash
def test_the_newest_segment_comes_first_where_it_is_wanted_so():
    board = Board(newest_first=True)
    board.put(*range(400))
    board.empty()
    values = board.values()
    assert sorted(values) == list(range(400)) and values.index(300) < values.index(0)


@on_flash
def test_what_has_waited_for_long_is_written_too():
    board = Board(after=60)
    board.put(1, 2)
    assert files() == []
    board.now += 60
    board.put(3)
    assert files() == [1] and len(board.outbox) == 0
    assert Board().outbox.first == 1


@on_flash
def test_a_power_cut_loses_what_is_not_in_flash_alone_and_repeats_a_chunk_at_most():
    board = Board()
    board.put(*range(600))
    board.outbox.save()
    board = Board()
    for _ in range(20):
        board.upload(3)
    half = board.values()
    board = Board()
    board.empty()
    assert set(half + board.values()) == set(range(600))
    assert len(half + board.values()) - 600 <= CHUNK // 20


@on_flash
def test_a_board_that_sleeps_in_the_middle_of_a_chunk_goes_on_there():
    """Or one that is never awake for all of it would send its beginning for ever."""
    board = Board()
    board.put(*range(600))
    board.outbox.save()
    got = []
    for _ in range(400):
        board = Board()
        for _ in range(3):
            board.upload(4)
        got += board.values()
        board._client.state = OFFLINE
        board.outbox._do(5)  # settle(), as across_resets.py does
        if not board.outbox.first:
            break
    assert sorted(got) == list(range(600))


@on_flash
def test_a_board_that_sleeps_while_live_values_take_the_room_loses_nothing():
    board = Board()
    board.put(*range(300))
    board.outbox.save()
    got = []
    live = 1000
    for n in range(100):
        board = Board()
        board.upload(2)
        board._client.state = ONLINE
        board.put(*range(live, live + n % 7 * 3))
        live += n % 7 * 3
        board.upload(2)
        got += board.values()
        board._client.state = OFFLINE
        board.outbox._do(5)
        board.outbox.save()
    board = Board()
    board.empty()
    got += board.values()
    assert set(got) == set(list(range(300)) + list(range(1000, live))) and len(got) - len(set(got)) < 60, len(
        got
    ) - len(set(got))


@on_flash
def test_before_a_reset_all_is_saved_also_what_is_on_its_way():
    board = Board()
    board.put(*range(10))
    board.outbox.locked = True
    board.outbox.send(4)
    board.outbox.save()
    board = Board()
    board.empty()
    assert sorted(board.values()) == list(range(10))


@on_flash
def test_what_is_on_its_way_stays_as_it_is_while_all_else_moves():
    board = Board()
    board.put(*range(5))
    board.outbox.send(5)
    before = contents(board.outbox)[:5]
    board.put(*range(5, 300))
    assert contents(board.outbox)[:5] == before and files()
    board.got += before
    board.outbox.done()
    board.empty()
    assert sorted(board.values()) == list(range(300))


@on_flash
def test_what_was_loaded_makes_room_again_and_is_still_not_lost():
    board = Board()
    board.put(*range(300))
    for start in range(1000, 3000, 100):
        for _ in range(3):
            board.upload(1)
        board._client.state = OFFLINE
        board.put(*range(start, start + 100))
        board.now += 600
    board.empty()
    assert sorted(set(board.values())) == sorted(list(range(300)) + list(range(1000, 3000)))
    assert len(board.values()) == len(set(board.values()))


@on_flash
def test_it_is_bounded_and_what_goes_is_told():
    for full, kept in (("drop_oldest", 1199), ("drop_newest", 0)):
        board = Board(kb=16, full=full)
        taken = 0
        for n in range(1200):
            board.now += 20
            taken += board.put(n)
        assert len(files()) <= 4
        assert board.outbox.dropped and (taken == 1200) == (full == "drop_oldest")
        board.empty()
        assert kept in board.values() and len(board.values()) > 300
        assert len(set(board.values())) + board.outbox.dropped == 1200


@on_flash
def test_of_a_segment_that_goes_what_was_sent_or_is_loaded_is_not_counted():
    board = Board(kb=16)
    for n in range(500):
        board.now += 20
        board.put(n)
    for _ in range(7):
        board.upload(3)
    board._client.state = OFFLINE
    for n in range(500, 1200):
        board.now += 20
        board.put(n)
    assert board.outbox.dropped
    board.empty()
    assert len(set(board.values())) + board.outbox.dropped == 1200


@on_flash
def test_flash_is_written_no_more_often_than_its_life_allows():
    board = Board(after=1)
    opened = []

    def counted(path, mode="r"):
        opened.append(path)
        return open(path, mode)

    with opening(counted):
        for n in range(2000):
            board.put(n)
    writes = [path for path in opened if path != segments._STATE]
    assert 50 < len(writes) <= 200 * 2000 // 3600 + 20 + len(files())


@on_flash
def test_times_before_the_clock_was_set_are_made_true_afterwards():
    board = Board()
    board.put(*range(200), seconds=100)
    board.clock._jump = NOW
    board.empty()
    assert sorted([when for _, _, when in board.got]) == [100 + n + NOW for n in range(200)]


@on_flash
def test_they_are_made_true_over_a_reset_that_the_clock_survives():
    board = Board()
    board.put(*range(200), seconds=100)
    board.outbox.save()
    machine.cause = machine.WDT_RESET
    board = Board()
    board.clock._jump = NOW
    board.empty()
    assert [when for _, _, when in board.got] == [100 + n + NOW for n in range(200)]


@on_flash
def test_they_are_made_true_where_the_clock_was_set_before_a_power_cut():
    board = Board()
    board.put(*range(100), seconds=100)
    board.clock._jump = NOW
    board.outbox.save()
    board = Board()
    board.empty()
    assert [when for _, _, when in board.got] == [100 + n + NOW for n in range(100)]


@on_flash
def test_no_time_is_invented_for_those_of_a_clock_that_was_never_set():
    board = Board()
    board.put(*range(200), seconds=100)
    board.outbox.save()
    board = Board()
    board.clock._jump = NOW
    board.empty()
    assert len(board.got) == 200 and {when for _, _, when in board.got} == {0}


def test_any_order_of_outages_resets_and_bursts_loses_nothing_that_was_saved():
    @on_flash
    def history():
        board = Board(size=random.choice((256, 512, 2048)), kb=1024)
        size = len(board.outbox.buf)
        n = 0
        sure = set()  # values that are in flash or have arrived
        got = []
        resets = 0
        for _ in range(60):
            what = random.randrange(6)
            if what == 0:
                board.upload(random.randrange(1, 9), random.random() < 0.8)
            elif what == 1:
                board.now += random.randrange(2000)
            elif what == 2:
                resets += 1
                board.outbox.save()
                sure.update(range(n))
                got += board.values()
                board = Board(size=size, kb=1024)
            else:
                board._client.state = random.choice((OFFLINE, ONLINE))
                count = random.randrange(40)
                board.now += 20 * count  # so that there is always a write to spare
                assert board.put(*range(n, n + count)) == count
                n += count
        assert board.outbox.dropped == 0
        board.empty()
        got += board.values()
        assert sure.issubset(got) and set(got) == set(range(n))
        assert len(got) - n <= resets * CHUNK // 20

    for seed in range(60):
        random.seed(seed)
        history()
