"""The clock of a board that sleeps: what it loses is measured, put right, and asked for as seldom as that allows."""

import time

import fakes
from support import replaced

from firmware import clock as clock_module
from firmware import drift as module
from firmware import log as log_module
from firmware.clock import Clock
from firmware.notes import Notes

OFFSET = 0 if time.gmtime(0)[0] == 2000 else 946684800
NOW = 840000000
ASLEEP = 600


class Board:
    """One whose clock loses so many parts of 100,000 asleep, and the time servers around it."""

    def __init__(self, loses, clock=NOW, up=True):
        self.loses = loses
        self.true = NOW
        self.shown = clock
        self.notes = Notes(b"")
        self.up = up
        self.asked = []  # numbers of the visits
        self.visits = 0
        self.worst = 0  # seconds the clock was off while data points were measured
        self.clock = None

    def sleep(self, seconds=ASLEEP):
        self.true += seconds * (100000 + self.loses) / 100000
        self.shown += seconds
        self.notes = Notes(self.notes.packed())
        self.notes.slept += seconds

    def wake(self, network=True):
        self.clock = Clock("")
        self.clock._hosts = ["ntp.example"]
        module.put_right(self.clock, self.notes)
        if self.shown > 820000000:
            self.worst = max(self.worst, abs(self.true - self.shown))
        self.visits += 1
        before = module.begin(self.clock, self.notes, True)
        if before is None:
            return
        if network:
            self.asked.append(self.visits)
            self.clock._ask_at = module.uptime() + (43200 if self.up else 300)
            if self.up:
                self.shown = self.true
                self.clock._set_at = module.uptime()
            else:
                self.clock._failed = 1
        module.note(self.clock, self.notes, before)

    def days(self, count):
        for _ in range(count * 86400 // ASLEEP):
            self.sleep()
            self.wake()

    # What stands for the modules time and ntp

    def time(self):
        return int(self.shown) + OFFSET

    def time_ns(self):
        return (int(self.shown * 1000) + OFFSET * 1000) * 1000000

    def _set(self, ms):
        self.shown = ms / 1000


class on:
    """The board's own clock, as a context."""

    def __init__(self, *args, **options):
        self.board = Board(*args, **options)
        self.undo = []

    def __enter__(self):
        for owner, name, value in (
            (module, "time", self.board),
            (clock_module, "time", self.board),
            (module, "rare", lambda name: self.board),
            (module, "ticks_ms", lambda: 0),
        ):
            change = replaced(owner, name, value)
            change.__enter__()
            self.undo.append(change)
        self.ticks = fakes.Ticks(log_module)
        self.ticks.__enter__()
        log_module._counted[:] = [log_module.ticks_ms(), 0]
        return self.board

    def __exit__(self, *args):
        for change in self.undo:
            change.__exit__()
        self.ticks.__exit__()
        log_module._counted[:] = [log_module.ticks_ms(), 0]


def test_it_is_measured_and_then_seldom_asked_for():
    for loses, most in ((-300, 12), (300, 12), (-5000, 30), (12000, 40), (0, 12)):
        with on(loses) as board:
            board.notes.slept = 0
            board.days(3)
            assert len(board.asked) <= most, (loses, len(board.asked))
            assert abs(board.notes.drift - loses) < 25, (loses, board.notes.drift)
            asked = [n for n in board.asked if n > 144]
            assert len(asked) <= 12, (loses, asked)  # of 288 wakes
            board.worst = 0
            board.days(1)
            assert board.worst <= 6, (loses, board.worst)


def test_a_chip_whose_temperature_changes_is_asked_more_often():
    with on(-300) as board:
        board.days(2)
        quiet = len(board.asked)
        for n in range(288):
            board.loses = -300 + 400 * (n // 72 % 2)
            board.sleep()
            board.wake()
        assert len(board.asked) - quiet > 8
        assert abs(board.notes.drift) < 800


def test_a_clock_that_was_never_set_is_not_moved_and_asked_for_at_each_visit_at_first():
    with on(-5000, clock=100, up=False) as board:
        for n in range(100):
            board.sleep()
            board.wake()
            assert board.shown == 100 + 600 * (n + 1)
        assert board.asked[:4] == [1, 3, 7, 15]
        asked = board.asked[5:]
        assert all(asked[n + 1] - asked[n] == 64 for n in range(len(asked) - 1))
        board.up = True
        while board.shown < NOW:
            board.sleep()
            board.wake()
        assert board.notes.drift == 0 and board.notes.slept == 0 and board.notes.untimed == 0


def test_where_there_was_no_network_nothing_was_asked():
    with on(0) as board:
        board.notes.slept = 100000
        board.wake(network=False)
        assert board.notes.slept == 100000 and board.notes.untimed == 0 and board.asked == []
        board.wake()
        assert board.asked == [2] and board.notes.slept == 0


def test_an_answer_that_is_far_off_is_no_drift():
    with on(0) as board:
        board.notes.slept = 3000
        board.true += 900
        board.wake()
        assert board.shown == board.true and board.notes.drift == 0 and board.notes.slept == 0


def test_a_board_that_did_not_sleep_is_left_to_its_clock():
    with on(0) as board:
        clock = Clock("")
        clock._hosts = ["ntp.example"]
        for ask_at, asks in ((0, True), (500, False)):
            clock._ask_at = ask_at
            assert (module.begin(clock, board.notes, False) is not None) == asks and clock._ask_at == ask_at


def test_a_clock_without_a_server_is_never_asked_for():
    with on(0) as board:
        board.notes.slept = 100000
        assert module.begin(Clock(""), board.notes, True) is None
