"""The board's serial port: what mpremote opens, and the log of everything that came out of it."""

import asyncio
import fcntl
import os
import re
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable

from .errors import BoardError

_IN_FLIGHT = 2048  # bytes the terminal may hold unread; less than it takes, so that a flush gets all of it
_POLL = 0.002  # seconds between looks whether a reader has made room
_IDLE_POLL = 0.05  # the same when nobody has made room for as long
_PATIENCE = 2.0  # seconds without a byte read after which nobody is there
_TURN = 0.01  # seconds between the portions of a line that has a speed
_MOST = 32768  # bytes that may wait for a reader before print() has to
_TAIL = 2000  # characters of the log in an error message


class Console:
    """A pseudo-terminal that is always there, whoever is attached, and a log.

    With nobody reading, output goes to the log and no further, and a client that comes later finds only the latest, as
    behind a real serial port. That never blocks the board. A reader that is slower than the board does, as a UART whose
    FIFO is full: `on_full` is called with true when output has to wait, and with false when it may go on.
    """

    def __init__(
        self,
        on_input: Callable[[bytes], None],
        on_output: Callable[[bytes], None] | None,
        on_full: Callable[[bool], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_input = on_input
        self._on_output = on_output
        self._on_full = on_full
        self._full = False
        self._absent = False  # nobody has read for a while
        # The other end stays open here: raw mode would be lost with the last client, and reading would fail.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        self._queue = bytearray()
        self._pump_timer: asyncio.TimerHandle | None = None
        self._read_timer: asyncio.TimerHandle | None = None
        self._unread = 0  # what waited when we last looked
        self._progress_at = self._loop.time()
        self.baud: int | None = None  # bits per second, ten of which make a byte; None for no limit
        self._log = bytearray()
        self._grown = threading.Condition()
        self._news = 0  # how often there has been any
        self._failure: BoardError | None = None
        self._loop.add_reader(self._master, self._read)

    def close(self) -> None:
        self._loop.remove_reader(self._master)
        for timer in (self._pump_timer, self._read_timer):
            if timer:
                timer.cancel()
        os.close(self._master)
        os.close(self._slave)

    def write(self, data: bytes) -> None:
        """Output of the board."""
        with self._grown:
            self._log += data
        self.notify()
        if self._on_output:
            self._on_output(data)
        self._queue += data
        if self._absent:
            del self._queue[:-_IN_FLIGHT]
        if self._pump_timer is None:
            self._pump()
        self._tell_whether_full()

    def _tell_whether_full(self) -> None:
        full = len(self._queue) > (_MOST // 2 if self._full else _MOST)
        if full != self._full:
            self._full = full
            self._on_full(full)

    def begin_line(self) -> None:
        """End the line a reset has interrupted, as the messages of a real chip's boot loader do."""
        if self._log and not self._log.endswith(b"\n"):
            self.write(b"\r\n")

    def clear_log(self) -> None:
        with self._grown:
            self._log.clear()
            self._failure = None

    def fail(self, error: BoardError) -> None:
        """Wake everybody who waits for output: none will come."""
        self._failure = error
        self.notify()

    def notify(self) -> None:
        """Have waits look again at what they wait for."""
        with self._grown:
            self._news += 1
            self._grown.notify_all()

    @property
    def text(self) -> str:
        """The log, with plain newlines."""
        with self._grown:
            return _text(self._log)

    def tail(self) -> str:
        return self.text[-_TAIL:]

    def wait_until(self, reached: Callable[[], bool], what: str, timeout: float) -> None:
        """Wait in another thread until `reached()`, which is asked again after output. Raises BoardError."""
        deadline = time.monotonic() + timeout
        while True:
            with self._grown:
                news, failure = self._news, self._failure
            began = time.monotonic()
            if reached():
                return
            if failure:
                raise failure
            now = time.monotonic()
            if now >= deadline:
                raise BoardError(f"{what} did not come within {timeout:g} s; the console says:\n{self.tail()}")
            # A look at a long log takes its time: it must not keep the board from going on.
            time.sleep(min(now - began, deadline - now))
            with self._grown:
                if self._news == news:
                    self._grown.wait(deadline - time.monotonic())

    def wait_for(self, pattern: str, timeout: float, since: int) -> re.Match[str]:
        compiled = re.compile(pattern, re.MULTILINE)
        match: re.Match[str] | None = None

        def found() -> bool:
            nonlocal match
            match = compiled.search(self.text, since)
            return match is not None

        self.wait_until(found, repr(pattern), timeout)
        assert match is not None
        return match

    def _read(self) -> None:
        try:
            data = os.read(self._master, self._portion(4096))
        except BlockingIOError:
            return
        if self.baud:
            self._loop.remove_reader(self._master)
            self._read_timer = self._loop.call_later(10 * len(data) / self.baud, self._read_on)
        self._on_input(data)

    def _read_on(self) -> None:
        self._loop.add_reader(self._master, self._read)

    def _portion(self, most: int) -> int:
        """How many bytes may go at once."""
        return min(most, max(1, int(self.baud * _TURN / 10))) if self.baud else most

    def _pump(self) -> None:
        """Move output to the terminal as far as somebody reads it."""
        self._pump_timer = None
        now = self._loop.time()
        unread = _unread(self._slave)
        if unread == 0 or unread < self._unread:
            self._progress_at = now
            self._absent = self._absent and unread == self._unread == 0
        elif now - self._progress_at > _PATIENCE:
            termios.tcflush(self._slave, termios.TCIFLUSH)
            unread = 0
            self._progress_at = now
            del self._queue[:-_IN_FLIGHT]
            self._absent = True
        room = self._portion(_IN_FLIGHT - unread)
        if room > 0 and self._queue:
            try:
                written = os.write(self._master, self._queue[:room])
            except BlockingIOError:
                written = 0
            del self._queue[:written]
            unread += written
        self._unread = unread
        if self._queue:
            busy = now - self._progress_at < _IDLE_POLL
            poll = _TURN if self.baud else _POLL
            self._pump_timer = self._loop.call_later(poll if busy else _IDLE_POLL, self._pump)
        self._tell_whether_full()


def _text(log: bytearray) -> str:
    return log.decode(errors="replace").replace("\r\n", "\n")


def _unread(slave: int) -> int:
    return int.from_bytes(fcntl.ioctl(slave, termios.FIONREAD, b"\0\0\0\0"), sys.byteorder)
