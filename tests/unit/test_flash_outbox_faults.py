"""The outbox in flash, where flash, memory, the power or what is in the files fails it."""

import json
import os
import random
from errno import EIO

from fakes import machine
from flash_bench import LOG, NOW, OFFLINE, ONLINE, Board, files, on_flash, opening
from support import replaced

from firmware import flash_outbox, segments


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
                if Cutting.torn:
                    self.close()
                raise Cut
            Cutting.left -= 1
            self._written.append(bytes(data[i : i + 1]))
        return len(data)

    def close(self):
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


@on_flash
def test_what_was_saved_twice_comes_twice_at_most_where_it_was_on_its_way():
    board = Board()
    board.put(*range(10))
    board.outbox.send(4)
    for _ in range(3):
        board.outbox.save()
    board.outbox.send(0)
    board.empty()
    values = board.values()
    assert set(values) == set(range(10)) and all(values.count(n) == 1 for n in range(4, 10))


@on_flash
def test_no_memory_and_no_folder_end_nothing():
    def none(name):
        raise MemoryError

    board = Board()
    with replaced(flash_outbox, "rare", none):
        assert board.put(*range(100)) == 100 and board.outbox.dropped
    board.now += 60
    board.outbox.dropped = 0
    board.put(*range(100, 200))
    for name in os.listdir("outbox"):
        os.remove("outbox/" + name)
    os.rmdir("outbox")
    board.upload()
    board.put(*range(200, 300))
    with open("outbox", "w") as file:
        file.write("no folder")
    board = Board()
    board.put(*range(300, 310))
    board.upload(10)
    assert board.values() == list(range(300, 310))
    os.remove("outbox")
    board.now += 60
    board.put(*range(400, 500))
    board.empty()
    assert set(board.values()).issuperset(range(400, 500))


class Interrupted:
    """A file whose second write is interrupted, as by Ctrl-C."""

    def __init__(self, path, mode):
        self._file = open(path, mode)
        self._writes = 0

    def write(self, data):
        self._writes += 1
        if self._writes == 2:
            raise KeyboardInterrupt
        return self._file.write(data)

    def close(self):
        self._file.close()


@on_flash
def test_an_interrupt_in_the_middle_of_a_write_costs_nothing_that_was_there_or_comes():
    board = Board()
    board.put(*range(30))
    try:
        with opening(lambda path, mode="r": Interrupted(path, mode) if mode in ("ab", "wb") else open(path, mode)):
            board.outbox.save()
        raise AssertionError
    except KeyboardInterrupt:
        assert board.outbox.locked  # so that whoever looks sees where it was
    board.outbox.locked = False
    board.now += 100
    board.put(*range(30, 200))
    board.empty()
    assert set(board.values()) == set(range(200))


@on_flash
def test_a_segment_that_cannot_be_removed_is_not_sent_for_ever():
    class Stubborn:
        def __getattr__(self, name):
            return getattr(os, name)

        def remove(self, path):
            raise OSError(EIO)

    board = Board()
    board.put(*range(60))
    board.outbox.save()
    with replaced(segments, "os", Stubborn()):
        for _ in range(100):
            board.upload()
            board.now += 30
    assert sorted(board.values()) == list(range(60))
    board.now += 60
    board.upload()
    board.upload()
    assert files() == [] and len(board.values()) == 60


@on_flash
def test_a_file_that_could_not_be_closed_is_held_and_closed_before_another_is_opened():
    opened = []

    class Stuck(Interrupted):
        failing = True

        def __init__(self, path, mode):
            super().__init__(path, mode)
            self._writes = -9
            assert all(not one._file for one in opened)
            opened.append(self)

        def close(self):
            if Stuck.failing:
                raise OSError(EIO)
            self._file.close()
            self._file = None

    board = Board()
    board.put(*range(10))
    with opening(lambda path, mode="r": Stuck(path, mode) if mode in ("ab", "wb", "w") else open(path, mode)):
        for _ in range(3):
            board.outbox.save()
            board.now += 60
        assert len(opened) == 1
        Stuck.failing = False
        board.put(*range(10, 20))
        board.outbox.save()
        assert len(opened) > 1 and not opened[0]._file
    board = Board()
    board.empty()
    assert set(board.values()) == set(range(20))


class Unseen:
    """os whose stat() fails."""

    def __getattr__(self, name):
        return getattr(os, name)

    def stat(self, path):
        raise OSError(EIO)


@on_flash
def test_a_segment_that_cannot_be_looked_at_is_not_taken_for_none():
    board = Board()
    board.put(*range(60))
    board.outbox.save()
    board = Board()
    with replaced(segments, "os", Unseen()):
        for _ in range(5):
            board.upload()
            board.now += 60
        board.put(100)
        with opening(failing):
            board.outbox.save()
    assert board.values() == [] and files() == [1]
    board.now += 60
    board.empty()
    assert sorted(board.values()) == list(range(60)) + [100]


def failing(path, mode="r"):
    raise OSError(EIO)


class Unlisted:
    """os that lists no folder."""

    def __getattr__(self, name):
        if "listdir" in name:
            raise OSError(EIO)
        return getattr(os, name)


@on_flash
def test_what_could_not_be_looked_at_in_the_beginning_is_looked_at_later():
    board = Board()
    board.put(*range(60))
    board.outbox.save()
    with replaced(segments, "os", Unlisted()):
        board = Board()
        board.upload()
    assert not board.outbox.first
    board.now += 60
    board.upload()
    board.empty()
    assert board.values() == list(range(60))


