"""A program that fails, a line with noise, files in the way: the board says so, and is online again by itself."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import MAIN, PATIENCE, QUICK, Watcher, board, wait_online
from onenet_tools.board import ResetCause
from onenet_tools.broker import Mosquitto

CHIPS = ["esp32", "esp8266"]


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize(
    ("how", "name"),
    [
        ("raise OSError(19)", "OSError: [Errno 19] ENODEV"),
        ("import a_sensor_that_was_forgotten", "ImportError: no module named 'a_sensor_that_was_forgotten'"),
        ("raise SystemExit", "SystemExit"),
        ("bytearray(9999999)", "MemoryError"),
        ("exec('a syntax error')", "SyntaxError"),
    ],
)
def test_an_error_at_the_top_of_main_py(broker: Mosquitto, watcher: Watcher, chip: str, how: str, name: str) -> None:
    main = f"import os\nif 'crashes' not in os.listdir():\n    {how}\n{MAIN}"  # it is mended after the first time
    with board(broker, main, chip=chip) as it:
        seen = it.wait_for(r"boot: main\.py has failed, 1 in a row; the next try is in 5 s", PATIENCE).end()
        assert name in it.log and 'File "main.py"' in it.log
        wait_online(it, seen)
        watcher.wait_for_point("free_heap")
        assert it.resets == [ResetCause.PWRON, ResetCause.HARD]
        it.power_cut()
        kept = it.read_files()["/crashes"].decode()
        assert kept.startswith("# 1 ") and name in kept


@pytest.mark.parametrize("chip", CHIPS)
def test_a_syntax_error_in_main_py(broker: Mosquitto, chip: str) -> None:
    with board(broker, MAIN + "\nthis is no Python\n", chip=chip) as it:
        it.wait_for(r"SyntaxError(.|\n)*2 in a row; the next try is in 15 s", PATIENCE)


def test_mpremote_gets_in_between_the_tries(broker: Mosquitto) -> None:
    with board(broker, "raise OSError(19)\n") as it:
        it.wait_for("the next try is in 15 s", PATIENCE)
        command = [str(Path(sys.executable).with_name("mpremote")), "connect", it.port, "exec", "print(6 * 7)"]
        assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout == "42\n"


NOISE = (b"\xe4", b"\xff", b"\x80\x81\x82", b"\xff\xfe\xfd\xfc\xfb", b"\xc3A", b"\xc0\x00\x08\x24", b"\x00")


@pytest.mark.parametrize("chip", CHIPS)
def test_noise_on_the_serial_line(broker: Mosquitto, watcher: Watcher, chip: str) -> None:
    with board(broker, watchdog=10, chip=chip) as it:
        wait_online(it)
        for noise in NOISE:
            it.send(noise)
            time.sleep(0.3)
        it.send(b"\xff\x03\xfe")
        seen = it.wait_for("Ctrl-C: nobody there, going on", PATIENCE).end()
        wait_online(it, seen)
        assert watcher.command(b"led?") == b"error: no led_pin in config.json"
        it.send(b"\r")
        it.wait_for("device: version", PATIENCE, seen)
        assert len(it.resets) == 1


def test_one_ctrl_c_and_a_key_stop_it(broker: Mosquitto) -> None:
    with board(broker) as it:
        wait_online(it)
        it.send(b"\x03")
        it.wait_for("Ctrl-C: press it again, or any key", PATIENCE)
        time.sleep(0.5)
        it.send(b"x")
        it.wait_for(r"device: stopped(.|\n)*RuntimeError: stopped: Ctrl-D starts main\.py again(.|\n)*^>>> ", PATIENCE)
        it.send(b"\x04")
        it.wait_for(r"soft reboot(.|\n)*mqtt: online", PATIENCE)


@pytest.mark.parametrize("name", ["mqtt.py", "onenet.py", "firmware.py", "mqtt/__init__.py", "onenet/__init__.py"])
def test_files_of_the_user_s_that_hide_a_library(broker: Mosquitto, watcher: Watcher, name: str) -> None:
    with board(broker, files={name: "raise ValueError('the wrong one')\n"}) as it:
        wait_online(it)
        assert watcher.command(b"led?") == b"error: no led_pin in config.json"


@pytest.mark.parametrize("chip", CHIPS)
def test_an_led_pin_that_is_none(broker: Mosquitto, chip: str) -> None:
    with board(broker, led_pin=6, chip=chip) as it:
        it.wait_for("led_pin 6: failed", PATIENCE)
        wait_online(it)


TIMER = (
    QUICK
    + """
import machine
k = 0

def pulse(timer):
    global k
    k += 1
    device.put("pulse", k)

machine.Timer(0).init(period=7, mode=machine.Timer.PERIODIC, callback=pulse)
n = 0

@device.stream("n", every=0.1)
def count():
    global n
    n += 1
    return n

device.run()
"""
)


def test_put_from_a_timer_at_any_moment(broker: Mosquitto, watcher: Watcher) -> None:
    with board(broker, TIMER, tx_size=4096, outbox_size=8192, watchdog=0) as it:
        wait_online(it)
        watcher.until(lambda: watcher.points().get("pulse", 0) > 400, "pulses")
        assert watcher.points()["n"] > 5
        assert len(it.resets) == 1 and it.log.count("online as") == 1
        for batch in list(watcher.batches):
            assert json.loads(batch[3:])
