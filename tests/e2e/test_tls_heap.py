"""What TLS takes of an ESP32's first heap, of 56,000 bytes: what that doubles by would be missing to TLS itself.

mbedTLS's buffers and certificates are in the ESP-IDF's heap on the chip, and here in the interpreter's process, outside
the heap; its contexts are in MicroPython's heap on both (extmod/modtls_mbedtls.c: mp_obj_ssl_context_t,
mp_obj_ssl_socket_t). A heap that does not do is a MemoryError here.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import PATIENCE, SSID, WIFI_PASSWORD, config_of
from onenet_tools.board import VirtualBoard, Wifi
from onenet_tools.board.heap import Heap
from onenet_tools.files import board_directory
from onenet_tools.heap import BARS
from onenet_tools.port.program import in_form, sources
from secure_broker import HOST, Secure, der_of, secure_broker

(BAR,) = (bar for bar in BARS if bar.grows)
FREE, LARGEST = 10_240, 2_560
"""Bytes that are to be left after some connections, and in one piece."""
COST = 4_096
"""Bytes of it that TLS may take."""


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure_broker(tmp_path_factory.mktemp("tls")) as it:
        yield it


def heap_at(secure: Secure, kind: str, **changes: Any) -> Heap:
    """The heap of a board that speaks the older platform's dialect at this port, and has connected four times."""
    config = config_of(host=HOST, port=8883, subscribe_commands=False, **changes)
    files: dict[str, Any] = in_form(BAR.form, sources({"main.py": board_directory() / "main.py"}), BAR.dialect)
    files |= {"config.json": json.dumps(config), "ca.der": der_of(secure.authority)}
    routes = {(HOST, 8883): ("127.0.0.1", secure.ports[kind])}
    wifi = Wifi({SSID: WIFI_PASSWORD})
    with VirtualBoard(chip=BAR.chip, files=files, small_heap=BAR.before_boot, wifi=wifi, routes=routes) as it:
        it.wait_for("online as", PATIENCE)
        for _ in range(3):
            since = len(it.log)
            it.link.cut()
            it.wait_for("next attempt in", PATIENCE, since)
            it.skip(120)
            it.wait_for("online as", PATIENCE, since)
        heap = it.heap(PATIENCE)
        assert "MemoryError" not in it.log and "memory" not in it.log.replace("mem: ", "")
        return heap


def test_a_board_with_tls_stays_in_its_first_heap(secure: Secure) -> None:
    plain, tls = heap_at(secure, "plain"), heap_at(secure, "good", tls=True, ca="ca.der")
    assert plain.free - tls.free <= COST
    assert tls.free >= FREE and tls.largest >= LARGEST, tls
