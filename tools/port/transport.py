"""mpremote's way to a board's raw REPL, without its waits: it takes a byte at a time, and where there is none yet
sleeps 10 ms, each of the thousand times that a program is read back or sent.
"""

import time
from typing import Any

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
        waiting = self.serial.in_waiting
        return ahead + bytes(self.serial.read(waiting)) if waiting else ahead

    def forget(self) -> None:
        """Drops what has come and was not read."""
        self._ahead = b""
        self.serial.reset_input_buffer()

    def read_until(
        self,
        min_num_bytes: int,
        ending: bytes,
        timeout: float | None = 10,
        data_consumer: Any = None,
        timeout_overall: float | None = None,
    ) -> bytes:
        """As mpremote's: what comes, to the ending, or what has come when the time is up."""
        assert data_consumer is None
        data = bytearray()
        began = last = time.monotonic()
        while True:
            if self._ahead:
                more, self._ahead = self._ahead, b""
            else:
                waiting = self.serial.in_waiting
                more = bytes(self.serial.read(waiting if ending == _END else 1)) if waiting else b""
            now = time.monotonic()
            if more:
                last = now
                before = max(0, len(data) + 1 - len(ending))
                data += more
                at = data.find(ending, before)
                if at >= 0:
                    self._ahead = bytes(data[at + len(ending) :])
                    return bytes(data[: at + len(ending)])
            elif (timeout is not None and now >= last + timeout) or (
                timeout_overall is not None and now >= began + timeout_overall
            ):
                return bytes(data)
            else:
                time.sleep(_POLL)
