"""Ways into safe mode and out of it, on a board, with the real mpremote."""

import json

import pytest
from onenet_tools.board import ResetCause, VirtualBoard
from onenet_tools.files import board_directory
from real_mpremote import mpremote
from serial_board import PATIENCE, board, config, installed

BOARD = {**installed(), "main.py": "", "boot.py": board_directory() / "boot.py"}
BARE = {"boot.py": BOARD["boot.py"]}
RUNS = "print('main runs')\nimport time\nwhile True:\n    time.sleep_ms(50)\n"
SAFE = r"RuntimeError: safe mode: main\.py is not run; {}\n(.|\n)*^>>> "
CRASHES = (
    "import machine, time\nprint('main runs')\n"
    "if machine.Pin(4, machine.Pin.IN).value():\n    time.sleep(99)\nmachine.reset()\n"
)


def in_safe_mode(it: VirtualBoard, way_out: str = "reset to leave it", since: int = 0) -> None:
    it.wait_for(SAFE.format(way_out), PATIENCE, since)
    assert "main runs" not in it.log[since:]
    assert mpremote(it, "exec", "print(6 * 7)").endswith("42\n")


def test_the_file_that_stays() -> None:
    with board(files={**BOARD, "main.py": RUNS, "safe_mode": ""}) as it:
        in_safe_mode(it, "delete the file safe_mode and reset to leave it")
        mpremote(it, "fs", "rm", ":safe_mode", "+", "reset")
        it.wait_for("main runs", PATIENCE)
        seen = len(it.log)
        mpremote(it, "fs", "touch", ":safe_mode", "+", "reset")
        in_safe_mode(it, "delete the file safe_mode and reset to leave it", seen)


def test_the_file_for_one_start() -> None:
    with board(files={**BOARD, "main.py": RUNS}) as it:
        it.wait_for("main runs", PATIENCE)
        seen = len(it.log)
        mpremote(it, "fs", "touch", ":safe_mode_once", "+", "reset")
        in_safe_mode(it, since=seen)
        seen = len(it.log)
        mpremote(it, "reset")
        it.wait_for("main runs", PATIENCE, seen)


def test_the_button() -> None:
    files = {**BOARD, "main.py": RUNS, "config.json": json.dumps(config(safe_mode_pin=12))}
    with VirtualBoard(files=files) as it:
        it.wait_for("main runs", PATIENCE)
        it.power_cut()
        it.pins[12] = 0
        it.power_on()
        in_safe_mode(it)
        seen = len(it.log)
        it.pins[12] = 1
        mpremote(it, "reset")
        it.wait_for("main runs", PATIENCE, seen)
        it.power_cut()
        it.put({"config.json": "{ broken"})  # then it is the BOOT button
        it.pins[0] = 0
        it.power_on()
        in_safe_mode(it)


@pytest.mark.parametrize("way", ["mpremote", "Ctrl-C"])
def test_a_program_that_crashes_again_and_again_is_stopped_for_a_while(way: str) -> None:
    with board(files={**BOARD, "main.py": CRASHES}) as it:
        it.wait_for("boot: main.py has crashed again and again; the next try is in 10 minutes, unless Ctrl-C", PATIENCE)
        assert it.resets == [ResetCause.PWRON] + [ResetCause.HARD] * 5
        assert it.log.count("main runs") == 5
        it.pins[4] = 1  # whatever it was, it is mended
        seen = len(it.log)
        if way == "mpremote":
            assert mpremote(it, "exec", "print(6 * 7)").endswith("42\n")
            mpremote(it, "reset")
        else:
            it.send(b"\x03")
            it.wait_for("Ctrl-C: press it again, or any key, within 10 s to stay at the prompt", PATIENCE, seen)
            it.send(b"\x03")
            it.wait_for(SAFE.format("reset to leave it"), PATIENCE, seen)
            it.send(b"\x04")
        it.wait_for("main runs", PATIENCE, seen)
        assert "crashed" not in it.log[seen:]


def test_boot_py_alone_knows_the_file_for_one_start() -> None:
    """A deploy brings it first of all."""
    with board(files={**BARE, "main.py": RUNS, "safe_mode_once": ""}) as it:
        in_safe_mode(it)
        mpremote(it, "reset")
        it.wait_for("main runs", PATIENCE)


def test_a_deploy_that_cannot_be_finished_keeps_main_py_from_running() -> None:
    """A mixture of two programs must not run; the next start tries again."""
    files = {**BARE, "main.py": RUNS, "deploy/record": "+main.py\n+firmware/x.py\n", "firmware": "no folder"}
    files["deploy/finish.py"] = board_directory() / "firmware/finish.py"
    with board(files={**files, "deploy/main.py": RUNS.replace("main", "new"), "deploy/firmware+x.py": ""}) as it:
        it.wait_for(r"OSError(.|\n)*^>>> ", PATIENCE)
        assert "runs" not in it.log
        mpremote(it, "fs", "rm", ":firmware", "+", "reset")
        it.wait_for("new runs", PATIENCE)
