"""TLS by config.json: a board online at a real broker with a certificate, and what it says where that does not hold."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from conftest import MAIN, PATIENCE, QUICK, board, wait_online, watching
from onenet_tools.board import VirtualBoard
from secure_broker import HOST, Secure, der_of, secure_broker

RUN = "device.run()\n"
RUN_ALONE = "from firmware import Device\ndevice = Device()\n" + RUN
ECHO = (
    QUICK
    + """
device.stream("n", every=0.1)(lambda: 1)
device.command(bytes)
device.run()
"""
)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure_broker(tmp_path_factory.mktemp("tls")) as it:
        yield it


@contextlib.contextmanager
def board_at(
    secure: Secure, kind: str, main: str = MAIN, *, files: dict[str, Any] | None = None, **changes: Any
) -> Iterator[VirtualBoard]:
    """One that is led to this port of the broker, and has the CA's certificate."""
    host, port = changes.get("host", HOST), 8883
    routes = changes.pop("routes", {}) | {(host, port): ("127.0.0.1", secure.ports[kind])}
    files = {"ca.der": der_of(secure.authority)} if files is None else files
    settings = {"host": host, "port": port, "tls": True, "ca": "ca.der"} | changes
    with board(secure.broker, main, files=files, routes=routes, **settings) as it:
        yield it


def refused(it: VirtualBoard, words: str) -> str:
    """The line in which the board says so, twice, as it goes on trying; nothing else had come to the broker."""
    line = rf"mqtt: TLS: [^\n]*{words}[^\n]*; next attempt in \d+ s"
    first = it.wait_for(line, PATIENCE)
    it.wait_for(line, PATIENCE, first.end())
    assert "online" not in it.log
    return first[0]


def test_comes_online_and_stays(secure: Secure) -> None:
    with (
        watching(secure.broker) as watcher,
        board_at(secure, "good", ECHO) as it,
    ):
        device = wait_online(it)
        for _ in range(3):
            assert watcher.command(b"led?") == b"led?"
            assert watcher.wait_for_point("n") > 0
            since = len(it.log)
            it.link.cut()
            it.wait_for("next attempt in", PATIENCE, since)
            assert wait_online(it, since) == device
    assert f"as {device} (" in secure.broker.log


def test_a_ca_that_has_not_made_the_certificate(secure: Secure) -> None:
    with board_at(secure, "good", QUICK + RUN, files={"ca.der": der_of(trustme.CA())}) as it:
        assert "not to be trusted: it is not by the CA that is" in refused(it, "trusted")


def test_a_certificate_that_has_expired(secure: Secure) -> None:
    with board_at(secure, "expired", QUICK + RUN) as it:
        refused(it, "the certificate has expired, by the clock here: 20")


def test_a_certificate_that_is_not_valid_yet(secure: Secure) -> None:
    with board_at(secure, "future", QUICK + RUN) as it:
        refused(it, "the certificate is not valid yet, by the clock here: 202")


def test_a_board_without_a_clock_asks_for_the_time_before_each_attempt(secure: Secure) -> None:
    """An ESP32's begins at 2000, and mbedTLS believes it."""
    ntp = ("ntp.aliyun.com", 123)
    with board_at(secure, "good", QUICK + RUN, routes={ntp: ("127.0.0.1", 9)}, ntp_host=ntp[0]) as it:
        refused(it, "the certificate is not valid yet, by the clock here: 2000-01-01")
        it.wait_for("(clock: no answer from ntp.aliyun.com(.|\n)*){3}", PATIENCE)
        del it.link.routes[ntp]
        it.wait_for("clock: 202", PATIENCE)
        wait_online(it)


def test_a_certificate_for_another_name(secure: Secure) -> None:
    with board_at(secure, "good", QUICK + RUN, host="elsewhere.example") as it:
        line = refused(it, "the certificate is for another name than elsewhere.example")
        assert '"tls_name" in config.json' in line


def test_the_name_may_be_another_than_the_hosts(secure: Secure) -> None:
    with board_at(secure, "named", QUICK + RUN, tls_name="OneNET MQTTS") as it:
        wait_online(it)


def test_the_name_is_not_checked_where_that_is_wanted_and_the_log_says_so(secure: Secure) -> None:
    files = {"onenet.der": der_of(secure.authority)}
    with board_at(secure, "good", QUICK + RUN, host="x.example", files=files, ca="onenet", tls_name="any") as it:
        wait_online(it)
        assert 'mqtt: the name in the certificate is not checked, for "tls_name" in config.json is "any"' in it.log
        assert f"mqtt: the server's certificate is for {HOST}" in it.log


@pytest.mark.parametrize(("kind", "words"), [("good", "not to be trusted"), ("expired", "has expired")])
def test_all_else_is_checked_as_ever_where_the_name_is_not(secure: Secure, kind: str, words: str) -> None:
    files = {"onenet.der": der_of(trustme.CA() if kind == "good" else secure.authority)}
    with board_at(secure, kind, QUICK + RUN, host="x.example", files=files, ca="onenet", tls_name="any") as it:
        refused(it, words)


def test_a_server_without_tls_on_the_port_is_told_nothing(secure: Secure) -> None:
    with board_at(secure, "plain", QUICK + RUN, device_id="471147114711") as it:
        refused(it, "is this its port for TLS")
    assert "471147114711" not in secure.broker.log


def test_a_handshake_that_stalls(secure: Secure) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        secure.ports["silent"] = silent.getsockname()[1]
        with board_at(secure, "silent", QUICK + "device._client.session.timeout = 500\n" + RUN) as it:
            refused(it, "the handshake has stalled: no answer for 500 ms")


def test_without_the_file_of_the_ca(secure: Secure) -> None:
    with board_at(secure, "good", QUICK + RUN, files={}) as it:
        refused(it, "there is no file ca.der on the board, the CA's certificate: onenet config brings it")


def test_a_file_that_is_no_certificate(secure: Secure) -> None:
    with board_at(secure, "good", QUICK + RUN, files={"ca.der": b"-----BEGIN NONSENSE-----"}) as it:
        refused(it, "ca.der is no certificate in DER")


def test_without_the_memory_for_it(secure: Secure) -> None:
    """What an ESP32 has left whose MicroPython heap has grown."""
    main = QUICK + "import esp32\nesp32.idf_heap_info = lambda _: [(80000, 20000, 17000, 0), (60000, 14700, 9000, 0)]\n"
    with board_at(secure, "good", main + RUN) as it:
        line = refused(it, "not enough memory: it takes 37000 bytes of the ESP-IDF's heap")
        assert "; 34700 are free, 17000 in one piece" in line


def test_an_esp8266_refuses_it(secure: Secure) -> None:
    with board_at(secure, "good", RUN_ALONE, chip="esp8266") as it:
        it.wait_for("tls: must be false on an ESP8266", PATIENCE)
