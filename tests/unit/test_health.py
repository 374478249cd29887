"""How the board is: what firmware/health.py says of its memory, and of what started it."""

import sys

import fakes
from fakes import esp32, machine
from support import replaced

from firmware import health

assert fakes  # the way to firmware


class OnAnEsp8266:
    """A board without the module esp32."""

    def __enter__(self):
        del sys.modules["esp32"]

    def __exit__(self, *args):
        sys.modules["esp32"] = esp32


class Collector:
    """gc with so much free; once garbage is collected, that is."""

    def __init__(self, free):
        self._free = free
        self._collected = False

    def collect(self):
        self._collected = True

    def mem_free(self):
        return self._free if self._collected else 0


def test_an_esp32s_own_heap_is_told_without_what_it_could_grow_by():
    with replaced(health, "gc", Collector(61000 + 40000)):
        assert health.free_heap() == 61000
        assert health.free_idf_heap() == 70000
        assert health.words() == ", 61000 bytes free, and 70000 in the ESP-IDF's heap"


def test_an_esp32_may_have_no_heap_of_the_idfs_left():
    with replaced(esp32, "heaps", []), replaced(health, "gc", Collector(5000)):
        assert health.free_heap() == 5000
        assert health.free_idf_heap() is None
        assert health.words() == ", 5000 bytes free"


def test_an_esp8266_has_one_heap():
    with OnAnEsp8266(), replaced(health, "gc", Collector(12345)):
        assert health.free_heap() == 12345
        assert health.free_idf_heap() is None
        assert health.words() == ", 12345 bytes free"
        assert health.chip_temperature() is None


def test_the_chips_temperature():
    assert health.chip_temperature() == 42


def test_the_first_esp32_has_its_temperature_in_fahrenheit():
    celsius = esp32.mcu_temperature
    del esp32.mcu_temperature
    try:
        assert health.chip_temperature() is None, "a chip without such a sensor"
        esp32.raw_temperature = lambda: 122
        assert health.chip_temperature() == 50.0
    finally:
        esp32.mcu_temperature = celsius
        if hasattr(esp32, "raw_temperature"):
            del esp32.raw_temperature


def test_what_started_the_board():
    for cause, words in ((machine.PWRON_RESET, "power on"), (machine.WDT_RESET, "watchdog"), (77, "77")):
        with replaced(machine, "cause", cause):
            assert health.reset_cause() == words
