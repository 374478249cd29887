"""The outbox: first in, first out, bounded, and what is on its way stays as it is."""

import random
import sys

import fakes  # noqa: F401  # the way to firmware
from support import MICROPYTHON, SkipTest, raises

from firmware import outbox as module
from firmware.outbox import Outbox

HEAD = 7  # bytes a record has besides its stream's id and its value


def contents(outbox):
    """All records, [(stream id, value, time)], as the cursor shows them."""
    found = []
    outbox.rewind()
    while outbox.next():
        buf = outbox.buf
        found.append(
            (
                bytes(buf[outbox.id_at : outbox.id_at + outbox.id_len]),
                bytes(buf[outbox.value_at : outbox.value_at + outbox.value_len]),
                outbox.time,
            )
        )
    return found


def test_a_new_one_is_empty():
    outbox = Outbox(256)
    assert len(outbox) == 0 and contents(outbox) == [] and outbox.dropped == 0
    outbox.send(0)
    outbox.done()
    assert contents(outbox) == []


def test_first_in_first_out():
    outbox = Outbox(256)
    for i in range(5):
        assert outbox.put(b"id%d" % i, b"%d" % (i * 100), i)
    assert contents(outbox) == [(b"id%d" % i, b"%d" % (i * 100), i) for i in range(5)]
    outbox.send(2)
    assert len(contents(outbox)) == 5
    outbox.done()
    assert [record[0] for record in contents(outbox)] == [b"id2", b"id3", b"id4"]


def test_length_is_bytes_in_use():
    outbox = Outbox(256)
    outbox.put(b"ab", b"123", 0)
    assert len(outbox) == HEAD + 5
    outbox.send(1)
    outbox.done()
    assert len(outbox) == 0


