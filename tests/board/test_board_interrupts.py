"""Timer and Pin.irq on the virtual board: they interrupt the program, wherever it is."""

import pytest
from onenet_tools.board import VirtualBoard

BUSY = """
from machine import Timer
count = 0
def tick(timer):
    global count
    count += 1
timer = Timer(-1)
timer.init(period=5, mode=Timer.PERIODIC, callback=tick)
loops = 0
while count < 20:  # nothing here asks for callbacks
    loops += 1
timer.deinit()
last = count
for _ in range(200000):
    pass
print("ticks", count - last <= 1)
once = Timer(-1)
once.init(period=5, mode=Timer.ONE_SHOT, callback=tick)
import time
start = time.ticks_ms()
before = count
time.sleep(0.3)  # one second of it in the interpreter's own sleep() would hold the callback back
print("slept", count - before)
print("done")
"""


@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
def test_a_timer_interrupts_a_program_that_never_waits(chip: str) -> None:
    with VirtualBoard(files={"main.py": BUSY}, chip=chip) as board:
        board.wait_for("^done$", 30)
        assert board.log.splitlines()[:2] == ["ticks True", "slept 1"]


def test_a_timer_interrupts_a_program_that_waits_in_poll() -> None:
    main = """
import select, sys, time
from machine import Timer
keys = select.poll()
keys.register(sys.stdin, select.POLLIN)
count = 0
def tick(timer):
    global count
    count += 1
Timer(0).init(period=50, callback=tick)
for _ in keys.ipoll(3000):
    pass
print("ticks", count > 1, "soon" if count > 9 else "late")
print("done")
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("^done$", 30)
        assert "ticks True soon" in board.log


def test_timers_are_those_of_the_chip() -> None:
    main = """
from machine import Timer
for text in ("Timer(0)", "Timer(4)", "Timer()", "Timer(-1, period=1000)", "Timer(-1).init(hard=True)"):
    try:
        eval(text)
        print(text)
    except Exception as error:
        print(type(error).__name__, error)
print(Timer(0) is Timer(0))
print("done")
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("^done$")
        assert board.log.splitlines()[:6] == [
            "Timer(0)", "ValueError Timer(4) doesn't exist, there are only 4 hardware timers", "Timer()",
            "Timer(-1, period=1000)", "ValueError hard Timers are not implemented", "True",
        ]  # fmt: skip
    with VirtualBoard(files={"main.py": main}, chip="esp8266") as board:
        board.wait_for("^done$")
        lines = [line.split(",")[0] for line in board.log.splitlines()[:6]]
        assert lines == [
            "Timer(0)", "Timer(4)", "TypeError function takes 1 positional arguments but 0 were given",
            "TypeError function takes 1 positional arguments but 1 were given", "Timer(-1).init(hard=True)", "False",
        ]  # fmt: skip


def test_a_callback_that_raises_is_printed_and_the_program_goes_on() -> None:
    main = "from machine import Timer\nTimer(0).init(mode=0, period=1, callback=lambda t: 1 / 0)\n"
    main += "import time\ntime.sleep(0.2)\nprint('done')"
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("^done$")
        assert board.log.count("ZeroDivisionError") == 1


QUEUE = """
import time
from machine import Timer
count = 0
fast, slow = Timer(0), Timer(1)
def tick(timer):
    global count
    count += 1
def wait(timer):
    time.sleep_ms(150)  # callbacks do not interrupt each other
    fast.deinit()
    time.sleep_ms(50)
    print("before", count)
fast.init(period=2, callback=tick)
slow.init(mode=Timer.ONE_SHOT, period=50, callback=wait)
time.sleep(0.5)
print("then", count)
"""


