"""The board's two wires to the process that plays its surroundings.

The *state block* is a small file both sides have open: the surroundings write what the board can sense (Wi-Fi status,
pin levels), the board writes what can be seen of it (pin levels, watchdog feeds). Reading or writing it is a seek and a
read(2) into a buffer of the caller's, so it allocates nothing and may be done in a program's inner loop.

The *control wire* carries rare questions and their answers, one JSON object a line.
Offsets and sizes are those of `state.py` on the other side.
"""

import builtins
import io
import json
import socket  # the interpreter's own, for shims
import sys
import vfs

STATUS = 0
STA_ACTIVE = 2
RSSI = 3
RESET_CAUSE = 4
WAKE_REASON = 6
FEEDS = 8
UNIQUE_ID = 16
CONNECTED = 24
HAS_ADDRESS = 25
WRITE_ERROR = 26
JUMP = 28
FLASH_FAILS = 44
PIN_LEVEL = 64
PIN_MODE = 128
ADC_LEVEL = 192
RTC_LENGTH = 320
RTC_MEMORY = 322
RTC_SIZE = 2048
PIN_DRIVEN = 2432
PINS = 64
MODES = (1, 3, 7)  # IN, OUT, OPEN_DRAIN, as state.py has them

chip = "esp32"  # set at the start
port = None  # the module of the chip's port
shims = None  # the file system with this file in it, for load()

_SHIMS = ["/_shims"]  # where they are while one is loaded

_BOOT = b'{"ask": "boot", "serial": 0}\n'
_NUDGE = b'{"ask": "nothing", "serial": 0}\n'

_state = None
_control = None
_serial = 0
_asking = []  # numbers of the questions that wait for an answer
_answers = {}  # to questions that a callback of the program has interrupted


def attach(state_fd, control_fd):
    """Open both wires; called once, before anything else of the board is used."""
    global _state, _control
    _state = open(state_fd, "r+b")
    _control = open(control_fd, "r+b")


def tell_boot():
    """From now on Ctrl-C interrupts. No answer is waited for, and nothing taken from the heap."""
    _control.write(_BOOT)


def peek(offset, buffer):
    """Fill `buffer` with what the state block holds at `offset`."""
    before = _state.tell()  # a callback of the program may come between any two lines here, and do the same
    _state.seek(offset)
    _state.readinto(buffer)
    _state.seek(before)


def poke(offset, buffer):
    """Write `buffer` into the state block at `offset`."""
    before = _state.tell()
    _state.seek(offset)
    _state.write(buffer)
    _state.seek(before)


def ask(question, **details):
    """Ask the surroundings something and return the answer.

    Raises what the real function would, as the surroundings say.
    """
    global _serial
    _serial += 1
    serial = _serial  # an interrupted question leaves its answer in the wire; the number tells it from ours
    details["ask"] = question
    details["serial"] = serial
    line = (json.dumps(details) + "\n").encode()
    _asking.append(serial)
    try:
        _control.write(line)
        while serial not in _answers:
            line = _control.readline()
            if not line:
                raise OSError(5)  # the surroundings are gone, and so is the board in a moment
            try:
                reply = json.loads(line)
            except ValueError:  # the rest of a line whose beginning an interrupted question has read
                continue
            if reply["serial"] in _asking:
                _answers[reply["serial"]] = reply
        reply = _answers.pop(serial)
    finally:
        _asking.remove(serial)
        _answers.pop(serial, None)
        if _answers:  # whom we have interrupted may be about to wait for the line that we have read
            _control.write(_NUDGE)
    if "raises" in reply:
        kind, argument = reply["raises"]
        raise getattr(builtins, kind)() if argument is None else getattr(builtins, kind)(argument)
    return reply["answer"]


def load(name):
    """Import the shim `name`, one of those that are not there from the start, because most programs do without."""
    found = sys.modules.get(name)
    if found:
        return found
    path = sys.path[:]
    if path == _SHIMS:  # one shim loads another
        return __import__(name)
    vfs.mount(shims, _SHIMS[0])
    sys.path[:] = _SHIMS
    try:
        return __import__(name)
    finally:
        sys.path[:] = path
        vfs.umount(_SHIMS[0])


def vanish(question, **details):
    """Ask for something that ends this process, a reset say, and wait for the end."""
    while True:
        try:
            ask(question, **details)
        except KeyboardInterrupt:  # a reset cannot be interrupted
            pass


def print_exception(error):
    """Print a traceback as a board does: without shims, which are not there on a board."""
    try:
        text = io.StringIO()
        sys.print_exception(error, text)
        for line in text.getvalue().split("\n"):
            if line and "/shims/" not in line and 'File "_' not in line:
                print(line)
    except MemoryError:  # a board needs none for this
        sys.print_exception(error)
