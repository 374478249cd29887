"""The outbox that may use flash: what has no room in RAM or has waited for long comes back, once and with its time."""

import json
import os
import random
from errno import EIO

import fakes  # noqa: F401  # the way to firmware
from fakes import machine
from flash_folder import Flash
from support import replaced
from test_outbox import contents

from firmware import flash_outbox, segments
from firmware.clock import Clock
from firmware.flash_outbox import FlashOutbox

flash_outbox.rare = lambda name: segments  # not loaded anew, nor the heap swept, at each step

OFFLINE, ONLINE = 0, 3
NOW = 840000000  # a true time
CHUNK = 1024


class Client:
    state = OFFLINE


class opening:
    """Files that segments.py opens come from this instead. A context."""

    def __init__(self, instead):
        self._instead = instead

    def __enter__(self):
        segments.open = self._instead

    def __exit__(self, *args):
        del segments.open


class Board:
    """What the outbox sees of a Device, and one that uploads; `now` is its uptime."""

    def __init__(self, size=512, kb=64, after=300, newest_first=False, full="drop_oldest", now=0):
        self.config = {"outbox_flash": {"kb": kb, "after": after, "newest_first": newest_first}}
        self._client = Client()
        self.clock = Clock("")
        self.now = now
        self.got = []  # (stream id, value, time) as the platform gets them
        flash_outbox.uptime = segments.uptime = lambda: self.now
        self.outbox = FlashOutbox(self, size, full == "drop_oldest", bytearray(size))

    def put(self, *numbers, seconds=NOW):
        """Data points that are told apart by their values, one a second; returns how many were taken."""
        kept = 0
        for n in numbers:
            self.now += 1
            kept += self.outbox.put(b"temperature", b"%d" % n, seconds + n if seconds else 0)
        return kept

    def upload(self, count=4, arrives=True):
        """A turn of the main loop: sends up to so many records, which are acknowledged or not."""
        outbox = self.outbox
        self._client.state = ONLINE
        outbox.locked = True
        found = contents(outbox)[:count]
        outbox.send(len(found))
        if arrives:
            self.got += [(name, value, self.clock.true(when)) for name, value, when in found]
            outbox.done()
        else:
            outbox.send(0)
        outbox.unlock()

    def empty(self, turns=2000):
        """Uploads until nothing is left."""
        while len(self.outbox) or self.outbox.first:
            self.upload()
            self.now += 1
            turns -= 1
            assert turns
        self._client.state = OFFLINE

    def values(self):
        return [int(value) for _, value, _ in self.got]


def on_flash(test):
    def run():
        uptime = segments.uptime
        try:
            with Flash({}), replaced(segments, "log", lambda subject, text: LOG.append(text)):
                del LOG[:]
                machine.cause = machine.PWRON_RESET
                test()
        finally:
            flash_outbox.uptime = segments.uptime = uptime

    return run


LOG = []


def files():
    return sorted([int(name) for name in os.listdir("outbox") if name != "state"])


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
def test_before_a_reset_all_is_saved_also_what_is_on_its_way():
    board = Board()
    board.put(*range(10))
    board.outbox.locked = True
    board.outbox.send(4)
    board.outbox.save()
    board = Board()
    board.empty()
    assert board.values() == list(range(10))


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


class Cut(Exception):
    """The power goes."""


class Cutting:
    """A file whose writes end with the power, after so many bytes of all; `torn`: what was written until then stays, as
    on FAT, or nothing, as on littlefs, where a file changes when it is closed."""

    left = 0
    torn = False

    def __init__(self, path, mode):
        self._file = open(path, mode)
        self._path = path
        self._written = []

    def write(self, data):
        for i in range(len(data)):
            if not Cutting.left:
                raise Cut
            Cutting.left -= 1
            self._written.append(bytes(data[i : i + 1]))
        return len(data)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if not kind or Cutting.torn:
            self._file.write(b"".join(self._written))
        self._file.close()


def test_a_power_cut_at_every_byte_of_a_write_loses_that_write_alone():
    def weak(path, mode="r"):
        return Cutting(path, mode) if mode in ("ab", "wb") else open(path, mode)

    @on_flash
    def cut():
        board = Board()
        board.put(*range(40))
        board.outbox.save()
        before = 40
        board = Board()
        board.put(*range(100, 110))
        try:
            with opening(weak):
                board.outbox.save()
            before = 50
        except Cut:
            pass
        board = Board()
        board.put(*range(200, 205))
        board.outbox.save()
        board = Board()
        board.empty()
        values = set(board.values())
        assert values.issuperset(range(40)) and values.issuperset(range(200, 205)), (Cutting.left, values)
        assert len(values) == before + 5

    for torn in (False, True):
        Cutting.torn = torn
        for n in range(0, 240, 3 if torn else 40):
            Cutting.left = n
            cut()


@on_flash
def test_flash_that_is_full_or_fails_is_tried_again_later():
    for number, words in ((28, "28"), (EIO, "5")):  # ENOSPC, which MicroPython does not name
        board = Board()
        failing = [True]

        def faulty(path, mode="r", number=number, failing=failing):
            if failing[0] and mode != "r":
                raise OSError(number)
            return open(path, mode)

        with opening(faulty):
            kept = board.put(*range(100))
            assert 10 < kept <= 100 and words in LOG[-1]
            failing[0] = False
            board.now += 60
            dropped = board.outbox.dropped
            assert board.put(*range(100, 300)) == 200 and board.outbox.dropped == dropped
            board.empty()
        assert set(board.values()).issuperset(range(100, 300))


@on_flash
def test_whatever_is_in_the_files_it_starts_and_goes_on():
    random.seed(7)
    for _ in range(20):
        board = Board(size=256)
        board.put(*range(60))
        board.outbox.save()
        board._client.state = OFFLINE
        for name in os.listdir("outbox"):
            with open("outbox/" + name, "rb") as file:
                data = bytearray(file.read())
            for _ in range(random.randrange(4)):
                data[random.randrange(len(data))] = random.getrandbits(8)
            with open("outbox/" + name, "wb") as file:
                file.write(data[: random.choice((len(data), len(data) // 2, 0))])
        board = Board(size=256)
        board.put(*range(100, 150))
        board.empty()
        assert set(board.values()).issuperset(range(100, 150))
    for name in ("0", "x", "12345678901", "1.tmp"):
        with open("outbox/" + name, "w") as file:
            file.write("no segment")
    for state in ("", "[]", "{}", '{"reading": [1, "x"], "epoch": 1, "jumps": []}', '{"reading": 5}', "\xff" * 9):
        with open("outbox/state", "w") as file:
            file.write(state)
        Board()
    assert json.loads(open("outbox/state").read())["epoch"]  # noqa: SIM115


@on_flash
def test_one_chunk_that_is_broken_costs_no_other():
    board = Board()
    board.put(*range(600))
    with open("outbox/1", "rb") as file:
        data = bytearray(file.read())
    data[20] ^= 1
    with open("outbox/1", "wb") as file:
        file.write(data)
    board.empty()
    assert len(board.values()) > 550 and "not readable: outbox/1 at 0" in " ".join(LOG)


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
