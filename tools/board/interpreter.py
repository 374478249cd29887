"""One run of MicroPython, from reset to exit: its process, its terminal and its control wire."""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from .errors import Raised
from .executable import embedded
from .flash import FlashImage
from .small_heap import ENVIRONMENT
from .state import State

_CTRL_C = b"\x03"
_STOP_PATIENCE = 0.1  # seconds for a process to stop; it takes far less than one millisecond
_QUIET_PATIENCE = 0.25  # seconds to look for a moment in which the program waits for the system
_QUIET_POLL = 0.0005
_SETTLE_POLL = 0.002  # seconds between looks whether a program has ended at a Ctrl-C
_SETTLE_PATIENCE = 0.3  # seconds after which it has not, but has caught the KeyboardInterrupt


class Interpreter:
    """Starts at once and runs until it exits by itself or is killed. `typed` waits to be taken as input.

    `shims` is the folder with _start.py. `limits`: bytes to be free before boot.py, and gc.threshold(), None for all.

    The callbacks run in the event loop: `on_output` with what it prints, `on_request` with each question of the shims,
    whose result, Raised or OSError is the answer, and at last, once, `on_exit` with the exit status (negative:
    a signal), when all output has been delivered.
    """

    def __init__(
        self,
        micropython: Path,
        shims: Path,
        heap: str,
        limits: tuple[int, int] | None,
        chip: str,
        flash: FlashImage,
        rom: FlashImage | None,
        state: State,
        with_main: bool,
        typed: bytes,
        on_output: Callable[[bytes], None],
        on_request: Callable[[dict[str, Any]], Awaitable[Any]],
        on_exit: Callable[[int], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_output = on_output
        self._on_request = on_request
        self._on_exit = on_exit
        self._input = bytearray()
        self._held: bytearray | None = bytearray(typed)  # input that cannot be taken yet
        self._interrupted_at = 0.0
        self._answers: set[asyncio.Task[None]] = set()
        self._requests = bytearray()

        self._control, theirs = socket.socketpair()
        self._control.setblocking(False)
        self._terminal, slave = os.openpty()
        # Raw, or the interpreter's own CR LF would come out as CR CR LF and mpremote would not know the raw REPL.
        tty.setraw(slave)
        os.set_blocking(self._terminal, False)
        arguments = {
            "chip": chip,
            "limits": limits,
            "flash": (flash.fileno(), flash.size),
            "rom": (rom.fileno(), rom.size) if rom else (-1, 0),
            "state_fd": state.fileno(),
            "control_fd": theirs.fileno(),
            "with_main": with_main,
        }
        start = f"__import__('sys').path[0] = {str(shims)!r}; __import__('_start').run(**{arguments})"
        launched = [str(Path(__file__).with_name("launch.py")), str(embedded(micropython))]
        try:
            # -i: a prompt follows. Little of the host's environment: the program can read it.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", *launched, "-X", f"heapsize={heap}", "-i", "-c", start],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                pass_fds=(flash.fileno(), state.fileno(), theirs.fileno(), *([rom.fileno()] if rom else [])),
                start_new_session=True,
                env={"PATH": os.environ.get("PATH", os.defpath), **ENVIRONMENT},
            )
        except BaseException:
            os.close(self._terminal)
            self._control.close()
            raise
        finally:
            os.close(slave)  # ours closed, the terminal reports its end when the process is gone
            theirs.close()
        self._reading = True
        self._ended = False
        self._loop.add_reader(self._terminal, self._read)
        self._loop.add_reader(self._control, self._listen)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def interrupted(self) -> bool:
        """Whether a Ctrl-C went to it a moment ago."""
        return self._loop.time() - self._interrupted_at < 1

    def kill(self) -> None:
        """SIGKILL. `on_exit` follows."""
        self.hold_output(False)
        self._process.kill()

    def hold_output(self, hold: bool) -> None:
        """While held, what it prints stays where it is, and so does the program when that is full."""
        if self._reading == hold and not self._ended:
            self._reading = not hold
            if hold:
                self._loop.remove_reader(self._terminal)
            else:
                self._loop.add_reader(self._terminal, self._read)

    def take_input(self) -> None:
        """From now on input goes to the program; what came before follows now."""
        held, self._held = self._held, None
        if held:
            self.send(bytes(held))

    @property
    def untaken_input(self) -> bytes:
        """What was typed and has not gone to the program yet."""
        return bytes(self._held or b"")

    def send(self, data: bytes) -> None:
        """Type `data`. A Ctrl-C interrupts the program if it runs and may be interrupted, and else is a character."""
        if self._held is not None:
            self._held += data
            return
        while data:
            before, ctrl_c, data = data.partition(_CTRL_C)
            self._input += before
            if ctrl_c and self._interrupt():
                # A second SIGINT would end the interpreter before it has seen the first, so what follows waits.
                self._held = bytearray(data)
                self._loop.call_later(_SETTLE_POLL, self._settle)
                break
            self._input += ctrl_c
        self._write()

    def _interrupt(self) -> bool:
        """Raise KeyboardInterrupt in the program. Returns false if Ctrl-C is a character for it now."""
        deadline = time.monotonic() + _QUIET_PATIENCE
        while True:
            # Stopped meanwhile: a SIGINT that arrives when the program has just come to its end would end the
            # interpreter.
            self._stop()
            try:
                if not self._interruptible():
                    return False
                if self._in_system_call() or time.monotonic() > deadline:
                    self._interrupted_at = self._loop.time()
                    self._interrupt_main_thread()
                    return True
            finally:
                self._process.send_signal(signal.SIGCONT)
            time.sleep(_QUIET_POLL)

    def _interrupt_main_thread(self) -> None:
        """SIGINT to it alone: another one, which waits for timers and pins, would take the KeyboardInterrupt."""
        try:
            ctypes.CDLL(None).tgkill(self.pid, self.pid, signal.SIGINT)
        except AttributeError:  # not Linux
            self._process.send_signal(signal.SIGINT)

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGSTOP)
        deadline = time.monotonic() + _STOP_PATIENCE
        while self._process_status().get("State", "T")[0] not in "TZX" and time.monotonic() < deadline:
            pass

    def _in_system_call(self) -> bool:
        """Whether the stopped program waits for the system, or that cannot be told. Elsewhere it may hold a lock of the
        interpreter's own, on names say, which an exception out of the signal's handler would leave locked for ever."""
        try:
            return not Path(f"/proc/{self.pid}/syscall").read_text().startswith(("-1", "running"))
        except OSError:
            return True

    def _settle(self) -> None:
        if self._process.poll() is not None:
            return
        if self._interruptible() and self._loop.time() - self._interrupted_at < _SETTLE_PATIENCE:
            self._loop.call_later(_SETTLE_POLL, self._settle)
        else:
            self.take_input()

    def _interruptible(self) -> bool:
        # The interpreter catches SIGINT exactly while Ctrl-C shall interrupt: not at the prompt, not while it reads
        # source, not after micropython.kbd_intr(-1). At other times the signal would kill it.
        status = self._process_status()
        if status:
            return bool(int(status["SigCgt"], 16) >> (signal.SIGINT - 1) & 1)
        # No /proc: a terminal mode of its own means the prompt, except that the raw REPL may keep it.
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHOE)

    def _process_status(self) -> dict[str, str]:
        try:
            text = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return {}
        return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}

    def _write(self) -> None:
        while self._input:
            try:
                written = os.write(self._terminal, self._input)
            except BlockingIOError:
                self._loop.add_writer(self._terminal, self._write)
                return
            except OSError:  # it is gone; on_exit is on its way
                self._input.clear()
                break
            del self._input[:written]
        self._loop.remove_writer(self._terminal)

    def _read(self) -> None:
        try:
            data = os.read(self._terminal, 65536)
        except BlockingIOError:
            return
        except OSError:  # EIO: nobody has the other end any more
            data = b""
        if data:
            self._on_output(data)
            return
        self._ended = True
        self._loop.remove_reader(self._terminal)
        self._loop.remove_writer(self._terminal)
        self._loop.remove_reader(self._control)
        for task in self._answers:
            task.cancel()
        status = self._process.wait()
        os.close(self._terminal)
        self._control.close()
        self._on_exit(status)

    def _listen(self) -> None:
        try:
            data = self._control.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._control)
            return
        self._requests += data
        *lines, rest = self._requests.split(b"\n")
        self._requests = bytearray(rest)
        for line in lines:
            task = self._loop.create_task(self._answer(json.loads(line)))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _answer(self, request: dict[str, Any]) -> None:
        reply: dict[str, Any] = {"serial": request["serial"]}
        try:
            reply["answer"] = await self._on_request(request)
        except Raised as raised:
            reply["raises"] = [raised.kind, raised.argument]
        except OSError as error:
            reply["raises"] = ["OSError", error.errno]
        with contextlib.suppress(OSError):  # it was killed meanwhile
            await self._loop.sock_sendall(self._control, json.dumps(reply).encode() + b"\n")
