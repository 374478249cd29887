"""MicroPython at a serial port: what the board says by itself, and its raw REPL, by means of mpremote's transport.

Whatever goes wrong is a PortError in words. Opening and closing leaves DTR and RTS as mpremote does, which resets no
board; only hard_reset() does, and reset_by_lines().
"""

import binascii
import contextlib
import hashlib
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import serial
from mpremote import transport_serial
from mpremote.transport import TransportError, TransportExecError

from ..compile.syntax import literal_eval
from ..language import _
from .errors import PortError
from .find import usb_ports
from .transport import Transport
from .trouble import explain_open

transport_serial.print = lambda *words: None  # type: ignore[attr-defined]  # it shows what it did not understand

BAUD = 115200
_PROMPT = b"raw REPL; CTRL-B to exit\r\n"
_PATIENCE = 15.0  # seconds for a board to start and to answer
_TRY = 0.7  # seconds in which a program may answer Ctrl-C; it gets another one then
_SILENCE = 15.0  # seconds a statement may take without printing anything
_SMALL_CHUNK = 512  # bytes of a file in one statement: the board has to have room for some copies
_CHUNK = 1024
_LARGE_CHUNK = 4096
_LITTLE_HEAP = 20000  # bytes free, up to which small chunks are sent
_MUCH_HEAP = 65536  # and from which on large ones
SETTLE = 0.3  # seconds of silence after which no answer to an earlier try will come any more
_POLL = 0.02
_BURST = b"\x03\x03"  # Ctrl-C while a board starts
_BURST_TIME = 0.005  # seconds from one to the next: boot.py alone takes longer
_RESET = 0.1  # seconds that a chip is held in reset
_ENOUGH = 256  # bytes of what comes that are looked at

_READ = """
import sys,binascii
try:
 _f=open({path!r},'rb')
except OSError as _d:
 if _d.errno!=2:raise
 _f=None
print(bool(_f))
while _f:
 _d=_f.read({size})
 if not _d:
  _f.close()
  break
 sys.stdout.write(binascii.b2a_base64(_d))
_d=None
del _f,_d
"""
"""Prints whether the file is there, and its content in lines of base64: one statement, for each takes its time."""

_HELPERS = """
import gc,os,hashlib,binascii
_a=binascii.a2b_base64
def _hash(p):
 h=hashlib.sha256()
 b=bytearray(512)
 m=memoryview(b)
 with open(p,'rb') as f:
  while 1:
   n=f.readinto(b)
   if not n:break
   h.update(m[:n])
 return binascii.hexlify(h.digest()).decode()
gc.collect()
print(gc.mem_free())
"""


class Gone(PortError):
    """The board was there and is not any more."""


class NoAnswer(PortError):
    """No MicroPython answers, or none that lets itself be stopped."""

    def __init__(self, port: str, said: bool) -> None:
        self.said = said
        """Whether anything came from the board."""
        words = _("something runs there that does not stop for Ctrl-C; press its reset button and try again")
        none = _("if it was never put there: onenet flash --port {port}").format(port=port)
        super().__init__(
            _("no MicroPython answers at {port}; {words}").format(port=port, words=words if said else none)
        )


class Remote(PortError):
    """Python on the board has raised an exception."""

    def __init__(self, port: str, traceback: str) -> None:
        lines = traceback.strip().splitlines() or [_("an exception without a name")]
        super().__init__(_in_words(port, lines[-1].strip()))


def _in_words(port: str, exception: str) -> str:
    if exception.startswith("OSError:") and ("28" in exception or "ENOSPC" in exception):
        return _(
            "the flash of the board at {port} is full; delete files from it: mpremote connect {port} fs rm :NAME"
        ).format(port=port)
    if exception.startswith("MemoryError"):
        return _("the board at {port} has too little memory for this ({exception}); reset it and try again").format(
            port=port, exception=exception
        )
    return _("the board at {port} says {exception}").format(port=port, exception=exception)


