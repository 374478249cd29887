"""What a configuration makes of a device at its beginning: the LED, the packets on the console, and what goes on from
before the restart."""

import builtins
import sys

import fakes
from device_bench import Bench, device_of
from fakes import machine
from flash_folder import Flash
from support import replaced

from firmware import led, trace


def test_the_packets_are_on_the_console_where_that_is_wanted():
    for wanted in (False, True):
        with fakes.Log(trace) as log, Bench(trace=wanted):
            assert bool(log.lines) == wanted
            if wanted:
                assert log.lines[0].startswith("trace: > 10") and "trace: < 20020000" in log.lines


class FlashPins:
    """firmware/flash_pins.py of a chip whose flash is at pin 6."""

    @staticmethod
    def check(pin, machine):
        return pin == 6


def test_an_led_that_can_not_be_is_told_and_the_device_runs_without():
    machine.levels.clear()
    with fakes.Log(led) as log, replaced(led, "rare", lambda name: FlashPins):
        assert led.make(6, False) is None and 6 not in machine.levels, "the flash's pins are left alone"
        assert "led_pin 6: failed: " in log and "the flash is at this pin" in log
        assert led.make(99, False) is None and "led_pin 99: failed: " in log
        for active_low, off in ((False, 0), (True, 1)):
            assert led.make(2, active_low) is not None and machine.levels[2] == off
    assert len(log.lines) == 2


def test_a_change_on_trial_and_an_update_under_way_are_gone_on_with():
    with Flash({"config.back": "{}", "config.try": "1 60"}):
        device = device_of()
        assert [stream[0] for stream in device._streams] == [b""], "which looks whether it is online in time"
    with Flash({"config.json": "{}"}):
        assert device_of()._streams == []


def test_a_board_with_setup_looks_whether_its_networks_are_right():
    with Flash({"config.json": "{}"}):
        assert [stream[0] for stream in device_of(setup=True)._streams] == [b""]
    with Flash({"config.json": "{}", "setup.joined": "x"}):
        assert len(device_of(setup=True)._streams) == 1, "of other networks"


def test_an_esp8266_without_that_module_begins_all_the_same():
    """It has it only where main.py says so: see start.py."""
    real = builtins.__import__

    def without(name, *args):
        if name == "firmware.setup_joined":
            raise ImportError("no module named 'firmware.setup_joined'")
        return real(name, *args)

    with Flash({"config.json": "{}"}), replaced(builtins, "__import__", without):
        sys.modules.pop("firmware.setup_joined", None)
        assert device_of(setup=True)._streams == []
