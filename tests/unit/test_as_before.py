"""Joining the network as it was joined before sleep: the same one, with the address that DHCP gave then."""

import fakes
from fakes import network

from firmware import as_before as module
from firmware import joining
from firmware import log as log_module
from firmware.notes import Notes
from firmware.wifi import Wifi

ADDRESS = ("192.168.4.23", "255.255.255.0", "192.168.4.1", "192.168.4.1")
PACKED = bytes((192, 168, 4, 23, 255, 255, 255, 0, 192, 168, 4, 1, 192, 168, 4, 1))
NETWORKS = [{"ssid": name, "password": "12345678"} for name in ("shop", "home", "shed")]


class Clock:
    seconds = 5000

    def now(self):
        return self.seconds


class Device:
    def __init__(self):
        self.clock = Clock()
        self.wifi = Wifi(list(NETWORKS))
        self._delay = 7


class Bench:
    """A device that begins, and what it has noted; a context. Joining takes as long as `air` says."""

    def __init__(self, notes=b"", **air):
        self.air = network.new_air({"home": "12345678"}, **air)
        self.notes = Notes(notes)
        self.ticks = fakes.Ticks(log_module)
        self.log = fakes.Log(module, joining)

    def __enter__(self):
        self.ticks.__enter__()
        log_module._counted[:] = [log_module.ticks_ms(), 0]
        self.log.__enter__()
        self.device = Device()
        return self

    def __exit__(self, *args):
        self.ticks.__exit__()
        self.log.__exit__()
        log_module._counted[:] = [log_module.ticks_ms(), 0]
        network.new_air()

    def until_joined(self):
        """Milliseconds it takes."""
        for n in range(600):
            if self.device.wifi.connected():
                return n * 100
            self.ticks.go_on(100)
            self.air.go_on(100)
        raise AssertionError("not joined; the log: %s" % self.log.lines)


def visit(notes=b"", **air):
    """Joins, and notes how; returns the notes and the bench."""
    with Bench(notes, **air) as it:
        fixed = module.begin(it.device, it.notes)
        it.took = it.until_joined()
        module.note(it.device, it.notes, fixed)
        return it.notes.packed(), it, fixed


def test_the_network_that_was_joined_comes_first():
    notes, it, fixed = visit()
    assert not fixed and [name for name, _ in it.air.tried] == ["shop", "home"]
    notes, it, fixed = visit(notes)
    assert fixed and [name for name, _ in it.air.tried] == ["home"]
    assert Notes(notes).which == 1
    notes, it, fixed = visit(notes)
    assert [name for name, _ in it.air.tried] == ["home"]


def test_a_network_that_is_known_no_more_is_no_trouble():
    notes = Notes(b"")
    notes.which = 7
    _, it, _ = visit(notes.packed())
    assert [name for name, _ in it.air.tried] == ["shop", "home"]


def test_the_address_is_used_again_for_an_hour():
    notes, it, fixed = visit()
    assert Notes(notes).address == PACKED and Notes(notes).leased == 5000 and it.air.addresses == []
    for now, again in ((5000, True), (8599, True), (8600, False), (4999, False)):
        with Bench(notes) as it:
            it.device.clock.seconds = now
            assert module.begin(it.device, it.notes) == again
            assert it.air.addresses == ([ADDRESS] if again else []), now
            it.until_joined()
            module.note(it.device, it.notes, again)
            assert it.notes.leased == 5000 or not again


def test_an_address_that_leads_nowhere_makes_way_for_another():
    notes, _, _ = visit()
    with Bench(notes) as it:
        assert module.begin(it.device, it.notes)
        it.until_joined()
        assert module.ask_anew(it.device, it.notes) is False
        assert it.air.addresses == [ADDRESS, "dhcp"] and it.device._delay == 0
        assert Notes(it.notes.packed()).address == bytes(16)


def test_a_driver_that_fails_joins_in_the_ordinary_way():
    notes, _, _ = visit()
    with Bench(notes) as it:
        it.air.absent = True
        assert not module.begin(it.device, it.notes)
        assert "wifi: not as before: WiFi Out of Memory" in it.log.lines
        it.air.absent = False
        it.until_joined()


def test_an_esp8266_that_is_on_its_way_is_left_alone():
    """Its SDK joins the network that it has in flash from the moment the chip starts."""
    for stored, asked in (("home", []), ("elsewhere", ["shop", "home"])):
        with Bench(esp8266=True) as it:
            it.air.active = it.air.requested = True
            it.air.stored = (stored.encode(), b"12345678")
            it.air.begin()
            it.air.go_on(1500)
            assert not module.begin(it.device, it.notes)
            took = it.until_joined()
            assert [name for name, _ in it.air.tried] == asked
            assert (took <= 1600) == (not asked), took
            module.note(it.device, it.notes, False)
            assert it.notes.which == 1


def test_a_connection_that_is_there_already_keeps_its_address():
    notes, _, _ = visit()
    with Bench(notes) as it:
        it.air.join("home", "12345678")
        assert not module.begin(it.device, it.notes) and it.air.addresses == []
