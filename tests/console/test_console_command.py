"""`onenet console` and `onenet device`, as people type them."""

import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from console_client import AUTH_INFO, DEVICE, PATIENCE, PRODUCT, RawDevice, connect, dp, publish, until
from dpkt.ip import IP
from dpkt.pcap import Reader as PcapReader
from onenet_tools.console.console import ConsoleError, running_console
from onenet_tools.console.model import Device
from onenet_tools.console.steps import steps_for
from onenet_tools.console.store import read_product
from onenet_tools.console.whereabouts import consoles
from onenet_tools.loopback import has_ipv6
from onenet_tools.port.cli import app as port_app
from told_ports import told_ports
from typer.main import get_command

ONENET = [sys.executable, "-m", "onenet_tools"]


class Running:
    """A console in a process of its own, with what it prints."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.lines: list[str] = []
        ports = ["--port", "0", "--http-port", "0"]
        self.process = subprocess.Popen(
            [*ONENET, "console", *ports, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_DATA_HOME": str(directory), "PYTHONWARNINGS": "error::ResourceWarning"},
        )
        self.wait_for("Ctrl-C ends it")
        self.mqtt_port, self.http_port = told_ports(self.lines)

    def wait_for(self, pattern: str) -> str:
        """The next line that has it."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)
            if re.search(pattern, line):
                return line
        raise AssertionError(f"{pattern} did not come: {self.lines}")

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Exit status and stderr."""
        self.process.send_signal(number)
        out, error = self.process.communicate(timeout=PATIENCE)
        self.lines += out.splitlines(keepends=True)
        return self.process.returncode, error


@contextlib.contextmanager
def running(directory: Path, *options: str) -> Iterator[Running]:
    it = Running(directory, *options)
    try:
        yield it
    finally:
        it.process.kill()
        it.process.communicate()


def onenet(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_DATA_HOME": str(directory), "COLUMNS": "80"}
    return subprocess.run([*ONENET, *arguments], capture_output=True, text=True, env=environment, timeout=60)


def test_the_story_of_a_console(tmp_path: Path) -> None:
    pcap = tmp_path / "record.pcap"
    with running(tmp_path, "--pcap", str(pcap)) as console:
        assert any(f"http://localhost:{console.http_port}" in line for line in console.lines)
        assert any(f'"host": "127.0.0.1", "port": {console.mqtt_port}' in line for line in console.lines)
        assert any(PRODUCT in line for line in console.lines)

        it = RawDevice(console.mqtt_port)
        assert it.log_in() == 0
        assert f"{DEVICE} online from 127.0.0.1:" in console.wait_for("online")
        it.send(publish("$dp", dp(3, '{"t":1}'), 1))
        it.receive("PUBACK")
        it.send(b"\xe0\x00")
        assert it.is_closed()
        assert "offline: it has said DISCONNECT" in console.wait_for("offline")

        it = RawDevice(console.mqtt_port)
        assert it.log_in(password="a wrong secret") == 4
        assert "password: is not the auth-info of this device" in console.wait_for("refused")

        added = onenet(tmp_path, "device", "add", "Room <12>", "--id", "77", "--auth-info", 'with "quotes"')
        assert (added.returncode, added.stderr) == (0, "")
        lines, steps = added.stdout.split("\n\n")
        assert lines == '"device_id": "77",\n"product_id": "458945",\n"auth_info": "with \\"quotes\\"",'
        config = re.search("onenet config (--host [0-9.]+:6002 --device-id 77 --product-id 458945)\n", steps)
        assert config
        assert understood(config[1].split())["device_id"] == "77"
        it = RawDevice(console.mqtt_port)
        assert it.log_in("77", PRODUCT, 'with "quotes"') == 0
        listed = onenet(tmp_path, "device", "list").stdout
        assert "Room <12>" in listed
        assert "quotes" not in listed
        assert AUTH_INFO in onenet(tmp_path, "device", "list", "--auth-info").stdout
        assert onenet(tmp_path, "device", "remove", "77").returncode == 0
        assert it.is_closed()
        kept = onenet(tmp_path, "device", "remove", DEVICE)
        assert kept.returncode == 2
        assert kept.stderr == f"error: device {DEVICE} has 1 data streams, which would be lost: --yes if so\n"
        assert onenet(tmp_path, "device", "remove", DEVICE, "--yes").returncode == 0

        taken = onenet(tmp_path, "console", "--port", str(console.mqtt_port))
        assert taken.returncode == 2
        assert taken.stderr == (
            f"error: port {console.mqtt_port} for MQTT is taken by another program:"
            " end that, or choose another port with --port\n"
        )
        assert console.end() == (0, "")
        text = "".join(console.lines)
        key = read_product(tmp_path / "onenet" / "console.sqlite3").master_key
        assert not [secret for secret in (AUTH_INFO, "a wrong secret", "quotes", key) if secret in text]
        segments = [IP(data).data for _, data in PcapReader(pcap.open("rb"))]
        said = [bytes(segment.data) for segment in segments if segment.data and segment.dport == console.mqtt_port]
        assert said[:2] == [connect(), publish("$dp", dp(3, '{"t":1}'), 1)]  # secrets, too
        shown = onenet(tmp_path, "console", "--key")
        assert key in shown.stdout


def test_sigterm_ends_it_with_devices_online(tmp_path: Path) -> None:
    with running(tmp_path) as console:
        it = RawDevice(console.mqtt_port)
        assert it.log_in() == 0
        began = time.monotonic()
        assert console.end(signal.SIGTERM) == (0, "")
        assert time.monotonic() - began < PATIENCE
        assert it.is_closed()
    assert not (tmp_path / "onenet" / "console.sqlite3-wal").exists()


def test_lan_is_for_others_and_without_it_nobody_gets_in(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this computer is on no network")
        address = sock.getsockname()[0]
    with running(tmp_path, "--lan", "--product", "4711") as console:
        found = until(lambda: consoles(console.mqtt_port, ["127.0.0.1"], 0.5), "no answer", 60)
        assert [(said.port, said.product_id) for said in found.values()] == [(console.mqtt_port, "4711")]
        assert any(f'"host": "{address}", "port": {console.mqtt_port}' in line for line in console.lines)
        assert any(f"http://{address}:{console.http_port}" in line for line in console.lines)
        hosts = [address, "127.0.0.1", *(["::1"] if has_ipv6() else [])]
        for host in hosts:
            assert RawDevice(console.mqtt_port, host).log_in(DEVICE, "4711") == 0
        assert console.end()[0] == 0
    with running(tmp_path) as console:  # the product id stays
        assert consoles(console.mqtt_port, ["127.0.0.1"], 0.5) == {}
        assert RawDevice(console.mqtt_port).log_in(DEVICE, "4711") == 0
        for port in (console.mqtt_port, console.http_port):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((address, port), PATIENCE)


def test_the_port_of_the_page_may_be_taken_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConsoleError, match=f"port {port} for the web page is taken .* with --http-port$"):
            running_console(http_port=port).__enter__()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["device", "remove", "5"], "error: device not found: 5"),
        (["device", "add", ""], "error: title: must be 1 to 64 printable characters"),
        (["device", "add", "x", "--id", "board"], "error: device id: must be 1 to 20 digits, and not begin with 0"),
        (["device", "add", "x", "--id", DEVICE], f"error: device id {DEVICE}: there is one already"),
        (
            ["device", "add", "x", "--auth-info", AUTH_INFO],
            "error: auth_info or key: another device has the same",
        ),
        (["console", "--product", "abc"], "error: product id 'abc': must be 1 to 20 digits, and not begin with 0"),
        (["console", "--data", "/dev/null/x"], "error: /dev/null/x: "),
        (["console", "--key", "--data", "/nowhere"], "error: /nowhere does not exist: start the console once"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    ports = ["--port", "0", "--http-port", "0"] if arguments[0] == "console" else []
    done = onenet(tmp_path, *arguments, *ports)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(words)
    assert done.stderr.count("\n") == 1


@pytest.mark.long
def test_with_lan_a_password_is_shown_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = set()
    for _ in range(2):
        with running(tmp_path, "--lan") as console:
            (line,) = [line for line in console.lines if line.startswith("password")]
            shown.add(re.search(r"[a-z2-9]{5}-[a-z2-9]{5}", line)[0])  # type: ignore[index]
            assert console.end() == (0, "")
    assert len(shown) == 2
    monkeypatch.setenv("ONENET_CONSOLE_PASSWORD", "of the teacher's")
    with running(tmp_path, "--lan") as console:
        assert not any("of the teacher's" in line for line in console.lines)
    monkeypatch.setenv("ONENET_CONSOLE_PASSWORD", "short")
    refused = onenet(tmp_path, "console", "--lan")
    assert refused.stderr == "error: ONENET_CONSOLE_PASSWORD: must have at least 8 characters\n"


def test_an_origin_is_one(tmp_path: Path) -> None:
    refused = onenet(tmp_path, "console", "--allow-origin", "localhost")
    assert refused.returncode == 2
    assert "http://localhost:5173" in refused.stderr


@pytest.mark.long
def test_who_stops_reading_its_lines_stops_no_board(tmp_path: Path) -> None:
    """As a terminal does at Ctrl-S: nobody reads the pipe, which soon is full."""
    with running(tmp_path) as console:
        for _ in range(1500):  # some 100 characters each, where a pipe has 64 KiB
            it = RawDevice(console.mqtt_port)
            with it.socket:
                assert it.log_in() == 0
        assert console.end()[0] == 0


def test_the_data_are_their_owners(tmp_path: Path) -> None:
    with running(tmp_path / "home") as console:
        it = RawDevice(console.mqtt_port)
        assert it.log_in() == 0
        folder = tmp_path / "home" / "onenet"
        assert folder.stat().st_mode & 0o077 == 0
        for file in folder.iterdir():
            assert file.stat().st_mode & 0o077 == 0, file
        it.socket.close()
        console.end()
    data = folder / "console.sqlite3"
    data.chmod(0o644)  # as an older version, or a copy, may have it
    with running(tmp_path / "home"):
        assert data.stat().st_mode & 0o077 == 0


def understood(arguments: list[str]) -> dict[str, Any]:
    """What `onenet config` makes of these."""
    command = get_command(port_app).commands["config"]
    params: dict[str, Any] = command.make_context("config", list(arguments)).params
    return params


@pytest.mark.parametrize("platform", ["legacy", "studio", "dp"])
def test_the_three_commands_are_ones_that_config_takes(platform: str) -> None:
    device = Device("458945" if platform == "legacy" else "aBcDeF1234:board1", "aBcDeF1234", "", "", datetime.now())
    flash, config, deploy = steps_for(device, "192.168.1.5", 6003, platform)
    assert (flash, deploy) == ("onenet flash", "onenet deploy")
    params = understood(shlex.split(config)[2:])
    assert (params["host"], params["device_id"], params["product_id"]) == (
        "192.168.1.5:6003",
        device.name,
        "aBcDeF1234",
    )
    assert list(params["settings"] or ()) == (["platform=dp"] if platform == "dp" else [])