class Connection:
    """An open serial port with a board at it. Use it in a `with` statement, or close() it."""

    def __init__(self, port: str) -> None:
        self.port = port
        self._serial_number = next((found.serial_number for found in usb_ports() if found.device == port), "")
        self._open()

    def _open(self) -> None:
        try:
            self._transport = Transport(self.port, BAUD, timeout=_SILENCE)
        except (OSError, ValueError) as error:  # pyserial's are OSErrors
            raise self._not_open(error) from error
        except TransportError as error:  # it keeps the reason for itself
            try:
                serial.serial_for_url(self.port, BAUD, exclusive=True).close()
            except (OSError, ValueError) as reason:
                raise self._not_open(reason) from error
            raise PortError(_("{port} does not open; try again").format(port=self.port)) from error
        self._transport.is_pty = False  # or each wait for a byte takes all of the timeout
        self._serial = self._transport.serial
        with contextlib.suppress(NotImplementedError):  # by a port server
            self._serial.write_timeout = _TRY
        self._chunk = 0

    def _not_open(self, error: Exception) -> PortError:
        return explain_open(self.port, error) or PortError(
            _("{port} does not open: {error}").format(port=self.port, error=error)
        )

    def close(self) -> None:
        try:
            self._transport.close()
        except OSError:  # the cable is out
            self._serial.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        try:
            yield
        except TransportExecError as error:
            raise Remote(self.port, str(error.error_output)) from error
        except serial.SerialTimeoutException as error:
            raise PortError(
                _("the board at {port} takes nothing; reset it and try again").format(port=self.port)
            ) from error
        except OSError as error:
            raise Gone(_("the board at {port} is gone; plug it in again").format(port=self.port)) from error
        except (TransportError, struct.error) as error:
            raise PortError(
                _("the board at {port} has stopped answering; reset it and try again").format(port=self.port)
            ) from error

    # What it says by itself

    def read(self) -> bytes:
        """What has come; waits a moment for something. Raises Gone."""
        with self._troubles():
            if data := self._transport.take():
                return data
        time.sleep(_POLL)
        return b""

    def press_enter(self) -> None:
        """Has the program say how things are; it goes on. Raises Gone."""
        self.write(b"\r")

    def write(self, data: bytes) -> None:
        """Sends these bytes as they are. Raises Gone."""
        with self._troubles():
            self._serial.write(data)

    def reopen(self) -> bool:
        """Opens the port again after Gone, under whatever name it has now; false if the board is not back yet."""
        self.close()
        names = [found.device for found in usb_ports() if self._serial_number == found.serial_number != ""]
        was = self.port
        self.port = names[0] if names else self.port
        try:
            self._open()
        except PortError:  # it may be there, and udev not done with its permissions
            self.port = was
            time.sleep(_POLL)
            return False
        return True

    # Its REPL

    def interrupt(
        self,
        patience: float | None = None,
        while_waiting: Callable[[], None] = lambda: None,
        settle: float = 0.0,
    ) -> None:
        """Stops whatever runs, with as many Ctrl-C as it takes, and enters the raw REPL without a soft reset. Raises
        NoAnswer if it does not stop. `settle`: seconds of silence to wait for, where more than one answer may come.

        Also where the port goes and comes back meanwhile, as it does with a board that has USB itself and is reset.
        """
        self._chunk = 0
        self._said = False
        deadline = time.monotonic() + (_PATIENCE if patience is None else patience)
        while True:
            while_waiting()
            try:
                if self._try_to_interrupt(settle):
                    return
                settle = SETTLE
            except Gone:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_POLL)
                self.reopen()
            if time.monotonic() > deadline:
                raise NoAnswer(self.port, self._said)

    def _try_to_interrupt(self, settle: float) -> bool:
        """Whether the board is at its raw REPL, and has been silent for so many seconds."""
        with self._troubles():
            self._transport.forget()
            try:
                self._serial.write(b"\r\x03\x03")
                time.sleep(_POLL)
                self._serial.write(b"\r\x01")
            except serial.SerialTimeoutException:  # nobody takes it
                return False
        seen = b""
        deadline = time.monotonic() + _TRY
        while not seen.endswith(_PROMPT + b">"):
            if time.monotonic() > deadline:
                return False
            seen = (seen + self.read())[-_ENOUGH:]
            self._said = self._said or bool(seen)
        # The answer to an earlier try may still come. One that is asked for in silence is the right one, and the
        # transport wants to read its > itself.
        silent_since = time.monotonic()
        while (more := self.read()) or time.monotonic() - silent_since < settle:
            silent_since = time.monotonic() if more else silent_since
        with self._troubles():
            self._serial.write(b"\x01")
            return bool(self._transport.read_until(1, _PROMPT, timeout_overall=_TRY).endswith(_PROMPT))

    def interrupt_start(self, seconds: float, while_waiting: Callable[[], None] = lambda: None) -> None:
        """Presses Ctrl-C all the time while the board starts, until it is at its prompt or the time is up: it counts
        only between MicroPython's start of boot.py and what the program does against it, which may be a moment."""
        seen = b""
        deadline = time.monotonic() + seconds
        while not seen.endswith(b"\r\n>>> ") and time.monotonic() < deadline:
            while_waiting()
            try:
                with self._troubles(), contextlib.suppress(serial.SerialTimeoutException):
                    self._serial.write(_BURST)
                    time.sleep(_BURST_TIME)
                    seen = (seen + self._transport.take())[-_ENOUGH:]
            except Gone:
                self.reopen()

    def leave(self) -> None:
        """Back to the prompt, without a reset."""
        with self._troubles():
            self._serial.write(b"\r\x02")

    def exec(self, source: str) -> str:
        """What these statements print. Raises Remote if they raise."""
        with self._troubles():
            output, error = self._transport.exec_raw(source, timeout=_SILENCE)
            if error:
                raise TransportExecError(1, error.decode(errors="replace"))
        return bytes(output).decode(errors="replace").replace("\r\n", "\n")

    def eval(self, expression: str) -> Any:
        """The value of an expression, of a type that repr() shows as Python reads it."""
        return self.value_of(f"print(repr({expression}))")

    def value_of(self, source: str) -> Any:
        """The value whose repr() these statements print."""
        return self.literal(self.exec(source).strip())

    def literal(self, text: str) -> Any:
        """The value that a repr() from the board stands for."""
        try:
            return literal_eval(text)
        except (ValueError, SyntaxError) as error:
            raise PortError(
                _("the board at {port} answers {text!r} in place of a value; try again").format(
                    port=self.port, text=text[:80]
                )
            ) from error

    # Its files

    def write_file(self, path: str, data: bytes, progress: Callable[[int], None] = lambda n: None) -> None:
        """Writes a file, and makes sure that it is right. `progress` is told of each so many bytes."""
        self.prepare()
        for at in range(0, len(data) or 1, self._chunk):
            chunk = data[at : at + self._chunk]
            before = "" if at else f"_f=open({path!r},'wb');"
            after = "" if at + self._chunk < len(data) else f";_f.close();print(_hash({path!r}))"
            told = self.exec(f"{before}_f.write(_a({binascii.b2a_base64(chunk, newline=False)!r})){after}")
            progress(len(chunk))
        if told.strip() != hashlib.sha256(data).hexdigest():
            raise PortError(
                _("{path} did not arrive at {port} as it was sent; try another cable").format(path=path, port=self.port)
            )

    def prepare(self) -> None:
        """Makes there what sending files takes: _a(base64), and _hash(path), the SHA-256 of a file in hex."""
        if not self._chunk:
            free = int(self.exec(_HELPERS))
            self._chunk = _LARGE_CHUNK if free > _MUCH_HEAP else _CHUNK if free > _LITTLE_HEAP else _SMALL_CHUNK

    def read_file(self, path: str) -> bytes | None:
        """What is in a file; None if there is none."""
        there, *lines = self.exec(_READ.format(path=path, size=_SMALL_CHUNK)).splitlines()
        return b"".join(map(binascii.a2b_base64, lines)) if self.literal(there) else None

    def exists(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        return bool(self.eval(f"{name!r} in __import__('os').listdir({folder or '/'!r})"))

    # Resets

    def reset_by_lines(self) -> bool:
        """Resets the board as esptool does: RTS without DTR pulls EN down on most boards, and neither lets it run.
        False where the port has no such lines."""
        try:
            self._serial.dtr = False
            self._serial.rts = True
            time.sleep(_RESET)
            self._serial.rts = False
        except OSError:
            return False
        return True

    def hard_reset(self) -> None:
        """Starts the program as the button does, which ends a watchdog too. After Ctrl-D nobody would look after a
        program that fails: see boot.py."""
        self.begin("import machine\nmachine.reset()")

    def clear(self) -> None:
        """Has MicroPython forget all that runs or ran, but does not run main.py; a watchdog goes on. It is at its raw
        REPL before and after."""
        with self._troubles():
            self._serial.write(b"\x04")
        self.interrupt()

    def begin(self, source: str) -> None:
        """Starts statements that do not come to their end."""
        with self._troubles():
            self._transport.exec_raw_no_follow(source)
