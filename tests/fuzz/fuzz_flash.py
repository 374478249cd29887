"""The outbox in flash over starts and outages, with files that are damaged and a file system that fails. It starts and
goes on, whatever is there; every point that was accepted and whose bytes are as they were arrives, with its value, and
none that was not put."""

import os

import fakes  # noqa: F401  # the way to firmware
from fakes import machine
from flash_bench import NOW, Board, opening
from flash_folder import Flash
from support import replaced
from taken import Taken

from firmware import flash_outbox, segments

_STEPS = 40
_CAUSES = machine.PWRON_RESET, machine.HARD_RESET, machine.DEEPSLEEP_RESET, machine.WDT_RESET
_HEAD = 8  # bytes of a chunk before its records
_EIO, _ENOSPC = 5, 28
_STATES = (
    b"",
    b"{}",
    b"[1]",
    b'{"reading": [1, 0], "epoch": 3, "jumps": {}, "now": 5}',
    b'{"reading": [2, 4096], "epoch": 255, "jumps": {"3": 5}, "now": 900000000}',
    b'{"reading": [999999999, 0], "epoch": 0, "jumps": {"x": 1}, "now": 1}',
    b'{"reading": [1, 0], "epoch": 1, "jumps": {}, "now": 1, "more": [[[[1]]]]}',
)


class Failing:
    """A file system that fails now and then: the next operations that fail are in `errors`, 0 for one that does not."""

    errors = []

    def next(self):
        number = self.errors.pop(0) if self.errors else 0
        if number:
            raise OSError(number)

    def open(self, path, mode="r"):
        self.next()
        return _File(open(path, mode), self)

    def __getattr__(self, name):
        function = getattr(os, name)

        def call(*args):
            self.next()
            return function(*args)

        return call


class _File:
    def __init__(self, file, system):
        self._file = file
        self._system = system

    def read(self, *args):
        self._system.next()
        return self._file.read(*args)

    def write(self, data):
        self._system.next()
        return self._file.write(data)

    def seek(self, *args):
        return self._file.seek(*args)

    def close(self):
        self._system.next()
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self._file.close()


def check(data):
    system = Failing()
    system.errors = []
    with replaced(segments, "log", _silent), replaced(flash_outbox, "log", _silent), replaced(segments, "os", system):
        with Flash({}), opening(system.open):
            _Run(system, Taken(data)).go()


def _silent(*args):
    pass


