"""Deep sleep: what ends, what goes on, and how long the chip takes it for."""

import math
import time

import pytest
from board_peers import EchoServer
from onenet_tools.board import BoardError, ResetCause, VirtualBoard
from port_programs import ONLINE

TELL = """
import machine, time
print("cause", machine.reset_cause(), "wake", getattr(machine, "wake_reason", lambda: None)(), "clock", time.time(),
    "memory", machine.RTC().memory(), "ram", "here" if "here" in globals() else None, "ticks", time.ticks_ms() < 60000)
"""
SLEEPS = (
    TELL
    + """
here = True
n = len(machine.RTC().memory())
if n < 2:
    machine.RTC().memory(b"x" * (n + 1))
    machine.deepsleep(600000)
print("ready")
"""
)


def told(board: VirtualBoard) -> list[list[str]]:
    return [line.split() for line in board.log.splitlines() if line.startswith("cause")]


@pytest.mark.parametrize(("chip", "cause", "reason"), [("esp32", 4, 4), ("esp32c3", 4, 4), ("esp8266", 5, None)])
def test_what_ends_and_what_goes_on(chip: str, cause: int, reason: int | None) -> None:
    """RTC memory and the clock are there after it, RAM is not, and ticks begin anew."""
    with VirtualBoard(chip=chip) as board:
        board.sleep_speed = math.inf
        board.wake_wire = True
        board.power_cut()
        board.put({"main.py": SLEEPS})
        began = board.time()
        board.power_on()
        board.wait_for("^ready")
        assert board.resets[-2:] == [ResetCause.DEEPSLEEP] * 2 and len(board.awake) == 2
        first, second, third = told(board)
        assert [first[7], second[7], third[7]] == ["b''", "b'x'", "b'xx'"]
        assert (first[3], second[1], second[3]) == ("None" if reason is None else "0", str(cause), str(reason))
        assert {line[9] for line in (first, second, third)} == {"None"} and third[11] == "True"
        passed = board.time() - began
        assert 1200 <= int(third[5]) - int(first[5]) <= 1200 + passed - 1200 * (1 + board.sleep_error) + 1
        assert passed >= 1200 * (1 + board.sleep_error)


@pytest.mark.parametrize(("chip", "early"), [("esp32", 0.003), ("esp8266", 0.05)])
def test_the_chips_oscillator_is_off_and_its_clock_does_not_notice(chip: str, early: float) -> None:
    sleeps = "__import__('sys').stdin.read(1), machine.deepsleep(1000000)"
    main = TELL + f"if machine.reset_cause() not in (4, 5): {sleeps}\nprint('ready')\n"
    with VirtualBoard(chip=chip, files={"main.py": main}) as board:
        board.wait_for("^cause")
        board.wake_wire = True
        board.sleep_speed = math.inf
        before = board.ntp.offset
        board.send(b"\r")
        board.wait_for("^ready")
        assert -5 < board.ntp.offset - before - 1000 * (1 - early) <= 0
        assert int(told(board)[1][5]) >= 1000


def test_it_may_be_over_at_once() -> None:
    main = TELL + "if machine.reset_cause() == 1: machine.deepsleep(1000000)\nprint('ready')\nmachine.deepsleep()\n"
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_until_asleep()
        before = board.time()
        board.wake_up()
        board.wait_for("^ready")
        assert board.time() - before > 1000 * (1 + board.sleep_error) - 5
        assert 1000 <= int(told(board)[1][5]) < 1200
        board.wait_until_asleep()
        with pytest.raises(BoardError, match="ends by itself"):
            board.wake_up()
        board.power_cut()
        with pytest.raises(BoardError, match="ends by itself"):
            board.wake_up()


def test_time_may_pass_faster() -> None:
    sleeps = "__import__('sys').stdin.read(1), machine.deepsleep(1000000)"
    main = TELL + f"if machine.reset_cause() == 1: {sleeps}\nprint('ready')\n"
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_for("^cause")
        board.sleep_speed = 1000
        began = time.monotonic()
        board.send(b"\r")
        board.wait_for("^ready")
        assert time.monotonic() - began > 0.9


