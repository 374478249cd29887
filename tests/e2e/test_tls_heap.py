"""What TLS takes of an ESP32's first heap, of 56,000 bytes: what that doubles by would be missing to TLS itself.

mbedTLS's buffers and certificates are in the ESP-IDF's heap on the chip, and here in the interpreter's process, outside
the heap; its contexts are in MicroPython's heap on both (extmod/modtls_mbedtls.c: mp_obj_ssl_context_t,
mp_obj_ssl_socket_t). A heap that does not do is a MemoryError here.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import PATIENCE, SSID, WIFI_PASSWORD, config_of
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.board.heap import Heap
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.model import Device
from onenet_tools.console.studio.failures import NotSubscribed
from onenet_tools.console.studio.products import Protocol
from onenet_tools.files import board_directory
from onenet_tools.heap import BARS
from onenet_tools.port.program import in_form, sources
from secure_broker import HOST, Secure, der_of, secure_broker
from terminator import terminator

(BAR,) = (bar for bar in BARS if bar.grows)
COST = 3_584
"""Bytes of it that TLS may take."""
LED = 2
STUDIO = 58_000
"""Bytes that do for a product with a thing model, whose program is the largest: no first heap."""


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure_broker(tmp_path_factory.mktemp("tls")) as it:
        yield it


@pytest.fixture(scope="module")
def console() -> Iterator[RunningConsole]:
    """With a platform that is in a hurry."""
    with running_console() as it:
        rules = it.platform.studio.rules
        rules.uplink_pause = rules.set_pause = 0.0
        rules.logins = 1000
        yield it


def heap_at(secure: Secure, port: int, config: dict[str, Any], size: int = BAR.before_boot, work: Any = None) -> Heap:
    """The heap of a board with the main.py people get, led to this port, that has connected four times, and done its
    work each time. It has never been short of memory."""
    files: dict[str, Any] = in_form(BAR.form, sources({"main.py": board_directory() / "main.py"}), BAR.dialect)
    files |= {"config.json": json.dumps(config | {"led_pin": LED}), "ca.der": der_of(secure.authority)}
    wifi = Wifi({SSID: WIFI_PASSWORD})
    routes = {(HOST, 8883): ("127.0.0.1", port)}
    with VirtualBoard(chip=BAR.chip, files=files, small_heap=size, wifi=wifi, routes=routes) as it:
        it.wait_for("online as", PATIENCE)
        for _ in range(3):
            if work:
                work()
            since = len(it.log)
            it.link.cut()
            it.wait_for("next attempt in", PATIENCE, since)
            it.skip(120)
            it.wait_for("online as", PATIENCE, since)
        # The most of several looks: at one of them a module may be there that is about to go.
        heap = max((it.heap(PATIENCE) for _ in range(5)), key=lambda heap: heap.free)
        assert "MemoryError" not in it.log and "memory" not in it.log.replace("mem: ", ""), it.log
        return heap


def at_a_broker(**changes: Any) -> dict[str, Any]:
    """The configuration of a board that speaks the older platform's dialect."""
    return config_of(host=HOST, port=8883, subscribe_commands=False, **changes)


TLS = {"host": HOST, "port": 8883, "tls": True, "ca": "ca.der"}
JOINING = {"wifi": [{"ssid": SSID, "password": WIFI_PASSWORD}]}


def new_device(console: RunningConsole, protocol: Protocol) -> tuple[Device, dict[str, Any]]:
    """One of a new product of the current platform, and its configuration, with TLS."""
    product = console.call(console.platform.studio.add_product, "", "", protocol)
    device: Device = console.call(console.platform.studio.add_device, product.id, "board1")
    config = {"device_name": device.name, "product_id": product.id, "device_key": device.auth_info}
    return device, JOINING | TLS | config | {"platform": protocol.platform}


def test_a_board_with_tls_stays_in_its_first_heap(secure: Secure) -> None:
    plain = heap_at(secure, secure.ports["plain"], at_a_broker())
    tls = heap_at(secure, secure.ports["good"], at_a_broker(tls=True, ca="ca.der"))
    assert plain.free - tls.free <= COST
    assert tls.free >= 11_264 and tls.largest >= 4_096, tls


def test_a_board_with_tls_at_any_broker_stays_in_it(secure: Secure) -> None:
    name, password = next(iter(secure.broker.users.items()))
    config = {"platform": "mqtt", "device_name": "board1", "username": name, "password": password}
    heap = heap_at(secure, secure.ports["good"], JOINING | TLS | config)
    assert heap.free >= 5_120, heap


def test_a_board_with_tls_and_data_streams_stays_in_it(secure: Secure, console: RunningConsole) -> None:
    _, config = new_device(console, Protocol.STREAM)
    with terminator(secure.certificates["good"], console.mqtt_port) as port:
        heap = heap_at(secure, port, config)
    assert heap.free >= 7_168, heap


def test_what_a_board_with_tls_and_a_thing_model_needs(secure: Secure, console: RunningConsole) -> None:
    device, config = new_device(console, Protocol.ONEJSON)

    def set_led(value: Any) -> Any:
        while True:
            try:
                return console.call(console.platform.studio.things.set, device, {"led": value})["code"]
            except NotSubscribed:  # not yet
                time.sleep(0.05)

    def work() -> None:
        assert (set_led(True), set_led("on")) == (200, 100)

    with terminator(secure.certificates["good"], console.mqtt_port) as port:
        heap_at(secure, port, config, STUDIO, work)
