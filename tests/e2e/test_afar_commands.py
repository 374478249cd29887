"""onenet log, onenet status --board and onenet act: at the console, on boards of all of OneNET's platforms."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from onenet_tools.api import afar_cli
from onenet_tools.board import VirtualBoard
from onenet_tools.cli import main
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.studio import things
from onenet_tools.console.studio.products import Protocol
from over_the_air import PATIENCE, board, program

KEY = "only you know this"
TALKS = """
device.config["upload_interval"] = 1  # a whole number again
device.log("pump", "started with %s" % "only you know this")
@device.stream("broken", every=3600)
def broken():
    raise ValueError("no sensor")
"""


@pytest.fixture(scope="module")
def console() -> Iterator[RunningConsole]:
    with running_console() as it:
        it.platform.studio.rules.uplink_pause = 0.0
        yield it


class At:
    """A board at the console, and the command line."""

    def __init__(self, board: VirtualBoard, device: str, options: list[str], capsys: Any) -> None:
        self.board, self._device, self._options, self._capsys = board, device, options, capsys

    def run(self, command: str, *arguments: str) -> tuple[int, str, str]:
        status = main([command, self._device, *arguments, *self._options])
        told = self._capsys.readouterr()
        return status, told.out, told.err


@pytest.fixture(
    params=[
        pytest.param("legacy", marks=pytest.mark.long),
        "studio",
        pytest.param("dp", marks=pytest.mark.long),
        "esp8266",
    ]
)
def at(
    console: RunningConsole,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[At]:
    monkeypatch.setenv("ONENET_REMOTE_KEY", KEY)
    # A busy computer's board may take longer than OneNET, and somebody at a desk, wait.
    monkeypatch.setattr(things, "SERVICE_PATIENCE", 30.0)
    monkeypatch.setattr(afar_cli, "_START", PATIENCE)
    options = ["--url", console.url]
    config: dict[str, Any] = {"log": 1024, "remote": True, "remote_key": KEY, "update": False}
    if request.param in ("studio", "dp"):
        protocol = Protocol.ONEJSON if request.param == "studio" else Protocol.STREAM
        product = console.call(console.platform.studio.add_product, protocol=protocol)
        device = console.call(console.platform.studio.add_device, product.id, "roof")
        config |= {"platform": request.param, "product_id": product.id, "device_name": "roof"}
        config |= {"device_key": device.auth_info}
        config |= dict.fromkeys(("device_id", "auth_info", "subscribe_commands", "host", "port"))
        monkeypatch.setenv("ONENET_ACCESS_KEY", product.access_key)
        name, options = "roof", [*options, "--product", product.id]
    else:
        device = console.call(console.platform.add_device, "roof")
        config |= {"device_id": device.id, "auth_info": device.auth_info}
        config |= {"product_id": console.platform.product_id}
        monkeypatch.setenv("ONENET_API_KEY", console.platform.master_key)
        name = device.id
    chip = "esp8266" if request.param == "esp8266" else "esp32"
    with board(program("1.0", chip, tmp_path, TALKS), None, console.mqtt_port, config, http=console.http_port) as it:
        it.wait_for("online as device", PATIENCE)
        it.wait_for("no sensor", PATIENCE)
        yield At(it, name, options, capsys)


def test_see_and_act(at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, _ = at.run("log", "--crashes")
    assert status == 0 and "pump: started with ***\n" in out and "ValueError: no sensor\n" in out and KEY not in out
    assert out.startswith("# 0 ")  # the file crashes
    status, out, _ = at.run("status", "--board", "--json")
    (found,) = json.loads(out)
    assert status == 0 and found["version"] == "1.0" and found["up"] >= 0 and "ValueError" in found["crashes"]
    status, out, _ = at.run("status", "--board")
    assert "RSSI, dBm" in out and "free heap" in out and "program" in out

    since = len(at.board.log)
    assert at.run("act", "restart")[:2] == (0, "online again\n")
    at.board.wait_for("online as device", PATIENCE, since)
    assert at.run("act", "measure")[:2] == (0, "done\n")
    assert at.run("act", "config", "health_interval=600", "--within", "60")[:2] == (0, "online again\n")
    status, _, err = at.run("act", "config", "led_pin=99", "--within", "20")
    assert status == 1 and "undone: config.json has 1 problem(s):" in err and "led_pin" in err
    for wrong in (
        ("explode",),
        ("config",),
        ("config", "led=1"),
        ("restart", "x=1"),
        ("config", 'wifi=[{"ssid":"x"}]'),
    ):
        assert at.run("act", *wrong)[0] == 2, wrong
    key = tmp_path / "key"
    key.write_text("another key than that\n")
    status, _, err = at.run("act", "measure", "--key-file", str(key))
    assert status == 1 and "another key" in err
    key.write_text("short")
    assert at.run("act", "measure", "--key-file", str(key))[0] == 2
    assert at.run("act", "safe-mode") == (0, "online again\n", "")
    assert json.loads(at.run("status", "--board", "--json")[1])[0]["alone"]


def test_a_board_that_is_not_there(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONENET_API_KEY", console.platform.master_key)
    monkeypatch.setenv("ONENET_REMOTE_KEY", KEY)
    device = console.call(console.platform.add_device, "cellar")
    for command in (["log", device.id], ["status", device.id, "--board"], ["act", device.id, "restart"]):
        assert main([*command, "--url", console.url]) == 2
