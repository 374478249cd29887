"""Wi-Fi: which network is tried when and for how long, what the log says of it, and what is done when the layer below
lies. The drivers are those of the ports: fakes/network.py."""

from fakes import network
from wifi_bench import DAY, GBK, HOME, OPEN, SHOP, Bench

# How long an attempt takes


def test_a_join_may_take_its_time():
    for association, dhcp in ((0.8, 0), (2, 0.4), (4, 1), (5, 15), (12, 25), (3, 25)):
        with Bench([HOME], {"home": "12345678"}, association=association, dhcp=dhcp) as it:
            it.until_joined(int(association + dhcp) + 6)
            assert it.tried() == ["home"], (association, dhcp)


def test_the_only_network_is_not_cut_off():
    with Bench([HOME], {"home": "12345678"}, association=55, dhcp=25) as it:
        it.until_joined(86)
        assert it.tried() == ["home"]


def test_an_outage_of_fifteen_seconds_whatever_a_join_takes():
    for esp8266 in (False, True):
        for association, dhcp in ((0.5, 0.3), (2, 0.4), (4, 1), (5, 15)):
            for known in ([HOME], [HOME, SHOP]):
                networks = {"home": "12345678"}
                with Bench(known, networks, association=association, dhcp=dhcp, esp8266=esp8266) as it:
                    it.until_joined(60)
                    password = it.air.networks.pop(b"home")
                    it.air.lose()
                    assert not it.turn(15)
                    it.air.networks[b"home"] = password
                    longest = association * 2 + dhcp + 6  # the attempt under way still fails
                    if len(known) > 1:
                        longest += 15  # the other one's turn
                    assert it.until_joined(120) <= longest, (association, dhcp, known)
                    assert len(it.log.lines) < 8


def test_powered_on_before_the_router():
    for known in ([HOME], [HOME, SHOP], [SHOP, HOME]):
        for minutes in (1, 5, 25):
            with Bench(known, association=2.4) as it:
                assert not it.turn(minutes * 60, step=500)
                assert len(it.log.lines) <= minutes * 2 + 4, it.log.lines
                it.air.networks[b"home"] = "12345678"
                assert it.until_joined() < (6 if len(known) == 1 else 75)


def test_two_networks_of_which_the_first_is_absent():
    for esp8266 in (False, True):
        with Bench([HOME, SHOP], {"shop": "abcdefgh"}, association=2.4, esp8266=esp8266) as it:
            assert it.until_joined() < 10
            assert "home: not in reach" in it.log and "joined shop" in it.log
            assert it.tried() == ["home", "shop"]


def test_two_networks_of_which_the_first_has_another_password():
    for esp8266 in (False, True):
        networks = {"home": "changed!", "shop": "abcdefgh"}
        with Bench([HOME, SHOP], networks, association=2.4, esp8266=esp8266) as it:
            assert it.until_joined() < 10
            assert "home: wrong password" in it.log and "joined shop" in it.log
            assert "12345678" not in it.log and "abcdefgh" not in it.log


def test_the_status_of_an_earlier_attempt_is_no_verdict():
    """The ESP32's stays at 201 through any number of connect() and disconnect()."""
    with Bench([HOME, SHOP, OPEN], association=2) as it:
        it.turn(6)
        assert it.tried() == ["home", "shop"] and it.air.status() == network.STAT_NO_AP_FOUND
        it.air.networks[b"shop"] = "abcdefgh"
        it.air.association = 11
        it.air.begin()  # a slow router
        it.until_joined(15)
        assert it.tried() == ["home", "shop"]


def test_networks_that_say_nothing_get_15_30_60_seconds_each():
    with Bench([HOME, SHOP], association=None) as it:
        it.turn(14)
        assert it.tried() == ["home"]
        it.turn(3)
        assert it.tried() == ["home", "shop"] and "home: no answer" in it.log
        it.turn(14 + 60 - 5)
        assert it.tried() == ["home", "shop"] * 2
        it.turn(115)
        assert it.tried() == ["home", "shop"] * 3
        it.turn(1000, step=1000)
        assert len(it.tried()) <= 24


def test_a_network_without_dhcp_is_left_after_a_while():
    with Bench([HOME, SHOP], {"home": "12345678", "shop": "abcdefgh"}, dhcp=None) as it:
        it.turn(25)
        assert it.tried() == ["home"]
        it.turn(15)
        assert it.tried() == ["home", "shop"] and "home: no address" in it.log


def test_an_address_of_zeros_is_none():
    with Bench([HOME], {"home": "12345678"}) as it:
        it.air.no_address = True
        assert not it.turn(20)
        assert it.air.joined and "joined" not in it.log
        it.turn(20)
        assert "home: no address" in it.log and len(it.tried()) == 2
        it.air.no_address = False
        assert it.until_joined() < 10


