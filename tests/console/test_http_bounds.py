"""Connections to the HTTP port that do wrong: bounded, closed, freed, and no harm to others."""

import contextlib
import socket
import time
from collections.abc import Iterator

import httpx
import pytest
from console_client import until
from nicegui import Client
from onenet_tools.console import http_protocol
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from onenet_tools.console.pages import frame

PATIENCE = 60.0


@contextlib.contextmanager
def connected(console: RunningConsole, sent: bytes = b"") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", console.http_port), PATIENCE) as it:
        it.sendall(sent)
        yield it


def is_cut_off(it: socket.socket) -> bool:
    """Waits until the other side has closed it; nothing may come before."""
    try:
        return it.recv(65536) == b""
    except ConnectionError:
        return True


def is_there(console: RunningConsole) -> bool:
    key = {"api-key": console.platform.master_key}
    return httpx.get(f"{console.url}/devices", headers=key, timeout=PATIENCE).json()["errno"] == 0


def test_600_that_are_half_open_do_not_take_the_page_away(console: RunningConsole) -> None:
    with contextlib.ExitStack() as stack:
        halves = [stack.enter_context(connected(console, b"GET / HTTP/1.1\r\nHost: x")) for _ in range(600)]
        assert is_there(console)
        assert httpx.get(console.url, timeout=PATIENCE).status_code == 200
        assert is_cut_off(halves[0])
        assert len(http_protocol._strangers) <= 128
    until(lambda: not http_protocol._strangers, patience=PATIENCE)


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HTTP/1.1\r\nHost: ", b"POST /mqtt?topic=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx"],
    ids=["nothing", "half a header", "half a body"],
)
def test_who_takes_too_long_is_cut_off(console: RunningConsole, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(http_protocol, "_HEAD_TIME", 0.2)
    monkeypatch.setattr(http_protocol, "_BODY_TIME", 0.2)
    with connected(console, sent) as it:
        while it.recv(65536):  # the API answers first that there is no key
            pass
    assert is_there(console)


def test_a_trickle_of_headers_is_cut_off_too(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "_HEAD_TIME", 0.5)
    with connected(console, b"GET / HTTP/1.1\r\n") as it:
        it.settimeout(0.05)
        deadline = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < deadline
            try:
                it.sendall(b"a: b\r\n")
                if not it.recv(1):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break


def test_headers_without_an_end_cost_little(console: RunningConsole) -> None:
    with connected(console, b"GET / HTTP/1.1\r\nHost: localhost\r\na: ") as it:
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 50_000_000:
                sent += it.send(b"x" * 65536)
        assert sent < 20_000_000  # what the system's buffers take, and some reads
    assert is_there(console)


def test_large_headers_are_taken_up_to_a_bound(console: RunningConsole) -> None:
    def status(size: int) -> int:
        with connected(console, b"GET /none HTTP/1.1\r\nHost: localhost\r\na: ") as it:
            with contextlib.suppress(ConnectionError):
                for _ in range(size // 1000):
                    it.sendall(b"x" * 1000)
                    time.sleep(0.001)  # so that they come in many reads
                it.sendall(b"\r\nConnection: close\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                return int((it.recv(65536) or b"HTTP/1.1 0 ").split()[1])
        return 0

    assert status(30_000) == 404
    assert status(400_000) in (431, 0)  # 0: the answer is lost where the rest of the headers comes to a closed socket


def test_who_does_not_read_is_cut_off(console: RunningConsole, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "_STALL_TIME", 0.3)
    key = console.platform.master_key
    path = f"/devices/{device.id}/datapoints"
    for i in range(8):  # so that an answer is longer than what waits on its way
        point = f'{{"s{i}":"{"x" * 60_000}"}}'
        httpx.post(f"{console.url}{path}?type=3", content=point, headers={"api-key": key}, timeout=PATIENCE)
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\napi-key: {key}\r\n\r\n".encode()
    with connected(console) as it:
        it.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        it.settimeout(0.05)
        deadline = time.monotonic() + PATIENCE
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < deadline:
                with contextlib.suppress(TimeoutError):
                    it.sendall(request * 10)
        assert time.monotonic() < deadline
    assert is_there(console)


def test_pages_that_nobody_opens_are_freed(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "_MOST_UNMET", 5)
    with httpx.Client(base_url=console.url, timeout=PATIENCE) as http:
        for _ in range(30):
            assert http.get("/").status_code == 200
    assert len([client for client in Client.instances.values() if not client.has_socket_connection]) <= 6


def test_keep_alive_goes_on_as_before(console: RunningConsole) -> None:
    with httpx.Client(base_url=console.url, headers={"api-key": console.platform.master_key}) as http:
        for _ in range(20):
            assert http.get("/devices").json()["errno"] == 0
            assert http.post("/mqtt", params={"topic": "a"}, content=b"x" * 60_000).json()["errno"] == 0
