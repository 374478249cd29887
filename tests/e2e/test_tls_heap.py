"""What TLS takes of an ESP32's first heap, of 56,000 bytes: what that doubles by would be missing to TLS itself.

mbedTLS's buffers and certificates are in the ESP-IDF's heap on the chip, and here in the interpreter's process, outside
the heap; its contexts are in MicroPython's heap on both (extmod/modtls_mbedtls.c: mp_obj_ssl_context_t,
mp_obj_ssl_socket_t). A heap that does not do is a MemoryError here.
"""

import base64
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import PATIENCE, SSID, WIFI_PASSWORD, config_of
from onenet_tools.board import BoardError, VirtualBoard, Wifi
from onenet_tools.board.heap import Heap
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.model import Device
from onenet_tools.console.studio.failures import NoAnswer, NotSubscribed, ServiceFailed
from onenet_tools.console.studio.products import Protocol
from onenet_tools.files import board_directory
from onenet_tools.loopback import free_port
from onenet_tools.measure.heap import BARS
from onenet_tools.port.program import in_form, sources
from secure_broker import HOST, Secure, der_of, secure_broker
from terminator import terminator

(BAR,) = (bar for bar in BARS if bar.grows)
COST = 3_584
"""Bytes of it that TLS may take."""
BOOTS = 3
"""Starts of which one has to do where there is next to nothing to spare: MicroPython's collector takes
words that calls have left on the stack for addresses, and may keep up to 2 KB for one (py/gc.c, gc_collect_root())."""
LED = 2


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


FAILED = b"# 1 - reset 1\nValueError: %03d\n\n"
"""A record of the file crashes."""


def board(secure: Secure, port: int, config: dict[str, Any], wifi: Wifi) -> VirtualBoard:
    """With the main.py people get, led to this port."""
    files: dict[str, Any] = in_form(BAR.form, sources({"main.py": board_directory() / "main.py"}), BAR.dialect)
    files |= {"config.json": json.dumps(config | {"led_pin": LED}), "ca.der": der_of(secure.authority)}
    files |= {"crashes": b"".join(FAILED % i for i in range(64))}  # full
    routes = {(HOST, 8883): ("127.0.0.1", port)}
    return VirtualBoard(chip=BAR.chip, files=files, small_heap=BAR.before_boot, wifi=wifi, routes=routes)


def heap_at(
    secure: Secure,
    port: int,
    config: dict[str, Any],
    online: Callable[[], None] | None = None,
    away: Callable[[], str] = lambda: "online as",
) -> Heap:
    """The heap of a board that is led to this port and has connected five times. `online` was called when it was, and
    `away` when it was not, which tells what it logs when it is again.

    It has never been short of memory. Where it is, a MemoryError may be all that shows, if that: for words that it
    spares, as those of a connection that is lost, it goes without; a chip's heap would have grown.
    """
    wifi = Wifi({SSID: WIFI_PASSWORD})
    with board(secure, port, config, wifi) as it:
        it.wait_for("online as", PATIENCE)
        for turn in range(4):
            if online:
                online()
            since = len(it.log)
            if turn:
                it.link.cut()
            else:
                it.wifi.up = False
            it.wait_for("next attempt in", PATIENCE, since)
            words = away()
            it.wifi.up = True
            it.skip(120)
            it.wait_for("online as", PATIENCE, since)
            it.wait_for(words, PATIENCE, since)
        # The most of several looks: at one of them a module may be there that is about to go.
        heap = max((it.heap(PATIENCE) for _ in range(5)), key=lambda heap: heap.free)
        log = it.log
        assert log.count("online as") == log.count(" bytes free, and ") == 5, log
        assert log.count("the connection was cut by") == 3 and log.count("OSError: Wi-Fi lost") == 1, log
        assert "MemoryError" not in log and "memory" not in log.replace("mem: ", ""), log
        it.power_cut()
        crashes = it.read_files()["/crashes"]
        assert crashes.endswith(b"must be true or false\n\n") == bool(online), crashes
        return heap


def in_one_start(heap_of: Callable[[int], Heap]) -> Heap:
    """The heap of the first start, by number, that was never short of memory: see BOOTS."""
    short = []
    for number in range(BOOTS):
        try:
            return heap_of(number)
        except (AssertionError, BoardError) as error:
            short.append(error)
    raise AssertionError(short)


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
    config = JOINING | TLS | {"platform": "mqtt", "username": name, "password": password}
    port = secure.ports["good"]
    heap = in_one_start(lambda number: heap_at(secure, port, config | {"device_name": f"board{10**number}"}))
    assert heap.free >= 5_120, heap


def test_a_board_with_tls_and_data_streams_stays_in_it(secure: Secure, console: RunningConsole) -> None:
    _, config = new_device(console, Protocol.STREAM)
    with terminator(secure.certificates["good"], console.mqtt_port) as port:
        heap = heap_at(secure, port, config)
    assert heap.free >= 7_168, heap


def test_a_board_with_tls_and_a_thing_model_stays_in_it(secure: Secure, console: RunningConsole) -> None:
    """Whatever the platform wants of it: properties set and asked for, a service, a desired value; and what fails."""
    device, config = new_device(console, Protocol.ONEJSON)
    things = console.platform.studio.things

    def ask(function: Callable[..., Any], *arguments: Any) -> Any:
        while True:
            try:
                return console.call(function, device, *arguments)
            except (NotSubscribed, NoAnswer):  # not yet, or on a busy machine
                time.sleep(0.05)

    def online() -> None:
        assert ask(things.set, {"led": True})["code"] == 200
        assert ask(things.set, {"led": "on"})["code"] == 100
        assert ask(things.get, ["led", "rssi"]).keys() == {"led", "rssi"}
        with pytest.raises(ServiceFailed, match="send led=on, led=off or led"):
            ask(things.call, "blink", {"times": 3})

    def away() -> str:
        console.call(things.set_desired, device, {"led": False})
        return "desired value of led obeyed"

    with terminator(secure.certificates["good"], console.mqtt_port) as port:
        heap = in_one_start(lambda _: heap_at(secure, port, config, online, away))
    assert heap.free >= 6_656, heap


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        ("good", base64.b64encode(bytes(32)).decode(), "is device_key this device's, and not the product's access_key"),
        ("expired", "", "the certificate has expired"),
        ("", "", "nothing listens at the server"),
    ],
)
def test_it_has_the_memory_to_say_why_it_does_not_connect(
    secure: Secure, console: RunningConsole, certificate: str, key: str, words: str
) -> None:
    """In one of so many starts at least: see BOOTS."""
    for _ in range(BOOTS):
        try:
            if "memory" not in log_of_attempts(secure, console, certificate, key, words):
                return
        except BoardError as error:
            assert "memory" in str(error)
    pytest.fail("each start was short of memory")


def log_of_attempts(secure: Secure, console: RunningConsole, certificate: str, key: str, words: str) -> str:
    """What a board logs that does not connect, for this reason, three times."""
    _, config = new_device(console, Protocol.ONEJSON)
    config |= {"device_key": key or config["device_key"]}
    with contextlib.ExitStack() as stack:
        port = free_port()
        if certificate:
            port = stack.enter_context(terminator(secure.certificates[certificate], console.mqtt_port))
        it = stack.enter_context(board(secure, port, config, Wifi({SSID: WIFI_PASSWORD})))
        for _ in range(3):
            since = len(it.log)
            it.wait_for(words, PATIENCE, since)
            it.wait_for("next attempt in", PATIENCE, since)
            it.skip(400)
        return it.log