@pytest.mark.parametrize("wired", [False, True])
def test_an_esp8266_wakes_only_where_its_timer_is_wired_to_reset(wired: bool) -> None:
    main = (
        "import machine\nprint('cause', machine.reset_cause())\nif machine.reset_cause() == 0: machine.deepsleep(200)\n"
    )
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wake_wire = wired
        if wired:
            board.wait_for("^cause 5")
            return
        board.wait_until_asleep()
        time.sleep(1)
        assert board.asleep
        board.reset_button()
        board.wait_for("^cause 6")


def test_an_esp8266_has_32_bits_for_the_microseconds() -> None:
    """ports/esp8266/modmachine.c: mp_machine_deepsleep(); 4,295 s are 33 ms there."""
    main = "import machine\nif machine.reset_cause() == 0: machine.deepsleep(4295000)\nprint('woke')\n"
    with VirtualBoard(chip="esp8266", files={"main.py": main}) as board:
        board.wake_wire = True
        board.wait_for("^woke")
        assert board.resets == [ResetCause.PWRON, ResetCause.DEEPSLEEP]


def test_the_serial_line_is_silent_and_deaf_meanwhile() -> None:
    main = "import machine\nif machine.reset_cause() == 1: machine.deepsleep(800)\nprint('woke')\n"
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_until_asleep()
        seen = len(board.log)
        board.send(b"\x03print('heard')\r")
        board.wait_for("^woke")
        board.wait_for(r"^>>> ")
        board.send(b"print('up')\r")
        board.wait_for("^up")
        assert "heard" not in board.log[seen:]


@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
def test_wifi_is_gone_and_nobody_was_told(chip: str, echo: EchoServer) -> None:
    main = ONLINE + (
        "import machine\nprint('cause', machine.reset_cause())\n"
        "s = socket.socket()\ns.connect(('1.2.3.4', 7))\ns.write(b'hello')\n"
        "print('got', s.recv(5))\nmachine.deepsleep(100000)\n"
    )
    with VirtualBoard(chip=chip, files={"main.py": main}, routes={("1.2.3.4", 7): echo.address}) as board:
        board.wait_for("^got")
        board.wait_until_asleep()
        assert not board.wifi.connected and echo.events == ["open", "hello"]


def test_a_reset_button_ends_it_and_a_power_cut_too() -> None:
    main = TELL + "machine.RTC().memory(b'kept')\nmachine.deepsleep(100000)\n"
    with VirtualBoard(files={"main.py": main}) as board:
        board.wait_until_asleep()
        board.reset_button()
        board.wait_for_resets(2)
        board.wait_until_asleep()
        board.power_cut()
        assert not board.asleep
        assert [line[3] for line in told(board)] == ["0", "0"]


@pytest.mark.parametrize("chip", ["esp32", "esp8266"])
def test_a_fixed_address_spares_dhcp_and_is_of_no_use_in_another_network(chip: str, echo: EchoServer) -> None:
    """After ifconfig("dhcp") the driver is connected, and has 0.0.0.0 until there is an answer."""
    main = """
import network, socket, time
w = network.WLAN(network.STA_IF)
w.active(True)
w.ifconfig(("192.168.4.40", "255.255.255.0", "192.168.4.1", "192.168.4.1"))
w.connect("home", "password")
while not w.isconnected():
    time.sleep_ms(10)
print("address", w.ifconfig()[0])
s = socket.socket()
s.settimeout(1)
try:
    s.connect(("1.2.3.4", 7))
    print("connected")
except OSError:
    print("no answer")
w.ifconfig("dhcp")
print("then", w.isconnected(), w.ifconfig()[0])
while w.ifconfig()[0] == "0.0.0.0":
    time.sleep_ms(10)
print("at last", w.ifconfig()[0])
"""
    for subnet, what in (("192.168.4", "connected"), ("10.0.0", "no answer")):
        with VirtualBoard(chip=chip, routes={("1.2.3.4", 7): echo.address}) as board:
            board.power_cut()
            board.put({"main.py": main})
            board.wifi.dhcp_time = 1.0
            board.wifi.subnet = subnet
            board.power_on()
            board.wait_for(f"^address 192.168.4.40\n{what}\nthen True 0.0.0.0\nat last {subnet}.23$")
