"""The state block: what the board's program can sense and show, shared with its interpreter.

An unlinked temporary file that both sides have open. The host side maps it, the interpreter seeks and reads, which
allocates nothing there. The offsets are those of `shims/_host.py`.
"""

import mmap
import struct
import tempfile
from collections.abc import Callable, Iterator
from enum import IntEnum

_SIZE = 4096
_STATUS = 0
_STA_ACTIVE = 2
_RSSI = 3
_RESET_CAUSE = 4
_TEMPERATURE = 5
_WAKE_REASON = 6
_FEEDS = 8
_UNIQUE_ID = 16
_CONNECTED = 24
_HAS_ADDRESS = 25
_WRITE_ERROR = 26
_JUMP = 28
_HEAP_ASKED = 40
_FLASH_FAILS = 44
_PIN_LEVEL = 64
_PIN_MODE = 128
_ADC_LEVEL = 192
_RTC = 320
_RTC_END = _RTC + 2 + 2048
_PIN_DRIVEN = 2432
PINS = 64


class ResetCause(IntEnum):
    """Why a board starts. What machine.reset_cause() makes of it is its chip's: see chips.py."""

    PWRON = 1
    HARD = 2
    """machine.reset()."""
    WDT = 3
    DEEPSLEEP = 4
    SOFT = 5
    """Ctrl-D, or machine.soft_reset()."""
    BUTTON = 6
    """The reset button, or a tool that pulls the line."""
    USB = 7
    """A tool that resets over USB."""
    PANIC = 8
    """The chip's own fatal exception."""


class PinMode(IntEnum):
    """What the program has made of a pin."""

    UNUSED = 0
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7


class State:
    """The block itself, as the host side reads and writes it."""

    def __init__(self, unique_id: bytes) -> None:
        if len(unique_id) != 6:
            raise ValueError(f"unique_id must be 6 bytes, not {len(unique_id)}")
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, close() does it
        self._file.truncate(_SIZE)
        self._map = mmap.mmap(self._file.fileno(), _SIZE)
        self._map[_UNIQUE_ID : _UNIQUE_ID + 6] = unique_id

    @property
    def unique_id(self) -> bytes:
        return self._map[_UNIQUE_ID : _UNIQUE_ID + 6]

    def fileno(self) -> int:
        """Descriptor to hand to the interpreter; nobody else may seek in it."""
        return self._file.fileno()

    def close(self) -> None:
        self._map.close()
        self._file.close()

    def clear_rtc_memory(self) -> None:
        """Forget what only power keeps."""
        self._map[_RTC:_RTC_END] = bytes(_RTC_END - _RTC)

    def clear_pins(self) -> None:
        """Back to floating inputs that read 0 where the program drove or pulled them; levels a test has set on inputs
        stay."""
        for pin in range(PINS):
            driven = self._map[_PIN_DRIVEN + pin]
            if not driven or self._map[_PIN_MODE + pin] in (PinMode.OUT, PinMode.OPEN_DRAIN):
                self._map[_PIN_LEVEL + pin] = 0
            self._map[_PIN_MODE + pin] = 0

    def set_reset_cause(self, number: int) -> None:
        self._map[_RESET_CAUSE] = number

    def set_wake_reason(self, number: int) -> None:
        self._map[_WAKE_REASON] = number

    def set_wifi(self, status: int, active: bool, rssi: int, connected: bool, has_address: bool) -> None:
        self._put(_STATUS, "<HBb", status, active, rssi)
        self._put(_CONNECTED, "<BB", connected, has_address)

    def set_jump(self, ticks_us: int, seconds: int) -> None:
        """What to add to the host's monotonic microseconds to get the board's ticks, and to the board's clock."""
        self._put(_JUMP, "<iiI", _wrapped(ticks_us // 1000), _wrapped(ticks_us), seconds)

    def trouble_writes(self, error: int, seconds: float) -> None:
        """What a write to a socket raises, 0 for nothing, and how long it blocks, to a tenth of a second."""
        self._put(_WRITE_ERROR, "<BB", error, round(seconds * 10))

    def fail_flash(self, reads: int, writes: int) -> None:
        """Every so many a read, and a write, of the file system's flash fails; 0 for none."""
        self._put(_FLASH_FAILS, "<BB", reads, writes)

    def ask_for_heap(self) -> int:
        """Has the program's next look at its ticks tell how the heap is; returns which time this is."""
        times = int(struct.unpack_from("<i", self._map, _HEAP_ASKED)[0]) + 1
        self._put(_HEAP_ASKED, "<i", times)
        return times

    def set_temperature(self, celsius: int) -> None:
        self._put(_TEMPERATURE, "<b", celsius)

    def _put(self, offset: int, layout: str, *values: int) -> None:
        # Not by struct.pack_into(), which clears the place first: the program would see that now and then.
        data = struct.pack(layout, *values)
        self._map[offset : offset + len(data)] = data

    def feeds(self) -> int:
        """A number that changes with every WDT.feed()."""
        return int(struct.unpack_from("<I", self._map, _FEEDS)[0])


class Pins:
    """The board's pins as a test sees them: `pins[2]` is the level of pin 2, `pins[4] = 1` pulls pin 4 up, stronger
    than the program's own resistors, `pins[0] = 0` holds a button down."""

    def __init__(self, state: State) -> None:
        self._map = state._map
        self.on_change: Callable[[int, int], None] = lambda pin, level: None

    def __getitem__(self, pin: int) -> int:
        return self._map[_PIN_LEVEL + _checked(pin)]

    def __setitem__(self, pin: int, level: int) -> None:
        before, level = self[pin], 1 if level else 0
        self._map[_PIN_LEVEL + pin] = level
        self._map[_PIN_DRIVEN + pin] = 1
        if level != before:
            self.on_change(pin, level)

    def __len__(self) -> int:
        return PINS

    def __iter__(self) -> Iterator[int]:
        return iter(self._map[_PIN_LEVEL : _PIN_LEVEL + PINS])

    def mode(self, pin: int) -> PinMode:
        return PinMode(self._map[_PIN_MODE + _checked(pin)])


class Analog:
    """Levels at the analogue inputs: `adc[34] = 32768` is half of full scale."""

    def __init__(self, state: State) -> None:
        self._map = state._map

    def __getitem__(self, pin: int) -> int:
        return int(struct.unpack_from("<H", self._map, _ADC_LEVEL + 2 * _checked(pin))[0])

    def __setitem__(self, pin: int, level: int) -> None:
        if not 0 <= level <= 65535:
            raise ValueError(f"level must be 0 to 65535, not {level}")
        offset = _ADC_LEVEL + 2 * _checked(pin)
        self._map[offset : offset + 2] = struct.pack("<H", level)


def _wrapped(ticks: int) -> int:
    """Modulo 2**30, as near to 0 as can be."""
    return (ticks + 2**29) % 2**30 - 2**29


def _checked(pin: int) -> int:
    if not 0 <= pin < PINS:
        raise IndexError(f"there is no pin {pin}, only 0 to {PINS - 1}")
    return pin
