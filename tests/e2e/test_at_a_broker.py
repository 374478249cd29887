"""A board at a broker of one's own, which is mosquitto: with nothing of OneNET's."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conftest import (
    MAIN,
    PATIENCE,
    ROOMY,
    SSID,
    WIFI_PASSWORD,
    Watcher,
    watching,
)
from conftest import board as board_with
from onenet_tools.board import VirtualBoard
from onenet_tools.broker import Mosquitto
from onenet_tools.loopback import free_port
from real_mosquitto import mosquitto

USER, PASSWORD = "b1", "the board's own"
WATCHER = {"watcher": "only a test"}  # as in conftest
USERS = {USER: PASSWORD} | WATCHER
LED = 2
ONLINE = "mqtt: online as device b1"
EVERYTHING = (("#", 1),)

QUICK = """
from firmware import Device

device = Device("config.json")
device.config["upload_interval"] = 0.05
"""

COUNTER = (
    QUICK
    + """
n = 0

@device.stream("n", every=0.1)
def count():
    global n
    n += 1
    return n

device.run()
"""
)

LIGHT = (
    QUICK
    + f"""
from machine import Pin

led = Pin({LED}, Pin.OUT, value=0)

@device.property("light", every=None)
def light():
    return bool(led.value())

@light.setter
def set_light(value):
    led.value(value)

