"""Time as the ports have it: from 2000, ticks of 30 bits, and days that pass in no time."""

import pytest
from onenet_tools.board import VirtualBoard

CHIPS = ["esp32", "esp32c3", "esp8266"]
DAY = 86400


@pytest.mark.parametrize("chip", CHIPS)
def test_ticks_start_at_the_reset_and_have_30_bits(chip: str) -> None:
    """MICROPY_PY_TIME_TICKS_PERIOD, py/mpconfig.h; extmod/modtime.c."""
    main = """
import time
print("started", time.ticks_ms() < 10000, time.ticks_us() < 10000000, time.time() < 10, time.gmtime(0)[0])
print(time.ticks_diff(5, 0x3FFFFFFF), time.ticks_add(0x3FFFFFFF, 2), time.ticks_diff(0x20000000, 0))
try:
    time.ticks_add(0, 0x20000000)
except OverflowError as error:
    print(error)
"""
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for("started True True True 2000\n6 1 -536870912\nticks interval overflow")


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("days", [3, 6.5, 13, 25])
def test_ticks_and_clock_jump_by_days(chip: str, days: float) -> None:
    """ticks_diff() is right within 6.2 days only."""
    main = """
import time
ticks, clock = time.ticks_ms(), time.time()
print("ready")
while time.time() - clock < 1000:
    time.sleep_ms(2)
print("jumped", time.ticks_diff(time.ticks_ms(), ticks), time.time() - clock, time.ticks_ms() < 2**30)
"""
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for("ready")
        board.skip(int(days * DAY))
        found = board.wait_for(r"jumped (-?\d+) (\d+) True")
        expected = (int(days * DAY) * 1000 + 2**29) % 2**30 - 2**29
        assert 0 <= int(found[1]) - expected < 60_000
        assert 0 <= int(found[2]) - days * DAY < 60


def test_a_jump_outlives_a_soft_reset_and_the_clock_that_is_set_after_it() -> None:
    main = """
import machine, time
print("year", time.gmtime()[0], "days", time.ticks_ms() // 86400000)
if time.gmtime()[0] == 2000:
    machine.RTC().datetime((2026, 7, 5, 6, 12, 30, 15, 0))
    print("set", time.gmtime()[:5])
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("^year 2000 days 0\nset (.*)\n(.*\n)*>>> ")
        board.skip(2 * DAY)
        board.send(b"time.gmtime()[:5]\r")
        board.wait_for(r"^\(2026, 7, 7, 12, 30\)")
        seen = len(board.log)
        board.send(b"\x04")
        board.wait_for("^year 2026 days 2", since=seen)
        seen = len(board.log)
        board.send(b"machine.RTC().datetime((2026, 1, 1, 0, 0, 0, 0, 0)) or time.gmtime()[:3]\r")
        board.wait_for(r"^\(2026, 1, 1\)", since=seen)
        board.power_cut()
        board.power_on()
        board.wait_for("^year 2000 days 0")


def test_esp8266_clock_goes_back_with_every_reset() -> None:
    """machine_rtc.c: the counter behind it starts at 0, and what to add to it is that of the run before."""
    main = "import time\nprint('clock', time.time())\n"
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wait_for(r"^clock \d+$")
        board.send(b"import machine\rmachine.RTC().datetime((2026, 7, 5, 6, 12, 30, 15, 7))\r")
        board.send(b"print('unit', machine.RTC().datetime()[7])\r")
        board.wait_for(r"^unit \d{1,3}$")  # milliseconds
        board.skip(10 * DAY)
        seen = len(board.log)
        board.send(b"machine.reset()\r")
        clock = int(board.wait_for(r"^clock (\d+)", since=seen)[1])
        assert 0 <= 836569815 - clock < 60  # from then on, as if there had been no days since


@pytest.mark.parametrize("chip", CHIPS)
def test_asyncio_keeps_its_own_time(chip: str) -> None:
    main = """
import asyncio, time
async def task():
    for _ in range(5):
        await asyncio.sleep_ms(5)
    return "done"
async def main():
    print(await asyncio.wait_for(task(), 5), await asyncio.gather(task(), task()))
asyncio.run(main())
"""
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for(r"^done \['done', 'done'\]")
