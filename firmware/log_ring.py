"""The last lines of the log, in memory, for who asks from afar; loaded where "log" in config.json says how much, and
stays. What sends them is in remote_log.py.

It stands for print() and sys in log.py, so that a board without it has nothing of it. A line is kept whole or cut, and
what is cut has lost its secrets before: what remains of one would not be known for one later.
"""

import io
import os
import sys
from binascii import hexlify
from micropython import const

from .log import log, rare

_LONGEST = const(240)  # bytes of a line
_STREAM = "log"  # its id
_OURS = "clock command discovery mqtt outbox property remote sleep stream trace update wifi".split(" ")
"""Subjects whose lines are no data points: an outage has many, and they would push out what was measured."""


def begin(device, wanted):
    """wanted: bytes, or a dict of size and stream, as config.json has it."""
    size, streams = (wanted["size"], wanted.get("stream")) if isinstance(wanted, dict) else (wanted, False)
    ring = LogRing(size, device if streams and device.config["platform"] != "studio" else None)
    names = log.__globals__  # on an ESP8266, where modules are merged, those of others, too: see __getattr__()
    names["print"] = ring.print
    names["sys"] = names["ring"] = ring  # the latter for remote_log.py
    ring.tell("started: " + rare("health").reset_cause() + rare("about").failures())


class LogRing:
    """end: bytes that were ever kept; the last ones are in buf, where each has its place by their count. boot: another
    text after each start."""

    def __init__(self, size, device=None):
        """device: one whose data stream "log" gets what its program says and fails with."""
        self.buf = bytearray(size)
        self.end = 0
        self.boot = str(hexlify(os.urandom(3)), "utf-8")
        self._device = device
        self._busy = False

    def __getattr__(self, name):
        return getattr(sys, name)

    def print(self, *words):
        print(*words)
        text = " ".join([str(word) for word in words])
        if " trace: " not in text[:24]:
            self.keep(text)
            _, _, line = text.partition(" ")
            if line.split(":")[0].split(" ")[0] not in _OURS:
                self.tell(line)

    def print_exception(self, error):
        sys.print_exception(error)
        try:
            text = io.StringIO()
            sys.print_exception(error, text)
            self.keep(text.getvalue())
            self.tell(text.getvalue())
        except MemoryError:
            pass

    def keep(self, text):
        """Adds it, line by line. Nothing where there is no memory for it, or a timer's callback comes in between."""
        if self._busy:
            return
        self._busy = True
        try:
            for line in text.split("\n"):
                if line:
                    self._add(line)
        except (MemoryError, UnicodeError):
            pass
        finally:
            self._busy = False

    def _add(self, line):
        data = line.encode()
        n = len(data)
        if n > _LONGEST:
            data = rare("crash").without_secrets(line).encode()
            n = min(len(data), _LONGEST)
            while n < len(data) and data[n] & 0xC0 == 0x80:  # not in the middle of a character
                n -= 1
        buf = self.buf
        for part in (memoryview(data)[:n], b"\n"):
            at = self.end % len(buf)
            fits = min(len(part), len(buf) - at)
            buf[at : at + fits] = part[:fits]
            buf[: len(part) - fits] = part[fits:]
            self.end += len(part)

    def read(self, start, most):
        """(text, the count of bytes up to its end): whole lines from there on, or from the oldest that is there; of
        `most` bytes at most, which no line is longer than."""
        buf = self.buf
        oldest = self.end - len(buf)
        if start > self.end or start < 0:
            start = 0
        if start < oldest:
            start = oldest
            while buf[start % len(buf)] != 10:  # of a line that is half gone
                start += 1
            start += 1
        end = min(self.end, start + most)
        while end > start and buf[(end - 1) % len(buf)] != 10:
            end -= 1
        at = start % len(buf)
        last = at + end - start
        return str(bytes(buf[at:last]) + bytes(buf[: max(last - len(buf), 0)]), "utf-8"), end

    def tell(self, text):
        """What the data stream gets, where there is to be one."""
        if not self._device or self._busy:
            return
        self._busy = True
        try:
            text = rare("crash").without_secrets(text)
            room = self._device._points
            while text and not room.fits(len(_STREAM), 2 * len(text.encode()) + 2):
                text = text[len(text) // 8 + 1 :]  # the end of a traceback tells most
            self._device.put(_STREAM, text)
        except MemoryError:
            pass
        finally:
            self._busy = False
