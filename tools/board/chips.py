"""The chips a virtual board can be: what differs between their ports of MicroPython, as far as the host side plays it.

What the program on the board sees of it is in `shims/_port_NAME.py`. Each value is the port's own; the C file it comes
from stands beside it, named as in MicroPython's sources.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import BoardError
from .state import ResetCause

_POWERED_DOWN = frozenset({ResetCause.BUTTON, ResetCause.USB})  # ESP32: EN switches all of the chip off

_ESP32_RESETS = {  # ports/esp32/modmachine.c: mp_machine_reset_cause(), by what esp_reset_reason() says
    ResetCause.PWRON: 1,
    ResetCause.BUTTON: 1,  # ESP-IDF reports the EN pin as power-on: "For ESP32, ESP_RST_EXT is never returned"
    ResetCause.HARD: 2,
    ResetCause.PANIC: 2,
    ResetCause.WDT: 3,
    ResetCause.DEEPSLEEP: 4,
    ResetCause.SOFT: 5,
    ResetCause.USB: 1,  # a USB-serial chip pulls EN, as the button does
}


@dataclass(frozen=True)
class Chip:
    """One kind of chip, with the official image of MicroPython for it."""

    name: str
    resets: Mapping[ResetCause, int]
    """What machine.reset_cause() says. A cause that is missing leaves the number as it was."""
    forgetful: frozenset[ResetCause]
    """The resets that cost the clock and the RTC memory, besides a power cut."""
    backward: frozenset[ResetCause]
    """The resets that set the clock back to when the run before them began."""
    flash_size: int
    """Bytes of file system."""
    rom_size: int
    """Bytes of the partition for ROMFS, 0 where there is none."""
    heap: str = "400K"
    """Of MicroPython, twice as much as on the chip, since objects of 64 bits are twice as large: 56,000 bytes, and the
    144 KB that ESP-IDF has to give when these are full (py/gc.c: gc_try_add_heap())."""
    unreachable: int = 118
    """EHOSTUNREACH, in newlib's numbers or in those of py/mperrno.h."""
    slow: float = -0.003
    """By what part the chip's timer is off in deep sleep, below 0 where it wakes too early. Its clock does not notice:
    it counts by the same oscillator. It moves with the chip and the temperature: an ESP32 wakes 9 to 12 s an hour early
    (OpenDisplay/Firmware #42, esp-idf #6030), an ESP8266 18 s in five minutes (esphome #1774, esp8266/Arduino
    #3867)."""
    threshold: int = 0
    """Of gc.threshold(), where there is little heap: then it takes MicroPython for 32 bits, see small_heap.py."""
    wakes: bool = True
    """Whether it wakes by itself from deep sleep. The timer of an ESP8266 only pulls GPIO16 down, which has to be wired
    to RST (docs/esp8266/tutorial/powerctrl.rst): few boards are."""


CHIPS = {
    chip.name: chip
    for chip in (
        Chip("esp32", _ESP32_RESETS, _POWERED_DOWN, frozenset(), 2 * 1024 * 1024, 0),
        # Its USB is part of the chip, and ESP_RST_USB is none of the reasons that modmachine.c knows.
        Chip(
            "esp32c3",
            {**_ESP32_RESETS, ResetCause.USB: 0},
            _POWERED_DOWN - {ResetCause.USB},
            frozenset(),
            2 * 1024 * 1024,
            0,
        ),
        Chip(
            "esp8266",
            {  # ports/esp8266/modmachine.c: the SDK's rst_info; Ctrl-D does not change it
                ResetCause.PWRON: 0,  # REASON_DEFAULT_RST
                ResetCause.PANIC: 2,  # REASON_EXCEPTION_RST
                ResetCause.WDT: 3,  # REASON_SOFT_WDT_RST
                ResetCause.HARD: 4,  # REASON_SOFT_RESTART, which is what machine.reset() does
                ResetCause.DEEPSLEEP: 5,  # REASON_DEEP_SLEEP_AWAKE
                ResetCause.BUTTON: 6,  # REASON_EXT_SYS_RST
                ResetCause.USB: 6,
            },
            frozenset(),
            # machine_rtc.c keeps what to add to a counter that every reset sets to 0; before deep sleep it adds that up
            frozenset({ResetCause.PANIC, ResetCause.WDT, ResetCause.HARD, ResetCause.BUTTON, ResetCause.USB}),
            # FLASH_2M_ROMFS: the file system is the second megabyte less five sectors (modules/flashbdev.py), ROMFS is
            # 320 KiB at 0xB0000
            1024 * 1024 - 5 * 4096,
            320 * 1024,
            "2M",  # has to hold the flash that is mapped on the chip; the chip's 36 KB are those of another interpreter
            113,
            -0.05,
            threshold=9_600,  # modules/_boot.py: a quarter of the heap
            wakes=False,
        ),
    )
}


def chip_named(name: str) -> Chip:
    """Raises BoardError, with the names there are."""
    try:
        return CHIPS[name]
    except KeyError:
        raise BoardError(f"there is no virtual {name}; choose one of {', '.join(CHIPS)}") from None
