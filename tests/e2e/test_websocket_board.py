"""A board at a broker that it reaches by WebSocket."""

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import MAIN, PATIENCE, SSID, WIFI_PASSWORD
from onenet_tools.board import Wifi
from onenet_tools.broker import Mosquitto
from onenet_tools.loopback import free_port
from real_mosquitto import mosquitto
from test_at_a_broker import COUNTER, LED, ONLINE, USERS, board, numbers, said_of_itself, value, watch


@pytest.fixture
def web() -> Iterator[tuple[Mosquitto, int]]:
    """A mosquitto, and its port for WebSockets."""
    port = free_port()
    with mosquitto(USERS, f"listener {port}\nprotocol websockets") as broker:
        yield broker, port


def test_values_commands_and_the_will(web: tuple[Mosquitto, int], kind: dict[str, Any]) -> None:
    broker, port = web
    with watch(broker) as watcher:
        with board({"broker.local": port}, MAIN, kind, led_pin=LED, transport="websocket", path="/any") as it:
            it.wait_for(ONLINE, PATIENCE)
            assert value(watcher.message("b1/data/free_heap")) > (4_000 if kind["small"] else 100_000)
            watcher.publish("b1/command/17", b"led=on", 1)
            assert watcher.message("b1/reply/17").payload == b"led=on"
            assert it.pins[LED] == 1
            watcher.publish("b1/command", b"x" * 5000)  # longer than rx_size, and than a frame of mosquitto's
            it.wait_for("longer than rx_size", PATIENCE)
            watcher.publish("b1/command/18", b"led?", 1)
            assert watcher.message("b1/reply/18").payload == b"led=on"
            assert len(it.link.connections) == 1
        watcher.until(lambda: said_of_itself(watcher) == [b"online", b"offline"], "the will")


def test_an_outage_loses_nothing(web: tuple[Mosquitto, int], kind: dict[str, Any]) -> None:
    broker, port = web
    wifi = Wifi({SSID: WIFI_PASSWORD})
    with (
        watch(broker) as watcher,
        board({"broker.local": port}, COUNTER, {**kind, "wifi": wifi}, transport="websocket"),
    ):
        watcher.until(lambda: len(numbers(watcher)) > 5, "some numbers")
        wifi.up = False
        wifi.up = True
        n = len(numbers(watcher))
        watcher.until(lambda: len(numbers(watcher)) > n + 20, "more numbers")


def test_a_port_without_a_websocket_is_named_as_that(web: tuple[Mosquitto, int]) -> None:
    broker, _ = web
    with board({"broker.local": broker.port}, transport="websocket") as it:
        it.wait_for("asked for a WebSocket; is there one at this port", PATIENCE)
