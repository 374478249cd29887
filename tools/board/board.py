"""The virtual board: what it is to the outside. What happens inside is in life.py, and around it in surroundings.py."""

import asyncio
import concurrent.futures
import contextlib
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from .access_point import Phone
from .chips import CHIPS, Chip, chip_named
from .dns import Dns
from .errors import BoardError
from .executable import find_micropython
from .flash import SHIMS, Content, FlashImage
from .heap import Heap, heaps
from .life import Hardware, Life
from .link import Address, Link
from .sensors import Sensors
from .small_heap import FREE, OUTSIDE, compiled_shims, find_micropython32
from .sntp import TimeServer
from .state import Analog, Pins, ResetCause, State
from .surroundings import Surroundings
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
    the chip's official image has. `rom` is what the ROMFS holds at first. `small_heap` bytes are free before boot.py,
    of MicroPython for 32 bits, whose objects have a chip's size; by default that is so on an ESP8266 alone.
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
        small_heap: int | None = None,
        unique_id: bytes = b"\x24\x0a\xc4\x00\x00\x01",
        boot_timeout: float = 60,
        on_output: Callable[[bytes], None] | None = None,
    ) -> None:
        self.chip = chip_named(chip)
        self.wifi = wifi or Wifi()
        heap, limits, shims = heap or self.chip.heap, None, SHIMS
        if (small_heap or self.chip.threshold) and micropython is None:
            executable, shims = find_micropython32(), compiled_shims()
            limits = small_heap or FREE, self.chip.threshold or -1
            heap = str(limits[0] + OUTSIDE)
        else:
            executable = find_micropython(micropython)
        with contextlib.ExitStack() as undo:
            path = Path(flash) if flash is not None else self._temporary_image(undo)
            self._flash = FlashImage(path, self.chip.flash_size if flash_size is None else flash_size, self.chip.name)
            undo.callback(self._flash.close)
            if files:
                self._flash.put(files)
            rom_size = self.chip.rom_size if rom_size is None else rom_size
            rom_image = FlashImage(path.with_name(path.name + ".rom"), rom_size) if rom_size else None
            if rom_image:
                undo.callback(rom_image.close)
                os.pwrite(rom_image.fileno(), rom, 0)
            self._state = State(unique_id)
            undo.callback(self._state.close)
            self.temperature = 42
            self.pins = Pins(self._state)
            self.adc = Analog(self._state)
            hardware = Hardware(
                self.chip,
                executable,
                shims,
                heap,
                limits,
                self._flash,
                rom_image,
                self._state,
                boot_timeout,
            )
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="virtual-board", daemon=True)
            self._thread.start()
            undo.callback(self._stop_loop)
            self._await(self._open(hardware, dict(routes or {}), internet, on_output))
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
        self._await(self._life.power_on())

    def power_cut(self) -> None:
        """SIGKILL, wherever the program is. Peers on the network are not told. RTC memory and clock are lost."""
        self._await(self._life.power_cut())

    def reset_button(self) -> None:
        """Pull the reset line; wakes a board in deep sleep too. Returns when the new start has begun."""
        self._await(self._life.pull_reset(ResetCause.BUTTON))

    def usb_reset(self) -> None:
        """Reset as esptool and others do over USB. The same as the button, but on chips with USB of their own."""
        self._await(self._life.pull_reset(ResetCause.USB))

    @property
    def powered(self) -> bool:
        return self._life.powered

    @property
    def pid(self) -> int | None:
        """Process id of the interpreter; None while powered off or in deep sleep."""
        interpreter = self._life.interpreter
        return interpreter.pid if interpreter else None

    @property
    def asleep(self) -> bool:
        """Whether it is in deep sleep: nothing runs, no peer was told, the serial line is silent and deaf. RTC memory
        and clock go on."""
        return self._life.asleep is not None

    @property
    def awake(self) -> list[float]:
        """Milliseconds that the board ran before each of its deep sleeps, from the chip's start."""
        return self._life.awake

    @property
    def sleep_speed(self) -> float:
        """How many times faster than the host's time that of the world goes while the board is in deep sleep; math.inf
        for at once. What time servers tell goes along: see time()."""
        return self._life.sleep_speed

    @sleep_speed.setter
    def sleep_speed(self, speed: float) -> None:
        self._life.sleep_speed = speed

    @property
    def sleep_error(self) -> float:
        """By what part deep sleep is longer than the chip thinks, below 0 for shorter: see chips.py."""
        return self._life.sleep_error

    @sleep_error.setter
    def sleep_error(self, part: float) -> None:
        self._life.sleep_error = part

    @property
    def wake_wire(self) -> bool:
        """Whether GPIO16 of an ESP8266 is wired to RST, without which it does not wake; other chips need no wire."""
        return self._life.wake_wire

    @wake_wire.setter
    def wake_wire(self, there: bool) -> None:
        self._life.wake_wire = there

    def wake_up(self) -> None:
        """End deep sleep now as its timer would, with all its time passed. Raises BoardError where no timer would."""
        self._call(self._life.oversleep)

    def phone(self, password: str, name: bytes | None = None) -> Phone:
        """Join the board's own access point, whatever it is called, with a phone; close() leaves it again. Raises
        BoardError where that does not let it in."""

        def join() -> Phone:
            point = self._surroundings.access_point
            phone = Phone(point, len(point.phones) + 1, self._call, self._await)
            point.let_in(phone, name, password)
            return phone

        return self._call(join)

    def listening(self, port: int) -> Address:
        """Where on this machine the board's TCP port is, for a computer in the network the board has joined. Raises
        KeyError where nothing on the board has taken that port."""
        return self._call(lambda: self._surroundings.access_point.listens["tcp", port])

    def time(self) -> float:
        """What time it is in the world around the board, in seconds since 1970, as a time server tells it."""
        return time.time() + self.ntp.offset

    def wait_until_asleep(self, timeout: float = 60) -> None:
        """Wait until the board is in deep sleep."""
        self._life.console.wait_until(lambda: self.asleep, "deep sleep", timeout)

    def wait_for_resets(self, count: int, timeout: float = 60) -> ResetCause:
        """Wait until there have been `count` starts, the first power-on included. Returns the cause of that one."""
        self._life.console.wait_until(lambda: len(self.resets) >= count, f"reset number {count}", timeout)
        return self.resets[count - 1]

    def skip(self, seconds: int) -> None:
        """Let the program's clock and ticks jump ahead, by days say, at once and while it runs.

        All else goes on in its own time: sleeps and waits that have begun, Wi-Fi, watchdog, the other side of a
        connection.
        """
        self._call(lambda: self._life.clock.skip(int(seconds)))

    def fail_flash(self, reads: int = 0, writes: int = 0) -> None:
        """From now on one of so many reads of the file system's flash, up to 255, raises the port's error, and one of
        so many writes and erasures; 0 for none. Code in a ROMFS, which is mapped into memory, is not read so."""
        self._call(lambda: self._state.fail_flash(reads, writes))

    def heap(self, timeout: float = 60) -> Heap:
        """How the program's heap is after a collection, when it looks at its ticks next. That costs the program
        nothing, and is in the log."""
        since = len(self.log)
        times = self._call(self._state.ask_for_heap)
        self.wait_for(f"^HEAP told {times}$", timeout, since)
        return heaps(self.log[since:])[-1]

    # Console

    @property
    def port(self) -> str:
        """The serial port for mpremote. It stays the same through resets and power cycles."""
        return self._life.console.port

    @property
    def log(self) -> str:
        """Everything on the console since power-on, with plain newlines."""
        return self._life.console.text

    def wait_for(self, pattern: str, timeout: float = 60, since: int = 0) -> re.Match[str]:
        """Wait until the regular expression is found in the log from character `since` on (^ and $ match at lines).

        To wait for news only, pass the len() of an earlier log. Raises BoardError with the end of the log.
        """
        return self._life.console.wait_for(pattern, timeout, since)

    @property
    def in_raw_repl(self) -> bool:
        """Whether a tool such as mpremote talks to it at its raw REPL."""
        output = self._life.output
        return output is not None and output.raw_repl

    @property
    def baud(self) -> int | None:
        """Speed of the serial line in bits per second; None, as at first, is as fast as can be."""
        return self._life.console.baud

    @baud.setter
    def baud(self, baud: int | None) -> None:
        self._life.console.baud = baud

    def send(self, data: bytes) -> None:
        """Type on the serial line, as mpremote would."""
        self._call(lambda: self._life.type(data))

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
        if self._life.powered:
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

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # From here on everything runs in the event loop.

    async def _open(
        self,
        hardware: Hardware,
        routes: dict[Address, Address],
        internet: bool,
        on_output: Callable[[bytes], None] | None,
    ) -> None:
        around = Surroundings(self.chip, self._state, self.wifi, self.pins, self.adc, routes, internet, self._call)
        self.link, self.dns, self.ntp = around.link, around.dns, around.ntp
        self.sensors, self.outputs = around.peripherals.sensors, around.peripherals.outputs
        self._surroundings = around
        self._life = Life(hardware, around, on_output)
        self.resets = self._life.resets
        await around.open()

    def _await_closed(self) -> None:
        self._await(self._close())

    async def _close(self) -> None:
        await self._life.power_cut()
        self._life.console.fail(BoardError("the board was closed"))
        self._life.console.close()
        self._surroundings.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
