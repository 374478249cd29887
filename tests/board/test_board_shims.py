"""machine, esp, esp32, time: what a program finds on the board."""

from onenet_tools.board import PinMode, VirtualBoard

ALLOCATIONS = """
import gc, machine, network, time
w = network.WLAN(network.STA_IF)
w.active(True)
w.connect("home", "password")
while not w.isconnected():
    pass
dog = machine.WDT(timeout=60000)
pin = machine.Pin(2, machine.Pin.OUT)
adc = machine.ADC(machine.Pin(34))
signal = machine.Signal(pin, invert=True)

def measure(name, function, *arguments):
    function(*arguments)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    function(*arguments)
    function(*arguments)
    function(*arguments)
    after = gc.mem_alloc()
    gc.enable()
    print(name, after - before)

measure("isconnected", w.isconnected)
measure("status", w.status)
measure("rssi", w.status, "rssi")
measure("active", w.active)
measure("feed", dog.feed)
measure("pin", pin.value)
measure("pin set", pin.value, 1)
measure("pin on", pin.on)
measure("signal", signal.off)
measure("adc", adc.read_u16)
measure("time", time.time)
measure("ticks", time.ticks_ms)
print("done")
"""


def test_what_a_main_loop_calls_allocates_nothing() -> None:
    with VirtualBoard(files={"main.py": ALLOCATIONS}) as board:
        board.wait_for("done")
        lines = board.log.split("done")[0].splitlines()
        assert len(lines) == 12
        assert [line for line in lines if not line.endswith(" 0")] == []


def test_pins_go_both_ways() -> None:
    main = """
from machine import Pin, Signal
led = Pin(2, Pin.OUT, value=1)
lamp = Signal(Pin(5, Pin.OUT), invert=True)
lamp.on()
button = Pin(4, Pin.IN, Pin.PULL_UP)
print("ready", button.value(), led.value(), Pin(13, Pin.IN, Pin.PULL_DOWN).value(), Pin(14, Pin.IN).value())
while button():
    pass
led.toggle()
print("pressed")
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("ready 1 1 0 0")
        assert board.pins[2] == 1
        assert board.pins[5] == 0
        assert board.pins.mode(2) is PinMode.OUT
        assert board.pins.mode(4) is PinMode.IN
        assert board.pins.mode(15) is PinMode.UNUSED
        board.pins[4] = 0
        board.wait_for("pressed")
        assert board.pins[2] == 0
        assert len(board.pins) == len(list(board.pins)) == 64
        seen = len(board.log)
        board.reset_button()
        board.wait_for("ready 0 1 0 0", since=seen)  # still held down


def test_analogue_inputs_and_temperature() -> None:
    main = """
import esp32, machine
adc = machine.ADC(machine.Pin(34), atten=machine.ADC.ATTN_11DB)
print(adc.read_u16(), adc.read(), adc.read_uv(), esp32.mcu_temperature(), esp32.raw_temperature())
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("^0 0 0 42 107$")
        board.adc[34] = 65535
        board.temperature = -10
        assert board.adc[34] == 65535
        board.reset_button()
        board.wait_for("^65535 4095 3300000 -10 14$")


def test_the_clock_starts_in_2000_and_goes_on_once_set() -> None:
    main = """
import machine, time
print(time.gmtime(0), time.gmtime()[0], time.time() < 100, time.mktime((2000, 1, 1, 0, 1, 0, 0, 0)))
machine.RTC().datetime((2026, 7, 5, 6, 12, 30, 15, 0))
print(time.localtime()[:5], machine.RTC().datetime()[:5], time.time() == time.time_ns() // 1000000000)
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for(r"^>>> ")
        assert board.log.splitlines()[:2] == [
            "(2000, 1, 1, 0, 0, 0, 5, 1) 2000 True 60",
            "(2026, 7, 5, 12, 30) (2026, 7, 5, 6, 12) True",
        ]


def test_the_rest_of_machine() -> None:
    main = """
import machine, esp, utime, time, umachine, usocket
esp.osdebug(None)
machine.freq(240000000)
state = machine.disable_irq()
machine.enable_irq(state)
machine.idle()
machine.lightsleep(1)
print(machine.freq(), machine.unique_id(), esp.flash_size(), utime is time, umachine is machine)
for call in (lambda: machine.Pin(64), lambda: machine.WDT(timeout=0), lambda: machine.RTC().memory(bytes(2049))):
    try:
        call()
    except ValueError as error:
        print("refused:", error)
"""
    with VirtualBoard(files={"main.py": main}, unique_id=b"\x01\x02\x03\x04\x05\x06") as board:
        board.wait_for(r"^>>> ")
        assert board.log.splitlines()[:4] == [
            r"240000000 b'\x01\x02\x03\x04\x05\x06' 4194304 True True",
            "refused: invalid pin",
            "refused: WDT timeout too short",
            "refused: buffer too long",
        ]


def test_asyncio_and_viper_work_on_the_shimmed_modules() -> None:
    main = """
import asyncio, micropython
from micropython import const
_N = const(7)
@micropython.viper
def double(x: int) -> int:
    return x * 2
async def task():
    await asyncio.sleep_ms(10)
    print("slept", double(_N))
asyncio.run(task())
"""
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("slept 14")


def test_the_heap_is_as_large_as_asked_for() -> None:
    main = (
        "import gc, esp32\n"  # mem_free() counts what the heap may grow by, too
        "grows = max(heap[2] for heap in esp32.idf_heap_info(esp32.HEAP_DATA))\n"
        "print('heap', gc.mem_free() - grows + gc.mem_alloc())\n"
    )
    with VirtualBoard(files={"main.py": main}, heap="256K") as board:
        size = int(board.wait_for(r"heap (\d+)")[1])
        assert 200 * 1024 < size <= 256 * 1024
