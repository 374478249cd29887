"""Resets, their causes, the watchdog, and what survives which of them."""

import time

import pytest
from onenet_tools.board import BoardError, ResetCause, VirtualBoard

REPORT = """
import machine, time
print("cause", machine.reset_cause(), "memory", machine.RTC().memory(), "year", time.gmtime()[0])
"""


def test_reset_causes() -> None:
    main = (
        REPORT
        + """
steps = len(machine.RTC().memory())
machine.RTC().memory(b"x" * (steps + 1))
if steps == 0:
    machine.reset()
if steps == 1:
    machine.deepsleep(50)
if steps == 2:
    machine.WDT(timeout=100)
    while True:
        pass
if steps == 3:
    machine.soft_reset()
print("ready")
"""
    )
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("ready")
        causes = [ResetCause.PWRON, ResetCause.HARD, ResetCause.DEEPSLEEP, ResetCause.WDT, ResetCause.SOFT]
        assert board.resets == causes
        assert [int(line.split()[1]) for line in board.log.splitlines() if line.startswith("cause")] == causes


def test_the_constants_are_those_of_an_esp32() -> None:
    main = "import machine as m\nprint(m.PWRON_RESET, m.HARD_RESET, m.WDT_RESET, m.DEEPSLEEP_RESET, m.SOFT_RESET)"
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for(r"^1 2 3 4 5$")


def test_a_power_cut_loses_rtc_memory_and_clock() -> None:
    main = (
        REPORT + "machine.RTC().memory(b'kept')\nmachine.RTC().datetime((2026, 7, 5, 6, 12, 0, 0, 0))\nprint('ready')\n"
    )
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for(r"memory b'' year 2000(.*\n)*ready")
        seen = len(board.log)
        board.send(b"import machine\rmachine.reset()\r")
        board.wait_for(r"memory b'kept' year 2026(.*\n)*ready", since=seen)
        board.power_cut()
        board.power_on()
        board.wait_for(r"cause 1 memory b'' year 2000")


def test_a_fed_watchdog_does_not_bite_and_an_unfed_one_bites_in_its_own_time() -> None:
    main = """
import machine, time
if machine.reset_cause() == machine.WDT_RESET:
    print("bitten")
else:
    dog = machine.WDT(timeout=800)
    for _ in range(40):
        dog.feed()
        time.sleep_ms(25)
    print("fed")
    try:
        while True:
            try:
                time.sleep(1)
            except BaseException:
                pass
    finally:
        print("the program saw its end")
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("bitten")
        assert "fed" in board.log
        assert "the program saw its end" not in board.log
        assert board.resets == [ResetCause.PWRON, ResetCause.WDT]


def test_ctrl_c_does_not_stop_the_watchdog() -> None:
    main = "import machine\nif machine.reset_cause() != 3: machine.WDT(timeout=300)\nprint('main')\nwhile True: pass\n"
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("main")
        board.send(b"\x03\x04")
        assert board.wait_for_resets(2) in (ResetCause.SOFT, ResetCause.WDT)
        board.wait_for_resets(3 if board.resets[1] is ResetCause.SOFT else 2)
        assert ResetCause.WDT in board.resets


def test_the_button_wakes_a_board_that_sleeps_for_good() -> None:
    main = "import machine\nprint('cause', machine.reset_cause())\nif machine.reset_cause() == 1: machine.deepsleep()\n"
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("cause 1")
        deadline = time.monotonic() + 10
        while board.pid is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert board.pid is None
        seen = len(board.log)
        board.reset_button()
        board.wait_for("cause 1", since=seen)


def test_a_board_that_is_off_has_no_button_and_one_that_is_on_no_second_power_on() -> None:
    with VirtualBoard() as board:
        with pytest.raises(BoardError, match="on already"):
            board.power_on()
        board.power_cut()
        assert not board.powered
        with pytest.raises(BoardError, match="is off"):
            board.reset_button()
