"""A board whose network, broker or program fails: it says so, comes back by itself, and loses nothing."""

import json
import os
import random
import re
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import (
    ADDRESS,
    COUNTER,
    ONLINE,
    PATIENCE,
    PRODUCT_ID,
    QUICK,
    ROOMY,
    SSID,
    USERS,
    WIFI_PASSWORD,
    Watcher,
    board,
    config_of,
    wait_online,
    watching,
)
from onenet_tools.board import ResetCause, Wifi
from onenet_tools.broker import Mosquitto
from onenet_tools.datapoints import decode
from onenet_tools.loopback import free_port

# Credentials


def test_wrong_credentials_are_told_in_words_and_tried_again_slowly() -> None:
    with Mosquitto(USERS | {PRODUCT_ID: "another"}) as wrong, board(wrong) as it:
        refusal = it.wait_for(r"device id, product id or auth-info refused.*next attempt in (\d+) s", PATIENCE)
        assert 40 <= int(refusal.group(1)) <= 80
        wrong.stop()
        with Mosquitto(USERS, wrong.port) as right, watching(right) as watcher:
            it.reset_button()
            wait_online(it, refusal.end())
            watcher.wait_for_point("free_heap")


def test_once_the_credentials_are_right_the_board_is_online() -> None:
    with Mosquitto(USERS | {PRODUCT_ID: "another"}) as wrong, board(wrong, COUNTER, **ROOMY) as it:
        it.wait_for(r"(auth-info refused(.|\n)*){2}", PATIENCE)
        wrong.stop()
        with Mosquitto(USERS, wrong.port) as right, watching(right) as watcher:
            wait_online(it)
            watcher.wait_for_number(20)
            watcher.batches_in_order(disturbances=0)


# The broker


def test_broker_down_at_boot() -> None:
    broker = Mosquitto(USERS, free_port())  # not started
    with board(broker, COUNTER, **ROOMY) as it:
        it.wait_for(r"(next attempt in(.|\n)*){3}", PATIENCE)
        assert not re.search(ONLINE, it.log)
        with broker, watching(broker) as watcher:
            wait_online(it)
            watcher.wait_for_number(20)
            watcher.batches_in_order(disturbances=0)


def test_broker_restarted(tmp_path: Path) -> None:
    with (
        Mosquitto(USERS, directory=tmp_path, persistence=True) as broker,
        watching(broker, "a watcher the broker remembers") as watcher,
        board(broker, COUNTER, **ROOMY) as it,
    ):
        wait_online(it)
        for _ in range(2):
            watcher.wait_for_more(2)
            seen = len(it.log)
            broker.stop()
            it.wait_for("next attempt in", PATIENCE, seen)
            broker.start()
            wait_online(it, seen)
            watcher.wait_for_number(watcher.last_number() + 5)
        watcher.batches_in_order(disturbances=4)  # the watcher's own connection was lost too


def test_a_broker_that_falls_silent_is_noticed_by_the_keep_alive(tmp_path: Path) -> None:
    """Slow: the keep alive is 10 s, and silence may last one and a half times that."""
    pid = tmp_path / "pid"
    main = QUICK + "device.command(lambda payload: payload)\ndevice.run()\n"
    with (
        Mosquitto(USERS, directory=tmp_path, config=f"pid_file {pid}") as broker,
        watching(broker) as watcher,
        board(broker, main, keep_alive=10) as it,
    ):
        device_id = wait_online(it)
        assert watcher.command(b"before") == b"before"
        while f"Sending PUBACK to {device_id}" not in broker.log:
            time.sleep(0.01)
        time.sleep(0.3)  # now nothing is on its way, so it is the ping that misses its answer
        seen = len(it.log)
        os.kill(int(pid.read_text()), signal.SIGSTOP)
        try:
            it.wait_for("Timeout: no PINGRESP", PATIENCE, seen)
        finally:
            os.kill(int(pid.read_text()), signal.SIGCONT)
        wait_online(it, seen)
        assert watcher.command(b"after") == b"after"


# Wi-Fi


def test_wifi_absent_at_boot(broker: Mosquitto, watcher: Watcher) -> None:
    wifi = Wifi({SSID: WIFI_PASSWORD}, up=False)
    with board(broker, COUNTER, wifi=wifi, **ROOMY) as it:
        it.wait_for("home: not in reach", PATIENCE)
        wifi.up = True
        wait_online(it)
        watcher.wait_for_number(15)
        watcher.batches_in_order(disturbances=0)


