"""Wi-Fi: which network is tried when, and what the log says of it."""

import fakes
from fakes import network

from firmware import wifi as module
from firmware.wifi import Wifi

HOME = {"ssid": "home", "password": "12345678"}
SHOP = {"ssid": "shop", "password": "abcdefgh"}
OPEN = {"ssid": "open"}


class Bench:
    """A station and its air; a context. Wifi comes to be with the first turn, or with start()."""

    def __init__(self, known, networks=()):
        self.air = network.new_air(networks)
        self.ticks = fakes.Ticks(module)
        self.log = fakes.Log(module)
        self._known = known
        self._wifi = None

    def __enter__(self):
        self.ticks.__enter__()
        self.log.__enter__()
        return self

    def __exit__(self, *args):
        self.ticks.__exit__()
        self.log.__exit__()

    def start(self):
        self._wifi = Wifi(self._known)
        return self._wifi

    def turn(self, seconds=0.0):
        """The main loop goes on for this long; returns what connected() says at its end."""
        if not self._wifi:
            self.start()
        for _ in range(int(seconds * 10)):
            self._wifi.connected()
            self.ticks.go_on(100)
        return self._wifi.connected()

    def settle(self, seconds=0.0):
        """The driver comes to the end of an attempt, then the main loop goes on."""
        self.air.settle()
        return self.turn(seconds)

    def tried(self):
        return [name for name, _ in self.air.tried]


def test_nothing_is_done_before_the_first_turn():
    with Bench([HOME], {"home": "12345678"}) as it:
        it.start()
        assert not it.air.active and it.tried() == []


def test_joins_the_network():
    with Bench([HOME], {"home": "12345678"}) as it:
        assert not it.turn(1)
        assert it.air.active and it.air.tried == [("home", "12345678")]
        assert it.settle()
        assert "joined home as 192.168.4.23" in it.log
        assert it.turn(100)
        assert it.tried() == ["home"] and len(it.log.lines) == 1


def test_an_open_network_needs_no_password():
    with Bench([OPEN], {"open": ""}) as it:
        it.turn()
        assert it.settle()
        assert it.air.tried == [("open", "")]


def test_a_wrong_password_is_told_and_the_next_one_tried():
    with Bench([HOME, SHOP], {"home": "changed!", "shop": "abcdefgh"}) as it:
        it.turn()
        assert not it.settle(2)
        assert "home: wrong password" in it.log
        assert it.tried() == ["home", "shop"]
        assert it.settle()
        assert "joined shop" in it.log
        assert "12345678" not in it.log and "abcdefgh" not in it.log


def test_an_absent_network_is_told_and_the_next_one_tried():
    with Bench([HOME, SHOP], {"shop": "abcdefgh"}) as it:
        it.turn()
        it.settle(2)
        assert "home: not in reach" in it.log
        assert it.settle() and it.tried() == ["home", "shop"]


def test_the_status_of_the_attempt_before_does_not_count():
    with Bench([HOME, SHOP], {"shop": "abcdefgh"}) as it:
        it.turn()
        it.settle(1.2)
        assert it.tried() == ["home", "shop"]
        it.air.status = network.STAT_NO_AP_FOUND  # still home's
        it.turn(0.9)
        assert it.tried() == ["home", "shop"]


def test_a_network_that_never_answers_gets_fifteen_seconds():
    with Bench([HOME, SHOP]) as it:
        it.turn(14.9)
        assert it.tried() == ["home"]
        it.turn(0.3)
        assert "home: no answer" in it.log and it.tried() == ["home", "shop"]


def test_goes_round_for_ever():
    with Bench([HOME, SHOP]) as it:
        it.turn(100)
        assert it.tried() == ["home", "shop"] * 3 + ["home"]
        it.air.networks["home"] = "12345678"
        assert it.settle()


def test_one_network_is_tried_again_and_again():
    with Bench([HOME]) as it:
        for _ in range(5):
            it.settle(2)
        assert set(it.tried()) == {"home"} and len(it.tried()) > 3


def test_a_loss_is_told_and_the_first_network_tried_first():
    with Bench([HOME, SHOP], {"shop": "abcdefgh"}) as it:
        it.turn()
        it.settle(2)
        assert it.settle()
        it.air.lose()
        assert not it.turn()
        assert "lost shop" in it.log
        assert it.tried() == ["home", "shop", "home"]
        it.air.networks["home"] = "12345678"
        assert it.settle()
        assert "joined home" in it.log


def test_losses_many_times_over():
    with Bench([HOME], {"home": "12345678"}) as it:
        it.turn()
        for n in range(1, 20):
            assert it.settle(5)
            it.air.lose()
            assert not it.turn(1)
            assert len(it.tried()) == n + 1
        assert len([line for line in it.log.lines if "lost" in line]) == 19


def test_a_driver_that_is_busy_is_asked_again():
    with Bench([HOME], {"home": "12345678"}) as it:
        it.air.busy = True
        assert not it.turn(1)
        assert "Wifi Internal State Error" in it.log
        assert not it.turn(20)
        assert it.tried()[:1] == ["home"]
        assert it.settle()


def test_a_connection_from_before_a_soft_reset_is_kept_and_called_by_its_name():
    with Bench([HOME, SHOP], {"home": "12345678"}) as it:
        it.turn()
        assert it.settle()
        it.log.lines.clear()
        it.start()  # the program starts anew; the chip does not
        assert it.turn(1)
        assert it.tried() == ["home"]
        assert "joined" in it.log and "shop" not in it.log
        it.air.lose()
        assert not it.turn(1)
        assert "lost" in it.log and "shop" not in it.log
        assert it.settle() and it.tried() == ["home", "home"]


def test_signal_strength():
    with Bench([HOME], {"home": "12345678"}) as it:
        wifi = it.start()
        assert wifi.rssi() is None
        it.turn()
        it.settle()
        assert wifi.rssi() == -55


def test_the_wait_is_right_when_ticks_wrap():
    with Bench([HOME, SHOP]) as it:
        it.ticks.now = 0x3FFFFFFF - 2000
        it.turn(14.8)
        assert it.tried() == ["home"]
        it.turn(0.4)
        assert it.tried() == ["home", "shop"]
