"""mpremote's way to a board's raw REPL, without its waits: it takes a byte at a time, and where there is none yet
sleeps 10 ms, each of the thousand times that a program is read back or sent.
"""

import time
from collections.abc import Callable

from mpremote.transport_serial import SerialTransport

_POLL = 0.001  # seconds
_END = b"\x04"
"""What ends an answer. What comes after it is read by nobody else: more of the answer at most, and the prompt."""


class Transport(SerialTransport):
    """A SerialTransport that takes all that has come."""

    _ahead = b""

    def take(self) -> bytes:
        """What has come and was not read."""
        ahead, self._ahead = self._ahead, b""
        return ahead + self._next(all_of_it=True)

    def forget(self) -> None:
        """Drops what has come and was not read."""
        self._ahead = b""
        self.serial.reset_input_buffer()

    def read_until(
        self,
        min_num_bytes: int,
        ending: bytes,
        timeout: float | None = 10,
        data_consumer: Callable[[bytes], None] | None = None,
        timeout_overall: float | None = None,
    ) -> bytes:
        """As mpremote's: what comes, to the ending, or what has come when the time is up. Where somebody consumes it,
        which also means the ending, none of it is kept."""
        data = bytearray()
        began = last = time.monotonic()
        while True:
            if more := self._next(all_of_it=ending == _END):
                last = time.monotonic()
                before = max(0, len(data) + 1 - len(ending))
                data += more
                at = data.find(ending, before)
                end = len(data) if at < 0 else at + len(ending)
                self._ahead = bytes(data[end:])
                del data[end:]
                if data_consumer:
                    data_consumer(bytes(data))
                if at >= 0:
                    return bytes(data)
                if data_consumer:
                    data.clear()
                continue
            now = time.monotonic()
            if timeout is not None and now >= last + timeout:
                return bytes(data)
            if timeout_overall is not None and now >= began + timeout_overall:
                return bytes(data)
            time.sleep(_POLL)

    def _next(self, all_of_it: bool) -> bytes:
        """What has come and was not read, or the first byte of it."""
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            return ahead
        waiting: int = self.serial.inWaiting()  # type: ignore[attr-defined]  # the only name of it that a mount's has
        return bytes(self.serial.read(waiting if all_of_it else 1)) if waiting else b""
