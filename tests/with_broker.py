"""Runs a command beside a mosquitto broker: python tests/with_broker.py micropython tests/micropython.py

The command finds the broker through the MQTT_TEST_... variables of its environment; whoever connects to
MQTT_TEST_RESTART_PORT has the broker restarted by the time that connection is closed. conftest.py uses this for pytest.
What a test of micropython.py prints is shown only where it fails.
"""

import contextlib
import datetime
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import trustme
from onenet_tools.broker import Mosquitto

USER, PASSWORD = "tester", "test password"


def _restart_on_request(listener, broker):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed
            return
        with connection:
            broker.restart()


def _shake_hands(listener, context):
    """A server that gets on with TLS, and says nothing else."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed
            return
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as tls:
            while tls.recv(1024):
                pass


@contextlib.contextmanager
def real_broker():
    """A mosquitto for as long as the context lasts; gives the environment variables that tell of it."""
    with tempfile.TemporaryDirectory(prefix="mqtt-test-") as name:
        authority = trustme.CA()
        der = ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())  # MicroPython can't read PEM everywhere
        Path(name, "ca.der").write_bytes(der)
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        certificates = {
            "TLS": authority.issue_cert("localhost"),
            "EXPIRED": authority.issue_cert("localhost", not_before=now - 2 * day, not_after=now - day),
            "FUTURE": authority.issue_cert("localhost", not_before=now + day, not_after=now + 2 * day),
        }
        leaf = certificates["TLS"].cert_chain_pems[0].bytes().decode()
        Path(name, "server.der").write_bytes(ssl.PEM_cert_to_DER_cert(leaf))
        listeners = {}
        for kind, certificate in certificates.items():
            path = f"{name}/{kind}.pem"
            certificate.private_key_and_cert_chain_pem.write_to_path(path)
            listeners[kind] = f"certfile {path}\nkeyfile {path}"
        other = ssl.PEM_cert_to_DER_cert(trustme.CA().cert_pem.bytes().decode())
        Path(name, "other.der").write_bytes(other)
        users = {USER: PASSWORD}
        broker = Mosquitto(users, directory=name, config="set_tcp_nodelay true", listeners=listeners, persistence=True)
        # Another, for one that is restarted could not listen for WebSockets again at once.
        web = "protocol websockets"
        web_broker = Mosquitto(users, listeners={"plain": web, "TLS": f"{web}\n{listeners['TLS']}"})
        mute = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificates["TLS"].configure_cert(mute)
        with (
            broker,
            web_broker,
            socket.create_server(("127.0.0.1", 0)) as restart,
            socket.create_server(("127.0.0.1", 0)) as listener,
        ):
            threading.Thread(target=_shake_hands, args=(listener, mute), daemon=True).start()
            threading.Thread(target=_restart_on_request, args=(restart, broker), daemon=True).start()
            yield {
                "MQTT_TEST_PORT": str(broker.port),
                "MQTT_TEST_TLS_PORT": str(broker.ports["TLS"]),
                "MQTT_TEST_EXPIRED_PORT": str(broker.ports["EXPIRED"]),
                "MQTT_TEST_FUTURE_PORT": str(broker.ports["FUTURE"]),
                "MQTT_TEST_WEBSOCKET_PORT": str(web_broker.ports["plain"]),
                "MQTT_TEST_WEBSOCKET_TLS_PORT": str(web_broker.ports["TLS"]),
                "MQTT_TEST_MUTE_PORT": str(listener.getsockname()[1]),
                "MQTT_TEST_RESTART_PORT": str(restart.getsockname()[1]),
                "MQTT_TEST_USER": USER,
                "MQTT_TEST_PASSWORD": PASSWORD,
                "MQTT_TEST_CA": str(Path(name, "ca.der")),
                "MQTT_TEST_CERTIFICATE": str(Path(name, "server.der")),
                "MQTT_TEST_OTHER_CA": str(Path(name, "other.der")),
            }


def told(lines: Iterable[str]) -> Iterator[str]:
    """What micropython.py's output is to show: all but what was printed in tests that did not fail. A test that never
    ends has printed all that came."""
    held = None  # what a test has printed so far; None between tests
    for line in lines:
        mark = re.search(r"(BEGUN|PASSED|SKIPPED|FAILED) test_\w+\.test_\w+(: .*)?$", line)
        kind = mark and mark[1]
        if kind == "BEGUN":
            held = []
        elif kind in ("PASSED", "SKIPPED"):
            held = None
            if kind == "SKIPPED":
                yield mark[0] + "\n"
        elif kind == "FAILED" or held is None:
            yield from [*(held or []), line]
            held = None
        else:
            held.append(line)
    yield from held or []


def run(command: list[str], environment: dict[str, str]) -> int:
    """Runs it, shows what told() leaves; returns its exit status."""
    with subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in told(process.stdout):
            print(line, end="", flush=True)
    return process.returncode


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with real_broker() as environment:
        status = run(sys.argv[1:], environment)
    sys.exit(status)
