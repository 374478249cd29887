"""A board whose network is slow, absent, mute or half there, as the ports' drivers have it: it always comes back."""

import re
import time
from collections.abc import Callable

import pytest
from conftest import (
    COUNTER,
    PATIENCE,
    QUICK,
    SSID,
    WIFI_PASSWORD,
    Watcher,
    board,
    wait_online,
)
from onenet_tools.board import ResetCause, Wifi
from onenet_tools.board.sntp import EMPTY, KISS_OF_DEATH, SHORT
from onenet_tools.broker import Mosquitto

DAY = 86400
BOTH = pytest.mark.parametrize("chip", ["esp32", "esp8266"])
SLOW = {"association_time": 1.6, "dhcp_time": 1.2}
"""Seconds; as fast as real ones are."""

IMPATIENT = (
    QUICK
    + """
device._client.session.timeout = 1000  # ms

@device.stream("n", every=1)
def n():
    return 1

device.run()
"""
)
"""A board that soon gives up a server that does not answer."""

NAME = "mqtt.example"


def named(broker: Mosquitto) -> dict[str, object]:
    """A server that has a name."""
    return {"host": NAME, "routes": {(NAME, 6002): ("127.0.0.1", broker.port)}}


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


# Joining


@BOTH
def test_powered_on_before_the_router(broker: Mosquitto, chip: str) -> None:
    wifi = Wifi({SSID: WIFI_PASSWORD}, up=False, **SLOW)
    with board(broker, wifi=wifi, chip=chip) as it:
        it.wait_for(f"wifi: {SSID}: not in reach", PATIENCE)
        time.sleep(6)
        wifi.up = True
        wait_online(it)
        assert it.log.count("wifi:") == 2


@BOTH
@pytest.mark.parametrize("seconds", [2.8, 12])
def test_a_router_that_restarts_whatever_joining_takes(broker: Mosquitto, chip: str, seconds: float) -> None:
    wifi = Wifi({SSID: WIFI_PASSWORD})
    with board(broker, COUNTER, wifi=wifi, chip=chip) as it:
        wait_online(it)
        seen = len(it.log)
        wifi.association_time, wifi.dhcp_time = seconds * 0.4, seconds * 0.6
        wifi.up = False
        it.wait_for(f"lost {SSID}", PATIENCE, seen)
        time.sleep(6)
        wifi.up = True
        wait_online(it, seen)


@BOTH
@pytest.mark.parametrize(("there", "words"), [({}, "not in reach"), ({"shop": "changed it"}, "wrong password")])
def test_two_networks_of_which_the_first_is_of_no_use(
    broker: Mosquitto, chip: str, there: dict[str, str], words: str
) -> None:
    wifi = Wifi({SSID: WIFI_PASSWORD, **there}, **SLOW)
    networks = [{"ssid": "shop", "password": "abcdefgh"}, {"ssid": SSID, "password": WIFI_PASSWORD}]
    with board(broker, wifi=wifi, chip=chip, networks=networks) as it:
        wait_online(it)
        assert re.search(rf"wifi: shop: {words}\r?\n(.*\n)*.*wifi: joined {SSID}", it.log)


@BOTH
def test_a_driver_that_raises_what_nobody_knows(broker: Mosquitto, chip: str) -> None:
    wifi = Wifi({SSID: WIFI_PASSWORD})
    wifi.error = "Wifi Unknown Error 0x0101" if chip == "esp32" else None
    with board(broker, wifi=wifi, chip=chip) as it:
        if wifi.error:
            it.wait_for(f"wifi: {SSID}: {wifi.error}", PATIENCE)
        wifi.error = None
        wait_online(it)


@BOTH
def test_a_network_named_in_gbk(broker: Mosquitto, chip: str) -> None:
    name = "家".encode("gbk")
    networks = [{"ssid_hex": name.hex(), "password": WIFI_PASSWORD}]
    with board(broker, wifi=Wifi({name: WIFI_PASSWORD}), chip=chip, networks=networks) as it:
        wait_online(it)
        assert f"wifi: joined hex {name.hex()} as " in it.log
        seen = len(it.log)
        it.send(b"\x03")
        time.sleep(0.2)
        it.send(b"\r\x03\x04")  # the network is joined, and stays so
        wait_online(it, seen)


