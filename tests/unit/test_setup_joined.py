"""Whether the networks of a board with "setup" were ever joined: if not, its access point opens after two minutes."""

import json

import fakes  # noqa: F401  # the way to firmware
from fakes import machine
from flash_folder import Flash, files
from support import replaced
from wifi_bench import HOME, SHOP, Bench, loaded

from firmware import setup_joined as module

HOUR = 3600


class Board:
    """A device that begins with these files, and these networks known; a context. In its air is `home`, with its
    right password."""

    def __init__(self, known=(HOME,), flash=(), **air):
        self._bench = Bench(list(known), {"home": "12345678"}, **air)
        self._flash = Flash(dict(flash))
        self._streams = []
        self._rare = replaced(module, "rare", loaded)
        self._log = fakes.Log(module)
        self.log = self._log

    def __enter__(self):
        self._flash.__enter__()
        self._bench.__enter__()
        self._rare.swap()
        self._log.__enter__()
        self.begin()
        return self

    def __exit__(self, *args):
        self._log.__exit__()
        self._rare.swap()
        self._bench.__exit__()
        self._flash.__exit__()
        machine.rtc_memory = b""

    def begin(self):
        """Or does so again."""
        self._streams = []
        self.wifi = self._bench.start()
        module.begin(self)

    def looks(self):
        return len(self._streams) > 0

    def goes_on(self, seconds):
        """As the device's loop does: a stream's function as often as it is to be, its value None each time."""
        for _ in range(seconds):
            self._bench.turn(1, step=1000)
            for stream in list(self._streams):
                assert 0 < stream[1] <= 1000 and stream[2]() is None
            if machine.resets:
                return

    def opens(self):
        """Restarts, with what makes start.py open the access point."""
        return machine.resets == 1 and "setup.json" in files()


def test_a_network_that_was_joined_is_right_for_ever():
    with Board() as it:
        assert it.looks()
        it.goes_on(20)
        assert not it.looks() and machine.resets == 0
        assert "12345678" not in files()["setup.joined"] and "home" not in files()["setup.joined"]
        it._bench.air.networks.clear()
        it._bench.air.lose()
        it.goes_on(HOUR)
        it.begin()
        assert not it.looks(), "whoever silences a router is not to get a page"
        it.goes_on(HOUR)
        assert machine.resets == 0 and "setup.json" not in files()


def test_networks_that_cannot_be_joined_open_the_access_point_after_two_minutes():
    for wrong, words in (
        ({"ssid": "home", "password": "mistaken"}, "home: wrong password"),
        ({"ssid": "hme", "password": "12345678"}, "hme: not in reach"),
    ):
        with Board([wrong]) as it:
            it.goes_on(119)
            assert machine.resets == 0 and not it.opens()
            it.goes_on(5)
            assert it.opens() and "%s: opens the access point" % words in it.log, it.log.lines
            assert words in files()["config.undone"], "what the page shows"
            assert "setup.joined" not in files()


def test_another_password_is_another_network():
    joined = {}
    for network in (HOME, dict(HOME, password="another1"), {"ssid_hex": "686f6d65", "password": "12345678"}, SHOP):
        with Board(flash=joined) as it:
            it.goes_on(20)
            joined = files()
            it._bench._arguments = ([network], 0)
            it.begin()
            assert it.looks() == (network is not HOME)


def test_one_of_several_networks_is_enough():
    with Board([SHOP, HOME]) as it:
        it.goes_on(100)
        assert not it.looks() and machine.resets == 0
        it.begin()
        assert not it.looks()


def test_a_board_that_nobody_has_just_switched_on_opens_nothing():
    """After crashes of the program, or while answers are tried, which config_trial.py sees to."""
    wrong = [{"ssid": "home", "password": "mistaken"}]
    for rtc, flash in ((bytes(8) + b"\1", {}), (b"", {"config.back": json.dumps({})})):
        machine.rtc_memory = rtc
        with Board(wrong, flash) as it:
            it.goes_on(HOUR)
            assert machine.resets == 0 and "setup.json" not in files()
            it._bench.air.networks[b"home"] = "mistaken"
            it.goes_on(60)
            assert not it.looks() and "setup.joined" in files(), "but it learns what is right"


def test_a_board_whose_driver_does_not_start_opens_it_too():
    with Board() as it:
        it._bench.air.absent = True
        it.begin()
        it.goes_on(130)
        assert it.opens() and "no answer: opens the access point" in it.log


def test_a_full_flash_is_told_and_costs_nothing_else():
    def full(path, mode="r"):
        raise OSError(28)

    with Board() as it:
        module.open = full
        try:
            it.goes_on(20)
            it.goes_on(HOUR)
        finally:
            del module.open
        assert "can't write setup.joined: " in it.log and len(it.log.lines) == 1
        assert machine.resets == 0
