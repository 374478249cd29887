"""Ctrl-C: somebody's, or noise on the line."""

import fakes
from support import replaced

from firmware import keyboard as module


class Line:
    """A serial line: sys, its stdin, select.poll and the poll object in one. typed: (ms after the Ctrl-C, byte) each;
    b"\\3" is the next Ctrl-C, b"" the end of all."""

    def __init__(self, *typed):
        self.typed = list(typed)
        self.stdin = self.buffer = self
        self.start = None

    def __call__(self):
        return self

    def register(self, stream, events):
        self.start = self.ticks.now

    def poll(self, ms):
        if self.typed and self.ticks.now - self.start >= self.typed[0][0]:
            if self.typed[0][1] == b"\3":
                self.typed.pop(0)
                raise KeyboardInterrupt
            return [(self, 1)]
        return []

    def read(self, n):
        return self.typed.pop(0)[1]


def ask(*typed):
    """(what somebody() says, ms it took, bytes it left, how often it fed)"""
    line = Line(*typed)
    fed = []
    with fakes.Ticks(module) as ticks, replaced(module, "sys", line), replaced(module, "poll", line):
        line.ticks = ticks
        before = ticks.now
        said = module.somebody(lambda: fed.append(1))
        return said, ticks.now - before, [key for _, key in line.typed], len(fed)


def test_nothing_more_is_nobody():
    said, took, _, fed = ask()
    assert said is False and 10000 <= took < 10100 and fed > 500


def test_mpremote_is_somebody_at_once_and_what_it_sends_is_left():
    """It sends Enter, Ctrl-C, and then Enter, Ctrl-A."""
    assert ask((0, b"\r"), (0, b"\r"), (0, b"\1"))[:3] == (True, 0, [b"\r", b"\1"])
    assert ask((5, b"\r"), (5, b"\1"))[:3] == (True, 10, [b"\1"])


def test_a_person_is_somebody():
    for key in (b"\r", b"\n", b"x", b" ", b"\1", b"\2", b"\4", b"\3"):
        for ms in (300, 9900):
            said, took, _, _ = ask((ms, key))
            assert said is True and ms <= took < ms + 20


def test_too_late_is_nobody():
    assert ask((10100, b"\r"))[0] is False


def test_noise_is_nobody():
    for noise in (b"\0", b"\xff", b"\x80", b"\xe4", b"\xc0", b"\x7f", b"\x1b"):
        for ms in (0, 500):
            assert ask((ms, noise), (ms, noise))[0] is False
    assert ask((0, b"\xfe"), (1, b"A"), (2, b"$"), (3, b"\x08"))[0] is False  # at once, in the middle of other noise
    assert ask((0, b"\xc0"), (0, b"\0"), (0, b"\x08"), (0, b"$"))[0] is False  # esptool's sync


def test_where_nobody_can_type_there_is_no_waiting():
    assert ask((0, b""))[:2] == (True, 0)


def wait(*typed):
    """interrupted() for 30 s, with a Ctrl-C after 3 s: (what it says, ms it took)"""
    ends = [KeyboardInterrupt]
    line = Line(*typed)
    with fakes.Ticks(module) as ticks, replaced(module, "sys", line), replaced(module, "poll", line):
        line.ticks = ticks
        before = ticks.now

        def feed():
            if ends and ticks.now - before > 3000:
                raise ends.pop()

        said = module.interrupted("wait", 30, feed)
        assert not ends
        return said, ticks.now - before


def test_a_wait_goes_on_after_noise():
    assert wait((300, b"x"))[0] is True
    said, took = wait((20000, b"x"))
    assert said is False and took >= 30000
