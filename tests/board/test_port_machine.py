"""machine as the ports have it: watchdogs, pins, RTC memory, clock rates."""

import time
from pathlib import Path

import pytest
from onenet_tools.board import PinMode, ResetCause, VirtualBoard
from onenet_tools.files import board_directory, board_modules
from port_programs import ONLINE

CHIPS = ["esp32", "esp32c3", "esp8266"]


def outcome(chip: str, *expressions: str) -> list[str]:
    """What each expression gives or raises on the board, where machine is imported."""
    main = "import machine\nfrom machine import *\nmachine.reset_cause()\n" + "".join(
        f"try:\n    print('=', {expression})\nexcept Exception as e:\n    print('=', type(e).__name__, e)\n"
        for expression in expressions
    )
    with VirtualBoard(chip=chip, files={"main.py": main + "print('end')\n"}) as board:
        board.wait_for("^end")
        return [line[2:] for line in board.log.splitlines() if line.startswith("= ")]


# Watchdog


def test_esp8266_wdt_raises_value_error_for_any_timeout_but_the_default() -> None:
    """ports/esp8266/machine_wdt.c: mp_machine_wdt_make_new_instance(); the error has no words."""
    assert (
        outcome("esp8266", "WDT(timeout=60000)", "WDT(timeout=4999)", "WDT(1)", "WDT(0, 10000)") == ["ValueError "] * 4
    )


def test_esp32_wdt_takes_any_period_but_none_at_all() -> None:
    assert outcome("esp32", "WDT(timeout=0)", "WDT(1)", "WDT(timeout=-5)") == [
        "ValueError WDT timeout too short",
        "ValueError ",
        "ValueError WDT timeout too short",
    ]


def test_esp8266_wdt_bites_after_1_6_to_3_2_seconds_whatever_is_asked_for() -> None:
    main = """
import machine, time
print("cause", machine.reset_cause())
if machine.reset_cause() == 0:
    machine.WDT(timeout=5000)
    time.sleep(30)
"""
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for("^cause 0")
        began = time.monotonic()
        assert board.wait_for_resets(2, timeout=30) is ResetCause.WDT
        assert time.monotonic() - began > 1.5
        board.wait_for("^cause 3$")  # REASON_SOFT_WDT_RST, for which there is no constant


@pytest.mark.parametrize("chip", CHIPS)
def test_wdt_survives_ctrl_c_and_ctrl_d(chip: str) -> None:
    main = """
import machine
if machine.reset_cause() in (0, 1) and not machine.RTC().memory():
    machine.RTC().memory(b"began")
    machine.WDT()
    print("armed")
    while True:
        pass
"""
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for("^armed")
        board.send(b"\x03\x04")
        board.wait_for("soft reboot")
        board.wait_for_resets(3, timeout=30)
        assert board.resets == [ResetCause.PWRON, ResetCause.SOFT, ResetCause.WDT]


@pytest.mark.parametrize(("chip", "asks"), [("esp32", "WDT(timeout=1000)"), ("esp8266", "WDT()")])
def test_a_lookup_that_blocks_does_not_feed_the_watchdog(chip: str, asks: str) -> None:
    """An ESP32's counts through it; that of an ESP8266 bites though the SDK goes on."""
    main = ONLINE + f"print('online')\ninput()\nfrom machine import WDT\n{asks}\nsocket.getaddrinfo('a.example', 1)\n"
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for("^online")
        board.dns.up = False
        board.send(b"\r")
        assert board.wait_for_resets(2, timeout=30) is ResetCause.WDT


# Reset causes


@pytest.mark.parametrize(
    ("chip", "numbers"), [("esp32", "1 2 3 4 5"), ("esp32c3", "1 2 3 4 5"), ("esp8266", "0 6 1 5 4")]
)
def test_the_constants_of_reset_causes(chip: str, numbers: str) -> None:
    constants = "PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET"
    assert outcome(chip, constants) == [numbers]


# Pins


def test_esp32_pins_34_to_39_can_only_be_inputs() -> None:
    """ports/esp32/machine_pin.c: GPIO_FIRST_NON_OUTPUT."""
    pins = range(34, 40)
    assert outcome("esp32", *(f"Pin({pin}, Pin.OUT)" for pin in pins)) == ["ValueError pin can only be input"] * 6
    assert outcome("esp32", *(f"Pin({pin}, Pin.IN)" for pin in pins)) == [f"Pin({pin})" for pin in pins]


