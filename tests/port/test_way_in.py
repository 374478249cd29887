"""Programs that do not let themselves be stopped."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from onenet_tools.cli import main
from onenet_tools.port import way_in
from onenet_tools.port.connection import Connection, NoAnswer
from onenet_tools.port.deploy import deploy
from port_server import with_reset_lines
from serial_board import PATIENCE, Report, board, deployment

# Each has a moment in which Ctrl-C counts, longer than nothing as on a chip; how long one takes was not measured. While
# it compiles main.py, Ctrl-C does not count: parse_compile_execute() in shared/runtime/pyexec.c.
STUBBORN = {
    # Each loop in another one: a Ctrl-C may come while the handler of another one is at work.
    "bare-except": "import time\ntime.sleep(0.02)\n"
    "def run():\n    while True:\n        try:\n            print('runs')\n            time.sleep(0.1)\n"
    "        except:\n            pass\n"
    "def run_on():\n    while True:\n        try:\n            run()\n        except:\n            pass\n"
    "while True:\n    try:\n        run_on()\n    except:\n        pass\n",
    "no-ctrl-c": "import micropython, time\ntime.sleep(0.02)\nmicropython.kbd_intr(-1)\nprint('runs')\n"
    "while True:\n    time.sleep(0.5)\n",
    "no-ctrl-c-busy": "import micropython, time\ntime.sleep(0.02)\nmicropython.kbd_intr(-1)\nprint('runs')\n"
    "while True:\n    pass\n",
}
STOPPABLE = {
    "flood": "print('runs')\nn = 0\nwhile True:\n    n += 1\n    print('A' * 200, n)\n",
    "busy": "print('runs')\nwhile True:\n    pass\n",
    "resets": "import machine, time\nprint('runs')\ntime.sleep(1)\nmachine.reset()\n",
    "watchdog": "import machine, time\nprint('runs')\ndog = machine.WDT(timeout=2000)\n"
    "while True:\n    dog.feed()\n    time.sleep(0.5)\n",
    "sleeps": "import machine, time\nprint('runs')\ntime.sleep(0.5)\nmachine.deepsleep(3000)\n",
}
BOOT_LOOPS = "import time\nprint('runs')\nwhile True:\n    time.sleep(0.2)\n"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way_in, "PATIENCE", 2.0)


@pytest.mark.parametrize("name", STOPPABLE)
def test_ctrl_c_does(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way_in, "PATIENCE", PATIENCE)
    with board(files={"main.py": STOPPABLE[name]}) as it:
        it.wait_for("runs", PATIENCE)
        report = Report()
        deploy(it.port, deployment(timeout=0), report)
        assert "Ctrl-C" not in report.text


def test_a_boot_py_of_the_users_that_never_ends() -> None:
    with board(files={"boot.py": BOOT_LOOPS, "main.py": "print(1)\n"}) as it:
        it.wait_for("runs", PATIENCE)
        deploy(it.port, deployment(timeout=0), Report())


@pytest.mark.parametrize(
    "name",
    [
        "bare-except",
        pytest.param("no-ctrl-c", marks=pytest.mark.long),
        pytest.param("no-ctrl-c-busy", marks=pytest.mark.long),
    ],
)
def test_the_lines_of_the_port_reset_the_board(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way_in, "RESETS", 20)  # on a busy computer Ctrl-C may come too late, which no UART is
    with board(files={"main.py": STUBBORN[name]}) as it, with_reset_lines(it) as port:
        it.wait_for("runs", PATIENCE)
        report = Report()
        deploy(port, deployment(timeout=0), report)
        assert "resetting the board at" in report.text and "press the reset button" not in report.text


@pytest.mark.long
@pytest.mark.parametrize("command", [["config", "--set", "led_pin=5"], ["config", "--show"], ["crashes"]])
def test_every_command_gets_in_that_way(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(way_in, "RESETS", 20)
    with board(files={"main.py": STUBBORN["bare-except"]}) as it, with_reset_lines(it) as port:
        it.wait_for("runs", PATIENCE)
        assert main([*command, "--port", port]) == 0
        assert f"the program does not stop for Ctrl-C; resetting the board at {port}" in "".join(capsys.readouterr())


def _until(work: Callable[..., None], done: threading.Event) -> Callable[..., None]:
    def and_then(*arguments: Any) -> None:
        work(*arguments)
        done.set()

    return and_then


@pytest.mark.parametrize(
    "name",
    [
        "bare-except",
        pytest.param("no-ctrl-c", marks=pytest.mark.long),
        pytest.param("no-ctrl-c-busy", marks=pytest.mark.long),
    ],
)
def test_somebody_presses_the_button_where_the_port_has_no_lines(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way_in, "PATIENCE", 15.0)  # for a busy computer's board
    monkeypatch.setattr(way_in, "SOMEBODY", 120.0)
    with board(files={"main.py": STUBBORN[name]}) as it:
        it.wait_for("runs", PATIENCE)
        asked: list[str] = []
        there = threading.Event()

        def press() -> None:
            pause = 2.0
            while not there.wait(pause):  # again and again: a program may forbid Ctrl-C in the first moment
                it.reset_button()
                pause *= 1.5  # a slow computer's board starts slowly, too

        somebody = threading.Thread(target=press)

        def say(words: str) -> None:
            asked.append(words)
            somebody.start()

        with Connection(it.port) as connection:
            connection.interrupt_start = _until(connection.interrupt_start, there)  # type: ignore[method-assign]
            way_in.get_in(connection, say)
            assert connection.eval("6 * 7") == 42
        somebody.join()
        assert len(asked) == 1 and f"press the reset button (RST or EN) of the board at {it.port} now" in asked[0]


def test_nobody_presses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way_in, "SOMEBODY", 1.0)
    with board(files={"main.py": STUBBORN["bare-except"]}) as it:
        it.wait_for("runs", PATIENCE)
        with (
            Connection(it.port) as connection,
            pytest.raises(NoAnswer, match="something runs there that does not stop for Ctrl-C; press its reset button"),
        ):
            way_in.get_in(connection, lambda words: None)