@on_flash
def test_a_record_that_cannot_be_is_no_end_of_the_program():
    board = Board()
    board.put(*range(60))
    board.outbox.save()
    for data in (b"\0", b"\0\7\1\2\3", b"\0\x09\1\2\3\4\1x1\0\x20"):
        head = bytes((0, len(data), 0, 0))
        with open("outbox/1", "rb") as file:
            before = file.read()
        with open("outbox/1", "wb") as file:
            file.write(head + segments._sum(head, data) + data + before)
    board = Board()
    board.empty()
    assert set(board.values()) == set(range(60)) and board.outbox.dropped == 3


@on_flash
def test_a_state_of_another_time_is_none():
    board = Board()
    board.put(*range(60))
    board.outbox.save()
    with open("outbox/state", "w") as file:
        file.write('{"reading": [1, 4000], "epoch": 1, "jumps": {}, "now": 5}')
    board = Board()
    board.put(*range(60, 70))
    board.outbox.save()
    board = Board()
    board.empty()
    assert board.values() == list(range(70))


@on_flash
def test_a_point_put_by_a_callback_just_then_is_no_acknowledgement():
    board = Board()
    board.put(*range(200))
    board._client.state = ONLINE
    do = segments.do
    inner = []

    def interrupted(box, what):
        if not inner:  # before anything is done: as where the callback comes between a look and the lock
            inner.append(1)
            box.locked = False
            box.put(b"temperature", b"1000", NOW)
            box.locked = True
        do(box, what)

    with replaced(segments, "do", interrupted):
        for _ in range(30):
            del inner[:]
            board.upload()
            board.now += 1
    board.empty()
    assert set(board.values()).issuperset(range(200))


@on_flash
def test_what_is_on_its_way_uses_up_no_writes():
    board = Board()
    board.put(*range(19))
    board.outbox.send(19)
    for _ in range(50):
        board.outbox.unlock()
    board.outbox.done()
    assert board.put(*range(100, 300)) == 200 and board.outbox.dropped == 0


@on_flash
def test_flash_that_cannot_be_written_is_not_filled_with_nothing():
    class Failing(Interrupted):
        def write(self, data):
            raise OSError(EIO)

    board = Board(kb=16)
    board.put(*range(60))
    before = files()
    with opening(lambda path, mode="r": Failing(path, mode) if mode in ("ab", "wb") else open(path, mode)):
        for _ in range(20):
            board.now += 60
            board.put(*range(100, 110))
    assert files() == before


@on_flash
def test_what_is_too_long_now_does_not_block_the_rest():
    class Points:
        def fits(self, id_len, value_len):
            return value_len < 4

    board = Board()
    board.put(1, 2, 10000, 3, 20000, 4)
    board.outbox.save()
    board = Board()
    board._points = Points()
    board.empty()
    assert board.values() == [1, 2, 3, 4] and board.outbox.dropped == 2


@on_flash
def test_a_segment_of_zeros_is_skipped_at_once():
    board = Board()
    board.put(1)
    board.outbox.save()
    with open("outbox/7", "wb") as file:
        file.write(bytes(4096))
    board = Board()
    board.empty(10)
    assert board.values() == [1] and board.outbox.dropped == 1


@on_flash
def test_the_clocks_jump_is_known_over_resets_as_soon_as_it_has():
    board = Board()
    board.put(*range(100), seconds=100)
    board.outbox.save()
    board.clock._jump = NOW
    board.upload(0)  # a turn, and then the power goes
    board = Board()
    board.empty()
    assert sorted([when for _, _, when in board.got]) == [100 + n + NOW for n in range(100)]


@on_flash
def test_each_of_many_starts_has_its_own_jump_and_takes_no_other():
    for start in range(300):
        board = Board()
        board.put(start, seconds=100)
        if start % 3:
            board.clock._jump = NOW + start
        board.outbox.save()
        board.empty()
        (found,) = [when for _, value, when in board.got if value == b"%d" % start]
        assert found == (100 + start + NOW + start if start % 3 else 0), start


@on_flash
def test_without_its_notes_no_time_is_invented():
    board = Board()
    board.put(*range(100), seconds=100)
    board.outbox.save()
    os.remove("outbox/state")
    machine.cause = machine.WDT_RESET
    board = Board()
    board.clock._jump = NOW
    board.empty()
    assert len(board.got) == 100 and {when for _, _, when in board.got} == {0}


@on_flash
def test_notes_that_cannot_be_are_none():
    good = {"reading": [1, 0], "epoch": 1, "jumps": {}, "now": 0}
    bad_ones = [{"epoch": 300}, {"epoch": -1}, {"jumps": {"1": "x"}}, {"jumps": {"x": 1}}, {"jumps": [1]}, {"now": "x"}]
    for reading in ([1, 10**27], [1, -8], [10**27, 0], 5, [1]):
        bad_ones.append({"reading": reading})
    for bad in bad_ones:
        board = Board()
        board.put(*range(50))
        board.outbox.save()
        with open("outbox/state", "w") as file:
            json.dump(dict(good, **bad), file)
        machine.cause = machine.WDT_RESET
        board = Board()
        board.put(*range(50, 150))
        board.empty()
        assert sorted(board.values()) == list(range(150)), bad