def test_the_access_point_of_an_esp8266_is_off_and_its_flash_left_alone(broker: Mosquitto) -> None:
    with board(broker, wifi=Wifi({SSID: WIFI_PASSWORD}, **SLOW), chip="esp8266") as it:
        wait_online(it)
        assert it.wifi.access_point is None
        writes = it.wifi.flash_writes
        for _ in range(2):
            seen = len(it.log)
            it.reset_button()
            wait_online(it, seen)
            it.wifi.drop()
            it.wait_for(f"wifi: lost {SSID}(.|\n)*online as", PATIENCE, seen)
        assert it.wifi.flash_writes == writes


# Joined, and nothing flows


@BOTH
def test_a_network_that_is_mute_is_left_and_joined_again(broker: Mosquitto, chip: str) -> None:
    with board(broker, IMPATIENT, chip=chip, ntp_host="") as it:
        it.wait_for(r"wifi: joined", PATIENCE)
        wait_online(it)
        it.wifi.mute = True
        it.wait_for(f"wifi: {SSID}: joined, but nothing comes through", PATIENCE)
        seen = len(it.log)
        it.wait_for(f"wifi: joined {SSID}", PATIENCE, seen)
        it.wifi.mute = False
        wait_online(it, seen)


@BOTH
def test_from_a_network_that_is_mute_to_the_next(broker: Mosquitto, chip: str) -> None:
    wifi = Wifi({"shop": WIFI_PASSWORD, SSID: WIFI_PASSWORD})
    wifi.mute = {"shop"}
    networks = [{"ssid": name, "password": WIFI_PASSWORD} for name in ("shop", SSID)]
    with board(broker, IMPATIENT, wifi=wifi, chip=chip, networks=networks, ntp_host="") as it:
        wait_online(it)
        assert f"wifi: joined {SSID}" in it.log


@BOTH
def test_an_address_that_is_gone(broker: Mosquitto, chip: str) -> None:
    with board(broker, IMPATIENT, chip=chip, ntp_host="") as it:
        wait_online(it)
        it.wifi.no_address = True
        it.wait_for("no address", PATIENCE)
        it.wifi.no_address = False
        wait_online(it, len(it.log))


@BOTH
def test_after_half_an_hour_without_a_connection_the_board_is_reset(broker: Mosquitto, chip: str) -> None:
    with board(broker, IMPATIENT, chip=chip, ntp_host="") as it:
        wait_online(it)
        it.wifi.mute = True
        it.wait_for("next attempt in", PATIENCE)
        it.skip(29 * 60)
        time.sleep(1)
        assert len(it.resets) == 1
        it.skip(2 * 60)
        assert it.wait_for_resets(2, PATIENCE) is ResetCause.HARD
        assert "wifi: not online for 30 minutes: resetting the board" in it.log
        it.wifi.mute = False
        wait_online(it, len(it.log))
        it.power_cut()
        assert b"not online for 30 minutes" in it.read_files()["/crashes"]


@BOTH
def test_no_reset_while_only_the_router_is_off(broker: Mosquitto, chip: str) -> None:
    with board(broker, IMPATIENT, wifi=Wifi({"neighbour": "another"}), chip=chip) as it:
        it.wait_for(f"wifi: {SSID}: not in reach", PATIENCE)
        for _ in range(2):
            seen = len(it.log)
            it.skip(31 * 60)
            it.wait_for("wifi: none of the networks in reach is ours", PATIENCE, seen)
        it.wifi.networks[SSID] = WIFI_PASSWORD
        wait_online(it)
        assert len(it.resets) == 1


# Names


@BOTH
def test_a_name_that_nobody_can_look_up_does_not_trip_a_watchdog_of_ten_seconds(broker: Mosquitto, chip: str) -> None:
    """Neither the server's nor the time server's, both of which block."""
    with board(broker, chip=chip, watchdog=10, wifi=Wifi({SSID: WIFI_PASSWORD}, up=False), **named(broker)) as it:
        it.dns.up = False
        it.dns.delay = 13
        it.wifi.up = True
        it.wait_for("clock: no answer", PATIENCE)
        it.wait_for("next attempt in", PATIENCE)
        assert len(it.resets) == 1
        it.dns.up = True
        wait_online(it)