@pytest.mark.parametrize(
    ("chip", "missing"),
    [
        ("esp32", [-1, 24, 28, 31, 40, 64]),
        ("esp32c3", [14, 17, 18, 19, 22, 34]),  # 18 and 19 are its USB
        ("esp8266", [-1, 6, 7, 8, 11, 17, 34]),  # 6 to 8 and 11 are the flash's
    ],
)
def test_pins_that_do_not_exist_raise(chip: str, missing: list[int]) -> None:
    """ports/esp32/machine_pin.h; ports/esp8266/machine_pin.c: pyb_pin_obj."""
    raised = outcome(chip, *(f"Pin({pin})" for pin in missing), "Pin('2')", "Pin(None)", "Pin(2.0)")
    assert raised == ["ValueError invalid pin"] * (len(missing) + 3)


@pytest.mark.parametrize(("chip", "pin"), [("esp32", 6), ("esp32", 11), ("esp32c3", 12)])
def test_taking_a_pin_of_the_flash_resets_the_chip(chip: str, pin: int) -> None:
    """The port takes the pin away from the flash, and there are no more instructions to be had."""
    main = f"import machine\nif machine.reset_cause() == 1:\n    machine.Pin({pin}, machine.Pin.IN)\nprint('main')\n"
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for("^main")
        assert board.resets == [ResetCause.PWRON, ResetCause.WDT]
        assert "rst:0x8" in board.log


def test_esp8266_pins_have_no_pull_down_and_16_has_no_pull_at_all() -> None:
    expected = {
        "hasattr(Pin, 'PULL_DOWN')": "False",
        "Pin(16, Pin.IN, Pin.PULL_UP)": "ValueError Pin(16) doesn't support pull",
        "Pin(16, Pin.IN)": "Pin(16)",
        "Pin(4, pull=Pin.PULL_UP)": "TypeError 'mode' argument required",
        "(Pin.IN, Pin.OUT, Pin.OPEN_DRAIN, Pin.PULL_UP)": "(0, 1, 2, 1)",
    }
    assert outcome("esp8266", *expected) == list(expected.values())


def test_esp8266_modes_are_seen_as_such() -> None:
    main = """
from machine import Pin
Pin(2, Pin.OUT, value=1)
Pin(4, Pin.IN, Pin.PULL_UP)
Pin(5, Pin.OPEN_DRAIN)
print("end")
"""
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for("end")
        assert [board.pins.mode(pin) for pin in (2, 4, 5)] == [PinMode.OUT, PinMode.IN, PinMode.OPEN_DRAIN]
        assert (board.pins[2], board.pins[4]) == (1, 1)


@pytest.mark.parametrize("chip", CHIPS)
def test_writing_to_an_input_does_nothing(chip: str) -> None:
    main = "from machine import Pin\np = Pin(4, Pin.IN)\np.on()\nprint('level', p.value())\n"
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for("^level 0$")


# The rest


@pytest.mark.parametrize(("chip", "size"), [("esp32", 2048), ("esp32c3", 2048), ("esp8266", 492)])
def test_rtc_memory_has_the_ports_size(chip: str, size: int) -> None:
    """MICROPY_HW_RTC_USER_MEM_MAX; ports/esp8266/machine_rtc.c: MEM_USER_MAXLEN."""
    assert outcome(chip, f"RTC().memory(bytes({size}))", f"RTC().memory(bytes({size + 1}))", "len(RTC().memory())") == [
        "None",
        "ValueError buffer too long",
        str(size),
    ]


def test_what_machine_has_on_one_port_only() -> None:
    questions = ("hasattr(RTC(), 'init')", "len(unique_id())", "freq(240000000)", "hasattr(machine, 'mem_backup')")
    assert outcome("esp32", *questions) == ["True", "6", "None", "False"]  # mem_backup came with 1.29
    assert outcome("esp8266", *questions) == [
        "False", "4", "ValueError frequency can only be either 80Mhz or 160MHz", "False",
    ]  # fmt: skip
    assert outcome("esp32c3", "freq(240000000)") == ["ValueError frequency must be 20MHz, 40MHz, 80Mhz or 160MHz"]


def test_esp32_threads_get_more_stack_than_the_ports_4_kilobytes() -> None:
    """ports/esp32/mpthreadport.c: MP_THREAD_DEFAULT_STACK_SIZE; a callback needs more."""
    main = """
import sys, _thread

class Thread:
    def __getattr__(self, name):
        return getattr(_thread, name)

    def stack_size(self, size):
        print("stack", size)

    def start_new_thread(self, function, arguments):
        print("starts")

sys.modules["_thread"] = Thread()
from mqtt.threaded import ThreadedClient
ThreadedClient("a", "1.2.3.4").loop_start()
"""
    files: dict[str, Path | str] = {name: board_directory() / name for name in board_modules()}
    with VirtualBoard(files={**files, "main.py": main}) as board:
        assert int(board.wait_for(r"^stack (\d+)\nstarts$")[1]) >= 16384