class _Run:
    def __init__(self, system, taken):
        self.system = system
        self.taken = taken
        self.size = taken.one_of((256, 512, 2048))
        self.newest = bool(taken.below(2))
        self.n = 0  # points put
        self.put = set()  # values that were accepted
        self.arrived = set()
        self.excused = set()  # values that may be missing
        self.strange = False  # a segment that was never written may bring anything
        self.anything = False  # the file with the state has had anything in it
        self.failed = self.damaged = False  # flash has, or what is in it is
        self.now = 0
        self.board = None
        self.start(0)

    def start(self, cause, saved=False):
        """A new start; what was in RAM alone may be missing, unless it was saved."""
        if self.board:
            if not saved:
                self.excused.update(self.in_memory())
            self.now = self.board.now
            self.take()
        machine.cause = _CAUSES[cause]
        self.board = Board(self.size, 64, newest_first=self.newest, now=self.now)
        if self.board.outbox.fault_until > self.now:
            self.board.now += 60

    def go(self):
        for _ in range(_STEPS):
            if not len(self.taken):
                break
            self.step(self.taken.below(12))
        self.system.errors = []
        self.board.now += 120
        for value in range(100000, 100005):
            assert self.board.put(value) == 1
            self.put.add(value)
        self.drain()
        missing = not self.anything and self.put - self.arrived - self.excused
        assert not missing, "lost: %s" % sorted(missing)[:9]
        assert self.strange or not self.arrived - self.put, "never put: %s" % sorted(self.arrived - self.put)[:9]

    def step(self, what):
        taken, board = self.taken, self.board
        dropped = board.outbox.dropped
        if what < 3:
            before = self.in_memory()
            for _ in range(1 + taken.below(60)):
                if board.put(self.n):
                    self.put.add(self.n)
                before.append(self.n)
                self.n += 1
                board.now += 18
            if board.outbox.dropped != dropped:
                assert self.failed or self.damaged
                self.excused.update(self.put)  # with "no space" the oldest segment goes, too
                self.excused.update(before)
        elif what == 3:
            board.upload(1 + taken.below(9), taken.below(4) > 0)
            self.take()
        elif what == 4:
            board.now += (60, 400, 4000)[taken.below(3)]
            board._client.state = (0, 3)[taken.below(2)]
            board.outbox.unlock()
        elif what == 5:
            board.outbox.save()
            self.start(taken.below(4), board.outbox.fault_until <= board.now)
        elif what == 6:
            self.start(taken.below(4))
        elif what == 7:
            self.damage()
        elif what == 8:
            self.anything = self.anything or taken.below(2)  # it may say that what is to come was sent
            with open("outbox/state", "wb") as file:
                file.write(taken.until(0xFF) if self.anything else taken.one_of(_STATES))
            self.excused.update(self.in_memory())
            self.damaged = True
            self.start(0)
        elif what == 9:
            self.system.errors = [(0, _EIO, _ENOSPC, 0)[byte & 3] for byte in taken.some(taken.below(16))]
            self.failed = True
        elif what == 10:
            board.clock._jump = NOW
        else:
            self.foreign()
        if what > 2 and board.outbox.dropped != dropped:  # what could not be read, or stood in the way
            assert self.failed or self.damaged
            self.excused.update(self.put)

    def take(self):
        self.arrived.update(self.board.values())
        del self.board.got[:]

    def in_memory(self):
        """Values in the outbox that are in RAM alone."""
        outbox = self.board.outbox
        at = outbox._start + outbox.copied
        found = []
        while at < outbox._end:
            size = outbox._size(at)
            found.append(int(bytes(outbox.buf[at + 7 + outbox.buf[at + 6] : at + size])))
            at += size
        return found

    def damage(self):
        """One segment is damaged at one place, or cut off; what is behind that in it may be missing. The board is off
        meanwhile, as it has what it knows of it in memory."""
        self.start(0)
        self.board = None
        self.damaged = True
        names = sorted([name for name in os.listdir("outbox") if name != "state"])
        if names:
            name = names[self.taken.below(len(names))]
            with open("outbox/" + name, "rb") as file:
                data = bytearray(file.read())
            if data:
                at = (self.taken.below(256) << 4 | self.taken.below(16)) % len(data)
                self.excused.update(_values_behind(data, at))
                if self.taken.below(2):
                    data = data[:at]
                else:
                    data[at] ^= 1 + self.taken.below(255)
                with open("outbox/" + name, "wb") as file:
                    file.write(data)
        self.start(0)

    def foreign(self):
        """A file of another kind is there: of a name, or with records, that were never written."""
        self.start(0)
        self.board = None
        self.damaged = True
        taken = self.taken
        name = taken.one_of(("0", "00", "x", "1.tmp", "77", "99999", "12345678901", "é"))
        data = taken.until(0xFF)
        if taken.below(2):  # with a sum that is right
            head = bytes((len(data) >> 8, len(data) & 0xFF, taken.below(8), 0))
            data = head + segments._sum(head, data) + data
            self.strange = True
        if name not in os.listdir("outbox"):
            with open("outbox/" + name, "wb") as file:
                file.write(data)
        self.start(0)

    def drain(self):
        """Uploads all there is, in a number of turns that is bounded."""
        board = self.board
        for _ in range(3000):
            if not len(board.outbox) and not board.outbox.first:
                break
            board.upload(8)
            board.now += 20
        else:
            raise AssertionError("it goes on for ever")
        for _, value, _ in board.got:
            if value.isdigit():
                self.arrived.add(int(value))


def _values_behind(data, at):
    """Values in the chunks of a segment from the one on in which this byte is."""
    found = []
    begin = 0
    while begin + _HEAD < len(data):
        end = begin + _HEAD + (data[begin] << 8 | data[begin + 1])
        record = begin + _HEAD
        while record + 7 < min(end, len(data)) and end > at:
            size = data[record] << 8 | data[record + 1]
            value = bytes(data[record + 7 + data[record + 6] : record + size])
            if value.isdigit():
                found.append(int(value))
            record += size or 7
        begin = end
    return found