def test_wrong_wifi_password(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    wifi = Wifi({SSID: "something else"})
    with board(broker, wifi=wifi, **kind) as it:
        it.wait_for("home: wrong password", PATIENCE)
        wifi.networks[SSID] = WIFI_PASSWORD
        wait_online(it)
        watcher.wait_for_point("free_heap")


def test_second_network(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    networks = [{"ssid": "office", "password": "87654321"}, {"ssid": SSID, "password": WIFI_PASSWORD}]
    with board(broker, config=json.dumps(config_of(wifi=networks)), **kind) as it:
        it.wait_for("office: not in reach", PATIENCE)
        it.wait_for("joined home", PATIENCE)
        wait_online(it)
        watcher.wait_for_point("free_heap")


def test_wifi_lost_and_back_loses_no_data_point(broker: Mosquitto, watcher: Watcher) -> None:
    wifi = Wifi({SSID: WIFI_PASSWORD})
    with board(broker, COUNTER, wifi=wifi, **ROOMY) as it:
        wait_online(it)
        for drop in (False, True, False):
            watcher.wait_for_more(2)
            seen, number = len(it.log), watcher.last_number()
            if drop:  # so short that the board need not notice
                wifi.drop()
            else:
                wifi.up = False
                it.wait_for("wifi: lost home", PATIENCE, seen)
                time.sleep(0.5)  # some numbers are counted meanwhile
                wifi.up = True
                it.wait_for("wifi: joined home", PATIENCE, seen)
            watcher.wait_for_number(number + 10)
        watcher.batches_in_order(disturbances=3)


# The connection


def test_twenty_resets_at_random_moments_lose_nothing(broker: Mosquitto, watcher: Watcher) -> None:
    moments = random.Random(6002)
    with board(broker, COUNTER, **ROOMY) as it:
        wait_online(it)
        for n in range(20):
            watcher.wait_for_more()
            if n % 2:  # between a packet and its answer
                wait_for_traffic(it, moments.choice(("up", "down")), moments.randint(1, 3))
            else:
                time.sleep(moments.uniform(0, 0.25))
            it.link.cut()
        watcher.wait_for_number(watcher.last_number() + 10)
        watcher.batches_in_order(disturbances=20)
        assert len(re.findall(ONLINE, it.log)) > 10


def wait_for_traffic(it, direction: str, chunks: int) -> None:
    """Waits until so many chunks have passed in that direction."""
    passed = threading.Semaphore(0)
    it.link.tap = lambda way, data, connection: passed.release() if way == direction else None
    try:
        for _ in range(chunks):
            assert passed.acquire(timeout=PATIENCE)
    finally:
        it.link.tap = None


def test_power_cut_and_back(broker: Mosquitto, watcher: Watcher, kind: dict[str, Any]) -> None:
    with board(broker, device_id="3003", **kind) as it:
        wait_online(it)
        for _ in range(3):
            it.power_cut()
            seen = len(watcher.batches)
            it.power_on()
            assert wait_online(it) == "3003"  # though the broker has the old connection still
            watcher.until(lambda seen=seen: len(watcher.batches) > seen, "the first batch after power-on")


def test_a_name_that_is_not_known_and_then_is(broker: Mosquitto) -> None:
    with board(broker, COUNTER, routes={}, **ROOMY) as it:
        it.wait_for(r"(next attempt in(.|\n)*){2}", PATIENCE)
        it.link.routes[ADDRESS] = ("127.0.0.1", broker.port)
        wait_online(it)


def test_two_boards_with_one_device_id_throw_each_other_out_politely(broker: Mosquitto) -> None:
    main = QUICK.replace("Backoff(50, 400)", "Backoff(300, 3000)") + "device.run()\n"
    with board(broker, main, device_id="4004") as one, board(broker, main, device_id="4004") as other:
        one.wait_for("(next attempt(.|\n)*){2}", PATIENCE)
        other.wait_for("next attempt", PATIENCE)
        for it in (one, other):
            assert re.search(ONLINE, it.log)


# The program


def test_a_stream_that_never_ends_is_ended_by_the_watchdog(broker: Mosquitto, watcher: Watcher) -> None:
    main = (
        "import machine\n"
        + QUICK
        + """
machine.WDT(timeout=3000)  # less than a config.json may say
stuck = False

@device.stream("n", every=0.1)
def n():
    while stuck:
        pass
    return 1

@device.command
def obey(payload):
    global stuck
    stuck = True

device.run()
"""
    )
    with board(broker, main, health_interval=1) as it:
        wait_online(it)
        assert watcher.wait_for_point("reset_cause") == "power on"
        watcher.command(b"get stuck")
        assert it.wait_for_resets(2, PATIENCE) is ResetCause.WDT
        it.wait_for(rf"(({ONLINE})(.|\n)*){{2}}", PATIENCE)
        watcher.until(lambda: watcher.points()["reset_cause"] == "watchdog", "the cause")


def test_a_program_with_mistakes_stays_online(broker: Mosquitto, watcher: Watcher) -> None:
    main = (
        QUICK
        + """
@device.stream("bad", every=0.1)
def bad():
    return 1 / 0

@device.stream("worse", every=0.1)
def worse():
    return float("nan")

@device.stream("good", every=0.1)
def good():
    return 1

@device.command
def obey(payload):
    return {}[payload]

device.run()
"""
    )
    with board(broker, main) as it:
        wait_online(it)
        assert watcher.wait_for_point("good") == 1
        assert watcher.command(b"x").startswith(b"error")
        watcher.wait_for_more(3)
        assert set(watcher.points()) == {"good"}
        it.wait_for("ZeroDivisionError", PATIENCE)
        assert len(re.findall(ONLINE, it.log)) == 1


@pytest.mark.parametrize("full", ["drop_oldest", "drop_newest"])
def test_an_outbox_that_overflows_offline(broker: Mosquitto, watcher: Watcher, full: str) -> None:
    main = (
        QUICK
        + """
for i in range(1000):
    device.put("n", i)
print("dropped", device.outbox.dropped)
device.run()
"""
    )
    wifi = Wifi({SSID: WIFI_PASSWORD}, up=False)
    with board(broker, main, wifi=wifi, outbox_size=512, outbox_full=full) as it:
        dropped = int(it.wait_for(r"^dropped (\d+)", PATIENCE).group(1))
        wifi.up = True
        expected = list(range(dropped, 1000)) if full == "drop_oldest" else list(range(1000 - dropped))

        def values() -> list[int]:
            return [point.value for batch in list(watcher.batches) for point in decode(batch)]

        watcher.until(lambda: len(values()) >= len(expected), "what was left")
        assert values() == expected