def test_an_address_that_is_gone_is_noticed_when_a_connection_fails():
    with Bench([HOME], {"home": "12345678"}) as it:
        it.until_joined()
        it.air.no_address = True
        it.fail(1, every=0)
        assert "no address any more" in it.log
        assert not it.turn(1)
        it.air.no_address = False
        assert it.until_joined() < 10


def test_attempts_become_rare_enough_for_an_esp8266s_flash():
    with Bench([HOME, SHOP], esp8266=True, association=2) as it:
        it.turn(DAY, step=15000)
        assert it.air.flash_writes < 250, it.air.flash_writes
    with Bench([HOME], esp8266=True, association=2) as it:
        it.turn(DAY, step=15000)
        assert it.air.flash_writes < 40, it.air.flash_writes


def test_a_loss_is_told_and_the_same_network_awaited_first():
    with Bench([HOME, SHOP], {"shop": "abcdefgh"}) as it:
        it.until_joined()
        it.air.lose()
        assert not it.turn()
        assert "lost shop" in it.log
        assert it.until_joined() < 4  # the driver tries again by itself
        assert it.tried() == ["home", "shop"]
        it.air.networks = {b"home": "12345678"}
        it.air.lose()
        assert it.until_joined() < 15
        assert it.tried() == ["home", "shop", "home"]


def test_losses_many_times_over():
    with Bench([HOME], {"home": "12345678"}) as it:
        for _ in range(1, 20):
            it.until_joined()
            it.air.lose()
            assert not it.turn(1)
        assert len([line for line in it.log.lines if "lost" in line]) == 19
        assert it.tried() == ["home"]


def test_what_the_drivers_raise_is_told_and_tried_again():
    for error in (
        OSError("Wifi Internal Error"),
        OSError("WiFi Out of Memory"),
        RuntimeError("Wifi Unknown Error 0x0101"),
        ValueError(),
        TypeError("can't convert"),
    ):
        with Bench([HOME], {"home": "12345678"}) as it:
            it.air.error = error
            assert not it.turn(1)
            assert str(error) in it.log
            it.turn(600, step=1000)
            assert len(it.log.lines) < 20
            it.air.error = None
            assert it.until_joined() < 70


def test_a_driver_that_does_not_start_is_asked_again():
    with Bench([HOME], {"home": "12345678"}) as it:
        it.air.absent = True
        assert not it.turn(30)
        assert "does not start: WiFi Out of Memory" in it.log and it.start().rssi() is None
        it.turn(1)
        it.air.absent = False
        assert it.until_joined() < 12


def test_the_radio_is_switched_off_and_on_when_joining_goes_on_failing():
    for known in ([HOME], [HOME, SHOP]):
        with Bench(known, association=None) as it:
            it.turn(300)
            assert it.air.restarts >= 1
            it.turn(7200, step=5000)
            assert it.air.restarts <= 8


# Connections from before


def test_a_connection_from_before_a_soft_reset_is_kept_and_called_by_its_name():
    with Bench([HOME, SHOP], {"shop": "abcdefgh"}) as it:
        it.air.join("shop", "abcdefgh")
        assert it.turn(1)
        assert it.tried() == []
        assert "joined shop" in it.log
        it.air.lose()
        assert not it.turn(1)
        assert "lost shop" in it.log


def test_a_connection_from_before_to_a_network_that_is_not_ours_is_left():
    with Bench([HOME], {"home": "12345678", "cafe": ""}) as it:
        it.air.join("cafe", "")
        it.turn()
        assert it.until_joined() < 5
        assert it.tried() == ["home"] and "joined home" in it.log


def test_the_network_an_esp8266_has_in_its_flash_is_tried_first():
    with Bench([HOME, SHOP], {"shop": "abcdefgh"}, esp8266=True) as it:
        it.air.active = True
        it.air.stored = (b"shop", b"abcdefgh")
        it.air.access_point = False
        it.until_joined()
        assert it.tried() == ["shop"] and it.air.flash_writes == 0


# Names in bytes


def test_a_name_that_is_no_utf8():
    known = {"ssid_hex": "bcd2", "password": "12345678"}
    with Bench([known], {GBK: "12345678"}) as it:
        it.until_joined()
        assert it.air.tried == [(GBK, "12345678")]
        assert "joined hex bcd2 as" in it.log
        it.start()
        assert it.turn(1) and len(it.tried()) == 1


def test_a_name_in_hex_that_is_utf8_is_shown_as_text():
    with Bench([{"ssid_hex": "686f6d65", "password": "12345678"}], {"home": "12345678"}) as it:
        it.until_joined()
        assert "joined home as" in it.log
