"""Runs a command beside a mosquitto broker: python tests/with_broker.py .venv/bin/micropython tests/micropython.py

The command finds the broker through the MQTT_TEST_... variables of its environment. mosquitto is started again
whenever it ends, so that a test can restart it with a signal. conftest.py uses the same broker for pytest.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import trustme

USER, PASSWORD = "tester", "test password"


def _free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def _has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def _configure(folder, port, tls_port):
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate = authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    subprocess.run(["mosquitto_passwd", "-b", "-c", folder / "passwords", USER, PASSWORD], check=True)
    lines = [
        "user root",
        "allow_anonymous false",
        f"password_file {folder}/passwords",
        "persistence true",
        f"persistence_location {folder}/",
        "log_dest none",
        "set_tcp_nodelay true",
        f"listener {port} 127.0.0.1",
        *([f"listener {port} ::1"] if _has_ipv6() else []),
        f"listener {tls_port} 127.0.0.1",
        f"certfile {folder}/server.pem",
        f"keyfile {folder}/server.pem",
    ]
    path = folder / "mosquitto.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def broker():
    """A mosquitto, for as long as the context lasts; gives the environment variables that tell of it."""
    os.environ["PATH"] += os.pathsep + os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/opt/homebrew/sbin"))
    with tempfile.TemporaryDirectory(prefix="mqtt-test-") as name:
        folder = Path(name)
        port, tls_port = _free_ports(2)
        configuration = _configure(folder, port, tls_port)
        processes = []
        ending = threading.Event()

        def keep_running():
            while not ending.is_set():
                process = subprocess.Popen(["mosquitto", "-c", configuration], stderr=subprocess.DEVNULL)
                (folder / "pid").write_text(str(process.pid))
                processes[:] = [process]
                process.wait()

        keeper = threading.Thread(target=keep_running, daemon=True)
        keeper.start()
        try:
            deadline = time.monotonic() + 10
            while not _answers(port):
                if time.monotonic() > deadline:
                    sys.exit(f"mosquitto does not start: try mosquitto -c {configuration}")
                time.sleep(0.01)
            yield {
                "MQTT_TEST_PORT": str(port),
                "MQTT_TEST_TLS_PORT": str(tls_port),
                "MQTT_TEST_USER": USER,
                "MQTT_TEST_PASSWORD": PASSWORD,
                "MQTT_TEST_CA": str(folder / "ca.pem"),
                "MQTT_TEST_PID": str(folder / "pid"),
            }
        finally:
            ending.set()
            processes[0].terminate()
            keeper.join()


def main(command):
    with broker() as environment:
        return subprocess.run(command, env={**os.environ, **environment}).returncode


if __name__ == "__main__":
    if len(sys.argv) < 2 or not shutil.which(sys.argv[1]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
