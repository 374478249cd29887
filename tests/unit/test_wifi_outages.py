"""Wi-Fi that is joined and of no use, is lost for long, or has to be got back by a reset."""

from errno import ECONNREFUSED, ECONNRESET

from fakes import machine
from mqtt.errors import ConnectionClosed, ConnectionRefused, MQTTError, Timeout
from wifi_bench import DAY, HOME, SHOP, Bench, crash, loaded

from firmware import wifi as module

# Joined, and nothing flows


def test_a_network_that_is_mute_is_left_and_joined_again():
    with Bench([HOME], {"home": "12345678"}) as it:
        it.until_joined()
        it.fail(2)
        assert it.tried() == ["home"]
        it.fail(1)
        assert "nothing comes through" in it.log and it.tried() == ["home"] * 2
        assert it.turn(10) and it.air.restarts == 0
        it.fail(3)
        assert it.tried() == ["home"] * 3 and it.air.restarts == 1


def test_from_a_network_that_is_mute_to_the_next():
    with Bench([HOME, SHOP], {"home": "12345678", "shop": "abcdefgh"}) as it:
        it.until_joined()
        it.fail(3)
        assert it.tried() == ["home", "shop"] and it.turn(10)


def test_a_network_that_works_is_not_doubted():
    with Bench([HOME], {"home": "12345678"}, reset_after=30) as it:
        it.until_joined()
        for _ in range(200):
            it.fail(2)
            it.prove()
        assert it.tried() == ["home"] and machine.resets == 0


def test_a_server_that_refuses_is_no_fault_of_the_network():
    other = MQTTError("TLS: the server speaks something else"), MQTTError("WebSocket: the server answers 404 Not Found")
    closed = ConnectionRefused(4), ConnectionClosed("by the server")
    for error in (OSError(ECONNREFUSED), OSError(ECONNRESET)) + closed + other:
        with Bench([HOME], {"home": "12345678"}, reset_after=30) as it:
            it.until_joined()
            it.fail(100, every=60, error=error)
            assert it.tried() == ["home"] and machine.resets == 0


def test_errors_that_come_of_a_network_that_is_dead():
    for error in (
        OSError(-202),
        OSError(118, "EHOSTUNREACH"),
        Timeout("TCP connect"),
        OSError("no address for it"),
        OSError(),
    ):
        with Bench([HOME], {"home": "12345678"}) as it:
            it.until_joined()
            it.fail(3, error=error)
            assert it.tried() == ["home", "home"], error


def test_a_lack_of_memory_is_not_the_networks_fault_and_goes_by():
    def none_left(name):
        raise MemoryError

    with Bench([HOME], {"home": "12345678"}) as it:
        module.rare = none_left
        assert not it.turn(20)
        module.rare = loaded
        it.until_joined()
        it.fail(20, error=MemoryError())
        module.rare = none_left
        it.fail(20)
        it.air.lose()
        assert it.tried() == ["home"]
        it.turn(60)
        module.rare = loaded
        assert it.until_joined() < 15


# The last resort


def test_the_board_is_reset_when_nothing_comes_through_for_long():
    with Bench([HOME], {"home": "12345678"}, reset_after=30) as it:
        it.until_joined()
        for _ in range(29):
            it.fail(1, every=60)
        assert machine.resets == 0
        it.fail(2, every=60)
        assert machine.resets == 1 and "not online for 30 minutes: resetting the board" in it.log
        assert crash.notes == ["wifi: not online for 30 minutes"]


def test_the_board_is_reset_when_its_network_is_there_and_cannot_be_joined():
    for error in (OSError("Wifi Internal Error"), None):
        with Bench([HOME], {"home": "12345678"}, reset_after=30, association=None) as it:
            it.air.error = error
            it.turn(29 * 60, step=1000)
            assert machine.resets == 0
            it.turn(2 * 60, step=1000)
            assert machine.resets == 1


def test_the_board_is_reset_when_the_driver_never_starts():
    with Bench([HOME], reset_after=30) as it:
        it.air.absent = True
        it.turn(31 * 60, step=1000)
        assert machine.resets == 1


def test_a_router_that_is_off_is_no_reason_for_a_reset():
    """It would cost what is in the outbox, and mend nothing."""
    for esp8266 in (False, True):
        with Bench([HOME], {"neighbour": "secret"}, reset_after=30, esp8266=esp8266) as it:
            it.turn(95 * 60, step=2500)
            assert machine.resets == 0 and it.air.scans == 3
            it.air.networks[b"home"] = "12345678"
            assert it.until_joined() < 10


def test_a_network_that_hides_its_name_may_be_ours():
    for hidden in ("", "\0\0\0\0"):
        with Bench([HOME], {"neighbour": "secret", hidden: "12345678"}, reset_after=30) as it:
            it.turn(31 * 60, step=2500)
            assert machine.resets == 1


def test_never_reset_where_the_configuration_says_so():
    with Bench([HOME], {"home": "12345678"}, reset_after=0, association=None) as it:
        it.turn(DAY, step=15000)
        assert machine.resets == 0


# Long outages


def test_after_an_outage_of_days_all_is_as_before():
    for days in (3, 7, 13, 25):
        with Bench([HOME, SHOP], {"home": "12345678"}) as it:
            it.until_joined()
            password = it.air.networks.pop(b"home")
            it.air.lose()
            for _ in range(days * 2):
                it.turn(DAY // 2, step=120000)
                del it.log.lines[:], it.air.tried[:]
            it.air.networks[b"home"] = password
            assert it.until_joined() < 75, days


def test_signal_strength():
    for esp8266 in (False, True):
        with Bench([HOME], {"home": "12345678"}, esp8266=esp8266) as it:
            wifi = it.start()
            assert wifi.rssi() is None
            it.turn()
            assert wifi.rssi() is None
            it.until_joined()
            assert wifi.rssi() == -55