@BOTH
def test_the_address_that_was_good_needs_no_name_server(broker: Mosquitto, chip: str) -> None:
    wifi = Wifi({SSID: WIFI_PASSWORD}, association_time=0.5)
    with board(broker, IMPATIENT, wifi=wifi, chip=chip, **named(broker)) as it:
        wait_online(it)
        it.dns.up = False
        for _ in range(2):
            seen = len(it.log)
            it.wifi.drop()
            wait_online(it, seen)
        assert it.dns.queries.count(NAME) == 1


@BOTH
@pytest.mark.parametrize("answer", ["ipv6", "empty", "unknown"])
def test_a_name_without_an_address_is_said_and_tried_again(broker: Mosquitto, chip: str, answer: str) -> None:
    with board(broker, IMPATIENT, chip=chip, wifi=Wifi({SSID: WIFI_PASSWORD}, up=False), **named(broker)) as it:
        it.dns.answers[NAME] = answer
        it.wifi.up = True
        it.wait_for(r"(mqtt: .*next attempt in(.|\n)*){2}", PATIENCE)
        del it.dns.answers[NAME]
        wait_online(it)
        assert len(it.resets) == 1


# Time


@BOTH
@pytest.mark.parametrize("answer", [SHORT, EMPTY, KISS_OF_DEATH])
def test_no_answer_of_a_time_server_keeps_the_board_offline(broker: Mosquitto, chip: str, answer: bytes) -> None:
    with board(broker, chip=chip, wifi=Wifi({SSID: WIFI_PASSWORD}, up=False)) as it:
        it.ntp.answer = answer
        it.wifi.up = True
        it.wait_for("clock: (no (time|answer) from|.*which cannot be)", PATIENCE)
        wait_online(it)
        it.ntp.answer = None
        it.skip(301)
        it.wait_for(r"clock: 20[2-3]\d-\d\d-\d\d \d\d:\d\d:\d\d UTC", PATIENCE)


def test_an_esp8266_sets_its_clock_every_quarter_of_an_hour(broker: Mosquitto) -> None:
    with board(broker, chip="esp8266") as it:
        asked = 0
        for _ in range(3):
            until(lambda asked=asked: it.ntp.queries > asked, "the time server is asked")  # type: ignore[misc]
            wait_online(it)
            asked = it.ntp.queries
            it.skip(901)


@pytest.mark.parametrize(("chip", "days"), [("esp8266", 3), ("esp32", 7), ("esp8266", 13), ("esp32", 25)])
def test_uploads_go_on_after_an_outage_of_days(broker: Mosquitto, watcher: Watcher, chip: str, days: int) -> None:
    main = COUNTER.replace("every=0.1", "every=1")
    with board(broker, main, chip=chip, reset_after=0, wifi=Wifi({SSID: WIFI_PASSWORD})) as it:
        wait_online(it)
        watcher.wait_for_more()
        it.wifi.up = False
        it.wait_for(f"wifi: lost {SSID}", PATIENCE)
        for _ in range(days):
            it.skip(DAY)
            time.sleep(0.3)
        seen = len(it.log)
        it.wifi.up = True
        wait_online(it, seen)
        watcher.wait_for_more(2)
        times = [int(ms) for ms in re.findall(r"^(-?\d+) \w+: ", it.log, re.MULTILINE)]
        assert times == sorted(times) and times[-1] > days * DAY * 1000


@BOTH
def test_a_board_that_is_long_online_loses_its_connection(broker: Mosquitto, watcher: Watcher, chip: str) -> None:
    with board(broker, COUNTER, chip=chip, keep_alive=65535) as it:
        wait_online(it)
        for _ in range(13):
            it.skip(DAY)
            time.sleep(0.2)
        seen = len(it.log)
        it.wifi.up = False
        it.wait_for(f"wifi: lost {SSID}", PATIENCE, seen)
        it.wifi.up = True
        wait_online(it, seen)
        watcher.wait_for_more(2)


def test_a_loop_that_does_not_come_round_on_an_esp8266(broker: Mosquitto) -> None:
    main = COUNTER.replace("n += 1", "n += 1\n    while n == 8:\n        pass")
    with board(broker, main, chip="esp8266", watchdog=10) as it:
        wait_online(it)
        it.wait_for("watchdog: the main loop does not come round", PATIENCE)
        assert it.wait_for_resets(2, PATIENCE) is ResetCause.HARD
