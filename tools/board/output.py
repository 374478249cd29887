"""From what the interpreter prints to what a board's serial port sends."""

import asyncio
from collections.abc import Callable

_MARK = b"\x1b_board:"
_MARK_END = b"\x1b\\"
_LONGEST = 32  # bytes of a mark
_PATIENCE = 0.01  # seconds to wait for the rest of a mark that came in two reads

RAW_REPL = b"raw REPL; CTRL-B to exit\r\n"
FRIENDLY_REPL = b'Type "help()" for more information.\r\n>>> '


class Output:
    """Ends lines with CR LF, obeys and removes the marks of the shims, and knows which REPL the interpreter is in.

    Marks are in the stream because their place in it matters: `repl` (boot.py and main.py are done), `binary` and
    `text` (bytes pass unchanged, or not). `resume_raw` is true for a run that follows a soft reset out of the raw REPL:
    a board is in the raw REPL again then and shows no banner, so the one the interpreter prints is dropped.
    """

    def __init__(self, sink: Callable[[bytes], None], on_repl: Callable[[], None], resume_raw: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._sink = sink
        self._on_repl = on_repl
        self._resume_raw = resume_raw
        self._binary = False
        self._muted = False
        self._pending = b""  # what may be the beginning of a mark
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0  # the last byte sent
        self._recent = b""
        self.raw_repl = resume_raw

    def feed(self, data: bytes) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        data = self._pending + data
        self._pending = b""
        while True:
            at = data.find(_MARK)
            if at < 0:
                break
            end = data.find(_MARK_END, at)
            if end < 0 and len(data) - at <= _LONGEST:
                break
            if end < 0:  # no mark of ours after all
                self._send(data[: at + 1])
                data = data[at + 1 :]
                continue
            self._send(data[:at])
            self._obey(data[at + len(_MARK) : end])
            data = data[end + len(_MARK_END) :]
        keep = len(data) - at if at >= 0 else _beginning_of_mark(data)
        self._send(data[: len(data) - keep])
        if keep:
            self._pending = data[-keep:]
            self._timer = self._loop.call_later(_PATIENCE, self.flush)

    def flush(self) -> None:
        """Send what was held back: it was not the beginning of a mark."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        pending, self._pending = self._pending, b""
        self._send(pending)

    def _obey(self, mark: bytes) -> None:
        if mark == b"binary":
            self._binary = True
        elif mark == b"text":
            self._binary = False
        elif mark == b"repl":
            self._muted = self._resume_raw
            self._on_repl()

    def _send(self, data: bytes) -> None:
        if not data:
            return
        recent = self._recent + data
        self._recent = recent[-len(FRIENDLY_REPL) :]
        raw, friendly = recent.rfind(RAW_REPL), recent.rfind(FRIENDLY_REPL)
        if self._muted:
            if raw < 0:
                return
            self._muted = False
            data = recent[raw:]
        if raw != friendly:
            self.raw_repl = raw > friendly
        if not self._binary:
            data = self._with_cr(data)
        self._last = data[-1]
        self._sink(data)

    def _with_cr(self, data: bytes) -> bytes:
        data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if self._last == 0x0D and data.startswith(b"\r\n"):  # the CR came with the read before
            return data[1:]
        return data


def _beginning_of_mark(data: bytes) -> int:
    """How many bytes at the end of `data` could be the beginning of a mark."""
    return next((n for n in range(min(len(_MARK) - 1, len(data)), 0, -1) if data.endswith(_MARK[:n])), 0)
