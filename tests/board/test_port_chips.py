"""Each chip's own character: what sys, machine and a reset say."""

import pytest
from onenet_tools.board import BoardError, ResetCause, VirtualBoard

IDENTITY = """
import sys, machine
print(sys.platform + ":", sys.implementation._machine, sys.path, machine.reset_cause())
"""

MACHINES = {
    "esp32": "Generic ESP32 module with ESP32",
    "esp32c3": "ESP32C3 module with ESP32-C3",
    "esp8266": "ESP module with ESP8266",
}


@pytest.mark.parametrize("chip", MACHINES)
def test_sys_is_the_chips(chip: str) -> None:
    with VirtualBoard(chip=chip, files={"main.py": IDENTITY}) as board:
        platform = "esp8266" if chip == "esp8266" else "esp32"
        found = board.wait_for(r"^(\w+): (.*) (\[.*\]) (\d)$")
        assert found[1] == platform
        assert found[2] == MACHINES[chip]
        assert found[4] == ("0" if chip == "esp8266" else "1")


def test_an_unknown_chip_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(BoardError, match="no virtual esp33; choose one of esp32, esp32c3, esp8266"):
        VirtualBoard(chip="esp33")


# ports/esp32/modmachine.c and ports/esp8266/modmachine.c: mp_machine_reset_cause()
NUMBERS = {
    "esp32": {"reset": 2, "button": 1, "usb": 1, "soft": 5, "deepsleep": 4},
    "esp32c3": {"reset": 2, "button": 1, "usb": 0, "soft": 5, "deepsleep": 4},
    "esp8266": {"reset": 4, "button": 6, "usb": 6, "soft": 0, "deepsleep": 5},  # Ctrl-D changes nothing there
}


@pytest.mark.parametrize("way", ["reset", "button", "usb", "soft", "deepsleep"])
@pytest.mark.parametrize("chip", NUMBERS)
def test_reset_cause_has_the_ports_numbers(chip: str, way: str) -> None:
    with VirtualBoard(chip=chip, files={"main.py": "import machine\nprint('cause', machine.reset_cause())\n"}) as board:
        board.wake_wire = True
        board.wait_for(r"^>>> ")
        seen = len(board.log)
        if way == "button":
            board.reset_button()
        elif way == "usb":
            board.usb_reset()
        elif way == "soft":
            board.send(b"\x04")
        else:
            board.send(b"machine.reset()\r" if way == "reset" else b"machine.deepsleep(10)\r")
        assert int(board.wait_for(r"^cause (\d)", since=seen)[1]) == NUMBERS[chip][way]
        assert board.resets[0] is ResetCause.PWRON


@pytest.mark.parametrize(("chip", "kept"), [("esp32", False), ("esp32c3", False), ("esp8266", True)])
def test_the_reset_button_of_an_esp32_costs_clock_and_rtc_memory(chip: str, kept: bool) -> None:
    """EN switches an ESP32 off; RST of an ESP8266 leaves the memory of its RTC alone."""
    main = "import machine\nprint('memory', machine.RTC().memory())\nmachine.RTC().memory(b'kept')\nprint('ready')\n"
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for("ready")
        seen = len(board.log)
        board.reset_button()
        board.wait_for(r"memory b'kept'" if kept else r"memory b''", since=seen)
