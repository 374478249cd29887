"""A board's life from power-on to power-off: its interpreter runs, is reset, sleeps, and runs again."""

import asyncio
import math
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..language import _
from .chips import Chip
from .clock import Clock
from .console import Console
from .errors import BoardError
from .flash import FlashImage
from .interpreter import Interpreter
from .output import Output
from .sleep import Sleep
from .state import ResetCause, State
from .surroundings import Surroundings
from .watchdog import Watchdog

_LATE = 1.0  # seconds that a busy host may be late
_TIMER_WAKE = 4  # ESP_SLEEP_WAKEUP_TIMER of ESP-IDF's esp_sleep.h


@dataclass(frozen=True)
class Hardware:
    """What stays the same through a board's life."""

    chip: Chip
    micropython: Path
    shims: Path
    heap: str
    limits: tuple[int, int] | None
    flash: FlashImage
    rom: FlashImage | None
    state: State
    boot_timeout: float


class Life:
    """Lives in the event loop. `resets` is why the board started, each time; `awake` how many milliseconds it ran
    before each deep sleep."""

    def __init__(
        self,
        hardware: Hardware,
        surroundings: Surroundings,
        on_output: Callable[[bytes], None] | None,
    ) -> None:
        self._hardware = hardware
        self._surroundings = surroundings
        self._loop = asyncio.get_running_loop()
        self.console = Console(self.type, on_output, self._hold_output)
        self.clock = Clock(hardware.chip, hardware.state)
        self.resets: list[ResetCause] = []
        self.powered = False
        self.interpreter: Interpreter | None = None
        self.output: Output | None = None
        self._watchdog = Watchdog(hardware.state.feeds, self._bite)
        self._booted: asyncio.Future[None] | None = None
        self._gone: asyncio.Future[None] | None = None
        self._then: Callable[[], None] | None = None
        self.asleep: Sleep | None = None
        self.awake: list[float] = []
        self.sleep_error = hardware.chip.slow
        self.sleep_speed = 1.0
        self.wake_wire = False
        self._started_at = 0.0

    # What the outside does

    async def power_on(self) -> None:
        """Returns when the interpreter runs, before boot.py does. Raises BoardError."""
        if self.powered:
            raise BoardError(_("the board is on already"))
        hardware = self._hardware
        self.powered = True
        self.console.clear_log()
        hardware.state.clear_rtc_memory()
        self.clock.lose()
        try:
            self._start(ResetCause.PWRON)
            assert self._booted
            await asyncio.wait_for(asyncio.shield(self._booted), hardware.boot_timeout)
        except (TimeoutError, asyncio.TimeoutError) as error:
            await self.power_cut()
            raise BoardError(
                _("no sign of life for {boot_timeout:g} s:\n{tail}").format(
                    boot_timeout=hardware.boot_timeout, tail=self.console.tail()
                )
            ) from error
        except BoardError:
            await self.power_cut()
            raise
        except OSError as error:
            await self.power_cut()
            raise BoardError(
                _("cannot start {micropython}: {error}").format(micropython=hardware.micropython, error=error)
            ) from error

    async def power_cut(self) -> None:
        self.powered = False
        self._watchdog.stop()
        if self.asleep:
            self.asleep.end()
            self.asleep = None
        if self.interpreter and self._gone:
            self._kill(lambda: None)
            await self._gone
        self._forget()

    async def pull_reset(self, cause: ResetCause) -> None:
        """Returns when the new start has begun. Raises BoardError."""
        if not self.powered:
            raise BoardError(_("the board is off; power_on() first"))
        if self.asleep:
            self._wake(cause)
        elif self._gone:
            self._hard_reset(cause)
            await self._gone

    def oversleep(self) -> None:
        """Ends deep sleep as its timer does. Raises BoardError."""
        if self.asleep is None or not self.asleep.ends:
            raise BoardError(_("the board is not in a deep sleep that ends by itself"))
        self.asleep.be_over()

    def type(self, data: bytes) -> None:
        if self.interpreter:
            self.interpreter.send(data)

    # What the program does

    async def answer(self, request: dict[str, Any]) -> Any:
        """Answer a question of the shims. Raises Raised, OSError."""
        if self._then:  # it is being killed already
            await self._never()
        match request["ask"]:
            case "hello":
                assert self._booted
                if not self._booted.done():
                    self._booted.set_result(None)
                return self.clock.now_us()
            case "boot":
                assert self.interpreter
                self.interpreter.take_input()
            case "clock":
                self.clock.set_us(request["us"])
            case "watchdog":
                self._watchdog.start(request["ms"] / 1000)
            case "reset":
                self._hard_reset(ResetCause.HARD)
                await self._never()
            case "soft_reset":
                assert self.interpreter and self.output
                raw_repl = self.output.raw_repl
                self._then = lambda: self._soft_reset(with_main=not raw_repl, raw_repl=raw_repl)
                self.interpreter.kill()
                await self._never()
            case "crash":
                self.console.write(f"\r\n{request['words']}\r\n".encode())
                self._hard_reset(ResetCause[request["cause"]])
                await self._never()
            case "deepsleep":
                self._sleep(request["us"])
                await self._never()
            case _:
                return await self._surroundings.answer(request)
        return None

    async def _never(self) -> None:
        """Leave a question without an answer, until its process is gone and this is cancelled."""
        await self._loop.create_future()

    # Starts and ends

    def _hard_reset(self, cause: ResetCause) -> None:
        self._kill(lambda: self._start(cause))

    def _soft_reset(self, with_main: bool, raw_repl: bool, typed: bytes = b"") -> None:
        self.console.write(b"MPY: soft reboot\r\n")
        self._start(ResetCause.SOFT, with_main, raw_repl, typed)

    def _bite(self) -> None:
        self._hard_reset(ResetCause.WDT)

    def _sleep(self, microseconds: int | None) -> None:
        """esp_deep_sleep_start(), system_deep_sleep(): all is off but RTC memory and timer. Peers are told nothing, nor
        is the access point; what is typed meanwhile goes nowhere."""
        self.awake.append((self._loop.time() - self._started_at) * 1000)
        ends = microseconds is not None and (self.wake_wire or self._hardware.chip.wakes)

        def begin() -> None:
            self._forget()
            seconds = microseconds / 1000000 if microseconds is not None and ends else math.inf
            self.asleep = Sleep(self._loop, seconds, self.sleep_error, self.sleep_speed, self._wake)
            self.console.notify()

        self._kill(begin)

    def _wake(self, cause: ResetCause = ResetCause.DEEPSLEEP) -> None:
        assert self.asleep
        counted, passed, really = self.asleep.end()
        self.asleep = None
        self.clock.slept(counted, really)
        if abs(passed - really) > _LATE:  # as where time goes faster
            self._surroundings.ntp.offset += passed - really
        self._start(cause)

    def _kill(self, then: Callable[[], None]) -> None:
        """End the run without a word to anybody; `then` follows when the process is gone."""
        self._then = then
        self._watchdog.stop()
        self._surroundings.link.orphan()
        if self.interpreter:
            self.interpreter.kill()

    def _forget(self) -> None:
        """What every reset but a soft one does to the hardware."""
        self._watchdog.stop()
        self._surroundings.power_off()
        self._hardware.state.clear_pins()

    def _start(self, cause: ResetCause, with_main: bool = True, raw_repl: bool = False, typed: bytes = b"") -> None:
        """Begin a run of the interpreter."""
        hardware = self._hardware
        if cause is not ResetCause.SOFT:
            self._forget()
            self._surroundings.start()
            self.console.begin_line()
        if cause in hardware.chip.forgetful:
            hardware.state.clear_rtc_memory()
        self.clock.reset(cause)
        if cause in hardware.chip.resets:
            hardware.state.set_reset_cause(hardware.chip.resets[cause])
        if cause is not ResetCause.SOFT:
            hardware.state.set_wake_reason(_TIMER_WAKE if cause is ResetCause.DEEPSLEEP else 0)
            self._started_at = self._loop.time()
        self._then = None
        self._booted = self._loop.create_future()
        self._gone = self._loop.create_future()
        self.output = Output(self.console.write, lambda: self.type(b"\x01") if raw_repl else None, raw_repl)
        self.interpreter = Interpreter(
            hardware.micropython,
            hardware.shims,
            hardware.heap,
            hardware.limits,
            hardware.chip.name,
            hardware.flash,
            hardware.rom,
            hardware.state,
            with_main,
            typed,
            self.output.feed,
            self.answer,
            self._exited,
        )
        self.resets.append(cause)
        self.console.notify()

    def _exited(self, status: int) -> None:
        assert self.interpreter and self.output and self._booted and self._gone
        self.output.flush()
        raw_repl = self.output.raw_repl
        interrupted = self.interpreter.interrupted
        typed = self.interpreter.untaken_input
        self.interpreter = None
        self._surroundings.peripherals.interrupts.clear()
        self._gone.set_result(None)
        if self._then:
            self._then()
        elif not self._booted.done():
            error = BoardError(
                _("{micropython} ended with status {status} at once:\n{tail}").format(
                    micropython=self._hardware.micropython, status=status, tail=self.console.tail()
                )
            )
            self._booted.set_exception(error)
            self._booted.exception()  # noted, so asyncio does not complain where nobody waits for the boot
            self.powered = False
            self.console.fail(error)
        elif interrupted and status in (1, -signal.SIGINT):
            # A Ctrl-C in the moment between the program and the prompt ends the unix port. Give a prompt.
            self._soft_reset(with_main=False, raw_repl=raw_repl, typed=typed)
        elif status >= 0:  # Ctrl-D, or SystemExit at the prompt
            self._soft_reset(with_main=not raw_repl, raw_repl=raw_repl, typed=typed)
        else:
            name = signal.Signals(-status).name
            self.console.write(f"\r\nthe interpreter was ended by {name}\r\n".encode())
            self._surroundings.link.orphan()
            self._start(ResetCause.PANIC)

    def _hold_output(self, hold: bool) -> None:
        if self.interpreter:
            self.interpreter.hold_output(hold)
