"""The broker other tests and the bench lean on."""

import contextlib
import queue
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paho.mqtt.client as paho
import pytest
import trustme
from onenet_tools import broker, loopback
from onenet_tools.broker import BrokerError, Mosquitto

USERS = {"458945": "136928831", "watcher": "p:a ss"}
PATIENCE = 60


class Client:
    """paho, and what it hears in queues."""

    def __init__(
        self, host: str, port: int, user: str | None, password: str | None = None, client_id: str = ""
    ) -> None:
        self.messages: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.connects: queue.Queue[bool] = queue.Queue()
        self.disconnected = threading.Event()
        self.paho = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id, reconnect_on_failure=False)
        if user is not None:
            self.paho.username_pw_set(user, password)
        self.paho.on_connect = lambda client, data, flags, reason, properties: self.connects.put(not reason.is_failure)
        self.paho.on_message = lambda client, data, message: self.messages.put((message.topic, message.payload))
        self.paho.on_disconnect = lambda *_: self.disconnected.set()
        self.paho.connect(host, port)
        self.paho.loop_start()

    def subscribe(self, *filters: str) -> None:
        done = threading.Event()
        self.paho.on_subscribe = lambda *_: done.set()
        self.paho.subscribe([(name, 1) for name in filters])
        assert done.wait(PATIENCE)


@contextlib.contextmanager
def client(at: Mosquitto, user: str | None, password: str | None = None, host: str = "127.0.0.1") -> Iterator[Client]:
    it = Client(host, at.port, user, password)
    try:
        yield it
    finally:
        it.paho.disconnect()
        it.paho.loop_stop()


@pytest.fixture(scope="module")
def running() -> Iterator[Mosquitto]:
    with Mosquitto(USERS) as it:
        yield it


@pytest.mark.parametrize("user", USERS)
def test_accepts_its_users_on_every_address(running: Mosquitto, user: str) -> None:
    for host in running.hosts:
        with client(running, user, USERS[user], host) as it:
            assert it.connects.get(timeout=PATIENCE)


def test_listens_on_ipv6_where_there_is_some(running: Mosquitto) -> None:
    assert ("::1" in running.hosts) == loopback.has_ipv6()


@pytest.mark.parametrize(
    ("user", "password"), [("458945", "wrong"), ("nobody", "136928831"), ("458945", None), (None, None)]
)
def test_refuses_everybody_else(running: Mosquitto, user: str | None, password: str | None) -> None:
    with client(running, user, password) as it:
        assert not it.connects.get(timeout=PATIENCE)


def test_carries_what_onenet_publishes(running: Mosquitto) -> None:
    with client(running, "watcher", USERS["watcher"]) as watcher, client(running, "458945", "136928831") as device:
        watcher.subscribe("$dp", "$crsp/+")
        device.subscribe("$creq/#")
        device.paho.publish("$dp", b'\x03\x00\x0a{"temp":1}', 1)
        assert watcher.messages.get(timeout=PATIENCE) == ("$dp", b'\x03\x00\x0a{"temp":1}')
        watcher.paho.publish("$creq/81572aae", b"led=on")
        assert device.messages.get(timeout=PATIENCE) == ("$creq/81572aae", b"led=on")
        device.paho.publish("$crsp/81572aae", b"done", 1)
        assert watcher.messages.get(timeout=PATIENCE) == ("$crsp/81572aae", b"done")


def test_restarts_on_the_same_port() -> None:
    with Mosquitto(USERS) as it:
        port = it.port
        with client(it, "458945", "136928831") as first:
            assert first.connects.get(timeout=PATIENCE)
            it.stop()
            assert first.disconnected.wait(PATIENCE)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))
        it.start()
        assert it.port == port
        it.restart()
        with client(it, "458945", "136928831") as second:
            assert second.connects.get(timeout=PATIENCE)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert not it.directory.exists()


def test_mosquitto_keeps_retained_messages_if_told_to(tmp_path) -> None:
    with Mosquitto(USERS, directory=tmp_path, persistence=True) as it:
        with client(it, "watcher", USERS["watcher"]) as one:
            assert one.connects.get(timeout=PATIENCE)
            one.paho.publish("kept", b"yes", 1, retain=True).wait_for_publish(PATIENCE)
        it.restart()
        with client(it, "watcher", USERS["watcher"]) as other:
            other.subscribe("kept")
            assert other.messages.get(timeout=PATIENCE) == ("kept", b"yes")
    assert (tmp_path / "mosquitto.db").exists()


def test_mosquitto_takes_more_configuration_and_says_what_is_wrong_with_it() -> None:
    with pytest.raises(BrokerError, match=r"does not start on port.*nonsense"):
        Mosquitto(USERS, config="nonsense true").__enter__()


def test_says_so_when_the_port_is_taken() -> None:
    with contextlib.ExitStack() as others:
        port = loopback.free_port()
        for host in ["127.0.0.1", "::1"] if loopback.has_ipv6() else ["127.0.0.1"]:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            others.enter_context(socket.create_server((host, port), family=family))
        with pytest.raises(BrokerError, match=f"does not start on port {port}"):
            Mosquitto(USERS, port).__enter__()


@pytest.mark.parametrize("which", ["port", "TLS", "web"])
def test_another_port_is_tried_where_one_is_taken_before_it_listens(
    which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "server.pem"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(path))
    listeners = {"TLS": f"certfile {path}\nkeyfile {path}", "web": "protocol websockets"}
    it = Mosquitto(USERS, listeners=listeners)
    lost = {"port": it.port, **it.ports}[which]
    with socket.create_server(("127.0.0.1", lost)), it:  # between the choice and the start
        ports = {"port": it.port, **it.ports}
        assert lost not in ports.values() and len({*ports.values()}) == 3
        for port in ports.values():
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
        with client(it, "458945", "136928831") as one:
            assert one.connects.get(timeout=PATIENCE)
        it.restart()
        assert {"port": it.port, **it.ports} == ports


def test_ports_that_are_given_are_never_the_same_twice() -> None:
    with ThreadPoolExecutor(8) as threads:
        ports = [*threads.map(lambda _: loopback.free_port(), range(400))]
    assert len(set(ports)) == len(ports)


def test_no_password_is_logged(running: Mosquitto) -> None:
    with client(running, "458945", "a wrong secret") as it:
        assert not it.connects.get(timeout=PATIENCE)
    log = running.log
    assert log
    assert "136928831" not in log
    assert "a wrong secret" not in log


def test_says_what_to_install_without_mosquitto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "find_mosquitto", lambda program="mosquitto": None)
    with pytest.raises(BrokerError, match=r"mosquitto is missing.*apt-get install mosquitto"):
        Mosquitto(USERS)