device.stream("temp", every=3600)(lambda: 21.5)
device.run()
"""
)


def watch(broker: Mosquitto, client_id: str = "") -> contextlib.AbstractContextManager[Watcher]:
    return watching(broker, client_id, EVERYTHING)


@contextlib.contextmanager
def board(
    brokers: dict[str, int], main: str = MAIN, kind: dict[str, Any] | None = None, **changes: Any
) -> Iterator[VirtualBoard]:
    """A board, deployed to, whose configuration says no more than it must, and these changes. brokers: ports, by the
    names that the board knows; more than one name is a list of hosts."""
    names = list(brokers)
    config = {
        "wifi": [{"ssid": SSID, "password": WIFI_PASSWORD}],
        "platform": "mqtt",
        "host": names if len(names) > 1 else names[0],
        "device_name": "b1",
        "username": USER,
        "password": PASSWORD,
        **changes,
    }
    routes = {(name, 1883): ("127.0.0.1", port) for name, port in brokers.items()}
    files = {"deployed.json": '{"version": "1.2.3"}'}
    with board_with(None, main, config=json.dumps(config), files=files, routes=routes, **kind or {}) as it:  # type: ignore[arg-type]
        yield it
        assert PASSWORD not in it.log


def said_of_itself(watcher: Watcher) -> list[bytes]:
    return [message.payload for message in watcher.messages if message.topic == "b1/status"]


def value(message: Any) -> Any:
    return json.loads(message.payload)["value"]


def numbers(watcher: Watcher) -> list[int]:
    """The numbers of a COUNTER, having made sure that none was lost and none came first out of turn. With QoS 1 some
    come twice where a connection was lost, the board's or the watcher's own."""
    came = [n for message in list(watcher.messages) for n in numbers_in(message)]
    once = list(dict.fromkeys(came))
    assert once == list(range(1, len(once) + 1))
    return once


def numbers_in(message: Any) -> list[int]:
    said = json.loads(message.payload) if message.topic.startswith("b1/data") else {}
    return [said[key] for key in ("n", "value") if key in said]


def wait_for_number(watcher: Watcher, least: int) -> None:
    watcher.until(lambda: any(n >= least for m in watcher.messages[-40:] for n in numbers_in(m)), f"number {least}")


def test_values_status_and_commands(kind: dict[str, Any]) -> None:
    with (
        mosquitto(USERS) as broker,
        watch(broker) as watcher,
        board({"broker.local": broker.port}, kind=kind, led_pin=LED, intervals={"rssi": 1}) as it,
    ):
        it.wait_for(ONLINE, PATIENCE)
        assert value(watcher.message("b1/data/rssi")) == -55
        assert value(watcher.message("b1/data/free_heap")) > (4_000 if kind["small"] else 100_000)
        with watch(broker) as latecomer:
            status = latecomer.message("b1/status")
            assert (status.payload, status.retain) == (b"online", True)
            assert not latecomer.find("b1/data/free_heap")  # nothing else is retained
        watcher.publish("b1/command/17", b"led=on", 1)
        assert watcher.message("b1/reply/17").payload == b"ok"  # main.py has the LED as a property here
        assert it.pins[LED] == 1
        watcher.publish("b1/command", b"led?")
        assert watcher.message("b1/reply").payload == b"led=on"
        watcher.publish("b1/set/led", b"OFF", 1)
        assert watcher.message("b1/reply/led").payload == b"ok"
        assert it.pins[LED] == 0
        it.link.cut()
        watcher.until(lambda: said_of_itself(watcher) == [b"online", b"offline", b"online"], "the will, and its end")
        assert "as b1 (p2, c1, k60, u'b1')" in broker.log


def test_home_assistant(kind: dict[str, Any]) -> None:
    with mosquitto(USERS) as broker, watch(broker) as watcher:
        with board({"broker.local": broker.port}, LIGHT, kind, discovery_prefix="homeassistant", retain=True) as it:
            config = json.loads(watcher.message("homeassistant/switch/b1/light/config").payload)
            sensor = json.loads(watcher.message("homeassistant/sensor/b1/temp/config").payload)
            assert sensor["state_topic"] == "b1/data/temp" and value(watcher.message("b1/data/temp")) == 21.5
            assert config["availability_topic"] == "b1/status"
            assert config["device"] == sensor["device"] and config["device"]["sw_version"] == "1.2.3"
            assert value(watcher.message(config["state_topic"])) is False
            for said, state in ((config["payload_on"], 1), (config["payload_off"], 0), (config["payload_on"], 1)):
                before = len(watcher.messages)
                watcher.publish(config["command_topic"], said.encode())
                watcher.until(
                    lambda: any(
                        m.topic == "b1/data/light" and value(m) is bool(state)  # noqa: B023
                        for m in watcher.messages[before:]  # noqa: B023
                    ),
                    "the new state",
                )
                assert it.pins[LED] == state
            count = len([m for m in watcher.messages if m.topic.endswith("/config")])
            assert count == 2
            watcher.publish("homeassistant/status", b"online")
            watcher.until(lambda: len([m for m in watcher.messages if m.topic.endswith("/config")]) == 4, "them again")
        with watch(broker) as home_assistant:  # which starts later
            for topic in ("homeassistant/switch/b1/light/config", "homeassistant/sensor/b1/temp/config"):
                message = home_assistant.message(topic)
                assert message.retain and json.loads(message.payload) in (config, sensor)


def test_what_is_wanted_of_a_board_that_is_away_waits_for_it(kind: dict[str, Any]) -> None:
    with (
        mosquitto(USERS) as broker,
        watch(broker) as watcher,
        board({"broker.local": broker.port}, LIGHT, kind, clean_session=False) as it,
    ):
        it.wait_for(ONLINE, PATIENCE)
        watcher.message("b1/data/temp")
        it.power_cut()
        watcher.publish("b1/set/light", b"ON", 1)
        it.power_on()
        assert watcher.message("b1/reply/light").payload == b"ok"
        assert value(watcher.message("b1/data/light")) is True
        assert it.pins[LED] == 1


def test_an_outage_loses_nothing(tmp_path: Path, kind: dict[str, Any]) -> None:
    for topic in ("{device}/data/{stream}", "{device}/data"):
        folder = tmp_path / str(len(topic))
        folder.mkdir()
        with (
            Mosquitto(USERS, directory=folder, persistence=True) as broker,
            watch(broker, "a watcher the broker remembers") as watcher,
            board({"broker.local": broker.port}, COUNTER, kind, topic=topic, **({} if kind["small"] else ROOMY)) as it,
        ):
            it.wait_for(ONLINE, PATIENCE)
            wait_for_number(watcher, 5)
            seen = len(it.log)
            it.link.cut()
            it.wait_for(ONLINE, PATIENCE, seen)
            wait_for_number(watcher, numbers(watcher)[-1] + 5)
            seen = len(it.log)
            broker.stop()
            it.wait_for("next attempt in", PATIENCE, seen)
            broker.start()
            it.wait_for(ONLINE, PATIENCE, seen)
            wait_for_number(watcher, numbers(watcher)[-1] + 5)
            numbers(watcher)


def test_the_next_host_when_one_fails(kind: dict[str, Any], tmp_path: Path) -> None:
    """What the first broker has acknowledged, and not told the watcher any more when it is stopped, comes to that when
    it runs again: its end resets the watcher's connection where that has said something that it has not read, and with
    it goes what the watcher has not read (RFC 1122, 4.2.2.13; tcp_close() in Linux's net/ipv4/tcp.c)."""
    with (
        Mosquitto(USERS, directory=tmp_path, persistence=True) as first,
        mosquitto(USERS) as second,
        watch(second) as late,
    ):
        brokers = {"dead.local": free_port(), "first.local": first.port, "second.local": second.port}
        with (
            watch(first, "a watcher the broker remembers") as early,
            board(brokers, COUNTER, kind, **({} if kind["small"] else ROOMY)) as it,
        ):
            it.wait_for("connecting to dead.local:1883", PATIENCE)
            it.wait_for("connecting to first.local:1883", PATIENCE)
            it.wait_for(ONLINE, PATIENCE)
            wait_for_number(early, 5)
            seen = len(it.log)
            first.stop()
            it.wait_for("connecting to second.local:1883", PATIENCE, seen)
            it.wait_for(ONLINE, PATIENCE, seen)
            last = max(n for message in early.messages for n in numbers_in(message))
            wait_for_number(late, last + 5)
            due = set(range(1, last + 6)) - {n for message in list(late.messages) for n in numbers_in(message)}
            first.start()
            early.until(lambda: due <= {n for m in early.messages for n in numbers_in(m)}, f"all of {due}")


def test_wrong_credentials_are_told_in_words() -> None:
    with mosquitto(USERS | {USER: "another"}) as broker, board({"broker.local": broker.port}) as it:
        it.wait_for(r"mqtt: user name or password refused \(code 5\); next attempt in [4-8]\d s", PATIENCE)
