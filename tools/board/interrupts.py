"""What interrupts the board's program: its timers, and pins whose level changes. The other end of `_interrupts.py`.

One byte a time goes over a connection of the interpreter's own, the number of who interrupts: pins by their number,
timers above those. Lives in the event loop.
"""

import asyncio
import contextlib

from .link import Address

_RISING = 1
_FALLING = 2


class Interrupts:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._triggers: dict[int, int] = {}

    async def address(self) -> Address:
        """Where the interpreter shall connect to hear of them."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await reader.read()  # nothing comes but the end
        if self._writer is writer:
            self._writer = None
        writer.close()

    def set_timer(self, number: int, microseconds: int, repeat: bool) -> None:
        """Start timer `number`, or stop it with 0 microseconds."""
        before = self._timers.pop(number, None)
        if before:
            before.cancel()
        if microseconds:
            self._arm(number, self._loop.time() + microseconds / 1e6, microseconds / 1e6 if repeat else None)

    def _arm(self, number: int, at: float, period: float | None) -> None:
        self._timers[number] = self._loop.call_at(at, self._fire, number, at, period)

    def _fire(self, number: int, at: float, period: float | None) -> None:
        del self._timers[number]
        self._interrupt(number)
        if period is not None:  # those that have been missed are left out, as skip_unhandled_events has it
            self._arm(number, max(at + period, self._loop.time()), period)

    def set_trigger(self, pin: int, edges: int) -> None:
        self._triggers[pin] = edges

    def pin_changed(self, pin: int, level: int) -> None:
        if self._triggers.get(pin, 0) & (_RISING if level else _FALLING):
            self._interrupt(pin)

    def _interrupt(self, number: int) -> None:
        if self._writer:
            self._writer.write(bytes([number]))

    def clear(self) -> None:
        """The run of the interpreter is over, and every reset, a soft one too, stops timers and forgets handlers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._triggers.clear()
        if self._writer:
            self._writer.close()
            self._writer = None

    def close(self) -> None:
        self.clear()
        if self._server:
            self._server.close()
