"""Device.run(): the board around it, somebody at the keyboard, and a wrong configuration."""

import os
import sys

import fakes
from device_bench import Bench, Keys, Stop, counter, device_of, rarely, run, write
from fakes import machine
from mqtt.client import OFFLINE
from support import MICROPYTHON, raises, replaced

from firmware import connect, improv, seldom, watchdog
from firmware import device as module
from firmware.device import Device


def test_the_led_is_off_at_first_and_knows_its_polarity():
    for active_low in (False, True):
        device = device_of(led_pin=5, led_active_low=active_low)
        assert machine.levels[5] == int(active_low) and not device.led.value()
        device.led.on()
        assert machine.levels[5] == int(not active_low)
    assert device_of().led is None


def test_the_watchdog_is_fed_once_a_turn():
    run(device_of(watchdog=30), 5)
    assert machine.WDT.made.timeout == 30000 and machine.WDT.made.fed == 5


def test_no_watchdog_where_none_is_wanted():
    machine.WDT.made = None
    assert run(device_of(watchdog=0))[1] == 3
    assert machine.WDT.made is None


def test_crashes_are_forgotten_after_a_minute_or_at_ctrl_c():
    for turns, ms, end, forgotten in ((3, 15000, Stop, False), (3, 31000, Stop, True), (1, 0, KeyboardInterrupt, True)):
        machine.rtc_memory = b"crashes \4"
        run(device_of(), turns, ms, end)
        assert machine.rtc_memory == (b"" if forgotten else b"crashes \4"), (turns, ms)


def test_enter_is_answered_with_how_things_are():
    for key, answered in ((b"\r", True), (b"\n", True), (b"x", False), (b"\xe4", False), (b"\0", False), (None, False)):
        log, _ = run(device_of(), 3, keys=[None, key])
        assert len(log.lines) == 2 * answered, key
        if answered:
            assert log.lines[0] == "mqtt: not online yet"
            assert log.lines[1].startswith("device: version ?, MicroPython ")
            assert log.lines[1].endswith(", 24:0a:c4:00:00:01")
            assert not MICROPYTHON or "firmware.about" not in sys.modules
    with Bench() as it:
        it.log.lines.clear()
        connect.tells(it.device)
        assert it.log.lines[0].startswith("mqtt: online as device 27654321, ")
        it.close()
        it.until(lambda: it.client.state == OFFLINE)
        it.log.lines.clear()
        connect.tells(it.device)
        assert "next attempt in" in it.log.lines[0]


def test_where_nobody_can_type_nothing_is_asked_again():
    keys = Keys([b"", b"\r", b"\r"])
    log, turns = run(device_of(), 5, keys=keys)
    assert turns == 5 and not log.lines and not keys.registered


def test_what_a_program_keeps_in_rtc_memory_stays():
    machine.rtc_memory = b"my counter"
    run(device_of(), 3, 31000)
    assert machine.rtc_memory == b"my counter"
    machine.rtc_memory = b""


def test_ctrl_c_closes_the_connection_and_returns():
    with Bench() as it:

        def interrupt():
            raise KeyboardInterrupt

        it.device._turn = interrupt
        with replaced(module, "poll", Keys()), replaced(module, "stdin", None):
            with replaced(seldom, "rare", rarely(True)):
                it.device.run()
        assert it.client.state == OFFLINE and "stopped" in it.log


def test_ctrl_c_with_nobody_there_is_noise():
    """The program goes on: with a new connection, for who knows what was going on, and without losing a data point."""
    with Bench() as it:
        it.device.put("n", 1)
        turn = it.device._turn
        ends = [KeyboardInterrupt, KeyboardInterrupt, Stop]

        def interrupt():
            raise ends.pop(0)

        it.device._turn = interrupt
        with replaced(module, "poll", Keys()), replaced(module, "stdin", None):
            with replaced(seldom, "rare", rarely(False)):
                raises(Stop, it.device.run)
        assert not ends and it.client.state == OFFLINE and "stopped" not in it.log
        it.device._turn = turn
        it.go_online()
        assert it.upload() == [("n", 1)]


def test_ctrl_c_in_the_middle_of_put_starts_the_program_anew():
    with Bench() as it:

        def interrupt():
            it.device.outbox.locked = True
            raise KeyboardInterrupt

        it.device._turn = interrupt
        with replaced(module, "poll", Keys()), replaced(module, "stdin", None):
            with replaced(seldom, "rare", rarely(False)):
                raises(RuntimeError, it.device.run, match="interrupted")


# A wrong configuration


def broken(text):
    """A Device whose configuration is this text; (the device, its path)."""
    path = write(text)
    try:
        return Device(path), path
    finally:
        os.remove(path)


class Line:
    """sys, stdin, stdout, select.poll and the poll object in one, where nobody types anything, and after so many ms
    Ctrl-C."""

    platform = "esp32"
    implementation = sys.implementation

    def __init__(self, ticks, ms):
        self.stdin = self.stdout = self.buffer = self
        self._ticks = ticks
        self._left = ms

    def __call__(self):
        return self

    def register(self, stream, events):
        pass

    def poll(self, ms):
        self._ticks.go_on(ms)
        self._left -= ms
        if self._left < 0:
            raise KeyboardInterrupt
        return []


def messages(device, rounds=2):
    """What run() says of a wrong configuration until Ctrl-C."""
    watchdog._state.clear()
    with fakes.Log(module, seldom, connect, improv) as log, fakes.Ticks(module, improv) as ticks:
        line = Line(ticks, rounds * 10000)
        with replaced(module, "poll", Keys()), replaced(module, "stdin", None), replaced(improv, "kbd_intr", abs):
            with replaced(improv, "poll", line), replaced(improv, "sys", line), replaced(seldom, "rare", rarely(True)):
                device.run()
    return log


def test_a_wrong_configuration_is_said_again_and_again():
    device, path = broken('{"port": 0, "wifi": []}')
    assert device.config is None
    log = messages(device, 3)
    said = [line for line in log.lines if path in line]
    assert len(said) == 3
    for key in ("port", "wifi", "device_id", "product_id", "auth_info"):
        assert key in said[0]


def test_a_program_with_a_wrong_configuration_gets_as_far_as_run():
    device, path = broken("{")
    assert device.led is None and device.wifi is None
    counter(device)
    device.command(lambda payload: None)
    assert device.put("boot", 1) is False
    assert path in messages(device)


def test_whatever_the_configuration_allows_can_be_built():
    """The longest credentials in the smallest buffer: a device, or words about it, but no traceback."""
    for changes in (
        {"auth_info": "x" * 512},
        {"auth_info": "x" * 512, "tx_size": 128, "rx_size": 128, "outbox_size": 256},
        {"auth_info": "x" * 100, "device_id": "1" * 32, "product_id": "1" * 32, "tx_size": 128},
        {"auth_info": "x" * 512, "tx_size": 16384},
    ):
        device = device_of(**changes)
        if device.config is None:
            assert "tx_size" in messages(device) and "xxx" not in messages(device)
