"""machine.UART: at the other end of a line are the surroundings. UART(0) is the console's, with nothing to read."""

import io
import sys
import time

import _host
from _peripherals import pin_id

_REPL = 0


class UART(io.IOBase):
    """ports/esp32/machine_uart.c: lines 0 to 2 (0 and 1 on a C3). ports/esp8266/machine_uart.c: 0, and 1 without input;
    tx and rx are pins 1 and 3, or 15 and 13, there."""

    INV_TX = 32
    INV_RX = 4

    def __init__(self, id, *arguments, **settings):
        if not 0 <= id < (3 if _host.chip == "esp32" else 2):
            raise ValueError(f"UART({id}) does not exist")
        self._id = id
        self._timeout = 0
        self.init(*arguments, **settings)

    def init(self, baudrate=115200, bits=8, parity=None, stop=1, *, tx=None, rx=None, timeout=0, **others):
        if bits not in (0, 5, 6, 7, 8):
            raise ValueError("invalid data bits")
        if stop not in (0, 1, 2):
            raise ValueError("invalid stop bits")
        pins = tuple(None if pin is None else pin_id(pin) for pin in (tx, rx))
        if _host.chip == "esp8266" and pins not in ((None, None), (1, None), (None, 3), (1, 3), (15, 13)):
            raise ValueError("invalid tx/rx")
        for name in others:
            if _host.chip == "esp8266" and name not in ("rxbuf", "timeout_char"):
                raise TypeError("extra keyword arguments given")
        self._timeout = timeout

    def deinit(self):
        pass

    def any(self):
        return 0 if self._id == _REPL else _host.ask("uart_any", line=self._id)

    def read(self, count=-1):
        if self._id == 1 and _host.chip == "esp8266":
            raise OSError("UART(1) can't read")
        until = time.ticks_add(time.ticks_ms(), self._timeout)
        while not self.any():
            if time.ticks_diff(until, time.ticks_ms()) <= 0:
                return None
            time.sleep_ms(1)
        return bytes(_host.ask("uart_read", line=self._id, count=count))

    def readinto(self, buf, count=-1):
        data = self.read(len(buf) if count < 0 else min(count, len(buf)))
        if data is not None:
            buf[: len(data)] = data
            return len(data)

    def readline(self):
        line = b""
        while not line.endswith(b"\n"):
            more = self.read(1)
            if more is None:
                return line or None
            line += more
        return line

    def write(self, buf):
        if self._id == _REPL:
            return sys.stdout.buffer.write(buf)
        _host.ask("uart_write", line=self._id, written=list(bytes(buf)))
        return len(buf)

    def flush(self):
        pass

    def txdone(self):
        return True

    def ioctl(self, request, argument):
        if request == 3:  # poll: readable, writable
            return argument & (4 | (1 if self.any() else 0))
        return -1
