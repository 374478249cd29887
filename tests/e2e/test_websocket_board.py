"""A board at a broker that it reaches by WebSocket."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from conftest import MAIN, PATIENCE, SSID, WIFI_PASSWORD
from conftest import board as any_board
from onenet_tools.board import Wifi
from onenet_tools.broker import Mosquitto
from real_mosquitto import mosquitto
from test_at_a_broker import COUNTER, LED, ONLINE, PASSWORD, USER, USERS, board, numbers, said_of_itself, value, watch


@pytest.fixture
def web() -> Iterator[tuple[Mosquitto, int]]:
    """A mosquitto, and its port for WebSockets."""
    with mosquitto(USERS, {"web": "protocol websockets"}) as broker:
        yield broker, broker.ports["web"]


def test_values_commands_and_the_will(web: tuple[Mosquitto, int], kind: dict[str, Any]) -> None:
    broker, port = web
    with watch(broker) as watcher:
        with board({"broker.local": port}, MAIN, kind, led_pin=LED, transport="websocket", path="/any") as it:
            it.wait_for(ONLINE, PATIENCE)
            assert value(watcher.message("b1/data/free_heap")) > (4_000 if kind["small"] else 100_000)
            watcher.publish("b1/command/17", b"led=on", 1)
            assert watcher.message("b1/reply/17").payload == b"ok"
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


def test_inside_tls(tmp_path: Path) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    certificate = authority.issue_cert("broker.local", key_type=trustme.KeyType.RSA)
    pem = tmp_path / "server.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(pem))
    config = {
        "wifi": [{"ssid": SSID, "password": WIFI_PASSWORD}],
        "platform": "mqtt",
        "host": "broker.local",
        "port": 8084,
        "tls": True,
        "ca": "ca.der",
        "transport": "websocket",
        "led_pin": LED,
        "device_name": "b1",
        "username": USER,
        "password": PASSWORD,
    }
    files: dict[str, Any] = {"ca.der": ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())}
    with (
        mosquitto(USERS, {"web": f"protocol websockets\ncertfile {pem}\nkeyfile {pem}"}) as broker,
        watch(broker) as watcher,
        any_board(
            broker,
            config=json.dumps(config),
            files=files,
            routes={("broker.local", 8084): ("127.0.0.1", broker.ports["web"])},
        ) as it,
    ):
        it.wait_for(ONLINE, PATIENCE)
        watcher.message("b1/data/free_heap")  # by then it has subscribed
        watcher.publish("b1/command/17", b"led?", 1)
        assert watcher.message("b1/reply/17").payload == b"led=off"


def test_a_port_without_a_websocket_is_named_as_that(web: tuple[Mosquitto, int]) -> None:
    broker, _ = web
    with board({"broker.local": broker.port}, transport="websocket") as it:
        it.wait_for("asked for a WebSocket; is there one at this port", PATIENCE)
