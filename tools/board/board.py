"""The virtual board: what it is to the outside, and what happens from power-on to power-off."""

import asyncio
import concurrent.futures
import contextlib
import os
import re
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from .chips import CHIPS, Chip, chip_named
from .console import Console
from .dns import Dns
from .errors import BoardError, Raised
from .executable import find_micropython
from .flash import SHIMS, Content, FlashImage
from .interpreter import Interpreter
from .link import Address, Link
from .output import Output
from .peripherals import Peripherals
from .sensors import Sensors
from .small_heap import FREE, HEAP, THRESHOLD, compiled_shims, find_micropython32
from .sntp import TimeServer
from .state import Analog, Pins, ResetCause, State
from .station import STATIONS, Outlook
from .watchdog import Watchdog
from .wifi import Wifi

FLASH_SIZE = CHIPS["esp32"].flash_size
"""Bytes of file system on a common 4 MiB board."""

_T = TypeVar("_T")


class VirtualBoard:
    """MicroPython on a board that is not there.

    `flash` is the image file, made blank if missing; None is a new one that goes away with the board. `files` are
    written to it before the first start: names on the board to bytes, text, or the path of a host file. `micropython`
    is the executable (default: beside this Python, else on PATH), `heap` its heap as "128K" or "2M" (default: twice the
    port's, as a 64-bit object is twice the size of a board's). `chip` is esp32, esp32c3 or esp8266, whose port the
    board behaves as. `routes` leads (host, port) as the program asks for it to (host, port) on the host side; loopback
    leads to itself, everything else is unreachable unless `internet` is true. `unique_id` is also the MAC. `flash_size`
    bytes are for files, `rom_size` for a ROMFS in a file beside the image (0: there is none); both are by default what
    the chip's official image has. `main_anyway`: main.py runs even if boot.py fails, as on an ESP8266 before 1.24.
    `on_output` gets all console bytes, in the board's own thread. `boot_timeout` is in seconds.

    Use it in a `with` statement, which powers it on, or call power_on() and close(). Methods and attributes may be used
    from any thread but that of `on_output` and `link.tap`; failures raise BoardError.

    Not as on a board: the text of an errno is Linux's; UDP other than to a time server is not forwarded; file times are
    the host's; os, vfs and ssl are the unix port's.
    """

    chip: Chip
    wifi: Wifi
    """The air: `networks`, `up`, `rssi`, `drop()`."""
    link: Link
    """The TCP forwarder: `stalled`, `cut()`, `tap`, `routes`, `connections`."""
    dns: Dns
    """Names: `up`, `delay`, `latency`, `answers`, `queries`."""
    ntp: TimeServer
    """Answers ntptime: `up`, `offset` in seconds, `queries`."""
    pins: Pins
    adc: Analog
    sensors: Sensors
    """What is at pins and buses: `sensors["dht:4"].set(21.5, 60)`, `.fail("timeout")`, `.gone`; kinds in sensors.py."""
    outputs: dict[str, Any]
    """What the program does with pins besides levels: "pwm:2" to (Hz, duty of 65536), "neopixel:5" to bytes."""
    resets: list[ResetCause]
    """Why the board started, each time since this object was made."""

    def __init__(
        self,
        flash: str | os.PathLike[str] | None = None,
        files: Mapping[str, Content] | None = None,
        *,
        micropython: str | os.PathLike[str] | None = None,
        heap: str | None = None,
        wifi: Wifi | None = None,
        routes: Mapping[Address, Address] | None = None,
        internet: bool = False,
        chip: str = "esp32",
        flash_size: int | None = None,
        rom_size: int | None = None,
        rom: bytes = b"",
        unique_id: bytes = b"\x24\x0a\xc4\x00\x00\x01",
        main_anyway: bool = False,
        boot_timeout: float = 20,
        on_output: Callable[[bytes], None] | None = None,
    ) -> None:
        self.chip = chip_named(chip)
        self._heap = heap or self.chip.heap
        self._limits: tuple[int, int] | None = None
        self._shims = SHIMS
        if self.chip.has_small_heap and micropython is None:
            self._micropython = find_micropython32()
            self._shims = compiled_shims()
            self._heap, self._limits = HEAP, (FREE, THRESHOLD)
        else:
            self._micropython = find_micropython(micropython)
        self._main_anyway = main_anyway
        self._boot_timeout = boot_timeout
        self._interpreter: Interpreter | None = None
        self._output: Output | None = None
        self._booted: asyncio.Future[None] | None = None
        self._gone: asyncio.Future[None] | None = None
        self._then: Callable[[], None] | None = None
        self._sleeping: asyncio.TimerHandle | None = None
        self._powered = False
        self._clock_skew = 0  # microseconds of board time, without jumps, less the host's monotonic time
        self._ticks_skew = 0  # microseconds of ticks less the host's monotonic time
        self._jumped = 0  # seconds
        self.resets = []
        self.wifi = wifi or Wifi()
        with contextlib.ExitStack() as undo:
            path = Path(flash) if flash is not None else self._temporary_image(undo)
            self._flash = FlashImage(path, self.chip.flash_size if flash_size is None else flash_size, self.chip.name)
            undo.callback(self._flash.close)
            if files:
                self._flash.put(files)
            rom_size = self.chip.rom_size if rom_size is None else rom_size
            self._rom = FlashImage(path.with_name(path.name + ".rom"), rom_size) if rom_size else None
            if self._rom:
                undo.callback(self._rom.close)
                os.pwrite(self._rom.fileno(), rom, 0)
            self._state = State(unique_id)
            undo.callback(self._state.close)
            self.temperature = 42
            self.pins = Pins(self._state)
            self.adc = Analog(self._state)
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="virtual-board", daemon=True)
            self._thread.start()
            undo.callback(self._stop_loop)
            self._await(self._open(dict(routes or {}), internet, on_output))
            undo.callback(self._await_closed)
            self._undo = undo.pop_all()

    @staticmethod
    def _temporary_image(undo: contextlib.ExitStack) -> Path:
        return Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="board-")), "flash.img")

    def __enter__(self) -> "VirtualBoard":
        try:
            self.power_on()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Power off and release everything; nothing is left running. May be called twice."""
        self._undo.close()

    # Power and resets

    def power_on(self) -> None:
        """Start as after power-on. Returns when the interpreter runs, before boot.py does."""
        self._await(self._power_on())

    def power_cut(self) -> None:
        """SIGKILL, wherever the program is. Peers on the network are not told. RTC memory and clock are lost."""
        self._await(self._power_cut())

    def reset_button(self) -> None:
        """Pull the reset line; wakes a board in deep sleep too. Returns when the new start has begun."""
        self._await(self._pull_reset(ResetCause.BUTTON))

    def usb_reset(self) -> None:
        """Reset as esptool and others do over USB. The same as the button, but on chips with USB of their own."""
        self._await(self._pull_reset(ResetCause.USB))

    @property
    def powered(self) -> bool:
        return self._powered

    @property
    def pid(self) -> int | None:
        """Process id of the interpreter; None while powered off or in deep sleep."""
        interpreter = self._interpreter
        return interpreter.pid if interpreter else None

    def wait_for_resets(self, count: int, timeout: float = 10) -> ResetCause:
        """Wait until there have been `count` starts, the first power-on included. Returns the cause of that one."""
        self._console.wait_until(lambda: len(self.resets) >= count, f"reset number {count}", timeout)
        return self.resets[count - 1]

    def skip(self, seconds: int) -> None:
        """Let the program's clock and ticks jump ahead, by days say, at once and while it runs.

        All else goes on in its own time: sleeps and waits that have begun, Wi-Fi, watchdog, the other side of a
        connection.
        """
        self._call(lambda: self._skip(int(seconds)))

    # Console

    @property
    def port(self) -> str:
        """The serial port for mpremote. It stays the same through resets and power cycles."""
        return self._console.port

    @property
    def log(self) -> str:
        """Everything on the console since power-on, with plain newlines."""
        return self._console.text

    def wait_for(self, pattern: str, timeout: float = 10, since: int = 0) -> re.Match[str]:
        """Wait until the regular expression is found in the log from character `since` on (^ and $ match at lines).

        To wait for news only, pass the len() of an earlier log. Raises BoardError with the end of the log.
        """
        return self._console.wait_for(pattern, timeout, since)

    @property
    def in_raw_repl(self) -> bool:
        """Whether a tool such as mpremote talks to it at its raw REPL."""
        return self._output is not None and self._output.raw_repl

    @property
    def baud(self) -> int | None:
        """Speed of the serial line in bits per second; None, as at first, is as fast as can be."""
        return self._console.baud

    @baud.setter
    def baud(self, baud: int | None) -> None:
        self._console.baud = baud

    def send(self, data: bytes) -> None:
        """Type on the serial line, as mpremote would."""
        self._call(lambda: self._type(data))

    # Flash, while the board is off

    def put(self, files: Mapping[str, Content]) -> None:
        """Write files to the flash: names to bytes, text or host paths. Only while powered off."""
        self._must_be_off()
        self._flash.put(files)

    def read_files(self) -> dict[str, bytes]:
        """All files of the flash, absolute names to contents. Only while powered off."""
        self._must_be_off()
        return self._flash.read()

    def _must_be_off(self) -> None:
        if self._powered:
            raise BoardError("the flash is in use by the running board; power_cut() first, or use mpremote")

    @property
    def temperature(self) -> int:
        """What esp32.mcu_temperature() says, in degrees Celsius."""
        return self._temperature

    @temperature.setter
    def temperature(self, celsius: int) -> None:
        self._temperature = celsius
        self._state.set_temperature(celsius)

    # Between the caller's thread and the event loop's

    def _await(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _call(self, function: Callable[[], _T]) -> _T:
        if threading.current_thread() is self._thread:
            return function()
        done: concurrent.futures.Future[_T] = concurrent.futures.Future()

        def run() -> None:
            try:
                done.set_result(function())
            except Exception as error:  # noqa: BLE001, whatever it is, it belongs to the caller
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result()

    def _pin_changed(self, pin: int, level: int) -> None:
        self._call(lambda: self._peripherals.interrupts.pin_changed(pin, level))

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # From here on everything runs in the event loop.

    def _skip(self, seconds: int) -> None:
        self._jumped += seconds
        self._ticks_skew += seconds * 1000000
        self._state.set_jump(self._ticks_skew, self._jumped)

    async def _open(
        self, routes: dict[Address, Address], internet: bool, on_output: Callable[[bytes], None] | None
    ) -> None:
        self._console = Console(self._type, on_output, self._hold_output)
        self._watchdog = Watchdog(self._state.feeds, self._bite)
        self.link = Link(routes, internet, self._call, self.chip.unreachable, self._state.set_write_error)
        self._peripherals = Peripherals(self.chip, self.pins, self.adc)
        self.sensors = self._peripherals.sensors
        self.outputs = self._peripherals.outputs
        self.pins.on_change = self._pin_changed
        self._flows = False
        self.dns = Dns(self.chip.name, self._name_leads_somewhere)
        self._station = STATIONS[self.chip.name](
            self.wifi, self._state.unique_id, self._loop, self._call, self._wifi_changed
        )
        self.ntp = TimeServer(lambda: self._flows)
        await self._loop.create_datagram_endpoint(lambda: self.ntp, local_addr=("127.0.0.1", 0))

    def _await_closed(self) -> None:
        self._await(self._close())

    async def _close(self) -> None:
        await self._power_cut()
        self._station.leave()
        self._console.fail(BoardError("the board was closed"))
        self._console.close()
        self.link.close()
        self.ntp.close()
        self._peripherals.interrupts.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _power_on(self) -> None:
        if self._powered:
            raise BoardError("the board is on already")
        self._powered = True
        self._console.clear_log()
        self._lose_rtc()
        try:
            self._start(ResetCause.PWRON)
            assert self._booted
            await asyncio.wait_for(asyncio.shield(self._booted), self._boot_timeout)
        except (TimeoutError, asyncio.TimeoutError) as error:
            await self._power_cut()
            raise BoardError(f"no sign of life for {self._boot_timeout:g} s:\n{self._console.tail()}") from error
        except BoardError:
            await self._power_cut()
            raise
        except OSError as error:
            await self._power_cut()
            raise BoardError(f"cannot start {self._micropython}: {error}") from error

    async def _power_cut(self) -> None:
        self._powered = False
        self._watchdog.stop()
        if self._sleeping:
            self._sleeping.cancel()
            self._sleeping = None
        if self._interpreter and self._gone:
            self._kill(lambda: None)
            await self._gone
        self._forget()

    async def _pull_reset(self, cause: ResetCause) -> None:
        if not self._powered:
            raise BoardError("the board is off; power_on() first")
        if self._sleeping:
            self._sleeping.cancel()
            self._wake(cause)
        elif self._gone:
            self._hard_reset(cause)
            await self._gone

    def _hard_reset(self, cause: ResetCause) -> None:
        self._kill(lambda: self._start(cause))

    def _bite(self) -> None:
        self._hard_reset(ResetCause.WDT)

    def _sleep(self, milliseconds: int | None) -> None:
        def begin() -> None:
            self._forget()
            seconds = float("inf") if milliseconds is None else milliseconds / 1000
            self._sleeping = self._loop.call_later(min(seconds, 1e8), self._wake, ResetCause.DEEPSLEEP)

        self._kill(begin)

    def _wake(self, cause: ResetCause) -> None:
        self._sleeping = None
        self._start(cause)

    def _kill(self, then: Callable[[], None]) -> None:
        """End the run without a word to anybody; `then` follows when the process is gone."""
        self._then = then
        self._watchdog.stop()
        self.link.orphan()
        if self._interpreter:
            self._interpreter.kill()

    def _forget(self) -> None:
        """What every reset but a soft one does to the hardware."""
        self._watchdog.stop()
        self._station.power_off()
        self.dns.forget()
        self._state.clear_pins()

    def _lose_rtc(self) -> None:
        self._state.clear_rtc_memory()
        self._clock_skew = -_monotonic_us()

    def _start(self, cause: ResetCause, with_main: bool = True, raw_repl: bool = False, typed: bytes = b"") -> None:
        """Begin a run of the interpreter."""
        if cause is not ResetCause.SOFT:
            self._forget()
            self._station.start()
            self._console.begin_line()
        if cause in self.chip.forgetful:
            self._lose_rtc()
        elif cause in self.chip.backward:
            self._clock_skew -= _monotonic_us() + self._ticks_skew
        if cause is not ResetCause.SOFT:
            self._ticks_skew = -_monotonic_us()
            self._state.set_jump(self._ticks_skew, self._jumped)
        if cause in self.chip.resets:
            self._state.set_reset_cause(self.chip.resets[cause])
        self._then = None
        self._booted = self._loop.create_future()
        self._gone = self._loop.create_future()
        self._output = Output(self._console.write, lambda: self._type(b"\x01") if raw_repl else None, raw_repl)
        self._interpreter = Interpreter(
            self._micropython,
            self._shims,
            self._heap,
            self._limits,
            self.chip.name,
            self._flash,
            self._rom,
            self._state,
            with_main,
            self._main_anyway,
            typed,
            self._output.feed,
            self._request,
            self._exited,
        )
        self.resets.append(cause)
        self._console.notify()

    def _exited(self, status: int) -> None:
        assert self._interpreter and self._output and self._booted and self._gone
        self._output.flush()
        raw_repl = self._output.raw_repl
        interrupted = self._interpreter.interrupted
        typed = self._interpreter.untaken_input
        self._interpreter = None
        self._peripherals.interrupts.clear()
        self._gone.set_result(None)
        if self._then:
            self._then()
        elif not self._booted.done():
            error = BoardError(f"{self._micropython} ended with status {status} at once:\n{self._console.tail()}")
            self._booted.set_exception(error)
            self._booted.exception()  # noted, so asyncio does not complain where nobody waits for the boot
            self._powered = False
            self._console.fail(error)
        elif interrupted and status in (1, -signal.SIGINT):
            # A Ctrl-C in the moment between the program and the prompt ends the unix port. Give a prompt.
            self._soft_reset(with_main=False, raw_repl=raw_repl, typed=typed)
        elif status >= 0:  # Ctrl-D, or SystemExit at the prompt
            self._soft_reset(with_main=not raw_repl, raw_repl=raw_repl, typed=typed)
        else:
            name = signal.Signals(-status).name
            self._console.write(f"\r\nthe interpreter was ended by {name}\r\n".encode())
            self.link.orphan()
            self._start(ResetCause.PANIC)

    def _soft_reset(self, with_main: bool, raw_repl: bool, typed: bytes = b"") -> None:
        self._console.write(b"MPY: soft reboot\r\n")
        self._start(ResetCause.SOFT, with_main, raw_repl, typed)

    def _type(self, data: bytes) -> None:
        if self._interpreter:
            self._interpreter.send(data)

    def _hold_output(self, hold: bool) -> None:
        if self._interpreter:
            self._interpreter.hold_output(hold)

    def _wifi_changed(self, seen: Outlook) -> None:
        self._state.set_wifi(seen.status, seen.active, seen.rssi, seen.connected, seen.has_address)
        self._flows = seen.flows
        self.link.network_changed(seen.has_address, seen.flows)
        self.dns.network_changed(seen.flows)

    async def _request(self, request: dict[str, Any]) -> Any:
        """Answer a question of the shims."""
        if self._then:  # it is being killed already
            await self._never()
        match request["ask"]:
            case "hello":
                assert self._interpreter and self._booted
                self._interpreter.take_input()
                if not self._booted.done():
                    self._booted.set_result(None)
                return _monotonic_us() + self._clock_skew
            case "clock":
                self._clock_skew = request["us"] - _monotonic_us()
            case "reset":
                self._hard_reset(ResetCause.HARD)
                await self._never()
            case "soft_reset":
                assert self._interpreter and self._output
                raw_repl = self._output.raw_repl
                self._then = lambda: self._soft_reset(with_main=not raw_repl, raw_repl=raw_repl)
                self._interpreter.kill()
                await self._never()
            case "crash":
                self._console.write(f"\r\n{request['words']}\r\n".encode())
                self._hard_reset(ResetCause[request["cause"]])
                await self._never()
            case "deepsleep":
                self._sleep(request["ms"])
                await self._never()
            case "watchdog":
                self._watchdog.start(request["ms"] / 1000)
            case "wifi_active":
                self._station.activate(request["on"])
            case "wifi_connect":
                self._station.connect(_bytes(request["ssid"]), _bytes(request["key"]))
            case "wifi_static":
                self._station.static_address(request["on"])
            case "wifi_access_point":
                return self._station.configure_access_point(request["settings"])
            case "wifi_disconnect":
                self._station.disconnect()
            case "wifi_reconnects":
                return self._station.reconnects(request.get("count"))
            case "wifi_scan":
                return self._station.scan()
            case "wifi_ssid":
                return self._station.ssid.hex()
            case "lookup":
                return await self.dns.lookup(request["host"], request["port"])
            case "connect":
                return await self.link.connect(self.dns.name_of(request["host"]), request["port"])
            case "datagram":
                return self._datagrams_go_to(self.dns.name_of(request["host"]), request["port"])
            case _:
                return await self._peripherals.answer(request)
        return None

    async def _never(self) -> None:
        """Leave a question without an answer, until its process is gone and this is cancelled."""
        await self._loop.create_future()

    def _datagrams_go_to(self, host: str, port: int) -> Address:
        if not self.wifi.connected:
            raise Raised("OSError", self.chip.unreachable)
        if (host, port) in self.link.routes:
            return self.link.routes[host, port]
        if port == 123:
            return self.ntp.address
        raise Raised("OSError", self.chip.unreachable)

    def _name_leads_somewhere(self, name: str, port: int) -> bool:
        return port == 123 or self.link.leads_somewhere(name)


def _bytes(text: str | None) -> bytes | None:
    """What came over the control wire, which knows no bytes."""
    return None if text is None else bytes.fromhex(text)


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1000