def test_times_of_32_bits():
    outbox = Outbox(256)
    times = (0, 1, 255, 256, 65536, 0x3FFFFFFF, 0x40000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
    for time in times:
        assert outbox.put(b"a", b"1", time)
    assert [record[2] for record in contents(outbox)] == list(times)


def test_empty_and_longest_values_and_ids():
    outbox = Outbox(1024)
    records = [(b"a", b"", 1), (b"x" * 255, b"1", 2), (b"b", b"v" * 600, 3), ("温度".encode(), b'"\xe9\xab\x98"', 4)]
    for record in records:
        assert outbox.put(*record)
    assert contents(outbox) == records


def test_too_long_for_ever_is_refused():
    outbox = Outbox(256)
    assert outbox.put(b"a", b"v" * (256 - HEAD - 1), 0)
    raises(ValueError, outbox.put, b"a", b"v" * (256 - HEAD), 0, match="257, 256")
    assert len(contents(outbox)) == 1 and outbox.dropped == 0


def test_an_id_over_255_bytes_is_refused():
    outbox = Outbox(1024)
    outbox.put(b"a", b"1", 0)
    raises(ValueError, outbox.put, b"x" * 256, b"1", 0)
    assert contents(outbox) == [(b"a", b"1", 0)]
    assert outbox.put(b"b", b"2", 0)
    assert contents(outbox) == [(b"a", b"1", 0), (b"b", b"2", 0)]


def filled(drop_oldest, size=100):
    """A full outbox of ten records of ten bytes, a to j."""
    outbox = Outbox(size, drop_oldest)
    for name in b"abcdefghij":
        assert outbox.put(bytes([name]), b"12", 0)
    assert len(outbox) == 100
    return outbox


def ids(outbox):
    return b"".join([record[0] for record in contents(outbox)])


def test_full_drops_the_oldest():
    outbox = filled(True)
    assert outbox.put(b"k", b"12", 0)
    assert ids(outbox) == b"bcdefghijk" and outbox.dropped == 1
    assert outbox.put(b"l", b"123", 0)
    assert ids(outbox) == b"defghijkl" and outbox.dropped == 3


def test_full_drops_the_newest():
    outbox = filled(False)
    assert outbox.put(b"k", b"12", 0) is False
    assert ids(outbox) == b"abcdefghij" and outbox.dropped == 1
    outbox.send(1)
    outbox.done()
    assert outbox.put(b"k", b"12", 0)
    assert ids(outbox) == b"bcdefghijk" and outbox.dropped == 1


def test_what_is_on_its_way_is_never_dropped():
    outbox = filled(True)
    outbox.send(4)
    assert outbox.put(b"k", b"12", 0)
    assert ids(outbox) == b"abcdfghijk" and outbox.dropped == 1
    outbox.done()
    assert ids(outbox) == b"fghijk"


def test_with_everything_on_its_way_the_new_one_goes():
    outbox = filled(True)
    outbox.send(10)
    assert outbox.put(b"k", b"12", 0) is False
    assert ids(outbox) == b"abcdefghij" and outbox.dropped == 1
    outbox.done()
    assert ids(outbox) == b""
    assert outbox.put(b"k", b"12", 0) and ids(outbox) == b"k"


def test_a_big_one_that_cannot_get_room_beside_what_is_on_its_way():
    outbox = filled(True)
    outbox.send(9)
    assert outbox.put(b"k", b"1234567890", 0) is False
    outbox.done()
    assert outbox.put(b"l", b"12", 0)
    assert ids(outbox)[-1:] == b"l" and b"k" not in ids(outbox)


class Model:
    """What the outbox is, as a plain list."""

    def __init__(self, size, drop_oldest):
        self.size = size
        self.drop_oldest = drop_oldest
        self.records = []
        self.busy = 0
        self.dropped = 0

    def used(self):
        return sum([HEAD + len(name) + len(value) for name, value, _ in self.records])

    def put(self, name, value, time):
        while self.used() + HEAD + len(name) + len(value) > self.size:
            self.dropped += 1
            if not self.drop_oldest or len(self.records) == self.busy:
                return False
            del self.records[self.busy]
        self.records.append((name, value, time))
        return True

    def done(self):
        del self.records[: self.busy]
        self.busy = 0


def check_against_model(size, drop_oldest, seed, operations=400):
    numbers = random
    numbers.seed(seed)
    outbox, model = Outbox(size, drop_oldest), Model(size, drop_oldest)
    on_their_way = []
    for step in range(operations):
        what = numbers.getrandbits(3)
        if what < 5:
            name = b"n%d" % numbers.getrandbits(6) * (1 + numbers.getrandbits(1))
            value = b"%d" % step * (1 + numbers.getrandbits(numbers.getrandbits(2) + 1))
            time = numbers.getrandbits(32)
            if HEAD + len(name) + len(value) <= size:
                assert outbox.put(name, value, time) == model.put(name, value, time)
        elif what < 7:
            if not model.busy and model.records:
                model.busy = numbers.getrandbits(8) % len(model.records) + 1
                outbox.send(model.busy)
                on_their_way = contents(outbox)[: model.busy]
        else:
            outbox.done()
            model.done()
            on_their_way = []
        assert len(outbox) == model.used() <= size
        assert contents(outbox) == model.records, "seed %d, step %d" % (seed, step)
        assert contents(outbox)[: len(on_their_way)] == on_their_way
        assert outbox.dropped == model.dropped
    return model.dropped


def test_random_operations_match_a_plain_list():
    dropped = 0
    for seed in range(12):
        for size in (64, 97, 256):
            for drop_oldest in (True, False):
                dropped += check_against_model(size, drop_oldest, seed)
    assert dropped > 1000  # it was full often enough


# put() in the middle of something


class Interrupted:
    """Calls put() at one of the lines that this module's code runs, as a timer's callback may: at the n-th. A context;
    `left` is how many lines are left until then."""

    def __init__(self, outbox, n):
        self._outbox = outbox
        self.left = n

    def __enter__(self):
        self._before = sys.gettrace()  # make coverage has one
        sys.settrace(self._trace)

    def __exit__(self, *args):
        sys.settrace(self._before)

    def _trace(self, frame, event, argument):
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                frame.f_trace = None
                self._outbox.put(b"timer", b"77", 7)
        return self._trace


def work(outbox):
    """What the main loop does: puts, gathers, sends, and has it acknowledged; returns what it has sent. One more of its
    points comes while it is locked."""
    sent = []
    for i in range(12):
        outbox.put(b"main", b"%d" % i, i)
        if i % 3 == 2:
            outbox.locked = True
            outbox.put(b"main", b"%d" % (100 + i), 100 + i)
            records = contents(outbox)
            outbox.send(min(2, len(records)))
            assert contents(outbox)[:2] == records[:2]
            sent += records[:2]
            outbox.done()
            outbox.unlock()
    return sent


def test_put_may_interrupt_anything_at_every_line():
    """No record is damaged, none is lost but by the rules, and the timer's comes, too."""
    if MICROPYTHON:
        raise SkipTest("sys.settrace()")
    for size in (40, 64, 200):
        expected = None
        n = 0
        while True:
            outbox = Outbox(size)
            interruption = Interrupted(outbox, n)
            with interruption:
                sent = work(outbox)
            everything = sent + contents(outbox)
            assert not outbox.locked and len(outbox) <= size
            timer = [record for record in everything if record[0] == b"timer"]
            main = [record for record in everything if record[0] == b"main"]
            assert all(record == (b"timer", b"77", 7) for record in timer)
            assert all(name == b"main" and value == b"%d" % time for name, value, time in main)
            assert len(everything) + outbox.dropped == 16 + (n > 0 and interruption.left <= 0)
            if n == 0:
                expected = main
            if size == 200:
                assert main == expected and len(timer) == (n > 0 and interruption.left <= 0)
            if n > 0 and interruption.left > 0:
                break
            n += 1
        assert n > 300


def test_while_locked_only_so_many_wait_outside():
    outbox = Outbox(4096)
    outbox.locked = True
    assert [outbox.put(b"a", b"%d" % i, i) for i in range(20)] == [True] * 16 + [False] * 4
    assert len(outbox) == 0 and outbox.dropped == 4
    outbox.unlock()
    assert contents(outbox) == [(b"a", b"%d" % i, i) for i in range(16)]
    assert outbox.put(b"b", b"1", 1) and len(contents(outbox)) == 17


def test_a_buffer_of_somebody_s():
    buf = bytearray(b"from firmware import Device")
    outbox = Outbox(256, True, buf)
    assert outbox.buf is buf and len(outbox) == 0
    assert outbox.put(b"a", b"12345", 1) and contents(outbox) == [(b"a", b"12345", 1)]


def test_every_fill_level_wraps():
    """However much is left when a record of any length comes, nothing is damaged."""
    for length in range(30):
        outbox = Outbox(64)
        expected = []
        for i in range(40):
            record = (b"%d" % i, b"v" * (length if i % 3 else 5), i)
            assert outbox.put(*record)
            expected.append(record)
            while sum([HEAD + len(a) + len(b) for a, b, _ in expected]) > 64:
                expected.pop(0)
            assert contents(outbox) == expected
            if i % 4 == 3:
                outbox.send(1)
                outbox.done()
                expected.pop(0)
