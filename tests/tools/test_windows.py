"""What of onenet Windows can have, as far as another system can show that: without the modules, calls and signals that
it lacks. Nobody has run it on Windows."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from unittest import mock

import httpx
import pytest
from mqtt import Client, host
from onenet_tools.broker import Mosquitto, find_mosquitto
from onenet_tools.port.find import the_port
from onenet_tools.port.trouble import explain_open
from told_ports import told_ports

WINDOWS = [sys.executable, str(Path(__file__).with_name("windows.py"))]
PATIENCE = 120  # seconds


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*WINDOWS, *arguments],
        env={**os.environ, "COLUMNS": "80", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


UNIX_ONLY = ("board", "bench", "demo", "misfortunes", "cluster", "measure")
"""What is made of virtual boards."""


def test_all_else_can_be_imported() -> None:
    done = run()
    assert done.returncode == 0, done.stderr
    assert "onenet_tools.board" in done.stdout.split()
    assert {name.split(".")[1] for name in done.stdout.split()} <= set(UNIX_ONLY)


@pytest.mark.parametrize(
    "command", ["board", *(pytest.param(each, marks=pytest.mark.long) for each in ("demo", "bench", "size"))]
)
def test_what_is_not_there_is_said_in_one_line(command: str) -> None:
    done = run(command)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(
        "error: a virtual board needs the pseudo-terminals of Linux or macOS; on Windows, run"
    )
    assert len(done.stderr.splitlines()) == 1


def test_packets_also_where_a_pipe_has_no_chinese() -> None:
    done = run("packet", "publish", "--topic", "温度", "--payload", "21", PYTHONIOENCODING="cp1252", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "PUBLISH" in done.stdout


def test_the_console_until_ctrl_c(tmp_path: Path) -> None:
    options = ["--port", "0", "--http-port", "0", "--data", str(tmp_path / "data.db")]
    console = subprocess.Popen([*WINDOWS, "console", *options], stdout=subprocess.PIPE, text=True)
    try:
        assert console.stdout
        _, http = told_ports(console.stdout)
        page = httpx.get(f"http://127.0.0.1:{http}/", timeout=PATIENCE, follow_redirects=True)
        assert page.status_code == 200
        console.send_signal(signal.SIGINT)
        assert console.wait(PATIENCE) == 0
    finally:
        console.kill()
        console.communicate()


def test_ports_are_called_com() -> None:
    assert the_port("COM3", "deploy") == "COM3"
    with mock.patch("sys.platform", "win32"):
        denied = explain_open("COM3", OSError("could not open port 'COM3': PermissionError(13, 'Access is denied.')"))
        missing = explain_open("COM9", OSError("could not open port 'COM9': FileNotFoundError(2, 'not found')"))
    assert "COM3 is in use by another program" in str(denied)
    assert "there is no port COM9" in str(missing)


@pytest.mark.skipif(not find_mosquitto(), reason="mosquitto is not here")
def test_the_library_without_poll() -> None:
    """select() is what Windows has, and another number for a connection that is under way."""
    came = []
    with Mosquitto({"user": "secret"}) as broker, mock.patch.object(host.select, "poll", create=True):
        del host.select.poll
        client = Client("windows", "127.0.0.1", broker.port, "user", "secret")
        client.on_message = lambda topic, payload, qos, retain: came.append(bytes(payload))
        client.connect()
        client.subscribe("greetings", qos=1)
        client.publish("greetings", "hello", qos=1)
        client.publish("greetings", b"x" * 300_000, qos=1)
        client.on_oversize = lambda topic, size: came.append(size)
        while len(came) < 2:
            client.loop(1000)
        client.disconnect()
    assert came == [b"hello", 300_000]


def test_a_connection_under_way_has_one_number() -> None:
    with (
        mock.patch.object(host._socket.socket, "connect", side_effect=BlockingIOError(10035, "would block")),
        host.socket() as it,
        pytest.raises(OSError) as told,
    ):
        it.connect(("127.0.0.1", 1))
    assert told.value.errno == host.EINPROGRESS