def test_timers_that_fire_once_are_free_to_go() -> None:
    main = """
import time
from machine import Timer
count = 0
def again(timer):
    global count
    count += 1
    if count < 300:
        Timer(-1).init(mode=Timer.ONE_SHOT, period=1, callback=again)
again(None)
while count < 300:
    time.sleep_ms(1)
print("done")
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("^done$", 30)


@pytest.mark.parametrize(("chip", "depth"), [("esp32", 8), ("esp8266", 4)])
def test_as_many_callbacks_wait_as_the_port_has_room_for_and_more_are_lost(chip: str, depth: int) -> None:
    with VirtualBoard(files={"main.py": QUEUE}, chip=chip) as board:
        before = int(board.wait_for(r"^before (\d+)$")[1])
        assert int(board.wait_for(r"^then (\d+)$")[1]) == before + depth


def test_a_hard_callback_of_the_esp8266_may_not_allocate() -> None:
    main = "from machine import Timer\nTimer(0).init(period=20, hard=True, callback=lambda t: bytearray(100))\n"
    main += "import time\ntime.sleep(0.3)\nprint('done')"
    with VirtualBoard(files={"main.py": main}, chip="esp8266") as board:
        board.wait_for("^done$")
        assert "uncaught exception in timer callback\nTraceback" in board.log
        assert "MemoryError" in board.log


BUTTON = """
from machine import Pin
count = 0
def pressed(pin):
    global count
    count += 1
    print("pressed", pin, pin.value(), count)
button = Pin(4, Pin.IN, Pin.PULL_UP)
irq = button.irq(pressed, Pin.IRQ_FALLING)
print("ready", irq.trigger())
while True:
    pass
"""


def test_a_button_interrupts_the_program() -> None:
    with VirtualBoard(files={"main.py": BUTTON}) as board:
        board.wait_for("^ready 2")
        for press in range(1, 4):
            board.pins[4] = 0
            board.wait_for(rf"^pressed Pin\(4\) 0 {press}$")
            board.pins[4] = 1
        assert board.log.count("pressed") == 3


def test_interrupts_end_with_a_soft_reset() -> None:
    with VirtualBoard(files={"main.py": BUTTON}) as board:
        board.wait_for("^ready")
        board.send(b"\x03")
        board.wait_for(">>> ")
        board.send(b"import os; os.rename('main.py', 'old.py')\r\x04")
        board.wait_for("soft reboot[^$]*>>> ")
        board.pins[4] = 0
        board.send(b"print(6 * 7)\r")
        board.wait_for("^42")
        assert "pressed" not in board.log


def test_pin_interrupts_are_refused_as_the_esp8266_does() -> None:
    main = (
        "from machine import Pin\nfor n, hard in ((16, 0), (5, 1)):\n    try:\n        Pin(n).irq(print, hard=hard)\n"
    )
    main += "    except Exception as error:\n        print(type(error).__name__, error)\nprint('done')"
    with VirtualBoard(files={"main.py": main}, chip="esp8266") as board:
        board.wait_for("^done$")
        assert board.log.startswith("OSError pin does not have IRQ capabilities\nValueError hard IRQ not supported\n")


def test_a_callback_may_use_the_board_between_any_two_steps_of_the_program() -> None:
    """Both ask the surroundings and read and write pins; no answer and no byte goes to the other."""
    main = """
import network
from machine import Pin, SoftI2C, Timer
lamp, other = Pin(2, Pin.OUT), Pin(5, Pin.OUT, value=1)
bus = SoftI2C(Pin(22), Pin(21))
count = wrong = 0
def tick(timer):
    global count, wrong
    count += 1
    lamp.toggle()
    wrong += bus.readfrom_mem(0x20, 3, 1) != b"\\x33" or other.value() != 1
Timer(0).init(period=1, callback=tick)
while count < 150:
    wrong += bus.readfrom_mem(0x20, 7, 1) != b"\\x77"
    other.value(1)
    wrong += other.value() != 1
print("wrong", wrong)
"""
    board = VirtualBoard(files={"main.py": main})
    board.sensors.put("i2c:0x20=03:33,07:77")
    with board:
        board.wait_for("^wrong 0$", 30)


def test_a_program_without_them_pays_nothing() -> None:
    main = """
import sys
print("loaded", [name for name in sys.modules if name in ("_interrupts", "_peripherals", "_i2c", "_analog", "_uart")])
import machine, time
import gc
led = machine.Pin(2, machine.Pin.OUT)
def work():
    before = gc.mem_alloc()
    for _ in range(100):
        led.toggle()
        time.sleep_ms(0)
    return gc.mem_alloc() - before
work()
gc.collect()
print("kept", work())
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for(r"^loaded \[\]\nkept 0$")
