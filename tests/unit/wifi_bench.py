"""A Wifi on a bench: what its driver says, and time that goes on when told to."""

import fakes
from fakes import machine, network

from firmware import joining, last_resort
from firmware import log as log_module
from firmware import wifi as module
from firmware.wifi import Wifi

HOME = {"ssid": "home", "password": "12345678"}
SHOP = {"ssid": "shop", "password": "abcdefgh"}
OPEN = {"ssid": "open"}
GBK = b"\xbc\xd2"  # "home" in Chinese
DAY = 86400


class Crash:
    """Stands for firmware/crash.py, with what is to be written down in `notes`."""

    notes = None

    def note(self, error, cause):
        self.notes.append("%s: %s" % (cause, error))


crash = Crash()


def loaded(name):
    return {"joining": joining, "last_resort": last_resort, "crash": crash}[name]


class Bench:
    """A station and its air; a context. Wifi comes to be with the first turn, or with start(). An ESP32's, or an
    ESP8266's; joining takes three seconds, or as long as `air` says."""

    def __init__(self, known, networks=(), reset_after=0, **air):
        self.air = network.new_air(networks, **air)
        self.ticks = fakes.Ticks(log_module)
        self.log = fakes.Log(log_module, joining, last_resort)
        self._arguments = known, reset_after
        self._wifi = None

    def __enter__(self):
        machine.resets = 0
        crash.notes = []
        self.ticks.__enter__()
        log_module._counted[:] = [log_module.ticks_ms(), 0]
        self.log.__enter__()
        module.rare = joining.rare = last_resort.rare = loaded  # not anew each time
        return self

    def __exit__(self, *args):
        self.ticks.__exit__()
        self.log.__exit__()
        module.rare = joining.rare = last_resort.rare = log_module.rare
        network.new_air()
        log_module._counted[:] = [log_module.ticks_ms(), 0]

    def start(self):
        self._wifi = Wifi(*self._arguments)
        return self._wifi

    def turn(self, seconds=0.0, step=100):
        """The main loop goes on for this long; returns what connected() says at its end."""
        wifi = self._wifi or self.start()
        for _ in range(int(seconds * 1000 // step)):
            wifi.connected()
            self.ticks.go_on(step)
            self.air.go_on(step)
        return wifi.connected()

    def until_joined(self, most=300):
        """Seconds it takes, at most `most`."""
        for n in range(most * 10):
            if self.turn(0.1):
                return (n + 1) / 10
        raise AssertionError("not joined in %d s; the log: %s" % (most, self.log.lines))

    def fail(self, times=1, every=20, error=None):
        """Connections over the network fail."""
        for _ in range(times):
            self._wifi.doubt(error or OSError(110))
            self.turn(every, step=1000)

    def prove(self):
        self._wifi.proven()

    def tried(self):
        return [name for name, _ in self.air.tried]


def test_nothing_is_done_before_the_first_turn():
    with Bench([HOME], {"home": "12345678"}) as it:
        it.start()
        assert not it.air.active and it.tried() == []


def test_joins_the_network():
    for esp8266 in (False, True):
        with Bench([HOME], {"home": "12345678"}, esp8266=esp8266) as it:
            assert not it.turn(1)
            assert it.air.active and it.air.tried == [("home", "12345678")]
            assert it.until_joined() <= 3.5
            assert "joined home as 192.168.4.23" in it.log
            assert it.turn(100)
            assert it.tried() == ["home"] and len(it.log.lines) == 1


def test_an_open_network_needs_no_password():
    with Bench([OPEN], {"open": ""}) as it:
        it.until_joined()
        assert it.air.tried == [("open", "")]


def test_the_access_point_of_an_esp8266_goes_off_once_and_for_good():
    with Bench([HOME], {"home": "12345678"}, esp8266=True) as it:
        it.turn()
        assert not it.air.access_point
        it.until_joined()
        writes = it.air.flash_writes
        it.start()
        it.turn(10)
        assert it.air.flash_writes == writes
