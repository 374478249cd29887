"""The prompt of a board whose interpreter has none for tools: shared/runtime/pyexec.c, as mpremote knows it.

Raw REPL with raw paste, and a friendly one that does for a person what is needed here: it edits no line and keeps no
history. What a board's raw REPL keeps on its heap while it reads is on the heap here, too: the text of what is to run,
but with raw paste, which there goes to the compiler as it comes, and waits outside the heap here.
"""

import builtins
import gc
import sys
from micropython import kbd_intr

import _host

_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D, _CTRL_E = 1, 2, 3, 4, 5
_WINDOW = 128  # bytes; half of MICROPY_REPL_STDIN_BUFFER_MAX
_MOST = 65536  # bytes of raw paste

_compile = compile  # which the port does not have
_write = sys.stdout.write
_byte = bytearray(1)
_scratch = None


def prepare():
    """Takes memory outside the heap, by the interpreter's own ffi, and gives programs their input()."""
    global _scratch
    import ffi
    import uctypes

    at = ffi.open("libc.so.6").func("P", "mmap", "Piiiil")(None, _MOST, 3, 0x22, -1, 0)
    _scratch = memoryview(uctypes.bytearray_at(at & 0xFFFFFFFF, _MOST))
    builtins.input = ask


def ask(prompt=""):
    """input(), whose own here waits for a line feed, which no serial line sends."""
    _write(prompt)
    line = bytearray()
    while True:
        c = _read()
        if c in b"\r\n":
            _write("\r\n")
            return line.decode()
        line.append(c)
        sys.stdout.buffer.write(_byte)


def run(banner):
    """Never returns. At Ctrl-D it asks for a soft reset."""
    friendly = True
    while True:
        try:
            _at_prompt()
            if friendly:
                _friendly(banner)
            else:
                _raw()
            friendly = not friendly
        except KeyboardInterrupt:  # in the moment between a program and the prompt
            pass


def _at_prompt():
    kbd_intr(-1)
    _write("\x1b_board:text\x1b\\")  # kbd_intr(-1) is also what mpremote says before binary data


def _read():
    while not sys.stdin.buffer.readinto(_byte):
        pass
    return _byte[0]


def _friendly(banner):
    """Returns at Ctrl-A."""
    _write("\r\n" + banner + '\r\nType "help()" for more information.\r\n>>> ')
    line = bytearray()
    block = ""
    while True:
        c = _read()
        if c == _CTRL_A:
            return
        if c == _CTRL_D and not line and not block:
            _write("\r\n")
            _host.vanish("soft_reset")
        elif c == _CTRL_B:
            _write("\r\n" + banner + '\r\nType "help()" for more information.\r\n>>> ')
        elif c == _CTRL_C:
            _write("\r\n>>> ")
            line, block = bytearray(), ""
        elif c in b"\r\n":
            _write("\r\n")
            text, line = bytes(line).decode(), bytearray()
            if block or text.rstrip().endswith(":"):
                block += text + "\n"
                if text:
                    _write("... ")
                    continue
                text, block = block, ""
            if text.strip():
                _execute(text, True)
            _write(">>> ")
        elif c in b"\x08\x7f":
            if line:
                line = line[:-1]
                _write("\x08 \x08")
        elif c >= 32 or c == 9:
            line.append(c)
            sys.stdout.buffer.write(_byte)


def _raw():
    """Returns at Ctrl-B."""
    _write("raw REPL; CTRL-B to exit\r\n>")
    line = bytearray()
    while True:
        c = _read()
        if c == _CTRL_A:
            if len(line) == 2 and line[0] == _CTRL_E:
                _paste(line[1])
                _write(">")
            else:
                _write("raw REPL; CTRL-B to exit\r\n>")
            line = bytearray()
        elif c == _CTRL_B:
            _write("\r\n")
            return
        elif c == _CTRL_C:
            line = bytearray()
        elif c != _CTRL_D:
            line.append(c)
        else:
            _write("OK")
            if not line:
                _write("\r\n")
                _host.vanish("soft_reset")
            _execute(line, False)
            line = bytearray()
            _write(">")


def _paste(command):
    if command != 65:  # "A"
        _write("R\x00")
        return
    _write("R\x01")
    sys.stdout.buffer.write(bytes((_WINDOW, 0, 1)))
    n = 0
    while True:
        c = _read()
        if c == _CTRL_D:
            break
        if c == _CTRL_C:
            _write("\x04\x04\r\nKeyboardInterrupt: \r\n\x04")
            return
        if n < _MOST:
            _scratch[n] = c
        n += 1
        if n % _WINDOW == 0:
            _write("\x01")
    _write("\x04")
    if n > _MOST:
        _write("\x04MemoryError: \r\n\x04")
    else:
        _execute(_scratch[:n], False)


def _execute(text, friendly):
    """Runs it in __main__, where Ctrl-C interrupts it, and says how it ended as its kind of prompt does."""
    import __main__

    if not friendly:
        text = text if isinstance(text, memoryview) else memoryview(text)
    end = "" if friendly else "\x04"
    try:
        try:
            kbd_intr(3)
            _run(text, __main__.__dict__, friendly)
        finally:
            _at_prompt()
        _write(end)
    except SystemExit:
        _write(end + end)
        _host.vanish("soft_reset")
    except BaseException as error:
        _write(end)
        _host.print_exception(error)
    _write(end)
    gc.collect()


def _run(text, names, friendly):
    exec(_compile(text, "<stdin>", "single") if friendly else text, names)
